"""A recipe: a full training description that names no framework.

Plain dataclasses, so that a worker reads them with the standard library; the host validates
TOML against the same classes (`orchestrator.spec.recipes`). Layers stand in `shared.layers`, optimisers in
`shared.optimizers`; both are named from here too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Dict, List, Literal, Mapping, Optional

from shared.layers import (
    LAYER_TYPES,
    Activation,
    AveragePool2d,
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2d,
    Shape,
    Shapes,
)
from shared.optimizers import OPTIMIZER_TYPES, Adam, AdamW, Optimizer, RmsProp, Sgd

__all__ = [
    "LAYER_TYPES",
    "OPTIMIZER_TYPES",
    "VIEW_SHAPES",
    "Activation",
    "Adam",
    "AdamW",
    "AveragePool2d",
    "BatchNorm",
    "Conv2d",
    "Data",
    "Dense",
    "Dropout",
    "Flatten",
    "Initial",
    "Layer",
    "LayerError",
    "MaxPool2d",
    "Optimizer",
    "Quick",
    "Recipe",
    "RmsProp",
    "Sgd",
    "Shape",
    "Shapes",
    "Slice",
    "Training",
    "multiplications_per_image",
    "parameter_count",
    "recipe_from",
    "shapes",
]

VIEW_SHAPES: Dict[str, Shape] = {"28x28": (28, 28, 1), "8x8": (8, 8, 1)}


@dataclass(frozen=True)
class Slice:
    """Images `start` to `stop` of one of the two files, in the file's order."""

    file: Literal["train", "test"]
    start: int
    stop: int

    @property
    def images(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True)
class Data:
    """Which images, seen how: (pixel / 255 − mean) / std, in float32."""

    view: Literal["28x28", "8x8"]
    mean: float
    std: float
    train: Slice
    validation: Slice


@dataclass(frozen=True)
class Training:
    """How long and in which order.

    `order` "shared" shuffles each epoch by `shared.order`, the same for every contender; "framework" by
    the framework's own generator; "sequential" never.
    """

    epochs: int
    batch_size: int
    order: Literal["shared", "framework", "sequential"]


@dataclass(frozen=True)
class Initial:
    """How the first weights are drawn: "shared" by `shared.initial`, the same for every contender, or by each
    framework's own seeded generator.

    glorot_uniform: kernels U(±√(6 / (fan_in + fan_out))), biases 0 (Glorot & Bengio 2010; Keras' default).
    fan_in_uniform: kernels and biases U(±1 / √fan_in) (PyTorch's default, its kaiming_uniform with a = √5).
    """

    distribution: Literal["glorot_uniform", "fan_in_uniform"]
    draw: Literal["shared", "framework"] = "framework"


@dataclass(frozen=True)
class Quick:
    """The recipe's own quick size: limits on the images, None where it is cheap enough whole."""

    train_images: Optional[int] = None
    validation_images: Optional[int] = None


@dataclass(frozen=True)
class Recipe:
    """What is trained. The loss is the softmax cross-entropy of the last layer's logits."""

    name: str
    title: str
    data: Data
    layers: List[Layer]
    training: Training
    initial: Initial
    optimizer: Optimizer
    quick: Quick = Quick()


class LayerError(ValueError):
    """A layer that does not fit its input; `index` counts from 0."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index


def shapes(recipe: Recipe) -> List[Shape]:
    """Return the input's shape and then every layer's; LayerError names the layer that does not fit."""
    found = [VIEW_SHAPES[recipe.data.view]]
    for index, layer in enumerate(recipe.layers):
        try:
            found.append(layer.output_shape(found[-1]))
        except ValueError as error:
            raise LayerError(index, str(error)) from None
    return found


def parameter_count(recipe: Recipe) -> int:
    """Count what is trained."""
    return sum(_parameters(layer, shape) for layer, shape in zip(recipe.layers, shapes(recipe)))


def multiplications_per_image(recipe: Recipe) -> int:
    """Count the multiplications with weights in one forward pass: a measure of work, used to predict time."""
    count, found = 0, shapes(recipe)
    for layer, before, after in zip(recipe.layers, found, found[1:]):
        count += _parameters(layer, before) * math.prod(after[:-1])  # once at every position of an image
    return count


def recipe_from(document: Mapping[str, Any]) -> Recipe:
    """Build a recipe from its JSON form, which the host has validated."""
    data = dict(document["data"])
    return Recipe(
        name=document["name"],
        title=document["title"],
        data=Data(**{**data, "train": Slice(**data["train"]), "validation": Slice(**data["validation"])}),
        layers=[LAYER_TYPES[layer["type"]](**layer) for layer in document["layers"]],
        training=Training(**document["training"]),
        initial=Initial(**document["initial"]),
        optimizer=OPTIMIZER_TYPES[document["optimizer"]["type"]](**document["optimizer"]),
        quick=Quick(**document["quick"]),
    )


def _parameters(layer: Layer, shape: Shape) -> int:
    return sum(math.prod(size) for size in layer.weights(shape).values())
