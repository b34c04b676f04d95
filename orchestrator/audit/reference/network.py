"""A recipe's network in float64: logits, and the gradient of the loss by every weight.

Takes weights in the recipe's own layout (`shared.initial.Weights`), float32 or float64, and changes
none of them. Dense algebra over whole batches, so memory grows with the batch: see `gradients`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from orchestrator.audit.reference.arrays import Array, Arrays, Backward, Images, Labels, Named, Parameters
from orchestrator.audit.reference.layers import apply, running_statistics
from orchestrator.audit.reference.metrics import cross_entropy
from orchestrator.audit.reference.rounding import with_rounding_errors
from shared.initial import arrays
from shared.recipe import Recipe, shapes

FORWARD_IMAGES = 128
"""Images that `forward` takes at a time: they do not depend on each other, and ten thousand at once take gigabytes."""


class Gradients(NamedTuple):
    arrays: Arrays  # by every weight that is trained, in the order and the shapes of the weights
    loss: float  # mean per image, before any step
    statistics: Arrays  # as the batch leaves them: what a layer remembers and no gradient moves


def forward(recipe: Recipe, weights: Named, images: Images) -> Array:
    """Return logits (n, classes) for scaled images (n, height, width, channels), as evaluation computes them.

    Raises ValueError where weights or images are not the recipe's.
    """
    parameters = parameters_by_layer(recipe, weights)
    return np.concatenate([_logits(recipe, parameters, part) for part in chunks(images_in_float64(recipe, images))])


def chunks(images: Array) -> Iterator[Array]:
    return (images[at : at + FORWARD_IMAGES] for at in range(0, len(images), FORWARD_IMAGES))


def _logits(recipe: Recipe, parameters: list[Parameters], outputs: Array) -> Array:
    for layer, own in zip(recipe.layers, parameters, strict=True):
        outputs, _ = apply(layer, own, outputs)
    return outputs


def gradients(recipe: Recipe, weights: Named, images: Images, labels: Labels, *, unit: float = 0.0) -> Gradients:
    """Return the gradient of the batch's mean softmax cross-entropy by every weight, and that loss.

    Images are (n, height, width, channels), scaled; labels (n,). With a `unit` every gradient is as far off as sums in
    that precision may be, see `rounding`. Raises ValueError where weights, images or labels are not the recipe's. 128
    images of the `matched` recipe take a few hundred MB.
    """
    outputs, way_back, statistics = images_in_float64(recipe, images), list[Backward](), list[tuple[str, Array]]()
    for index, (layer, own) in enumerate(zip(recipe.layers, parameters_by_layer(recipe, weights), strict=True)):
        statistics += [(f"{index}.{name}", array) for name, array in running_statistics(layer, own, outputs).items()]
        after, backward = apply(layer, own, outputs, training=True)
        way_back.append(with_rounding_errors(layer, own, outputs, backward, unit) if unit else backward)
        outputs = after
    loss, gradient = cross_entropy(outputs, labels)
    by_name = _backpropagate(way_back, gradient)
    return Gradients([(name, by_name[name]) for name, _ in weights if name in by_name], loss, statistics)


def _backpropagate(way_back: list[Backward], gradient: Array) -> dict[str, Array]:
    """Call the backward functions from the last to the first, and let go of what each one held."""
    by_name: dict[str, Array] = {}
    while way_back:
        gradient, own = way_back.pop()(gradient)
        by_name |= {f"{len(way_back)}.{name}": array for name, array in own.items()}
    return by_name


def images_in_float64(recipe: Recipe, images: Images) -> Array:
    expected = shapes(recipe)[0]
    if images.shape[1:] != expected or not len(images):
        raise ValueError(f"images {images.shape}; {recipe.name} takes (n, {', '.join(map(str, expected))}), n > 0")
    return np.asarray(images, np.float64)


def parameters_by_layer(recipe: Recipe, weights: Named) -> list[Parameters]:
    """Sort weights by layer. A bias of one element would be broadcast in silence, so shapes are checked."""
    shapes_given = {name: array.shape for name, array in weights}
    expected = {declared.name: declared.shape for declared in arrays(recipe)}
    if shapes_given != expected:
        wrong = sorted(
            name for name in shapes_given.keys() | expected.keys() if shapes_given.get(name) != expected.get(name)
        )
        differences = "; ".join(f"{name}: {shapes_given.get(name)}, expected {expected.get(name)}" for name in wrong)
        raise ValueError(f"not the weights of {recipe.name}: {differences}")
    layers: list[dict[str, Array]] = [{} for _ in recipe.layers]
    for name, array in weights:
        index, own = name.split(".")
        layers[int(index)][own] = np.asarray(array, np.float64)
    return list(layers)
