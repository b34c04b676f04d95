"""Can this recipe be trained? Every fault of a well-formed recipe, with its place and what to do about it. Pure.

`semantic_errors` finds what cannot be trained: slices, numbers out of range, layers that do not fit. All faults are
listed, so that a file is mended in one go. `orchestrator.spec.recipe_schema` has what is not well-formed.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any

from orchestrator.spec.fault import Fault, Place, written
from shared.initial import FIRST
from shared.recipe import (
    AveragePool2d,
    BatchNorm,
    Conv2d,
    Data,
    Dense,
    Flatten,
    LayerError,
    MaxPool2d,
    Recipe,
    Sgd,
    Slice,
    parameter_count,
    shapes,
)

FILE_IMAGES = {"train": 60_000, "test": 10_000}
CLASSES = 10
MOST_PARAMETERS = 10**9  # 4 GB in float32: a slip of the keyboard, not a network for MNIST

LEAST_STD = 1e-6  # images are divided by it in float32

_KEEPS_A_BIAS = (MaxPool2d, AveragePool2d, Flatten)  # what is added to all their inputs is added to all their outputs
_NAME = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9_.-]{0,63}")  # it becomes part of file and container names

Range = tuple[Callable[[float], bool], str]

_COUNT: Range = (lambda value: value >= 1, "1 or more")
_POSITIVE: Range = (lambda value: value > 0, "more than 0")
_SHARE: Range = (lambda value: 0 <= value < 1, "from 0 to below 1")

RANGES: dict[str, Range] = {
    **dict.fromkeys(("filters", "kernel", "stride", "size", "units", "epochs", "batch_size"), _COUNT),
    **dict.fromkeys(("learning_rate", "epsilon"), _POSITIVE),
    **dict.fromkeys(("momentum", "beta_1", "beta_2", "rho", "rate"), _SHARE),
    "weight_decay": (lambda value: value >= 0, "0 or more"),
}
"""By key, wherever it stands."""


def semantic_errors(recipe: Recipe) -> Iterator[Fault]:
    """Find what is well-formed and makes no sense."""
    yield from _text_errors(recipe)
    yield from _data_errors(recipe.data)
    yield from _training_errors(recipe)
    yield from _quick_errors(recipe)
    yield from layer_errors(recipe)


def _text_errors(recipe: Recipe) -> Iterator[Fault]:
    if not _NAME.fullmatch(recipe.name):
        rule = "must be up to 64 of a-z 0-9 _ . -, start with a letter or digit, without .."
        yield Fault(("name",), f"{written(recipe.name)} {rule}")
    if not recipe.title.strip() or not recipe.title.isprintable():
        yield Fault(("title",), f"{written(recipe.title)} must be one line of text")


def _data_errors(data: Data) -> Iterator[Fault]:
    if data.std < LEAST_STD:
        told = f"must be {LEAST_STD:g} or more, not {data.std:g}: images are divided by it"
        yield Fault(("data", "std"), told)
    yield from _slice_errors(("data", "train"), data.train)
    yield from _slice_errors(("data", "validation"), data.validation)
    train, validation = data.train, data.validation
    overlap = max(train.start, validation.start) < min(train.stop, validation.stop)
    if train.file == validation.file and overlap:
        yield Fault(("data", "validation"), "shares images with train: let one start where the other stops")


def _slice_errors(place: Place, part: Slice) -> Iterator[Fault]:
    images = FILE_IMAGES[part.file]
    if not 0 <= part.start < part.stop <= images:
        given = f"start {part.start} and stop {part.stop}"
        yield Fault(place, f"{given} must be 0 <= start < stop <= {images} ({part.file} file)")


def _training_errors(recipe: Recipe) -> Iterator[Fault]:
    training, images = recipe.training, recipe.data.train.images
    yield from range_errors(("training",), training)
    if training.batch_size > images > 0:
        told = f"{training.batch_size} is more than the {images} training images: lower it"
        yield Fault(("training", "batch_size"), told)
    yield from range_errors(("optimizer",), recipe.optimizer)
    if isinstance(recipe.optimizer, Sgd) and recipe.optimizer.nesterov and not recipe.optimizer.momentum:
        told = "looks ahead along the momentum, which is 0: add momentum, 0.9 is usual"
        yield Fault(("optimizer", "nesterov"), told, recipe.optimizer.type)


def _quick_errors(recipe: Recipe) -> Iterator[Fault]:
    quick, data = recipe.quick, recipe.data
    for key, limit, images, least in (
        ("train_images", quick.train_images, data.train.images, recipe.training.batch_size),
        ("validation_images", quick.validation_images, data.validation.images, 1),
    ):
        if limit is not None and not max(1, least) <= limit <= images:
            told = f"must be from {max(1, least)} to {images}, not {limit}; leave it out for all images"
            yield Fault(("quick", key), told)


def layer_errors(recipe: Recipe) -> Iterator[Fault]:
    """Find what keeps a recipe's layers from being a network; a number out of range hides what follows from it."""
    numbers = [fault for index, layer in enumerate(recipe.layers) for fault in range_errors(("layers", index), layer)]
    yield from numbers or _shape_errors(recipe) or _network_errors(recipe)


def _shape_errors(recipe: Recipe) -> list[Fault]:
    """Follow one image through the layers; the first that does not fit hides what comes after it."""
    try:
        shapes(recipe)
    except LayerError as error:
        return [_layer_fault(recipe, error.index, str(error))]
    return []


def _network_errors(recipe: Recipe) -> Iterator[Fault]:
    if parameter_count(recipe) > MOST_PARAMETERS:
        told = f"more than {MOST_PARAMETERS:,} parameters, {parameter_count(recipe):,}: make a layer smaller"
        yield Fault(("layers",), told)
    last = recipe.layers[-1] if recipe.layers else None
    if not isinstance(last, Dense) or last.units != CLASSES or last.activation is not None:
        told = f"the last layer must be dense with {CLASSES} units and no activation: the loss takes its logits"
        yield _layer_fault(recipe, len(recipe.layers) - 1, told) if last else Fault(("layers",), told)
    yield from _without_first_values(recipe)
    yield from _idle_biases(recipe)
    yield from batch_of_one(recipe)


def _layer_fault(recipe: Recipe, index: int, what: str, *keys: str) -> Fault:
    return Fault(("layers", index, *keys), what, recipe.layers[index].type)


def _without_first_values(recipe: Recipe) -> Iterator[Fault]:
    """Find layers that `shared.initial` has no entry for: nobody can say how they start, shared or not."""
    for index, (layer, shape) in enumerate(zip(recipe.layers, shapes(recipe), strict=False)):
        if layer.weights(shape) and type(layer) not in FIRST:
            fault = "has weights and nothing says how they start: leave it out, or add it to FIRST in shared/initial.py"
            yield _layer_fault(recipe, index, fault)


def _idle_biases(recipe: Recipe) -> Iterator[Fault]:
    """Find biases that a batch norm takes off again.

    Their gradient is 0, and what a framework computes for it is rounding, which an optimiser that divides by a
    root of squares blows up to whole steps.
    """
    for index, layer in enumerate(recipe.layers):
        if isinstance(layer, Conv2d | Dense) and layer.bias and layer.activation is None:
            behind = next((each for each in recipe.layers[index + 1 :] if not isinstance(each, _KEEPS_A_BIAS)), None)
            if isinstance(behind, BatchNorm):
                told = "has no effect: a batch norm behind it subtracts it; set bias = false"
                yield _layer_fault(recipe, index, told, "bias")


def batch_of_one(recipe: Recipe) -> Iterator[Fault]:
    """Find a batch of one image, of training or of an audit, where a layer needs a variance over the batch."""
    images, size = recipe.data.train.images, max(1, recipe.training.batch_size)
    fewest = min(size, images % size or size, images // 2)
    if fewest < 2 and any(isinstance(layer, BatchNorm) for layer in recipe.layers):
        fault = f"{size} leaves a batch of one of {images} images, and batch norm needs two"
        yield Fault(("training", "batch_size"), f"{fault}: choose another")


def range_errors(place: Place, values: Any) -> Iterator[Fault]:
    """Find each number of a part of a recipe that is out of its range."""
    for field in dataclasses.fields(values):
        value = getattr(values, field.name)
        if field.name in RANGES and not RANGES[field.name][0](value):
            told = f"must be {RANGES[field.name][1]}, not {value:g}"
            yield Fault((*place, field.name), told, getattr(values, "type", ""))
