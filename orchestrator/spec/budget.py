"""What a gate lets a candidate cost: a file with a non-inferiority margin per metric. Read and checked here."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from orchestrator.errors import UsageError
from orchestrator.spec.fault import Fault, written
from orchestrator.spec.interim_schedule import LOOKS
from orchestrator.spec.option import as_words
from orchestrator.spec.schema_faults import fault_lines, model_faults
from orchestrator.spec.spec import Spec
from orchestrator.values import Value

GateMetric = Literal["throughput", "peak_memory", "startup_seconds", "first_step_seconds", "accuracy"]
METRICS: tuple[GateMetric, ...] = get_args(GateMetric)

EXAMPLE = """\
# What the candidate may cost. Run it with: bakeoff gate budget.toml
reference = "torch==2.13.0"
candidate = "torch==2.14.1"
recipe = "matched-8x8"

[throughput]         # images a second: may fall by less than this
margin = "-3%"

[peak_memory]        # may grow by less than this
margin = "+5%"

[startup_seconds]    # import, data, build
margin = "+10%"

[accuracy]           # on the test images, over a seed a block
margin = "-0.5 points"
"""
"""A budget file that `bakeoff gate --example` prints."""

_MARGIN = re.compile(r"([+-])\s*(\d+(?:\.\d+)?)\s*(%|points)")


class _Shape:
    """How a margin of one kind is written, and the check of it."""

    def __init__(self, sign: str, unit: str, example: str) -> None:
        self._sign, self._unit, self._example = sign, unit, example

    def __call__(self, given: Any) -> str:
        """Return a margin in one spelling. Raises PydanticCustomError that says what is allowed."""
        found = _MARGIN.fullmatch(given.strip().replace("−", "-")) if isinstance(given, str) else None
        if found is None or (found[1], found[3]) != (self._sign, self._unit) or not 0 < float(found[2]) < 100:
            raise PydanticCustomError("margin", "{allowed}", {"allowed": self._allowed(given)})
        return f"{found[1]}{found[2]}{' points' if self._unit == 'points' else '%'}"

    def _allowed(self, given: Any) -> str:
        bare = not isinstance(given, bool) and re.fullmatch(r"[+−-]?\s*[\d.]+", str(given).strip())
        unit = f"has no unit: write it as “{self._example}”" if bare else f"should be written as “{self._example}”"
        way = "a loss" if self._sign == "-" else "a growth"
        return f"{unit}, {way} above 0 and below 100 {self._unit}"


class Fall(Value):
    """Of a ratio that is good when high."""

    margin: Annotated[str, BeforeValidator(_Shape("-", "%", "-3%"))]


class Growth(Value):
    """Of a ratio that is good when low."""

    margin: Annotated[str, BeforeValidator(_Shape("+", "%", "+5%"))]


class Points(Value):
    """Of a difference of accuracies."""

    margin: Annotated[str, BeforeValidator(_Shape("-", "points", "-0.5 points"))]


def _look(given: Any) -> Any:
    if isinstance(given, bool) or given not in LOOKS:
        allowed = f"should be one of {', '.join(map(str, LOOKS))}: a gate looks after so many blocks and nowhere else"
        raise PydanticCustomError("look", "{allowed}", {"allowed": allowed})
    return given


class Budget(Value):
    """What is compared, and the margin of each metric that the gate judges."""

    reference: Annotated[str, Field(min_length=1)]
    candidate: Annotated[str, Field(min_length=1)]
    recipe: Annotated[str, Field(min_length=1)]
    max_blocks: Annotated[int, BeforeValidator(_look)] = LOOKS[-1]
    strict: bool = False  # undecided leaves with the exit code of a failure
    throughput: Fall | None = None
    peak_memory: Growth | None = None
    startup_seconds: Growth | None = None
    first_step_seconds: Growth | None = None
    accuracy: Points | None = None

    @model_validator(mode="after")
    def _has_a_metric(self) -> Self:
        if not self.margins:
            sections = ", ".join(f"[{name}]" for name in METRICS)
            raise PydanticCustomError("no-metric", "{told}", {"told": f"names no metric: add one of {sections}"})
        return self

    @property
    def margins(self) -> dict[GateMetric, str]:
        """Return the margin of each metric that is judged, as written."""
        limits = {name: getattr(self, name) for name in METRICS}
        return {name: limit.margin for name, limit in limits.items() if limit}


def amount(margin: str) -> float:
    """Return a margin as a signed fraction: −0.03 of "-3%", −0.005 of "-0.5 points"."""
    return float(margin.removesuffix("%").removesuffix("points")) / 100


def read_budget(path: Path) -> Budget:
    """Read a budget file. Raises UsageError that names every fault with file, line and key."""
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        remedy = "`bakeoff gate --example > budget.toml` writes one to begin with"
        raise UsageError(f"{path}: {error.strerror}", remedy) from error
    except ValueError as error:
        raise UsageError(f"{path} cannot be read: {error}", "mend the syntax at the place named") from error
    try:
        return Budget.model_validate(document)
    except ValidationError as error:
        faults = [_without_value(fault, document) for fault in model_faults(error, Budget)]
        lines = fault_lines(faults, path, text)
        remedy = f"valid keys: {', '.join(Budget.model_fields)}; each metric has a margin"
        raise UsageError(f"{path} is not a budget", remedy, lines) from error


def _without_value(fault: Fault, document: Any) -> Fault:
    """Leave the whole file out of a fault that is about the whole file."""
    return Fault((), fault.what.removesuffix(f", not {written(document)}")) if not fault.place else fault


def to_toml(budget: Budget) -> str:
    """Write a budget as the file that it can be read from."""
    document = budget.model_dump(mode="json", exclude_none=True)
    keys = [f"{name} = {_toml(value)}" for name, value in document.items() if not isinstance(value, dict)]
    tables = [f"\n[{name}]\nmargin = {_toml(margin)}" for name, margin in budget.margins.items()]
    return "\n".join([*keys, *tables]) + "\n"


def _toml(value: str | int | bool) -> str:
    """Write a value as JSON does: of such values TOML's form is the same, but for one letter that it escapes."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def gate_command(file: str, spec: Spec) -> str:
    """Return the command that gates again by a budget file; what the budget decides is left out of its options."""
    default = Spec()
    decided = {name: getattr(default, name) for name in ("contenders", "recipes", "seeds", "until_decided", "parity")}
    options = as_words(spec.replace(**decided))[len(default.contenders) :]
    return shlex.join(("bakeoff", "gate", file, *options))
