"""Whether two contenders answer the same test images rightly: a difference of accuracy with an interval. Pure.

Both answered the same images, so what counts is the images that one has right and the other wrong; the many
that both have right say nothing about the difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from orchestrator.analyse.summary import AccuracyDifference
from orchestrator.record.record import Record, Status
from orchestrator.stream.predictions import right_answers

NORMAL_975 = NormalDist().inv_cdf(0.975)
"""The 97.5 % quantile of the standard normal distribution."""


@dataclass(frozen=True, eq=False)
class Answers:
    """Which test images one trial has right."""

    trial: str
    contender: str
    recipe: str
    seed: int
    right: NDArray[np.bool_]  # (images,)


def read_answers(record: Record, predictions: bytes | None, labels: NDArray[np.uint8]) -> Answers | None:
    """Read the answers of a done trial of the matched track, None of any other; labels are (images,)."""
    if record.track != "matched" or record.status is not Status.DONE or predictions is None:
        return None
    return Answers(record.id, record.contender, record.recipe, record.seed, right_answers(predictions, labels))


def accuracy_differences(answers: Sequence[Answers], reference: str) -> tuple[AccuracyDifference, ...]:
    """Hold each contender's first trial of a recipe and seed beside the reference's, with the floor of both."""
    groups: dict[tuple[str, int], dict[str, list[Answers]]] = {}
    for trial in answers:
        groups.setdefault((trial.recipe, trial.seed), {}).setdefault(trial.contender, []).append(trial)
    return tuple(
        _difference(group[reference], trials)
        for group in groups.values()
        for contender, trials in group.items()
        if contender != reference and reference in group
    )


def _difference(reference: Sequence[Answers], other: Sequence[Answers]) -> AccuracyDifference:
    gained, lost = _discordant(other[0], reference[0])
    images, floor = len(other[0].right), _floor(reference, other)
    low, high = paired_interval(gained, lost, images)
    return AccuracyDifference(
        recipe=other[0].recipe,
        seed=other[0].seed,
        contender=other[0].contender,
        reference=reference[0].contender,
        images=images,
        gained=gained,
        lost=lost,
        difference=(gained - lost) / images,
        low=low,
        high=high,
        floor_images=floor,
        verdict=_verdict(gained + lost, floor, low, high),
    )


def _verdict(discordant: int, floor: int | None, low: float, high: float) -> str:
    """Say what the interval and the floor allow to be said, in one of four wordings."""
    if discordant == 0:
        return "equal, image by image"
    if floor is not None and discordant <= floor:
        return "equal within the floor"
    return "no difference shown" if low <= 0 <= high else "different"


def _discordant(one: Answers, other: Answers) -> tuple[int, int]:
    """Count the images that only `one` has right, and those that only `other` has."""
    return int((one.right & ~other.right).sum()), int((~one.right & other.right).sum())


def _floor(*contenders: Sequence[Answers]) -> int | None:
    """Return the most images that one contender answers differently when run twice; None where none ran twice."""
    twice = [sum(_discordant(trials[0], again)) for trials in contenders for again in trials[1:]]
    return max(twice, default=None)


def paired_interval(gained: int, lost: int, images: int) -> tuple[float, float]:
    """Return a 95 % interval for the difference of two accuracies over the same images.

    The adjusted Wald interval of Bonett & Price (2012), "Adjusted Wald confidence interval for a difference of
    binomial proportions based on paired data": one image is added to either kind of disagreement, so that the
    interval has a width where no image disagrees. It tells what other test images of this kind could show, not
    what other seeds could.
    """
    up, down = (gained + 1) / (images + 2), (lost + 1) / (images + 2)
    middle = up - down
    margin = NORMAL_975 * math.sqrt((up + down - middle**2) / (images + 2))
    return max(-1.0, middle - margin), min(1.0, middle + margin)
