"""The docker engine: the only place that imports the Docker SDK.

`connection` finds the engine, `engine` prepares and starts, `build` makes images, `worker` follows
one container, `launch` holds the restrictions every container gets, `volumes` moves files through the
API (no host path is ever mounted, so a remote engine works), `owned` finds and removes what we
labelled and nothing else.
"""

from orchestrator.docker_engine.connection import connect
from orchestrator.docker_engine.engine import DockerEngine

__all__ = ["DockerEngine", "connect"]
