"""A run in one line and in one screen: how it ended, its verdicts, and a row a cell. Pure.

`bakeoff ls` lists `RunLine`s and picks them by a `RunFilter`; `bakeoff show` has the cells too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Annotated, Literal

from orchestrator.analyse.contender_names import is_one_of
from orchestrator.analyse.ratio_verdict import Verdict
from orchestrator.analyse.run_contents import RunContents
from orchestrator.analyse.summary import Cell, Comparison, Summary, TrialSummary
from orchestrator.record.record import Status
from orchestrator.spec.option import Option
from orchestrator.spec.tracks import Track
from orchestrator.values import Value

RunState = Literal["done", "failed", "interrupted", "not-ended", "unreadable"]
"""failed: it ended with a trial that is not done."""

Answer = Literal["faster", "slower", "no-difference", "not-decided", "cannot-be-decided", "no-claim"]
"""What a run says of a contender's speed."""

_SPEED_WORDS: Mapping[Verdict, Answer] = {
    "higher": "faster",
    "lower": "slower",
    "no-difference": "no-difference",
    "not-decided": "not-decided",
    "cannot-be-decided": "cannot-be-decided",
    "no-claim": "no-claim",
}


class RunVerdict(Value):
    """What a run says of one contender's images/s against the reference's, in one recipe."""

    contender: str
    reference: str
    recipe: str
    verdict: Answer
    words: str


class CellOverview(Value):
    """A cell's trials in a row: medians over those that are done; parity trials are left out."""

    contender: str
    recipe: str
    track: Track
    done: int
    trials: int
    images_per_second: float | None
    test_accuracy: float | None
    val_loss: float | None
    peak_memory_bytes: float | None


class RunLine(Value):
    """A run in a listing."""

    run: str
    what: str  # its title, or why it cannot be read
    state: RunState
    started_at: str  # UTC, ISO 8601; "" where it cannot be read
    size: str
    engine: str
    trials_done: int
    trials_planned: int
    contenders: tuple[str, ...]
    recipes: tuple[str, ...]
    verdicts: tuple[RunVerdict, ...]


class RunFilter(Value):
    """Which runs a listing shows: those that every option lets through."""

    contender: Annotated[
        str | None, Option("--contender", "With this contender: torch, or torch==2.13.0.", variable="")
    ] = None
    recipe: Annotated[str | None, Option("--recipe", "With this recipe.", variable="")] = None
    since: Annotated[
        str | None, Option("--since", "Begun since then: 2026-11-20, or 7d, 12h, 30m ago.", variable="")
    ] = None
    verdict: Annotated[Answer | None, Option("--verdict", "That say this of a contender's speed.", variable="")] = None
    state: Annotated[RunState | None, Option("--state", "That ended so, or did not end.", variable="")] = None

    def lets_through(self, line: RunLine, since: datetime | None) -> bool:
        """Tell whether a run is shown; `since` is the moment that the option names."""
        return (
            (self.contender is None or is_one_of(self.contender, line.contenders))
            and (self.recipe is None or self.recipe in line.recipes)
            and (since is None or begun_since(line.started_at, since))
            and (self.verdict is None or self.verdict in {each.verdict for each in line.verdicts})
            and (self.state is None or self.state == line.state)
        )


def begun_since(started_at: str, since: datetime) -> bool:
    """Tell whether a run began at that moment or later; one that does not say when did not."""
    try:
        begun = datetime.fromisoformat(started_at)
    except ValueError:
        return False
    return (begun if begun.tzinfo else begun.replace(tzinfo=UTC)) >= since


def run_line(contents: RunContents) -> RunLine:
    """Put a run into one line, from its summary or from what else can be read of it."""
    summary, comparison = contents.summary, contents.comparison
    compared = summary.comparison if summary else comparison
    trials: Sequence[TrialSummary] = summary.trials if summary else ()
    statuses = [trial.status for trial in trials] or [record.status for record in contents.records]
    return RunLine(
        run=contents.folder.id,
        what=compared.title if compared else "; ".join(part.fault for part in contents.damaged[:1]),
        state=_state(contents, statuses),
        started_at=compared.started_at if compared else "",
        size=compared.profile if compared else "",
        engine=compared.engine if compared else "",
        trials_done=sum(status is Status.DONE for status in statuses),
        trials_planned=len(contents.manifest.trials) if contents.manifest else len(statuses),
        contenders=_names(compared, lambda cell: cell.contender),
        recipes=_names(compared, lambda cell: cell.recipe),
        verdicts=run_verdicts(summary) if summary else (),
    )


def run_verdicts(summary: Summary) -> tuple[RunVerdict, ...]:
    """Return what the run says of speed, in the order of its comparisons."""
    return tuple(
        RunVerdict(
            contender=row.contender,
            reference=row.reference,
            recipe=row.recipe,
            verdict=_SPEED_WORDS[row.verdict.verdict],
            words=row.verdict.words,
        )
        for row in summary.ratios
        if row.metric == "throughput"
    )


def cell_overviews(cells: Sequence[Cell], trials: Sequence[TrialSummary]) -> tuple[CellOverview, ...]:
    """Return a row a cell, in the order asked for."""
    return tuple(_cell(cell, trials) for cell in cells)


def _cell(cell: Cell, trials: Sequence[TrialSummary]) -> CellOverview:
    place = ("measured", cell.contender, cell.recipe)
    mine = [trial for trial in trials if (trial.role, trial.contender, trial.recipe) == place]
    done = [trial for trial in mine if trial.status is Status.DONE]
    return CellOverview(
        contender=cell.contender,
        recipe=cell.recipe,
        track=cell.track,
        done=len(done),
        trials=len(mine),
        images_per_second=_median(trial.images_per_second for trial in done),
        test_accuracy=_median(trial.test_accuracy for trial in done),
        val_loss=_median(trial.val_loss for trial in done),
        peak_memory_bytes=_median(trial.peak_memory_bytes for trial in done),
    )


def _state(contents: RunContents, statuses: Sequence[Status]) -> RunState:
    compared = contents.summary.comparison if contents.summary else contents.comparison
    if compared is None or (contents.ended and contents.summary is None):
        return "unreadable"
    if not contents.ended:
        return "not-ended"
    if compared.interrupted:
        return "interrupted"
    return "done" if set(statuses) <= {Status.DONE} else "failed"


def _names(comparison: Comparison | None, name: Callable[[Cell], str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(name, comparison.cells))) if comparison else ()


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
