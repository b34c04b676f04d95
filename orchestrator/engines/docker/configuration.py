"""The user's configuration of the Docker command line, `config.json`: refused where the SDK would pass it over.

The SDK takes a file that it cannot read for an empty one, and a folder of DOCKER_CONFIG without the file for
~/.docker: credentials, proxies and contexts that the user named would be replaced in silence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docker.utils.config import find_config_file
from docker.utils.proxy import ProxyConfig

from orchestrator.errors import PreflightError

NAME = "config.json"
_OBJECTS = ("auths", "credHelpers", "proxies")


def read(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the configuration, empty where there is none. PreflightError where it is there and cannot be used."""
    path = Path(str(find_config_file() or ""))
    folder = environment.get("DOCKER_CONFIG")
    if folder and path.name and path != Path(folder) / NAME:
        raise PreflightError(
            f"DOCKER_CONFIG={folder} has no {NAME}, and the Docker SDK would read {path} instead",
            f"put a {NAME} into that folder ({{}} is an empty one), or unset DOCKER_CONFIG",
        )
    return _parsed(path) if path.name == NAME else {}


def proxies(configuration: Mapping[str, Any], endpoint: str) -> dict[str, str]:
    """Return the variables of the proxies that the configuration names for containers of an engine's endpoint."""
    by_endpoint: Mapping[str, Any] = configuration.get("proxies") or {}
    named: Any = by_endpoint.get(endpoint) or by_endpoint.get("default") or {}
    variables: Any = ProxyConfig.from_dict(named).get_environment()
    return dict(variables)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _refused(path, error.strerror or str(error), "make it readable") from error
    except ValueError as error:
        raise _refused(path, f"it is no JSON ({error})", "correct it") from error
    if not isinstance(found, dict):
        raise _refused(path, "it is no JSON object", "correct it")
    for key in _OBJECTS:
        if not isinstance(found.get(key) or {}, dict):
            raise _refused(path, f"its {key} is no JSON object", "correct it")
    if not all(map(_is_text, (found.get("proxies") or {}).values())):
        raise _refused(path, "its proxies are no objects of text", "correct it")
    return found


def _is_text(proxies: Any) -> bool:
    return isinstance(proxies, dict) and all(isinstance(url, str) for url in proxies.values())


def _refused(path: Path, why: str, remedy: str) -> PreflightError:
    return PreflightError(
        f"the Docker configuration {path} cannot be used: {why}",
        f"{remedy}, or name another folder with DOCKER_CONFIG, or use --engine process",
    )
