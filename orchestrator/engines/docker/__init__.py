"""The docker engine: the only place that imports the Docker SDK.

`connection` finds the engine, `engine` prepares and starts, `build` makes images, `worker` follows
one container, `launch` holds the restrictions every container gets, `volumes` moves files through the
API (no host path is ever mounted, so a remote engine works), `owned` finds and removes what we
labelled and nothing else. `pulling`, `base`, `labels` and `ready_image` are about images, `contents` reads
what packages one holds, `holder` is what images and volumes are reached through. `questions`, `overlap`
and `away` are about an engine whose connection breaks. `checkup` asks an engine what `orchestrator.doctor`
judges, `errand` runs one short command in a container, and `inside` is the script that tries a container's
limits from within.
"""

from __future__ import annotations

from orchestrator.engines.docker.cleanup import Owned
from orchestrator.engines.docker.connection import connect, named_by
from orchestrator.engines.docker.engine import DockerEngine

__all__ = ["DockerEngine", "Owned", "connect", "named_by"]
