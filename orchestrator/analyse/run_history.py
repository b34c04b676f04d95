"""One quantity across the runs of a machine, and where the stack changed between them. Pure.

Runs of different hours are not paired, so nothing is claimed of a step between two points; `bakeoff diff` says what is
known of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from statistics import median
from typing import Literal

from pydantic import ConfigDict, Field

from orchestrator.analyse.confounders import Relevance, relevance
from orchestrator.analyse.contender_names import without_version
from orchestrator.analyse.finished_run import HOST_NAME, FinishedRun
from orchestrator.analyse.metrics import counts
from orchestrator.analyse.quantities import Kind, QuantityName, quantity
from orchestrator.analyse.recipe_difference import Change, changes
from orchestrator.analyse.summary import Cell
from orchestrator.values import Value
from shared.recipe import Recipe

_FIRST = ("framework_version",)
_LAST = ("image",)
"""An image changes with everything in it: it is named last, and alone where nothing else did."""


class Point(Value):
    """A contender in one run: the median over its trials that count, and from least to most."""

    run: str
    started_at: str  # UTC, ISO 8601
    contender: str
    trials: int
    value: float
    least: float
    most: float
    change: float | None  # a score's: minus the point before; else over it; None of the first
    stack: tuple[Change, ...]  # what changed since the point before, what matters most first


class Series(Value):
    """A contender, whatever its version, on one recipe of one size."""

    contender: str
    colour: str
    recipe: str
    size: str  # "24,000 images, 5 epochs, batch 512"
    points: tuple[Point, ...]  # in the order of time


class History(Value):
    """One quantity across runs."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_name: Literal["bakeoff/history/1"] = Field("bakeoff/history/1", alias="schema")
    metric: QuantityName
    unit: str
    machine: dict[str, str]  # of the newest run
    runs: int  # with a point
    elsewhere: tuple[str, ...]  # runs of other machines, left out
    series: tuple[Series, ...]


def run_history(runs: Sequence[FinishedRun], metric: QuantityName, shown: Callable[[Cell], bool]) -> History:
    """Follow a quantity through the runs of the newest run's machine, in the cells that are shown."""
    ordered = sorted(runs, key=lambda run: run.summary.comparison.started_at)
    machine = ordered[-1].machine if ordered else {}
    here = [run for run in ordered if _is_same(run.machine, machine)]
    series = tuple(each for each in _series(here, metric, shown) if each.points)
    return History(
        metric=metric,
        unit=quantity(metric).unit,
        machine=machine,
        runs=len({point.run for each in series for point in each.points}),
        elsewhere=tuple(run.summary.comparison.id for run in ordered if run not in here),
        series=series,
    )


def _is_same(one: dict[str, str], other: dict[str, str]) -> bool:
    """Tell whether two runs were of one machine; a run that does not name its host may be of any that is alike."""
    told = bool(one.get(HOST_NAME) and other.get(HOST_NAME))
    return not [change for change in changes(one, other) if told or change.name != HOST_NAME]


def _series(runs: Sequence[FinishedRun], metric: QuantityName, shown: Callable[[Cell], bool]) -> Iterator[Series]:
    """Yield a series a contender and recipe as it ran, in the order in which they first appear."""
    places: dict[tuple[str, str, str], list[tuple[FinishedRun, Cell]]] = {}
    apart = _several_versions(runs)
    for run in runs:
        for cell in run.summary.comparison.cells:
            if cell.recipe in run.recipes and shown(cell):
                name = without_version(cell.contender)
                who = cell.contender if name in apart else name
                places.setdefault((who, cell.recipe, repr(_trained(run.recipes[cell.recipe]))), []).append((run, cell))
    for (who, recipe, _), found in places.items():
        run, cell = found[0]
        size = _size(run.recipes[recipe])
        yield Series(contender=who, colour=cell.colour, recipe=recipe, size=size, points=tuple(_points(found, metric)))


def _several_versions(runs: Sequence[FinishedRun]) -> set[str]:
    """Name the contenders of which one run has several versions: each has a series of its own."""
    found = set()
    for run in runs:
        written = dict.fromkeys(cell.contender for cell in run.summary.comparison.cells)
        names = [without_version(each) for each in written]
        found |= {name for name in names if names.count(name) > 1}
    return found


def _points(found: Sequence[tuple[FinishedRun, Cell]], metric: QuantityName) -> Iterator[Point]:
    wanted, before = quantity(metric), None
    last: tuple[FinishedRun, Cell] | None = None
    for run, cell in found:
        place = (cell.contender, cell.recipe)
        trials = [each for each in run.summary.trials if counts(each) and (each.contender, each.recipe) == place]
        values = [value for each in trials if (value := wanted.value(each)) is not None]
        if not values:
            continue
        middle = median(values)
        yield Point(
            run=run.summary.comparison.id,
            started_at=run.summary.comparison.started_at,
            contender=cell.contender,
            trials=len(values),
            value=middle,
            least=min(values),
            most=max(values),
            change=None if before is None else _change(wanted.kind, before, middle),
            stack=_stack(*last, run, cell) if last else (),
        )
        before, last = middle, (run, cell)


def _change(kind: Kind, before: float, after: float) -> float | None:
    if kind == "score":
        return after - before
    return after / before if before else None


def _stack(before: FinishedRun, was: Cell, after: FinishedRun, now: Cell) -> tuple[Change, ...]:
    """Return what changed in the host and in the contender's workers; what rarely matters is left out."""
    gpu = after.summary.comparison.device != "cpu"
    sides = (
        {**run.summary.environment.workers.get(cell.contender, {}), **_of_host(run)}
        for run, cell in ((before, was), (after, now))
    )
    found = [each for each in changes(*sides) if relevance(each.name, gpu=gpu) is not Relevance.MINOR]
    once = {(each.before, each.after): each for each in reversed(_ordered(found))}  # a version has several names
    return tuple(each for each in _ordered(found) if each in once.values())


def _of_host(run: FinishedRun) -> dict[str, str]:
    return {f"host {name}": value for name, value in run.lasting_facts.items()}


def _ordered(found: Sequence[Change]) -> list[Change]:
    def rank(change: Change) -> tuple[bool, bool, int]:
        relevant = list(Relevance).index(relevance(change.name))
        return change.name in _LAST, change.name not in _FIRST, relevant

    return sorted(found, key=rank)


def _trained(recipe: Recipe) -> dict[str, object]:
    """Return what makes two recipes one: all but their own words and limits that are applied already."""
    return {name: value for name, value in asdict(recipe).items() if name not in ("title", "quick")}


def _size(recipe: Recipe) -> str:
    training = recipe.training
    epochs = f"{training.epochs} epoch{'s' * (training.epochs != 1)}"
    return f"{recipe.data.train.images:,} images, {epochs}, batch {training.batch_size}"
