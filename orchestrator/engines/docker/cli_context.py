"""Says what leads to the engine: DOCKER_HOST, or the context that the Docker CLI is set to."""

from __future__ import annotations

from collections.abc import Mapping

from docker.context import ContextAPI
from docker.context.config import get_current_context_name


def named_by(environment: Mapping[str, str]) -> str:
    """Say what leads to the engine: DOCKER_HOST, a CLI context, or "" for the usual socket."""
    if host := environment.get("DOCKER_HOST"):
        return f"DOCKER_HOST={host}"
    context = environment.get("DOCKER_CONTEXT") or get_current_context_name() or "default"
    return f"the CLI context {context}" if context != "default" else ""


def address_in(environment: Mapping[str, str]) -> str:
    """Return the engine's address where DOCKER_HOST or a CLI context gives one, "" for the usual socket."""
    if host := environment.get("DOCKER_HOST"):
        return host
    return str(ContextAPI.kwargs_from_context(environment=dict(environment)).get("base_url", ""))
