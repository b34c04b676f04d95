"""Whether a run that was run again came out the same: what differs around it, and what agrees. Pure.

A ratio to the reference agrees where the interval of its change holds 1. A training agrees where its losses are equal
to the last bit, or where test accuracies over the seeds are equal within the margin, with an interval. Where there is
no interval nothing is said to agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Literal

from pydantic import ConfigDict, Field

from orchestrator.analyse.accuracy_equivalence import judge_accuracies
from orchestrator.analyse.cell_difference import CellDifference
from orchestrator.analyse.finished_run import FinishedRun
from orchestrator.analyse.metrics import counts
from orchestrator.analyse.ratio_change import RatioChange
from orchestrator.analyse.recipe_difference import Change, recipe_changes
from orchestrator.analyse.run_difference import Allowed, RunDifference, run_difference
from orchestrator.analyse.summary import TrialSummary
from orchestrator.errors import UsageError
from orchestrator.record.record import Status
from orchestrator.values import Value
from shared.recipe import Recipe

State = Literal["agrees", "differs", "no-interval"]


class Agreement(Value):
    """One result of both runs."""

    about: Literal["speed", "training", "trials"]
    what: str  # "torch==2.13.0 against tf==2.21.0 on article-torch"
    state: State
    words: str


class Reproduction(Value):
    """A run and its repetition."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_name: Literal["bakeoff/repro/1"] = Field("bakeoff/repro/1", alias="schema")
    verdict: State
    sentence: str
    images: tuple[Change, ...]  # a row a contender: the ids of what ran, equal where the very same image did
    agreements: tuple[Agreement, ...]
    difference: RunDifference


def reproduction(original: FinishedRun, repeated: FinishedRun) -> Reproduction:
    """Hold a repetition against its original, on whatever machine it ran: what differs there is told."""
    difference = run_difference(original, repeated, Allowed(machine=True))
    agreements = (
        *(_trials(original.summary.trials, repeated.summary.trials)),
        *(_training(cell, original, repeated) for cell in difference.cells),
        *(_speed(ratio) for ratio in difference.ratios),
    )
    verdict = _verdict(agreements)
    return Reproduction(
        verdict=verdict,
        sentence=_sentence(verdict, agreements),
        images=tuple(
            Change(name=contender, before=image, after=repeated.manifest.images.get(contender, ""))
            for contender, image in original.manifest.images.items()
        ),
        agreements=agreements,
        difference=difference,
    )


def _verdict(agreements: Sequence[Agreement]) -> State:
    """Return "differs" where anything does, "agrees" where all that is to be told does, speed among it."""
    states = {each.state for each in agreements}
    if "differs" in states:
        return "differs"
    return "no-interval" if "no-interval" in states or not states else "agrees"


def _sentence(verdict: State, agreements: Sequence[Agreement]) -> str:
    counted = {state: sum(each.state == state for each in agreements) for state in ("agrees", "differs", "no-interval")}
    of = f"of {len(agreements)} results"
    match verdict:
        case "agrees":
            return f"reproduced: all {len(agreements)} results agree{_wide(agreements)}"
        case "differs":
            return f"not reproduced: {counted['differs']} {of} differ{'s' * (counted['differs'] == 1)}"
    untold = f"{counted['no-interval']} {of} {'have' if counted['no-interval'] != 1 else 'has'} no interval"
    agree = f", the {counted['agrees']} others agree" if counted["agrees"] else ""
    return f"not decided: {untold}{agree}"


def _wide(agreements: Sequence[Agreement]) -> str:
    """Say where an interval holds a change that would be of interest too."""
    wide = sum(each.about == "speed" and each.words.count("not decided") > 0 for each in agreements)
    return f", {wide} of them within an interval that is wider than the margin" if wide else ""


def check_recipes(original: FinishedRun, recipes: Sequence[Recipe]) -> None:
    """Refuse to run another recipe under a name of the original's. Raises UsageError that names what differs."""
    for recipe in recipes:
        ran = original.recipes.get(recipe.name)
        trained, sizes = recipe_changes(ran, recipe) if ran else ([], [])
        if trained or sizes:
            rows = [f"{each.name}: {each.before or '–'} → {each.after or '–'}" for each in (*trained, *sizes)]
            fault = f"{recipe.name} of this bakeoff is not the recipe that was run"
            raise UsageError(fault, "use the version of bakeoff that made the archive", rows)


def _trials(before: Sequence[TrialSummary], after: Sequence[TrialSummary]) -> list[Agreement]:
    """Name the trials that ended otherwise than in the original; where none did there is nothing to say."""
    ended = {trial.id: trial.status for trial in before}
    pairs = [(trial, ended[trial.id]) for trial in after if trial.id in ended and trial.status is not ended[trial.id]]
    return [
        Agreement(
            about="trials",
            what=trial.id,
            state="differs" if Status.DONE in (trial.status, was) else "no-interval",
            words=f"{was} → {trial.status}" + (f": {trial.reason}" if trial.reason else ""),
        )
        for trial, was in pairs
    ]


def _training(cell: CellDifference, original: FinishedRun, repeated: FinishedRun) -> Agreement:
    """Say whether a cell trained to the same: by its losses, else by its accuracies over the seeds."""
    what = f"training of {cell.contenders[1]} on {cell.recipes[1]}"
    if cell.losses is not None and cell.losses.largest == 0:
        return Agreement(about="training", what=what, state="agrees", words="losses are equal to the last bit")
    before, after = (
        _accuracies(run.summary.trials, cell.contenders[side], cell.recipes[side])
        for side, run in enumerate((original, repeated))
    )
    seeds = sorted(before.keys() & after.keys())
    margin = repeated.summary.comparison.accuracy_margin
    found = judge_accuracies([after[seed] - before[seed] for seed in seeds], margin)
    apart = "" if cell.losses is None else f"losses are at most {cell.losses.largest:.1e} nats apart; "
    moved = f" ({100 * found.difference:+.2f} points)" if found.difference is not None and not found.interval else ""
    states: dict[str, State] = {"equivalent": "agrees", "higher": "differs", "lower": "differs"}
    return Agreement(
        about="training",
        what=what,
        state=states.get(found.verdict, "no-interval"),
        words=f"{apart}test accuracy: {found.words}{moved}",
    )


def _accuracies(trials: Sequence[TrialSummary], contender: str, recipe: str) -> dict[int, float]:
    """Return a cell's test accuracy by seed, the mean over the seed's repetitions."""
    found: dict[int, list[float]] = {}
    for trial in trials:
        if counts(trial) and (trial.contender, trial.recipe) == (contender, recipe) and trial.test_accuracy is not None:
            found.setdefault(trial.seed, []).append(trial.test_accuracy)
    return {seed: fmean(values) for seed, values in found.items()}


def _speed(ratio: RatioChange) -> Agreement:
    what = f"speed of {ratio.contenders[1]} against {ratio.references[1]} on {ratio.recipes[1]}"
    states: dict[bool | None, State] = {True: "agrees", False: "differs", None: "no-interval"}
    found = " → ".join("–" if each is None else f"{each:.3f}×" for each in ratio.estimates)
    return Agreement(about="speed", what=what, state=states[ratio.agrees], words=f"{found}: {ratio.words}")
