"""`summary.json`: what a program reads of a comparison. Its shape is a promise."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from orchestrator.explain.explanation import Explanation
from orchestrator.record import EventCounts, Status, Value

SCHEMA: Literal["bakeoff/summary/1"] = "bakeoff/summary/1"


class Finding(Value):
    """A caution with advice."""

    id: str  # stable, for programs: "accuracy-mismatch"
    severity: Literal["error", "warning", "note"]
    message: str
    advice: str
    trials: tuple[str, ...] = ()


class Claim(Value):
    """One of the article's statements, computed for one trial."""

    id: str  # "steepness", "validation-rises", "smoothness", "generalisation-gap"
    statement: str  # what the article says
    trial: str
    contender: str
    recipe: str
    value: float | None  # None where the trial has no numbers for it
    unit: str
    verdict: str  # in words, for this run
    holds: bool | None


class Audit(Value):
    """Whether one trial computes what its recipe says, against the host's float64 reference."""

    trial: str
    contender: str
    recipe: str
    tensors: int
    agreeing: int
    worst_tensor: str
    worst_norm_relative_error: float | None  # None: missing, of another shape, or not finite
    tolerance: float
    agrees: bool


class Cell(Value):
    """One contender × recipe of a comparison."""

    contender: str
    title: str
    colour: str
    recipe: str
    recipe_title: str


class Comparison(Value):
    """What was asked for, resolved."""

    id: str  # the run folder's name
    title: str
    kind: Literal["crossover", "comparison", "walk"]
    command: str  # repeats it
    started_at: str  # UTC, ISO 8601
    ended_at: str | None
    profile: Literal["article", "quick", "custom"]
    profile_reason: str
    full_size_command: str | None  # None where this was the full size
    engine: str
    engine_notice: str
    device: str
    reference: str  # the contender that others are divided by
    cells: tuple[Cell, ...]
    seeds: tuple[int, ...]
    runs: int
    interrupted: bool = False
    audits: tuple[Audit, ...] = ()
    claims: tuple[Claim, ...] = ()
    single_seed_note: str = ""


class EpochSummary(Value):
    epoch: int
    train_loss: float | None
    val_loss: float | None
    train_accuracy: float
    val_accuracy: float
    seconds: float
    images_per_second: float


class TrialSummary(Value):
    id: str
    contender: str
    framework: str | None
    framework_version: str | None
    recipe: str
    seed: int
    engine: str
    device: str | None
    status: Status
    reason: str
    image: str | None
    parameters: int | None
    initial_weights_sha256: str | None
    train_loss: float | None
    val_loss: float | None
    test_accuracy: float | None
    images_per_second: float | None  # median over the epochs
    peak_memory_bytes: int | None
    wall_seconds: float | None
    phases: dict[str, float]  # training and evaluation are sums over the epochs
    events: EventCounts
    epochs: tuple[EpochSummary, ...]
    reused_from: str | None = None  # the earlier run that this trial was taken over from


class Summary(Value):
    """Everything that a report shows, and nothing of how it looks."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_name: Literal["bakeoff/summary/1"] = Field(SCHEMA, alias="schema")
    comparison: Comparison
    environment: dict[str, str]
    findings: tuple[Finding, ...]
    trials: tuple[TrialSummary, ...]
    explanation: Explanation | None = None
