"""How a field of a model stands on the command line: declared beside its type and default, once.

`orchestrator.cli.command_options` makes a command's parameters of these declarations, `as_words` a command of a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from inspect import get_annotations
from typing import Any

from pydantic import BaseModel


@dataclass(frozen=True)
class Option:
    """An option. Its environment variable is named after its flag, unless `variable` names another; "" is none.

    A field with several options is a tuple with one flag for each of its items.
    """

    flag: str  # "--seeds"; of a switch that is on by default "--parity/--no-parity"
    help: str
    short: str = ""
    variable: str | None = None

    @property
    def on(self) -> str:
        return self.flag.partition("/")[0]

    @property
    def off(self) -> str:
        return self.flag.partition("/")[2]

    @property
    def environment_variable(self) -> str | None:
        if self.variable is None:
            return f"BAKEOFF_{self.on.removeprefix('--').replace('-', '_').upper()}"
        return self.variable or None

    def words(self, value: Any) -> list[str]:
        """Write a value as it is given; a tuple's items one by one."""
        if isinstance(value, bool):
            return [self.on if value else self.off]
        values = value if isinstance(value, tuple) else (value,)
        return [word for item in values for word in (self.on, str(item).removesuffix(".0"))]


@dataclass(frozen=True)
class Argument:
    """A list of positional words."""

    help: str

    def words(self, value: tuple[str, ...]) -> list[str]:
        return list(value)


Declared = tuple[Option | Argument, ...]
"""How a field stands on the command line."""


def declarations(model: type[BaseModel]) -> dict[str, Declared]:
    """Return what stands on the command line, by field: first the fields of the class itself, then its base's."""
    own_first = [name for kind in model.__mro__ for name in get_annotations(kind) if name in model.model_fields]
    metadata = {name: model.model_fields[name].metadata for name in own_first}
    declared = {name: tuple(one for one in metadata[name] if isinstance(one, Option | Argument)) for name in metadata}
    return {name: declaration for name, declaration in declared.items() if declaration}


def as_words(value: BaseModel) -> list[str]:
    """Write a value as the words of its command: arguments, then the options that differ from their defaults.

    Options that share a field are written always, as arguments are: they say what is done.
    """
    arguments: list[str] = []
    options: list[str] = []
    for name, declared in declarations(type(value)).items():
        given = getattr(value, name)
        if isinstance(declared[0], Argument):
            arguments += declared[0].words(given)
        elif len(declared) > 1:
            options += [word for option, item in zip(declared, given, strict=True) for word in option.words(item)]
        elif given != type(value).model_fields[name].default:
            options += declared[0].words(given)
    return [*arguments, *options]
