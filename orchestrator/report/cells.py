"""The trials of a summary sorted by cell, recipe and track. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator import text as words
from orchestrator.analyse.summary import Cell, Summary, TrialSummary
from orchestrator.record.record import Status
from orchestrator.spec.tracks import TRACKS, Track


@dataclass(frozen=True)
class CellTrials:
    """A cell and its trials in the order of running.

    `contender_index` numbers the contenders, `version_index` those of one colour: versions and modes of a framework.
    """

    cell: Cell
    trials: tuple[TrialSummary, ...]
    contender_index: int
    version_index: int

    @property
    def done(self) -> tuple[TrialSummary, ...]:
        return tuple(trial for trial in self.trials if trial.status is Status.DONE)


def by_cell(summary: Summary) -> tuple[CellTrials, ...]:
    places = numbered((cell.contender, cell.colour) for cell in summary.comparison.cells)
    return tuple(
        CellTrials(cell, _trials_of(summary, cell.contender, cell.recipe), *places[cell.contender])
        for cell in summary.comparison.cells
    )


def numbered(contenders: Iterable[tuple[str, str]]) -> dict[str, tuple[int, int]]:
    """Number contenders, given with their colours, in all and among those of their colour."""
    places: dict[str, tuple[int, int]] = {}
    of_colour: dict[str, int] = {}
    for contender, colour in contenders:
        if contender not in places:
            places[contender] = (len(places), of_colour.get(colour, 0))
            of_colour[colour] = places[contender][1] + 1
    return places


def by_track(trials: Sequence[TrialSummary]) -> dict[Track, list[TrialSummary]]:
    """Sort trials by track, for the tables: numbers of two tracks never share one."""
    groups = {track: [trial for trial in trials if trial.track == track] for track in TRACKS}
    return {track: group for track, group in groups.items() if group}


def measured(summary: Summary) -> tuple[TrialSummary, ...]:
    """Return the trials whose numbers count; parity trials only tell how far trainings part."""
    return tuple(trial for trial in summary.trials if trial.role == "measured")


def by_recipe(cells: Sequence[CellTrials]) -> dict[str, list[CellTrials]]:
    recipes = dict.fromkeys(each.cell.recipe for each in cells)
    return {recipe: [each for each in cells if each.cell.recipe == recipe] for recipe in recipes}


def claims_of_cell(summary: Summary, claim_id: str, place: CellTrials) -> tuple[str, str]:
    """Return what one of the article's statements comes to in a cell: its number, and what is to be said of that.

    Of one trial that is the way from the threshold, over seeds the verdict, of several runs their range and count.
    """
    sought = (claim_id, place.cell.contender, place.cell.recipe)
    claims = [claim for claim in summary.claims if (claim.id, claim.contender, claim.recipe) == sought]
    if len(claims) == 1:
        only = claims[0]
        away = words.printable(only.words) if only.distance is None else words.signed(only.distance)
        return words.number(only.value), away
    for claim in summary.claims_overall:
        if (claim.id, claim.contender, claim.recipe) == sought:
            return f"{words.number(claim.median)} {words.interval(claim.interval)}", words.printable(claim.verdict)
    values = [claim.value for claim in claims if claim.value is not None]
    bounds = f"{words.number(min(values))} to {words.number(max(values))}" if values else words.ABSENT
    return bounds, f"{len(values)} runs"


def _trials_of(summary: Summary, contender: str, recipe: str) -> tuple[TrialSummary, ...]:
    place = ("measured", contender, recipe)
    return tuple(trial for trial in summary.trials if (trial.role, trial.contender, trial.recipe) == place)


def without_skipped(summary: Summary) -> Summary:
    """Leave out that trials were skipped: a walk has dozens, and says of each outcome what it lacks."""
    return summary.replace(findings=tuple(finding for finding in summary.findings if finding.id != "trial-skipped"))
