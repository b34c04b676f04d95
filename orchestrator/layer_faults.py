"""What can be wrong with the layers of a recipe: numbers, shapes that do not fit, what computes nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.constants import outside
from shared.initial import FIRST
from shared.recipe import (
    AveragePool2d,
    BatchNorm,
    Conv2d,
    Dense,
    Flatten,
    LayerError,
    MaxPool2d,
    Recipe,
    parameter_count,
    shapes,
)

Fault = tuple[str, str]

CLASSES = 10
MOST_PARAMETERS = 10**9  # 4 GB in float32: a slip of the keyboard, not a network for MNIST

_KEEPS_A_BIAS = (MaxPool2d, AveragePool2d, Flatten)  # what is added to all their inputs is added to all their outputs


def layer_faults(recipe: Recipe) -> Iterator[Fault]:
    """Find what keeps a recipe's layers from being a network; a number out of range hides what follows from it."""
    numbers = [fault for index, layer in enumerate(recipe.layers) for fault in outside(f"layers[{index}]", layer)]
    yield from numbers or _misfits(recipe) or _senseless(recipe)


def _misfits(recipe: Recipe) -> list[Fault]:
    """Follow one image through the layers; the first that does not fit hides what comes after it."""
    try:
        shapes(recipe)
    except LayerError as error:
        return [(f"layers[{error.index}]", f"{_named(recipe, error.index)}: {error}")]
    return []


def _senseless(recipe: Recipe) -> Iterator[Fault]:
    if parameter_count(recipe) > MOST_PARAMETERS:
        yield "layers", f"more than {MOST_PARAMETERS:,} parameters, {parameter_count(recipe):,}: make a layer smaller"
    last = recipe.layers[-1] if recipe.layers else None
    if not isinstance(last, Dense) or last.units != CLASSES or last.activation is not None:
        key = f"layers[{len(recipe.layers) - 1}]" if last else "layers"
        yield key, f"the last layer must be dense with {CLASSES} units and no activation: the loss takes its logits"
    yield from _without_first_values(recipe)
    yield from _idle_biases(recipe)
    yield from lone_images(recipe)


def _named(recipe: Recipe, index: int) -> str:
    return f"layer {index + 1} of {len(recipe.layers)} ({recipe.layers[index].type})"


def _without_first_values(recipe: Recipe) -> Iterator[Fault]:
    """Find layers that `shared.initial` has no entry for: nobody can say how they start, shared or not."""
    for index, (layer, shape) in enumerate(zip(recipe.layers, shapes(recipe), strict=False)):
        if layer.weights(shape) and type(layer) not in FIRST:
            told = "has weights and nothing says how they start: leave it out, or add it to FIRST in shared/initial.py"
            yield f"layers[{index}]", f"{_named(recipe, index)} {told}"


def _idle_biases(recipe: Recipe) -> Iterator[Fault]:
    """Find biases that a batch norm takes off again.

    Their gradient is 0, and what a framework computes for it is rounding, which an optimiser that divides by a
    root of squares blows up to whole steps.
    """
    for index, layer in enumerate(recipe.layers):
        if isinstance(layer, Conv2d | Dense) and layer.bias and layer.activation is None:
            behind = next((each for each in recipe.layers[index + 1 :] if not isinstance(each, _KEEPS_A_BIAS)), None)
            if isinstance(behind, BatchNorm):
                yield f"layers[{index}].bias", "has no effect: a batch norm behind it subtracts it; set bias = false"


def lone_images(recipe: Recipe) -> Iterator[Fault]:
    """Find a batch of one image, of training or of an audit, where a layer needs a variance over the batch."""
    images, size = recipe.data.train.images, max(1, recipe.training.batch_size)
    fewest = min(size, images % size or size, images // 2)
    if fewest < 2 and any(isinstance(layer, BatchNorm) for layer in recipe.layers):
        told = f"{size} leaves a batch of one of {images} images, and batch norm needs two"
        yield "training.batch_size", f"{told}: choose another"
