"""The command that installs a contender's packages; `failure` says what its refusals mean.

The Dockerfiles and the process engine run the same script, `images/install.sh`: a change of how a contender is
installed is made once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from orchestrator.spec.contenders import IMAGES

SCRIPT = IMAGES / "install.sh"


def command(environment: Path, requirements: Path, locks: Path, wheelhouse: Path) -> list[str]:
    """Return the command that installs into a virtual environment; `images/install.sh` says how.

    It takes the arguments of `variables` from its surroundings.
    """
    return ["sh", str(SCRIPT), *(str(path.resolve()) for path in (environment, requirements, locks, wheelhouse))]


def variables(arguments: Mapping[str, str]) -> dict[str, str]:
    """Return what the script and requirements.in refer to."""
    asked = {name: arguments[name] for name in ("VERSION", "VARIANT", "EXTRAS", "INDEX", "PINS")}
    return {**asked, "STACK": arguments.get("STACK", "")}


def expanded(requirements: str, arguments: Mapping[str, str]) -> str:
    """Put in what requirements.in refers to."""
    for name in ("VERSION", "EXTRAS"):
        requirements = requirements.replace(f"${{{name}}}", arguments[name])
    return requirements


def framework_of(requirements: str) -> str:
    """Return the framework's package, which the first line of requirements.in names; "" where there is no line."""
    first = next((line for line in requirements.splitlines() if line and not line.startswith("#")), "")
    return re.split(r"[\[=$]", first)[0]
