"""The gate: a line that a container printed becomes an event or a reason to refuse it.

Order: size, UTF-8, JSON (no duplicate keys, no NaN, bounded numbers and text), schema, meaning.
The models are derived from the dataclasses in `shared.events`, so the contract is declared
once; identity and sequence are checked by `orchestrator.stream.intake`, which knows the trial.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import MISSING, Field, fields
from typing import Annotated, Any, Literal, NamedTuple, Union, get_type_hints

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    NonNegativeFloat,
    NonNegativeInt,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic.fields import FieldInfo

from shared.events import (
    CONTRACT_VERSION,
    EVENT_TYPES,
    LINE_LIMIT_BYTES,
    EpochEnded,
    Event,
    PhaseEnded,
    RunEnded,
    TurnEnded,
)
from shared.trial import Trial

LARGEST_INTEGER = 2**53  # beyond it JSON readers disagree
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_NAMED_LENGTH = 100  # of a key that a reason names: a key may be as long as the line
_LARGEST_FLOAT = 1e40  # a float32 ends at 3.4e38; sums, differences and ratios of these stay finite
_SHORTEST_SECONDS = 1e-9


class RejectedLineError(ValueError):
    """The line is no event of this contract; the text says why."""


class NumberedEvent(NamedTuple):
    """An event with its envelope, and the line it came in."""

    trial: str
    seq: int
    t: float  # monotonic seconds in the worker
    event: Event
    line: bytes


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    v: Literal[CONTRACT_VERSION]  # type: ignore[valid-type]
    trial: str
    seq: NonNegativeInt
    t: NonNegativeFloat


def _make_model(kind: type[Event]) -> type[BaseModel]:
    hints = get_type_hints(kind)
    payload: dict[str, Any] = {declared.name: (hints[declared.name], _default(declared)) for declared in fields(kind)}
    payload["event"] = (Literal[kind.kind], ...)
    return create_model(kind.__name__, __base__=_Envelope, __doc__=kind.__doc__, **payload)


def _default(declared: Field[Any]) -> Any:
    if declared.default_factory is not MISSING:
        return FieldInfo(default_factory=declared.default_factory)
    return ... if declared.default is MISSING else declared.default


_MODELS = {kind.kind: (kind, _make_model(kind)) for kind in EVENT_TYPES}


def decode(line: bytes) -> NumberedEvent:
    """Read one line without its newline; raises RejectedLineError, and nothing else, for anything but an event."""
    if len(line) >= LINE_LIMIT_BYTES:
        raise RejectedLineError(f"longer than {LINE_LIMIT_BYTES} bytes")
    if b"\r" in line:  # white space to JSON, the end of a line to many who will read the record
        raise RejectedLineError("a carriage return within the line")
    payload = _read_fields(line)
    del payload["v"]
    trial, seq, t = payload.pop("trial"), payload.pop("seq"), payload.pop("t")
    kind, _ = _MODELS[payload.pop("event")]
    event = kind(**payload)
    _check_meaning(event)
    return NumberedEvent(trial, seq, t, event, line)


def _read_fields(line: bytes) -> dict[str, Any]:
    """Check a line's JSON, then its schema; return all its fields, those of the envelope and defaults included."""
    members = parse_object(line)
    kind, model = _MODELS.get(_kind(members), (None, None))
    if kind is None or model is None:
        raise RejectedLineError("unknown event")
    try:
        return vars(model.model_validate(members)).copy()  # flat, so model_dump would only take longer
    except ValidationError as error:
        raise RejectedLineError(_first_problem(error)) from None


def schema(name: Literal["event", "trial"]) -> dict[str, Any]:
    """Return the JSON Schema of an event line or of the trial document."""
    if name == "trial":
        return {"$schema": _DRAFT, **TypeAdapter(Trial).json_schema(), "title": "bakeoff trial"}
    union: Any = Union[tuple(model for _, model in _MODELS.values())]  # noqa: UP007 - made at run time
    tagged: TypeAdapter[Any] = TypeAdapter(Annotated[union, Discriminator("event")])
    return {"$schema": _DRAFT, "title": "bakeoff event", **tagged.json_schema()}


_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def parse_object(content: bytes) -> dict[str, Any]:
    """Read one JSON object strictly, a line or a file; the caller has bounded its size.

    Raises RejectedLineError, and nothing else.
    """
    try:
        value = _DECODER.decode(content.decode("utf-8"))
        _check_bounds(value)
    except UnicodeDecodeError:
        raise RejectedLineError("not UTF-8") from None
    except RecursionError:  # of the parser up to Python 3.11, of our own walk from 3.12 on
        raise RejectedLineError("nested too deeply") from None
    except RejectedLineError:
        raise
    except ValueError:  # JSONDecodeError, and integers of more than 4,300 digits
        raise RejectedLineError("not JSON") from None
    if not isinstance(value, dict):
        raise RejectedLineError("not a JSON object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise RejectedLineError("a key stands twice")
    return members


def _refuse_constant(name: str) -> None:
    raise RejectedLineError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)  # json.loads makes one a call


def _check_bounds(value: object) -> None:
    """Refuse numbers and text that JSON allows and readers downstream do not survive."""
    if isinstance(value, str):
        if not value.isascii() and _LONE_SURROGATE.search(value):
            raise RejectedLineError("a lone surrogate")
    elif isinstance(value, float):
        if abs(value) > _LARGEST_FLOAT and math.isfinite(value):  # the schema refuses what is not finite, by key
            raise RejectedLineError("a number beyond any float32")
    elif isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise RejectedLineError("an integer beyond 2^53")
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_bounds(key)
            _check_bounds(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_bounds(inner)


def _kind(members: dict[str, Any]) -> str:
    kind = members.get("event")
    return kind if isinstance(kind, str) else ""


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in problem['loc'])[:_NAMED_LENGTH]}: {problem['msg']}"


def _check_meaning(event: Event) -> None:
    """Refuse values of the right types that cannot be true: reports divide by some of them."""
    if isinstance(event, PhaseEnded) and event.seconds < 0:
        raise RejectedLineError("negative seconds")
    if isinstance(event, EpochEnded):
        if event.epoch < 1 or event.images < 1 or event.evaluation_seconds < 0:
            raise RejectedLineError("epoch and images count from 1, and no time is negative")
        if event.seconds < _SHORTEST_SECONDS:
            raise RejectedLineError("an epoch of no time")
        _check_shares(event.train_accuracy, event.val_accuracy)
    if isinstance(event, TurnEnded):
        if min(event.epoch, event.step) < 1 or min(event.round, event.images, event.seconds, event.waited_seconds) < 0:
            raise RejectedLineError("epoch and step count from 1, and nothing else of a turn is negative")
        if event.images and event.seconds < _SHORTEST_SECONDS:
            raise RejectedLineError("a turn of no time")
    if isinstance(event, RunEnded):
        if event.peak_memory_bytes < 0 or event.wall_seconds < 0:
            raise RejectedLineError("negative memory or seconds")
        _check_shares(event.test_accuracy)


def _check_shares(*accuracies: float) -> None:
    for accuracy in accuracies:
        if not 0 <= accuracy <= 1:
            raise RejectedLineError("an accuracy outside 0..1")
