"""The command that installs a contender's packages, and what pip's refusals mean.

The Dockerfiles and the process engine run the same script, `images/install.sh`: a change of how a contender is
installed is made once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.spec.contenders import IMAGES

SCRIPT = IMAGES / "install.sh"

_REASON = re.compile(r"^ERROR: (.+)|(No matching distribution found .+)|(.*No space left on device.*)")
_NOISE = re.compile(r"To update, run|A new release of pip|WARNING: ")


def why_refused(lines: Sequence[str], fallback: str) -> str:
    """Pick pip's reason out of a failed installation's last lines."""
    reasons = [match.group(0).removeprefix("ERROR: ") for line in lines if (match := _REASON.match(line.strip()))]
    if reasons:
        return "; ".join(dict.fromkeys(reasons))
    kept = [line.strip() for line in lines[-5:] if line.strip() and not _NOISE.search(line)]
    return f"{fallback}: {' | '.join(kept)}" if kept else fallback


def command(environment: Path, requirements: Path, locks: Path, wheelhouse: Path) -> list[str]:
    """Return the command that installs into a virtual environment; `images/install.sh` says how.

    It takes the arguments of `variables` from its surroundings.
    """
    return ["sh", str(SCRIPT), *(str(path.resolve()) for path in (environment, requirements, locks, wheelhouse))]


def variables(arguments: Mapping[str, str]) -> dict[str, str]:
    """Return what the script and requirements.in refer to."""
    return {name: arguments[name] for name in ("VERSION", "VARIANT", "EXTRAS", "INDEX", "PINS")}


def expanded(requirements: str, arguments: Mapping[str, str]) -> str:
    """Put in what requirements.in refers to."""
    for name in ("VERSION", "EXTRAS"):
        requirements = requirements.replace(f"${{{name}}}", arguments[name])
    return requirements


def framework_of(requirements: str) -> str:
    """Return the name of the framework's package, which stands in the first line of requirements.in."""
    first = next(line for line in requirements.splitlines() if line and not line.startswith("#"))
    return re.split(r"[\[=]", first)[0]
