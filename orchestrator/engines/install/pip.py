"""What pip is asked to install for a contender, and what its refusals mean.

The Dockerfiles and the process engine install in the same two steps: first the framework
alone, from the variant's own index beside pip's; then the rest, which asks
pip's configured index only. A package of a common name can so never come from the extra index.
Where a lock covers what is made, both steps take what it names, by hash, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

_REASON = re.compile(r"^ERROR: (.+)|(No matching distribution found .+)|(.*No space left on device.*)")
_NOISE = re.compile(r"To update, run|A new release of pip|WARNING: ")


def why_refused(lines: Sequence[str], fallback: str) -> str:
    """Pick pip's reason out of a failed installation's last lines."""
    reasons = [match.group(0).removeprefix("ERROR: ") for line in lines if (match := _REASON.match(line.strip()))]
    if reasons:
        return "; ".join(dict.fromkeys(reasons))
    kept = [line.strip() for line in lines[-5:] if line.strip() and not _NOISE.search(line)]
    return f"{fallback}: {' | '.join(kept)}" if kept else fallback


def environment(arguments: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that requirements.in refers to, which pip expands itself."""
    return {name: arguments[name] for name in ("VERSION", "EXTRAS")}


def steps(
    requirements: Path, pins: Path, arguments: Mapping[str, str], wheelhouse: Path, lock: Path | None = None
) -> list[list[str]]:
    """Return the arguments of `pip install`, call by call. `pins` is a file of exact versions, used as constraints."""
    links = ["--find-links", str(wheelhouse)] if wheelhouse.is_dir() else []
    # Few retries: an index that nobody can reach from here must not cost minutes.
    patience = ["--retries", "1", "--timeout", "20"]
    index = ["--no-deps", *patience, *links, "--extra-index-url", arguments["INDEX"]]
    if lock is not None:
        by_hash = ["--require-hashes", "--only-binary", ":all:"]
        everything = [*by_hash, "--no-deps", "--retries", "2", *links, "--requirement", str(lock)]
        return [[*by_hash, *index, "--requirement", str(pins)], everything] if arguments["INDEX"] else [everything]
    everything = ["--retries", "2", *links, "--constraint", str(pins), "--requirement", str(requirements)]
    if not arguments["INDEX"]:
        return [everything]
    framework = _first(expanded(requirements.read_text(encoding="utf-8"), arguments))
    return [[*index, framework], everything]


def first_pins(requirements: Path, arguments: Mapping[str, str], lock: Path | None) -> str:
    """Return what belongs into the file of pins: a lock's line of the framework, or the version's own pins."""
    if lock is None:
        return "\n".join(arguments["PINS"].split())
    name = framework_of(expanded(requirements.read_text(encoding="utf-8"), arguments))
    return next(line for line in lock.read_text(encoding="utf-8").splitlines() if line.startswith(f"{name}=="))


def expanded(requirements: str, arguments: Mapping[str, str]) -> str:
    """Put in what requirements.in refers to."""
    for name, value in environment(arguments).items():
        requirements = requirements.replace(f"${{{name}}}", value)
    return requirements


def framework_of(requirements: str) -> str:
    """Return the name of the framework's package."""
    return re.split(r"[\[=]", _first(requirements))[0]


def _first(requirements: str) -> str:
    """Return the framework's own line: the first, by the convention of requirements.in."""
    return next(line for line in requirements.splitlines() if line and not line.startswith("#"))
