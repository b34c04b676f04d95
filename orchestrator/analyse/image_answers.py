"""What contenders answer to the test images: confusion matrices, and the images that tell contenders apart. Pure.

Of each cell the first trial that is done stands for it. An answer is the digit of the largest logit; how sure it is, is
the probability that softmax gives that digit.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from orchestrator.values import Value

PICTURES = 12
"""Images that a report shows, shared out among its recipes."""

FEWEST_OF_A_RECIPE = 2


@dataclass(frozen=True, eq=False)
class TrialLogits:
    """What one trial computed for the test images."""

    trial: str
    contender: str
    recipe: str
    view: str  # of the images that it saw: "28x28"
    logits: NDArray[Any]  # (images, 10)


class Confusion(Value):
    """How often a trial answered what, by the digit that the image shows."""

    trial: str
    contender: str
    recipe: str
    counts: tuple[tuple[int, ...], ...]  # [digit][answer], 10 × 10


class ImageAnswer(Value):
    contender: str
    digit: int
    probability: float  # of that digit, 0..1


class ShownImage(Value):
    """A test image with the answer of every contender of a recipe."""

    recipe: str
    number: int  # in the test file, from 0
    label: int
    kind: Literal["answered differently", "wrong most surely"]
    side: int  # height and width in pixels
    pixels: str  # base64 of side × side bytes, row by row, 0 the background
    answers: tuple[ImageAnswer, ...]


def confusions(trials: Iterable[TrialLogits], labels: NDArray[np.uint8]) -> tuple[Confusion, ...]:
    """Count each trial's answers; labels are (images,)."""
    found = []
    for trial in trials:
        counts = np.zeros((10, 10), int)
        np.add.at(counts, (labels, trial.logits.argmax(axis=1)), 1)
        rows = tuple(tuple(row) for row in counts.tolist())
        found.append(Confusion(trial=trial.trial, contender=trial.contender, recipe=trial.recipe, counts=rows))
    return tuple(found)


def shown_images(
    trials: Iterable[TrialLogits], labels: NDArray[np.uint8], images: Mapping[str, NDArray[np.uint8]]
) -> tuple[ShownImage, ...]:
    """Pick the images of each recipe that a reader should see; `images` are (images, side, side) by view.

    First those that contenders answer differently, all of them sure; then those with the surest wrong answer. A trial
    with a logit that is not finite has no probabilities and is left out.
    """
    by_recipe: dict[str, list[TrialLogits]] = {}
    for trial in trials:
        if np.isfinite(trial.logits).all():
            by_recipe.setdefault(trial.recipe, []).append(trial)
    share = max(FEWEST_OF_A_RECIPE, PICTURES // len(by_recipe)) if by_recipe else 0
    return tuple(
        image for group in by_recipe.values() for image in _of_recipe(group, labels, images[group[0].view], share)
    )


def _of_recipe(
    trials: Sequence[TrialLogits], labels: NDArray[np.uint8], images: NDArray[np.uint8], share: int
) -> list[ShownImage]:
    answers = np.array([trial.logits.argmax(axis=1) for trial in trials])  # (trials, images)
    surest = np.array([softmax(trial.logits).max(axis=1) for trial in trials])
    differ = (answers != answers[0]).any(axis=0)
    apart = _highest(np.where(differ, surest.min(axis=0), 0.0), (share + 1) // 2)
    wrong = np.where(answers != labels, surest, 0.0).max(axis=0)
    wrong[apart] = 0.0
    kinds: dict[int, Literal["answered differently", "wrong most surely"]] = dict.fromkeys(
        apart, "answered differently"
    )
    kinds |= dict.fromkeys(_highest(wrong, share - len(apart)), "wrong most surely")
    return [
        ShownImage(
            recipe=trials[0].recipe,
            number=number,
            label=int(labels[number]),
            kind=kind,
            side=images.shape[1],
            pixels=base64.b64encode(images[number].tobytes()).decode(),
            answers=tuple(
                ImageAnswer(contender=trial.contender, digit=int(digit), probability=round(float(probability), 4))
                for trial, digit, probability in zip(trials, answers[:, number], surest[:, number], strict=True)
            ),
        )
        for number, kind in kinds.items()
    ]


def _highest(scores: NDArray[Any], count: int) -> list[int]:
    """Return the places of the highest scores above 0, the highest first."""
    places = np.argsort(-scores, kind="stable")[:count]
    return [int(place) for place in places if scores[place] > 0]


def softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Return probabilities (images, classes) in float64."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True).astype(np.float64))
    total: NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
    return total
