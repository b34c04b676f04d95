"""`summary.json`: what a program reads of a comparison. Its shape is a promise."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field

from orchestrator.analyse.accuracy_equivalence import AccuracyVerdict
from orchestrator.analyse.explanation import Explanation
from orchestrator.analyse.gate_verdict import GateVerdict
from orchestrator.analyse.image_answers import Confusion, ShownImage
from orchestrator.analyse.interim_look import Look
from orchestrator.analyse.ratio_verdict import RatioVerdict
from orchestrator.analyse.stacks import StackDifference
from orchestrator.analyse.syntax_counts import Program
from orchestrator.record.record import TrialResult
from orchestrator.record.run_folder import COMPARISON, ENVIRONMENT, SUMMARY, read
from orchestrator.record.sentinel import SentinelSeries
from orchestrator.spec.budget import Budget
from orchestrator.spec.tracks import Track
from orchestrator.values import Value
from shared.trial import Precision

SCHEMA: Literal["bakeoff/summary/3"] = "bakeoff/summary/3"

MetricName = Literal["throughput", "first_step_seconds", "start_up_seconds", "peak_memory_bytes"]
"""What contenders are compared in: images/s, and three costs that are estimated and not claimed."""


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
    threshold: float  # that the statement is about
    distance: float | None  # value minus threshold: of one run it is a number, no verdict
    words: str  # the distance, or why there is no number


class ClaimOverall(Value):
    """One claim in one cell, over its seeds."""

    id: str
    contender: str
    recipe: str
    unit: str
    values: tuple[float, ...]  # one a seed, sorted: the median over the seed's repetitions
    median: float | None
    interval: tuple[float, float] | None  # 95 %, for the median over seeds; None with fewer than six
    verdict: str


class MetricRatio(Value):
    """A contender's number over the reference's in one recipe, one ratio a block (same seed and run)."""

    metric: MetricName
    contender: str
    reference: str
    recipe: str
    ratios: tuple[float, ...]  # of whole blocks, in the order of running
    blocks_by_turns: int = 0  # in how many of them the ratio is the median over rounds of turns; else of whole trials
    verdict: RatioVerdict


class AccuracyEquivalence(Value):
    """A contender's test accuracy minus the reference's in one recipe, one difference a seed."""

    contender: str
    reference: str
    recipe: str
    differences: tuple[float, ...]  # fractions, by seed; the mean over the seed's repetitions
    verdict: AccuracyVerdict


class ClaimForecast(Value):
    """What a claim would take on this machine, of a run that has too few blocks for one."""

    command: str
    blocks: int
    minutes: float | None  # None where no block of this run was whole
    decide: bool = False  # the command is of --decide: no number of trials of this run's size makes a claim


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


class Curve(Value):
    """How far two trials are apart by step, thinned: each point is the largest of the steps since the last one."""

    steps: tuple[int, ...]  # from 1, over all epochs
    loss: tuple[float, ...]  # |difference| of the step's loss, nats
    gradient_norm: tuple[float, ...]  # |difference| over the first trial's; empty where a trial kept no norms
    weight_norm: tuple[float, ...]


class StepDifference(Value):
    """Two trials of one recipe and seed with the same start and the same batches, step by step."""

    recipe: str
    seed: int
    kind: Literal["between", "floor"]  # two contenders, or the same one twice
    contenders: tuple[str, str]
    trials: tuple[str, str]
    precision: Precision
    tolerance: float  # nats
    steps: int  # compared: up to the first loss that is not finite
    largest_early: float  # |difference| of a step's loss over the first 300 steps, nats
    largest: float  # over all steps
    first_beyond: int | None  # the first step, from 1, beyond the tolerance and beyond both floors
    curve: Curve


class AccuracyDifference(Value):
    """A contender's test accuracy minus the reference's, over the same images and from the same start."""

    recipe: str
    seed: int
    contender: str
    reference: str
    images: int
    gained: int  # images that only the contender has right
    lost: int  # images that only the reference has right
    difference: float  # −1..1
    low: float  # 95 % interval, over test images
    high: float
    floor_images: int | None  # the most that one contender answers differently when run twice; None: not run twice
    verdict: str  # what the interval and the floor allow to be said, in one of four wordings


class Cell(Value):
    """One contender × recipe of a comparison."""

    contender: str
    title: str
    colour: str
    recipe: str
    recipe_title: str
    track: Track
    not_stepwise: str = ""  # why its contenders are not held beside each other step by step


class Comparison(Value):
    """What was asked for, resolved."""

    id: str  # the run folder's name
    title: str
    kind: Literal["crossover", "comparison", "walk"]
    command: str  # repeats it
    started_at: str  # UTC, ISO 8601
    ended_at: str | None
    resumed_at: tuple[str, ...] = ()  # by hosts that went on where an earlier one had ended
    profile: Literal["article", "quick", "custom"]
    profile_reason: str
    full_size_command: str | None  # None where this was the full size
    engine: str
    engine_notice: str
    device: str
    claim_command: str | None  # repeats it with enough blocks for a claim; None where there are, or nothing is compared
    reference: str  # the contender that others are divided by
    margin: float  # of a ratio, as a fraction: a smaller difference is of no interest
    accuracy_margin: float  # as a fraction
    until_decided: bool = False  # judged by looks at their ranks, and ended by one of them
    budget: Budget | None = None  # that the run is gated by
    order_seed: int  # that the order within blocks was drawn from
    turn_seconds: float | None = None  # that contenders of a recipe trained by; None: whole trials one after another
    cells: tuple[Cell, ...]
    seeds: tuple[int, ...]
    runs: int
    interrupted: bool = False
    precision: Precision = "float32"
    spec: dict[str, Any]  # as asked for: `bakeoff compare --spec comparison.json` repeats it

    @classmethod
    def load(cls, run: Path) -> Self:
        """Read comparison.json of a run folder; UsageError where it is missing or cannot be read."""
        return read(run / COMPARISON, cls)


class Environment(Value):
    """`environment.json`: the facts of the machine, and of each contender from inside its workers."""

    host: dict[str, str]
    workers: dict[str, dict[str, str]] = Field(default_factory=dict)  # by contender; trials that differ: "this or that"

    @classmethod
    def load(cls, run: Path) -> Self:
        """Read environment.json of a run folder; UsageError where it is missing or cannot be read."""
        return read(run / ENVIRONMENT, cls)


class TrialSummary(TrialResult):
    """A trial's row in summary.json."""

    train_loss: float | None  # of the last epoch
    val_loss: float | None
    images_per_second: float | None  # median over the epochs
    ratio_to_reference: float | None = None  # of images/s, within recipe and block; None where that compares nothing
    log_tail: tuple[str, ...] = ()  # the last lines of standard error, of a trial that is not done


class Summary(Value):
    """Everything that a report shows, and nothing of how it looks."""

    model_config = ConfigDict(
        populate_by_name=True, serialize_by_alias=True, json_schema_serialization_defaults_required=True
    )

    schema_name: Literal["bakeoff/summary/3"] = Field(SCHEMA, alias="schema")
    comparison: Comparison
    environment: Environment
    stacks: tuple[StackDifference, ...] = ()  # one a framework of which several contenders ran
    findings: tuple[Finding, ...]
    trials: tuple[TrialSummary, ...]
    audits: tuple[Audit, ...] = ()
    step_differences: tuple[StepDifference, ...] = ()
    accuracies: tuple[AccuracyDifference, ...] = ()
    ratios: tuple[MetricRatio, ...] = ()
    look: Look | None = None  # the last one, of a run with --until-decided
    gate: GateVerdict | None = None  # of a run that has a budget
    claim_forecast: ClaimForecast | None = None
    accuracy_equivalences: tuple[AccuracyEquivalence, ...] = ()
    sentinel: SentinelSeries | None = None  # a fixed computation before each block; None: of one block, or not kept
    claims: tuple[Claim, ...] = ()
    claims_overall: tuple[ClaimOverall, ...] = ()  # empty for a single seed
    readings: tuple[str, ...] = ()  # a sentence a claim, of a crossover: how it goes with framework and recipe
    single_seed_note: str = ""
    explanation: Explanation | None = None
    programs: tuple[Program, ...] = ()  # how each recipe is written in each framework
    confusions: tuple[Confusion, ...] = ()  # of the first done trial of each cell
    shown_images: tuple[ShownImage, ...] = ()  # answered differently, or wrong most surely

    @classmethod
    def load(cls, run: Path) -> Self:
        """Read summary.json of a run folder; UsageError where it is missing, cannot be read, or of another format."""
        return read(run / SUMMARY, cls)
