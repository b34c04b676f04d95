"""Whether a ready image says that it keeps the contract: judged from its configuration, without running it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.docker_engine.owned import CONTRACT
from orchestrator.engine import FOREIGN, PrepareError

KNOWN = ("1",)
"""Versions of the contract (shared/README.md) that this bakeoff speaks."""


def declared(image: str, config: Mapping[str, Any], *, allow_foreign: bool) -> dict[str, str]:
    """Return the image's facts for the report. PrepareError names what it lacks, and the way out."""
    if not config.get("Entrypoint"):
        raise PrepareError(f"{image} has no ENTRYPOINT: nothing says which of its programs is the worker")
    version = str((config.get("Labels") or {}).get(CONTRACT, ""))
    if version in KNOWN:
        return {"contract": version}
    if allow_foreign:
        return {"contract": FOREIGN}
    said = f"it says {version[:40]!r}, known: {', '.join(KNOWN)}" if version else "the label is missing"
    raise PrepareError(
        f"{image} does not say that it keeps bakeoff's contract ({said}): put LABEL {CONTRACT}={KNOWN[-1]} into its"
        " Dockerfile once it does (shared/README.md), or run it as it is with --allow-foreign-image"
    )
