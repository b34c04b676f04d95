"""The short way to an answer: the smallest size of a recipe that can be timed, and what that takes here. Pure.

No figure comes from another machine: what trials cost is read from earlier runs of the same contenders and recipe.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from orchestrator.analyse.claim_rule import BLOCKS_OF_A_CLAIM
from orchestrator.analyse.metrics import FEWEST_EPOCHS, FEWEST_SECONDS, counts
from orchestrator.analyse.summary import Summary, TrialSummary
from orchestrator.errors import UsageError
from orchestrator.spec.spec import DEFAULT_RECIPES, Spec
from shared.recipe import Recipe

RECIPE = "article-torch"
"""What is trained where no recipe was named: the smaller of the article's two."""

EPOCH_SECONDS = 1.5 * FEWEST_SECONDS / FEWEST_EPOCHS
"""How long an epoch of the fastest contender is to take: half as much again as it must, for a machine that varies."""


@dataclass(frozen=True)
class Cost:
    """What a trial of one contender was seen to take."""

    images_per_second: float
    evaluation_seconds: float  # an epoch
    other_seconds: float  # start, import, build, warm-up, prediction


@dataclass(frozen=True)
class DecidePlan:
    """What is run, and what is said before it starts."""

    spec: Spec
    minutes: float | None  # None where no earlier run tells
    lines: tuple[str, ...]


CHOSEN = ("epochs", "train_images", "until_decided", "runs", "seeds", "profile")
"""Fields of a comparison that --decide decides itself."""


def one_recipe(spec: Spec) -> Spec:
    """Return the spec with one recipe. Raises UsageError for what --decide decides itself, and for several recipes."""
    default = Spec()
    given = [f"--{name.replace('_', '-')}" for name in CHOSEN if getattr(spec, name) != getattr(default, name)]
    if given:
        raise UsageError(f"--decide chooses {', '.join(given)} itself", "leave one of them out")
    if len(spec.contenders) == 1:
        raise UsageError(f"--decide has nothing to decide: {spec.contenders[0]} is the only contender", "name two")
    if spec.recipes == DEFAULT_RECIPES:
        return spec.replace(recipes=(RECIPE,))
    if len(spec.recipes) > 1:
        raise UsageError(f"--decide answers for one recipe, not for {len(spec.recipes)}", "name one with --recipe")
    return spec


def costs(summaries: Iterable[Summary], contenders: Sequence[str], recipe: str, cpu: str) -> dict[str, Cost]:
    """Return what contenders cost on this machine in the newest run that has them; `summaries` come newest first."""
    found: dict[str, Cost] = {}
    for summary in summaries:
        if summary.environment.host.get("cpu", "") != cpu:
            continue
        for contender in contenders:
            trials = [each for each in summary.trials if (each.contender, each.recipe) == (contender, recipe)]
            if contender not in found and (timed := [each for each in trials if counts(each) and each.epochs]):
                found[contender] = cost_of(timed)
        if len(found) == len(set(contenders)):
            break
    return found


def decide_plan(spec: Spec, recipe: Recipe, contenders: Sequence[str], known: dict[str, Cost]) -> DecidePlan:
    """Choose size and blocks of a comparison of one recipe, as its file has it; a contender's cost by its name."""
    blocks = f"{BLOCKS_OF_A_CLAIM} blocks of {recipe.name}"
    wanted = spec.replace(runs=BLOCKS_OF_A_CLAIM, parity=False)
    if any(contender not in known for contender in contenders):
        quick = wanted.replace(epochs=FEWEST_EPOCHS, profile="quick")
        size = f"{FEWEST_EPOCHS} epochs at its quick size where it has one"
        line = "no earlier run on this machine says how long that takes: the first block will"
        return DecidePlan(quick, None, (f"the short way to an answer: {blocks}, {size}", line))
    images, epochs = _size(recipe, max(known[each].images_per_second for each in contenders))
    seconds = [trial_seconds(known[each], images, epochs) for each in contenders]
    minutes = BLOCKS_OF_A_CLAIM * sum(seconds) / 60
    size = f"{epochs} epochs of {images:,} images, the least that can be timed here"
    line = f"about {math.ceil(minutes)} minutes, by what earlier runs took on this machine"
    sized = wanted.replace(epochs=epochs, train_images=images)
    return DecidePlan(sized, minutes, (f"the short way to an answer: {blocks}, {size}", line))


def cost_of(trials: Sequence[TrialSummary]) -> Cost:
    """Return what a trial costs, by trials of one contender and recipe that have epochs: medians."""
    epochs = [epoch for trial in trials for epoch in trial.epochs]
    others = [
        trial.wall_seconds - trial.waits.seconds - sum(each.seconds + each.evaluation_seconds for each in trial.epochs)
        for trial in trials
        if trial.wall_seconds is not None
    ]
    return Cost(
        images_per_second=median(epoch.images_per_second for epoch in epochs),
        evaluation_seconds=median(epoch.evaluation_seconds for epoch in epochs),
        other_seconds=max(0.0, median(others)) if others else 0.0,
    )


def _size(recipe: Recipe, fastest: float) -> tuple[int, int]:
    """Return images and epochs: whole batches for an epoch of EPOCH_SECONDS, more epochs where there are too few."""
    batch, most = recipe.training.batch_size, recipe.data.train.images
    images = min(most, batch * math.ceil(EPOCH_SECONDS * fastest / batch))
    epochs = math.ceil(FEWEST_EPOCHS * EPOCH_SECONDS * fastest / images)
    return images, max(FEWEST_EPOCHS, min(epochs, 1000))


def trial_seconds(cost: Cost, images: int, epochs: int) -> float:
    """Return what a trial of this size takes."""
    return cost.other_seconds + epochs * (images / cost.images_per_second + cost.evaluation_seconds)
