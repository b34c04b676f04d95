"""Variables that a user has set, that a framework would read, and that no worker gets, by either engine.

A worker's environment is the trial's, so that two machines run the same. A contender.toml names the variables that its
users set, and the mode that does the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from orchestrator.spec.contenders import IMAGES, Contender, ContenderFile, offered_contenders
from shared.facts import pathless

FACT = "variable "
"""How the name of a fact of the host begins that tells of such a variable."""

_VALUE_LENGTH = 80
_ANY = "*"


def ignored_variables(
    contenders: Sequence[Contender], environment: Mapping[str, str], images: Path = IMAGES
) -> dict[str, str]:
    """Name each variable that is set and has no effect, with its value and what to write instead."""
    found: dict[str, list[str]] = {}
    for name, file in offered_contenders(images).items():
        own = [contender for contender in contenders if contender.name == name and not contender.image]
        for variable, remedy in _remedies(own, file, environment) if own else ():
            found.setdefault(variable, []).append(remedy)
    return {
        variable: f"{_value(environment[variable])}, and no worker gets it: {'; '.join(dict.fromkeys(remedies))}"
        for variable, remedies in found.items()
    }


def _value(text: str) -> str:
    return pathless(text)[:_VALUE_LENGTH]


def _remedies(
    own: Sequence[Contender], file: ContenderFile, environment: Mapping[str, str]
) -> Iterable[tuple[str, str]]:
    """Yield a framework's variables that are set to something else than its contenders run with."""
    for variable, modes in file.variables.items():
        mode = modes.get(environment.get(variable, ""), modes.get(_ANY))
        if variable not in environment or mode == "":
            continue
        if mode is None:
            yield variable, f"no mode of {own[0].name} does the same"
        elif mode.startswith("--"):
            yield variable, f"{mode} does the same"
        elif any(mode not in contender.modes for contender in own):
            yield variable, f"{own[0].name}[{mode}] does the same"
