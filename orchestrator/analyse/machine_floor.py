"""The machine's floor: of a run of one image against itself, and what it lets one expect of a comparison. Pure.

It is a plan and a self-test. It is no threshold: the interval of a comparison holds this noise already, and to ask that
an estimate lie beyond the floor as well would only find less.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from statistics import stdev
from typing import NamedTuple

from orchestrator.analyse.claim_rule import ClaimRule, found_from
from orchestrator.analyse.decide_plan import Cost, cost_of
from orchestrator.analyse.metrics import counts
from orchestrator.analyse.ratios import short_trials
from orchestrator.analyse.summary import MetricRatio, Summary
from orchestrator.errors import UsageError
from orchestrator.record.floor import Floor, machine_facts
from orchestrator.spec.interim_schedule import LOOKS


class Place(NamedTuple):
    """Where trials run."""

    machine: Mapping[str, str]  # its facts
    engine: str
    device: str


_TOO_SHORT = "run it again: by now it is known how much can be timed here"
_TOO_FEW = "bakeoff calibrate, without options: 12 blocks at a size that can be timed here"


def machine_floor(summary: Summary, *, rebuilt: bool, boot: str) -> Floor:
    """Return the floor that a run of a contender against its own image shows.

    Raises UsageError where no interval came of it, which says why.
    """
    comparison, row = summary.comparison, _throughput(summary)
    if row.verdict.interval is None:
        short = short_trials(comparison, summary.trials)
        raise UsageError(f"no floor: {row.verdict.words}", _TOO_SHORT if short else _TOO_FEW)
    timed = [trial for trial in summary.trials if counts(trial)]
    cost, first = cost_of(timed), timed[0]
    low, high = row.verdict.interval
    half_width = math.log(high / low) / 2
    return Floor(
        contender=row.reference,
        recipe=row.recipe,
        rebuilt=rebuilt,
        images=tuple(_image(summary, name) for name in (row.reference, row.contender)),
        engine=comparison.engine,
        device=comparison.device,
        machine=machine_facts(summary.environment.host),
        boot=boot,
        date=comparison.ended_at or comparison.started_at,
        run=comparison.id,
        command=comparison.command,
        epochs=len(first.epochs),
        images_an_epoch=first.epochs[0].images,
        batch_size=comparison.spec.get("batch_size"),
        turn_seconds=comparison.turn_seconds,
        blocks=len(row.ratios),
        ratios=row.ratios,
        scatter=stdev(map(math.log, row.ratios)),
        half_width=half_width,
        finds=math.expm1(found_from(half_width)),
        words=row.verdict.words,
        differs=row.verdict.verdict in ("higher", "lower"),
        images_per_second=cost.images_per_second,
        evaluation_seconds=cost.evaluation_seconds,
        other_seconds=cost.other_seconds,
    )


def floor_words(floor: Floor) -> tuple[str, ...]:
    """Say what a floor found, as a self-test first: then what can be found here."""
    pair = "two builds of the same sources" if floor.rebuilt else "one image against itself"
    return (
        f"{floor.contender} on {floor.recipe}, {pair}: {floor.words}",
        f"the log ratio of a block scatters by {_percent(floor.scatter)} (standard deviation); the interval of "
        f"{floor.blocks} blocks is ±{_percent(math.expm1(floor.half_width))} wide",
        f"{floor.blocks} blocks find differences from {_percent(floor.finds)} on here, in 9 of 10 comparisons",
    )


def self_test(floor: Floor) -> str:
    """Say what a claimed difference means where there is none; "" where none is claimed."""
    if not floor.differs:
        return ""
    if floor.rebuilt:
        return (
            "two builds of the same sources differ here, or this is the one run in twenty that claims it by right: "
            "repeat it; if it is so again, a difference of this size between two versions says nothing of their code"
        )
    return (
        "a difference is claimed where there is none. One calibration in twenty does that by right: run it again; if "
        "it does so twice in a row, something treats the two apart, and no claim of this machine is to be trusted"
    )


def nearest_floor(
    floors: Iterable[Floor], place: Place, contenders: Iterable[str], recipes: Iterable[str]
) -> Floor | None:
    """Return the floor of this place that is nearest to what is compared, the newest of those alike, if any.

    `floors` come newest first.
    """
    here = [floor for floor in floors if not floor.rebuilt and floor.is_of(*place)]
    named, trained = set(contenders), set(recipes)
    return max(here, key=lambda floor: (floor.recipe in trained, floor.contender in named), default=None)


def floor_costs(floors: Iterable[Floor], place: Place, recipe: str) -> dict[str, Cost]:
    """Return what contenders cost in a recipe, by floors of this place, which come newest first."""
    found: dict[str, Cost] = {}
    for floor in floors:
        if floor.recipe == recipe and floor.is_of(*place):
            cost = Cost(floor.images_per_second, floor.evaluation_seconds, floor.other_seconds)
            found.setdefault(floor.contender, cost)
    return found


def expectation(floor: Floor, rule: ClaimRule, blocks: int) -> str:
    """Say what a comparison of so many blocks, with looks at most so many, can be expected to find here."""
    of = f"by the calibration of {floor.date[:10]} ({floor.contender} on {floor.recipe}),"
    most = f"{blocks} blocks find differences from {_percent(_finds(floor, blocks))} on here"
    if not rule.until_decided:
        return f"{of} {most}"
    needed = rule.blocks_of_a_run(floor.blocks, floor.half_width)
    margin = _percent(rule.margin)
    if needed > LOOKS[-1]:
        return f"{of} {blocks} blocks may not decide about {margin}: {most}"
    return f"{of} a difference of {margin} takes about {needed} blocks here"


def _finds(floor: Floor, blocks: int) -> float:
    """Return the smallest difference that so many blocks find: an interval narrows with the root of their number."""
    return math.expm1(found_from(floor.half_width * math.sqrt((floor.blocks - 2) / (blocks - 2))))


def _throughput(summary: Summary) -> MetricRatio:
    rows = [row for row in summary.ratios if row.metric == "throughput"]
    if len(rows) != 1:
        fault = (
            "no floor: no block has both of its trials" if not rows else "no floor: several contenders were compared"
        )
        raise UsageError(fault, _TOO_FEW)
    return rows[0]


def _image(summary: Summary, contender: str) -> str:
    return next((trial.image or "" for trial in summary.trials if trial.contender == contender), "")


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2g} %"
