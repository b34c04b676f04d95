"""What a claim would take on this machine, of a run that can make none: its command, blocks, and minutes. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.analyse.claim_rule import BLOCKS_OF_A_CLAIM
from orchestrator.analyse.decide_plan import CHOSEN, EPOCH_SECONDS, RECIPE, Cost, cost_of, trial_seconds
from orchestrator.analyse.metrics import FEWEST_EPOCHS, counts
from orchestrator.analyse.ratios import block_seconds, claim_rule, compared, short_trials
from orchestrator.analyse.summary import ClaimForecast, Comparison, TrialSummary
from orchestrator.spec.spec import DEFAULT_RECIPES, Spec

DECIDE = "--decide"


def claim_forecast(comparison: Comparison, trials: Sequence[TrialSummary]) -> ClaimForecast | None:
    """Say what a claim would take here; None where this run may claim, or compares nothing.

    Where every trial is too short to be timed, no number of runs of this size makes a claim: then it is --decide.
    """
    short = short_trials(comparison, trials)
    if compared(comparison) and short and len(short) == sum(map(counts, trials)):
        return _decide_forecast(comparison, trials)
    if comparison.claim_command is None:
        return None
    seeds, seconds = len(comparison.seeds), block_seconds(trials)
    blocks = seeds * claim_rule(comparison).runs_of_a_claim(seeds)
    minutes = None if seconds is None else blocks * seconds / 60
    return ClaimForecast(command=comparison.claim_command, blocks=blocks, minutes=minutes)


def _decide_forecast(comparison: Comparison, trials: Sequence[TrialSummary]) -> ClaimForecast:
    spec = _decided(Spec.model_validate(comparison.spec))
    seconds = _block_seconds(comparison, trials, spec)
    minutes = None if seconds is None else BLOCKS_OF_A_CLAIM * seconds / 60
    command = f"{spec.command} {DECIDE}"
    return ClaimForecast(command=command, blocks=BLOCKS_OF_A_CLAIM, minutes=minutes, decide=True)


def _decided(spec: Spec) -> Spec:
    """Return the spec as --decide takes it: of several recipes of the user's the first."""
    recipes = DEFAULT_RECIPES if spec.recipes == DEFAULT_RECIPES else spec.recipes[:1]
    return spec.replace(recipes=recipes, **{name: Spec.model_fields[name].default for name in CHOSEN})


def _block_seconds(comparison: Comparison, trials: Sequence[TrialSummary], spec: Spec) -> float | None:
    """Return what a block of the short way takes by what these trials cost; None where one of them is not known."""
    recipe = RECIPE if spec.recipes == DEFAULT_RECIPES else comparison.cells[0].recipe
    costs: list[Cost] = []
    for contender in dict.fromkeys(cell.contender for cell in comparison.cells):
        timed = [trial for trial in trials if counts(trial) and (trial.contender, trial.recipe) == (contender, recipe)]
        if not timed or not all(trial.epochs for trial in timed):
            return None
        costs.append(cost_of(timed))
    images = EPOCH_SECONDS * max(cost.images_per_second for cost in costs)
    return sum(trial_seconds(cost, round(images), FEWEST_EPOCHS) for cost in costs)
