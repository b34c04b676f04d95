"""What changed from one run to another: spec, facts, numbers, and ratios to the reference. Pure.

A speed over a speed of another machine, recipe or size says little of either contender: such a ratio is refused, unless
it is asked for, and then labelled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ConfigDict, Field

from orchestrator.analyse.cell_difference import CellDifference, cell_difference
from orchestrator.analyse.cell_pairs import Pair, Place, pair_cells
from orchestrator.analyse.claim_rule import ClaimRule
from orchestrator.analyse.confounders import Relevance, relevance
from orchestrator.analyse.finished_run import HOST_NAME, FinishedRun
from orchestrator.analyse.quantities import Kind
from orchestrator.analyse.ratio_change import RatioChange, ratio_change
from orchestrator.analyse.recipe_difference import Change, changes, recipe_changes
from orchestrator.analyse.summary import MetricRatio
from orchestrator.errors import UsageError
from orchestrator.values import Value

Barrier = Literal["machine", "recipe", "size"]

UNPAIRED = (
    "Two runs are not paired: a difference between their speeds carries what the machine did at either hour, which "
    "neither run's blocks show. So speeds stand side by side without a claim. What is judged is a ratio to the "
    "reference, which each run measured within its own blocks."
)
_FACTS_OF_TRIALS = ("image", "framework_version")


class RunHead(Value):
    """Which run it is."""

    id: str
    title: str
    command: str
    started_at: str  # UTC, ISO 8601


class FactChange(Change):
    """A fact that changed; of the host where it names no contender."""

    contenders: tuple[str, ...]  # as the later run writes them
    relevance: Relevance


class BarrierChange(Value):
    """What stands between two speeds: they are not of one machine, recipe or size."""

    barrier: Barrier
    recipe: str  # of the later run; "" of a machine
    changes: tuple[Change, ...]
    allowed: bool  # the user asked for the ratio all the same


class RunDifference(Value):
    """Two runs, the earlier first as it was named."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_name: Literal["bakeoff/diff/1"] = Field("bakeoff/diff/1", alias="schema")
    before: RunHead
    after: RunHead
    spec: tuple[Change, ...]
    facts: tuple[FactChange, ...]  # what matters most first
    barriers: tuple[BarrierChange, ...]
    cells: tuple[CellDifference, ...]
    ratios: tuple[RatioChange, ...]
    unmatched: tuple[str, ...]  # cells that only one of the runs has, a sentence each
    meaning: str


@dataclass(frozen=True)
class Allowed:
    """What ratios are asked for although something differs."""

    machine: bool = False
    recipe: bool = False
    size: bool = False


def run_difference(before: FinishedRun, after: FinishedRun, allowed: Allowed) -> RunDifference:
    """Hold the later of two runs against the earlier. Raises UsageError where they are one and the same."""
    heads = [_head(run) for run in (before, after)]
    if heads[0].id == heads[1].id:
        raise UsageError(f"{heads[0].id} was named twice", "name two runs; `bakeoff ls` lists them")
    ours, others = (run.summary.comparison.cells for run in (before, after))
    pairs = pair_cells(ours, others, across_recipes=allowed.recipe)
    barriers = _barriers(before, after, pairs, allowed)
    return RunDifference(
        before=heads[0],
        after=heads[1],
        spec=tuple(changes(_spec(before), _spec(after))),
        facts=_facts(before, after, pairs),
        barriers=barriers,
        cells=tuple(_cell(before, after, pair, barriers) for pair in pairs),
        ratios=_ratio_changes(before, after, pairs, barriers),
        unmatched=(
            *_unmatched(before, [mine for mine, _ in pairs]),
            *_unmatched(after, [theirs for _, theirs in pairs]),
        ),
        meaning=UNPAIRED,
    )


def _head(run: FinishedRun) -> RunHead:
    found = run.summary.comparison
    return RunHead(id=found.id, title=found.title, command=found.command, started_at=found.started_at)


def _barriers(
    before: FinishedRun, after: FinishedRun, pairs: Sequence[Pair], allowed: Allowed
) -> tuple[BarrierChange, ...]:
    found = [("machine", "", _machine_changes(before.machine, after.machine), allowed.machine)]
    for mine, theirs in dict.fromkeys((one[1], other[1]) for one, other in pairs):
        if mine in before.recipes and theirs in after.recipes:
            trained, sizes = recipe_changes(before.recipes[mine], after.recipes[theirs])
            found += [("recipe", theirs, trained, allowed.recipe), ("size", theirs, sizes, allowed.size)]
    return tuple(
        BarrierChange.model_validate({"barrier": kind, "recipe": recipe, "changes": tuple(rows), "allowed": told})
        for kind, recipe, rows, told in found
        if rows
    )


def _cell(before: FinishedRun, after: FinishedRun, pair: Pair, barriers: Sequence[BarrierChange]) -> CellDifference:
    same = not any(each.recipe == pair[1][1] for each in barriers)
    kinds = _kinds(pair, barriers)
    return cell_difference(pair, before.summary.trials, after.summary.trials, kinds, same_training=same)


def _machine_changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """Return what tells two machines apart; the name of a host only where both runs tell it."""
    told = bool(before.get(HOST_NAME) and after.get(HOST_NAME))
    return [change for change in changes(before, after) if told or change.name != HOST_NAME]


def _kinds(pair: Pair, barriers: Sequence[BarrierChange]) -> tuple[Kind, ...]:
    """Return of which kinds of numbers a change may be given: a machine stands between speeds alone."""
    closed = {each.barrier for each in barriers if not each.allowed and each.recipe in ("", pair[1][1])}
    if closed - {"machine"}:
        return ()
    return ("size", "score") if closed else ("speed", "size", "score")


def _ratio_changes(
    before: FinishedRun,
    after: FinishedRun,
    pairs: Sequence[Pair],
    barriers: Sequence[BarrierChange],
) -> tuple[RatioChange, ...]:
    later = dict(pairs)
    theirs = {((row.contender, row.recipe), row.reference): row for row in _speeds(after)}
    found: list[tuple[MetricRatio, MetricRatio]] = []
    for row in _speeds(before):
        place, reference = later.get((row.contender, row.recipe)), later.get((row.reference, row.recipe))
        other = theirs.get((place, reference[0])) if place and reference else None
        if other and place and "speed" in _kinds(((row.contender, row.recipe), place), barriers):
            found.append((row, other))
    rules = (_rule(before, len(found)), _rule(after, len(found)))
    return tuple(ratio_change(row, other, rules) for row, other in found)


def _speeds(run: FinishedRun) -> list[MetricRatio]:
    return [row for row in run.summary.ratios if row.metric == "throughput"]


def _rule(run: FinishedRun, ratios: int) -> ClaimRule:
    """Return how this run's intervals are taken: the changes of a report share its error."""
    until_decided = bool(run.summary.comparison.spec.get("until_decided"))
    return ClaimRule(max(1, ratios), run.summary.comparison.margin, until_decided)


def _spec(run: FinishedRun) -> dict[str, str]:
    """Return what was asked for, resolved: contenders as they ran."""
    spec = {name: _written(value) for name, value in run.manifest.spec.items()}
    return {
        **spec,
        "contenders": _written(list(dict.fromkeys(cell.contender for cell in run.summary.comparison.cells))),
    }


def _written(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _facts(before: FinishedRun, after: FinishedRun, pairs: Sequence[Pair]) -> tuple[FactChange, ...]:
    """Return what differs in the host, and in the workers of each contender; what differs alike stands once."""
    gpu = after.summary.comparison.device != "cpu"
    found: dict[tuple[str, str, str], list[str]] = {}
    for change in changes(before.lasting_facts, after.lasting_facts):
        found[change.name, change.before, change.after] = []
    workers, later_workers = before.summary.environment.workers, after.summary.environment.workers
    for mine, theirs in dict.fromkeys((one[0], other[0]) for one, other in pairs):
        for change in changes(workers.get(mine, {}), later_workers.get(theirs, {})):
            found.setdefault((change.name, change.before, change.after), []).append(theirs)
    rows = [
        FactChange(
            name=name,
            before=was,
            after=now,
            contenders=tuple(contenders),
            relevance=Relevance.CHANGES_RESULTS if name in _FACTS_OF_TRIALS else relevance(name, gpu=gpu),
        )
        for (name, was, now), contenders in found.items()
    ]
    return tuple(sorted(rows, key=lambda row: list(Relevance).index(row.relevance)))


def _unmatched(run: FinishedRun, matched: Sequence[Place]) -> list[str]:
    """Name the cells that the other run has nothing for."""
    places = [(cell.contender, cell.recipe) for cell in run.summary.comparison.cells]
    left = [place for place in places if place not in matched]
    return [f"only {run.summary.comparison.id} has {contender} on {recipe}" for contender, recipe in left]
