"""Makes a command's options of the models that it takes: each field's declaration is in `orchestrator.spec.option`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin

import typer
from pydantic import ValidationError

from orchestrator.errors import UsageError
from orchestrator.spec.fault import Fault
from orchestrator.spec.option import Argument, Declared, Option, declarations
from orchestrator.spec.schema_faults import model_faults
from orchestrator.values import Value


class Only:
    """Offers these fields of a model; the others keep their defaults: `Annotated[Spec, Only("engine")]`."""

    def __init__(self, *names: str) -> None:
        self.names = names


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Give a function a signature that Typer reads: each parameter that takes a model becomes the model's fields.

    The other parameters stay as they are. Called with the fields, the function gets its models; a value that a model
    refuses is a UsageError that names the field.
    """
    own = inspect.signature(function, eval_str=True).parameters
    models = {name: model for name, parameter in own.items() if (model := _model(parameter.annotation))}

    @functools.wraps(function)
    def run(**given: Any) -> None:
        function(**{name: models[name].make(given) if name in models else given[name] for name in own})

    parameters = [new for name in own for new in (models[name].parameters() if name in models else [own[name]])]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


@dataclass(frozen=True)
class _Model:
    """A parameter that takes a model, and the fields of it that the command offers."""

    kind: type[Value]
    offered: dict[str, Declared]

    def parameters(self) -> list[inspect.Parameter]:
        return [new for name, declared in self.offered.items() for new in _parameters(self.kind, name, declared)]

    def make(self, given: Mapping[str, Any]) -> Value:
        values = {name: _value(given, name, declared) for name, declared in self.offered.items()}
        try:
            return self.kind.model_validate({name: value for name, value in values.items() if value is not None})
        except ValidationError as error:
            faults = "; ".join(self._told(fault) for fault in model_faults(error, self.kind))
            raise UsageError(faults, "the command's --help says what each option takes") from error

    def _told(self, fault: Fault) -> str:
        """Name the option, or the argument, that a value was given with."""
        declared = self.offered[str(fault.place[0])][0]
        return f"{declared.on if isinstance(declared, Option) else fault.where}: {fault.what}"


def _model(annotation: Any) -> _Model | None:
    kind, only = get_args(annotation)[:2] if get_origin(annotation) is Annotated else (annotation, None)
    if not (isinstance(kind, type) and issubclass(kind, Value)):
        return None
    declared = declarations(kind)
    return _Model(kind, {name: declared[name] for name in only.names} if isinstance(only, Only) else declared)


def _parameters(model: type[Value], name: str, declared: Declared) -> list[inspect.Parameter]:
    """Write a field as Typer parameters: one, or one for each option that shares it. A list not given is None."""
    kind, default = model.model_fields[name].annotation, model.model_fields[name].default
    if len(declared) > 1:
        items = zip(_names(name, declared), get_args(kind), default, declared, strict=True)
        return [_parameter(*item) for item in items]
    if get_origin(kind) is tuple:
        return [_parameter(name, list[get_args(kind)[0]] | None, None, declared[0])]  # type: ignore[misc]
    return [_parameter(name, kind, default, declared[0])]


def _parameter(name: str, kind: Any, default: object, declared: Option | Argument) -> inspect.Parameter:
    info: Any
    if isinstance(declared, Argument):
        info = typer.Argument(help=declared.help)
    else:
        flags = filter(None, (declared.flag, declared.short))
        info = typer.Option(*flags, help=declared.help, envvar=declared.environment_variable)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info])


def _value(given: Mapping[str, Any], name: str, declared: Declared) -> Any:
    """Return a field's value as Typer gave it, None where it was not given."""
    if len(declared) > 1:
        return tuple(given[item] for item in _names(name, declared))
    return given[name] if given[name] != [] else None


def _names(name: str, declared: Declared) -> list[str]:
    return [f"{name}_{item}" for item in range(len(declared))]
