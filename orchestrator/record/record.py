"""What happened in one trial: what `run` hands to `analyse`, and `record.json` on disk.

Absent is None, never 0. Loss is the mean per image, accuracy a fraction 0–1, names carry
their unit.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from orchestrator.audit.line import AuditLine
from orchestrator.record.verify.line import Verified
from orchestrator.spec.tracks import Track
from orchestrator.stream.intake import EventCounts
from orchestrator.values import Value
from shared.trial import Precision


class Status(StrEnum):
    """How a trial ended."""

    DONE = "done"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    SKIPPED = "skipped"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"  # the host left, or lost the engine, before the worker's end

    @property
    def broken(self) -> bool:
        """Tell whether something went wrong: neither done, nor left out or stopped by somebody's wish."""
        return self in (Status.FAILED, Status.TIMED_OUT, Status.UNKNOWN)


class Epoch(Value):
    """One pass over the training images. `seconds` holds training alone, without evaluation."""

    epoch: int
    train_loss: float | None
    val_loss: float | None
    train_accuracy: float
    val_accuracy: float
    seconds: float
    evaluation_seconds: float
    images: int
    images_per_second: float
    order_sha256: str | None = None  # of the images' order


class Turn(Value):
    """A stretch of training between two waits. Its images and seconds leave out the first, cold steps."""

    round: int  # in which every trial of the block that was there had one turn; 0 where nobody else trained
    epoch: int
    images: int
    seconds: float


class Waits(Value):
    """How a trial waited for its turns, by the host's clock and the engine's count of CPU time."""

    seconds: float = 0.0
    sampled_seconds: float = 0.0  # of turns of others, in which this worker's CPU time was looked at
    sampled_cpu_seconds: float = 0.0


class TrialResult(Value):
    """What a record and its row in summary.json both say of a trial, whatever became of it."""

    model_config = Value.model_config | {"json_schema_serialization_defaults_required": True}  # they are all written

    id: str
    contender: str
    framework: str | None  # as the worker says: "PyTorch"
    framework_version: str | None
    recipe: str
    track: Track = "as written"
    role: Literal["measured", "parity"] = "measured"  # a parity trial also keeps norms: its speed is not counted
    seed: int
    run: int  # repetition with the same seed and role, from 1: seed and run are a block
    engine: str
    device: str | None
    status: Status
    reason: str  # "" when done
    cause: str = ""  # a stable id of `cause_table.CAUSES`, see docs/verdicts.md; "" when done
    image: str | None
    parameters: int | None = None
    initial_weights_sha256: str | None = None
    test_accuracy: float | None = None  # counted by the host from predictions.npy
    peak_memory_bytes: int | None = None
    started_at: str | None  # UTC, ISO 8601
    by_turns: bool = False  # it trained by turns with the others of its block; else as a whole
    waits: Waits = Waits()
    wall_seconds: float | None  # from the engine's start call to the verdict
    phases: dict[str, float] = Field(default_factory=dict)  # training and evaluation are sums over the epochs
    events: EventCounts = EventCounts()
    epochs: tuple[Epoch, ...] = ()
    verified: tuple[Verified, ...] = ()  # what the worker claims beside the host's own; empty where it is not done
    reconnects: int = 0  # of the live feed; what one brings twice is counted as duplicated
    paused_seconds: float = 0.0  # its container stood still, by somebody's hand: seen at each question to the engine
    retries: tuple[str, ...] = ()  # of images pulled and an engine away; a measurement is never tried again
    reused_from: str | None = None  # the earlier run that this trial was taken over from


class Record(TrialResult):
    """One trial, with all that is known of it."""

    title: str  # of the contender's folder, for headings
    colour: str  # of the contender, "#rrggbb"
    not_stepwise: str = ""  # why it cannot be held beside another contender step by step
    precision: Precision = "float32"
    worker_seconds: float | None  # the worker's own account of its life
    expected_parameters: int | None = None
    shared_start: bool = False  # the recipe gives every contender the same first weights
    shared_order: bool = False  # and the same images in the same sequence
    data_sha256: str | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    modes: dict[str, str] = Field(default_factory=dict)
    # of facts.json, as `orchestrator.stream.facts` let them through, and of how it was made
    facts: dict[str, str] = Field(default_factory=dict)
    relaxations: tuple[str, ...] = ()  # restrictions that its contender was spared, by name
    audit: tuple[AuditLine, ...] = ()  # empty where there was none
    diverged: bool = False
    test_loss: float | None = None
    worker_test_accuracy: float | None = None
    peak_memory_kind: str | None = None
    turns: tuple[Turn, ...] = ()
    warnings: tuple[str, ...] = ()
    stderr_tail: tuple[str, ...] = ()
