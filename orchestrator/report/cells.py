"""A summary by cell, and throughput against the reference within a recipe. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from orchestrator.analyse.intervals import median_interval
from orchestrator.analyse.summary import Cell, Summary, TrialSummary
from orchestrator.record.record import Status
from orchestrator.spec.tracks import TRACKS, Track


@dataclass(frozen=True)
class CellTrials:
    """A cell and its trials in the order of running; `contender_index` tells contenders of one colour apart."""

    cell: Cell
    trials: tuple[TrialSummary, ...]
    contender_index: int

    @property
    def done(self) -> tuple[TrialSummary, ...]:
        return tuple(trial for trial in self.trials if trial.status is Status.DONE)


@dataclass(frozen=True)
class Speed:
    """A contender's images/s over the reference's in one recipe, one ratio a pair of trials (same seed and run)."""

    contender: str
    recipe: str
    ratios: tuple[float, ...]  # sorted

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def interval(self) -> tuple[float, float] | None:
        """A 95 % interval for the median ratio, None with fewer than six pairs; pairs are taken as independent."""
        return median_interval(self.ratios)

    @property
    def verdict(self) -> str:
        if self.interval is None:
            return "not ranked: fewer than 6 pairs give no interval"
        low, high = self.interval
        return "faster" if low > 1 else "slower" if high < 1 else "no difference shown"


def by_cell(summary: Summary) -> tuple[CellTrials, ...]:
    contenders = list(dict.fromkeys(cell.contender for cell in summary.comparison.cells))
    return tuple(
        CellTrials(cell, _trials_of(summary, cell.contender, cell.recipe), contenders.index(cell.contender))
        for cell in summary.comparison.cells
    )


def by_track(trials: Sequence[TrialSummary]) -> dict[Track, list[TrialSummary]]:
    """Sort trials by track, for the tables: numbers of two tracks never share one."""
    found = {track: [trial for trial in trials if trial.track == track] for track in TRACKS}
    return {track: mine for track, mine in found.items() if mine}


def measured(summary: Summary) -> tuple[TrialSummary, ...]:
    """Return the trials whose numbers count; parity trials only tell how far trainings part."""
    return tuple(trial for trial in summary.trials if trial.role == "measured")


def by_recipe(cells: Sequence[CellTrials]) -> dict[str, list[CellTrials]]:
    recipes = dict.fromkeys(each.cell.recipe for each in cells)
    return {recipe: [each for each in cells if each.cell.recipe == recipe] for recipe in recipes}


def ratio(summary: Summary, trial: TrialSummary) -> float | None:
    """Divide a trial's images/s by the reference's median in the same recipe; None where either is absent.

    Also None in a recipe of which an audit is red, since what does not compute the same is not ranked, and
    for a parity trial, which keeps norms while it trains.
    """
    if trial.role == "parity" or not audited(summary, trial.recipe):
        return None
    references = _trials_of(summary, summary.comparison.reference, trial.recipe)
    speeds = [speed for each in references if (speed := _speed(each)) is not None]
    mine = _speed(trial)
    return mine / median(speeds) if speeds and mine is not None else None


def audited(summary: Summary, recipe: str) -> bool:
    """Tell whether every audit of a recipe is green; a recipe without audits counts as green."""
    return all(audit.agrees for audit in summary.comparison.audits if audit.recipe == recipe)


def speeds(summary: Summary) -> tuple[Speed, ...]:
    """Compare each contender with the reference, pair by pair; contenders without a pair are left out."""
    found = []
    for each in by_cell(summary):
        references = _trials_of(summary, summary.comparison.reference, each.cell.recipe)
        ratios = _paired(each.trials, references)
        if each.cell.contender != summary.comparison.reference and ratios and audited(summary, each.cell.recipe):
            found.append(Speed(each.cell.contender, each.cell.recipe, tuple(sorted(ratios))))
    return tuple(found)


def _trials_of(summary: Summary, contender: str, recipe: str) -> tuple[TrialSummary, ...]:
    place = ("measured", contender, recipe)
    return tuple(each for each in summary.trials if (each.role, each.contender, each.recipe) == place)


def _speed(trial: TrialSummary) -> float | None:
    if trial.status is not Status.DONE or not trial.images_per_second:
        return None
    return trial.images_per_second


def _paired(mine: Sequence[TrialSummary], references: Sequence[TrialSummary]) -> list[float]:
    other = _by_block(references)
    pairs = [(speed, other.get(block)) for block, speed in _by_block(mine).items()]
    return [speed / reference for speed, reference in pairs if speed is not None and reference is not None]


def _by_block(trials: Sequence[TrialSummary]) -> dict[tuple[int, int], float | None]:
    """Return speeds by seed and repetition: the n-th trial of a seed is its n-th run, since runs go in order."""
    found: dict[tuple[int, int], float | None] = {}
    for each in trials:
        run = sum(seed == each.seed for seed, _ in found)
        found[each.seed, run] = _speed(each)
    return found
