"""The docker engine: the only package that imports the Docker SDK.

`connection` finds the engine, through `ssh_tunnel` where it is behind ssh (`ssh_faults` says why one does not answer);
`engine` prepares and starts, `worker` follows one container. Images: `build`, `pull`,
`base_image`, `labels`; their packages: `packages`, `sbom`. Containers: `container_options` has the restrictions that
every container gets, `files` moves files through the API (no host path is mounted, so a remote engine works),
`one_off` runs one command. A connection that breaks: `api`, `log_cursor`. `cleanup` removes what carries our label.
The doctor's checks: `inspection` reads facts, `limits_probe` runs inside a container, `judge`, `judge_limits`
and `judge_framework` turn what they tell into checks, `checks` orders them.
"""

from __future__ import annotations

from orchestrator.engines.docker.connection import connect
from orchestrator.engines.docker.engine import DockerEngine

__all__ = ["DockerEngine", "connect"]
