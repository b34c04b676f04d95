"""The events that a worker writes and the host reads, one JSON object a line.

Both sides import this file, so it uses the standard library alone and runs on the
oldest Python of any image. Validation of hostile input is the host's affair
(`orchestrator.stream.contract`); here the shapes are declared and lines are written.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import ClassVar, Dict, List, Optional, Tuple, Type, Union

CONTRACT_VERSION = 1

LINE_LIMIT_BYTES = 4096
"""PIPE_BUF on Linux: writes up to this size are not torn by other writers of the same pipe."""

HEARTBEAT_SECONDS = 10.0

LOSSES_PER_EVENT = 200
"""A float32 takes up to 15 characters in JSON, so 200 of them and the envelope stay below the limit."""


@dataclass(frozen=True)
class WorkerReady:
    """The worker stands before its first training step: what it is and what it will train."""

    kind: ClassVar[str] = "worker_ready"

    framework: str
    framework_version: str
    versions: Dict[str, str]  # package or library → version, as read inside the worker
    device: str  # "cpu", or the GPU's own name
    modes: Dict[str, str]  # resolved settings, read back from the framework, never the requested ones
    data_sha256: str
    initial_weights_sha256: str
    parameters: int


@dataclass(frozen=True)
class PhaseEnded:
    """One named part of the worker's life is over; training and evaluation stand in `EpochEnded`."""

    kind: ClassVar[str] = "phase_ended"

    phase: str  # import, data, build, first_step, warm_up, predict
    seconds: float


@dataclass(frozen=True)
class Steps:
    """Consecutive training losses, one a step, sent after the clock of their epoch stopped."""

    kind: ClassVar[str] = "steps"

    epoch: int  # counted from 1
    first_step: int  # counted from 1 within the epoch
    losses: List[Optional[float]]  # null where the loss was not finite


@dataclass(frozen=True)
class EpochEnded:
    """One pass over the training images, timed between two device synchronisations."""

    kind: ClassVar[str] = "epoch_ended"

    epoch: int  # counted from 1
    images: int  # trained within `seconds`
    seconds: float
    evaluation_seconds: float
    train_loss: Optional[float]  # mean per image over the epoch, the weights moving meanwhile
    train_accuracy: float  # 0..1, likewise
    val_loss: Optional[float]  # mean per image, after the epoch
    val_accuracy: float  # 0..1
    diverged: bool = False  # a loss was not finite
    order_sha256: Optional[str] = None  # of the images' order, as `shared.order.digest` has it


@dataclass(frozen=True)
class TurnEnded:
    """A turn is over, of a trial that trains by turns; the worker waits for its next one, or goes on to its end."""

    kind: ClassVar[str] = "turn_ended"

    round: int  # as the host numbers it; 0 where nobody else trains
    epoch: int
    step: int  # the last one trained, counted from 1 within the epoch
    images: int  # trained within `seconds`
    seconds: float  # between two synchronisations, without the turn's first steps, which are cold
    waited_seconds: float  # before the turn


@dataclass(frozen=True)
class Heartbeat:
    """The worker lives. `step` of `steps` counts what was handed to the device, not what it finished."""

    kind: ClassVar[str] = "heartbeat"

    phase: str
    epoch: Optional[int] = None
    step: Optional[int] = None
    steps: Optional[int] = None


@dataclass(frozen=True)
class Warned:
    """Something the reader of the report should know, in one sentence."""

    kind: ClassVar[str] = "warning"

    message: str


@dataclass(frozen=True)
class Failed:
    """The worker gives up; the traceback is on its standard error."""

    kind: ClassVar[str] = "failed"

    error: str  # the exception's class
    message: str


@dataclass(frozen=True)
class RunEnded:
    """The worker's last word. A stream without it is a failed run, whatever the exit code."""

    kind: ClassVar[str] = "run_ended"

    test_loss: Optional[float]
    test_accuracy: float  # 0..1, over all test images; the host holds its own count against it
    peak_memory_bytes: int
    peak_memory_kind: str  # "resident" (the process, CPU) or "allocator" (tensors on the GPU)
    wall_seconds: float  # from the worker's first instruction to this event
    files: List[str] = field(default_factory=list)  # names in $BAKEOFF_OUT


Event = Union[WorkerReady, PhaseEnded, Steps, EpochEnded, TurnEnded, Heartbeat, Warned, Failed, RunEnded]

EVENT_TYPES: Tuple[Type[Event], ...] = (
    WorkerReady,
    PhaseEnded,
    Steps,
    EpochEnded,
    TurnEnded,
    Heartbeat,
    Warned,
    Failed,
    RunEnded,
)


def encode(event: Event, *, trial: str, seq: int, t: float) -> bytes:
    """Return the event as one line, newline included.

    `t` is monotonic seconds since the worker's start. Raises ValueError where a number
    is not finite (send None) or the line is longer than `LINE_LIMIT_BYTES`.
    """
    envelope = {"v": CONTRACT_VERSION, "trial": trial, "seq": seq, "t": round(t, 6), "event": event.kind}
    text = json.dumps({**envelope, **asdict(event)}, allow_nan=False, separators=(",", ":"))
    line = text.encode("ascii") + b"\n"
    if len(line) > LINE_LIMIT_BYTES:
        raise ValueError(f"a {event.kind} event of {len(line)} bytes; the limit is {LINE_LIMIT_BYTES}")
    return line
