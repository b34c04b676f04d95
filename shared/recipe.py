"""A recipe: a full training description that names no framework.

Plain dataclasses, so that a worker reads them with the standard library; the host validates
TOML against the same classes (`orchestrator.recipes`). A new layer is one class here, one
branch in `output_shape` and `parameters`, and one mapping in each `model.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Literal, Mapping, Optional, Tuple, Type, Union

Shape = Tuple[int, ...]  # height, width, channels; or features

VIEW_SHAPES: Dict[str, Shape] = {"28x28": (28, 28, 1), "8x8": (8, 8, 1)}


@dataclass(frozen=True)
class Conv2d:
    """Stride 1, no padding, with a bias."""

    filters: int
    kernel: int
    type: Literal["conv2d"] = "conv2d"
    activation: Optional[Literal["relu"]] = None


@dataclass(frozen=True)
class MaxPool2d:
    """Window and stride `size`; a remainder at the border is dropped."""

    size: int
    type: Literal["max_pool2d"] = "max_pool2d"


@dataclass(frozen=True)
class Flatten:
    """Height, width, channels in this order, whatever layout a framework computes in."""

    type: Literal["flatten"] = "flatten"


@dataclass(frozen=True)
class Dense:
    units: int
    type: Literal["dense"] = "dense"
    activation: Optional[Literal["relu"]] = None


Layer = Union[Conv2d, MaxPool2d, Flatten, Dense]

LAYER_TYPES: Dict[str, Type[Any]] = {
    "conv2d": Conv2d,
    "max_pool2d": MaxPool2d,
    "flatten": Flatten,
    "dense": Dense,
}


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
class Sgd:
    """w ← w − learning_rate · gradient of the mean loss of the batch."""

    learning_rate: float
    type: Literal["sgd"] = "sgd"


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
    optimizer: Sgd
    quick: Quick = Quick()


class LayerError(ValueError):
    """A layer that does not fit its input; `index` counts from 0."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index


def output_shape(layer: Layer, shape: Shape) -> Shape:
    """Return the shape that `layer` makes of one image of `shape`; ValueError where it does not fit."""
    if isinstance(layer, Conv2d):
        height, width, _ = _image(layer, shape)
        if layer.kernel > min(height, width):
            raise ValueError(f"a {layer.kernel}x{layer.kernel} kernel is larger than its input of {height}x{width}")
        return (height - layer.kernel + 1, width - layer.kernel + 1, layer.filters)
    if isinstance(layer, MaxPool2d):
        height, width, channels = _image(layer, shape)
        if layer.size > min(height, width):
            raise ValueError(f"a {layer.size}x{layer.size} window is larger than its input of {height}x{width}")
        return (height // layer.size, width // layer.size, channels)
    if isinstance(layer, Flatten):
        height, width, channels = _image(layer, shape)
        return (height * width * channels,)
    if len(shape) != 1:
        raise ValueError(f"a dense layer takes features, its input has the shape {shape}: put a flatten before it")
    return (layer.units,)


def parameters(layer: Layer, shape: Shape) -> int:
    """Count the weights and biases of `layer` for an input of `shape`."""
    if isinstance(layer, Conv2d):
        return layer.kernel * layer.kernel * shape[-1] * layer.filters + layer.filters
    if isinstance(layer, Dense):
        return shape[0] * layer.units + layer.units
    return 0


def shapes(recipe: Recipe) -> List[Shape]:
    """Return the input's shape and then every layer's; LayerError names the layer that does not fit."""
    found = [VIEW_SHAPES[recipe.data.view]]
    for index, layer in enumerate(recipe.layers):
        try:
            found.append(output_shape(layer, found[-1]))
        except ValueError as error:
            raise LayerError(index, str(error)) from None
    return found


def parameter_count(recipe: Recipe) -> int:
    return sum(parameters(layer, shape) for layer, shape in zip(recipe.layers, shapes(recipe)))


def multiplications_per_image(recipe: Recipe) -> int:
    """Count the multiplications of one forward pass: a measure of work, used to predict time."""
    count = 0
    for layer, before, after in zip(recipe.layers, shapes(recipe), shapes(recipe)[1:]):
        positions = after[0] * after[1] if isinstance(layer, Conv2d) else 1
        count += parameters(layer, before) * positions
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
        optimizer=Sgd(**document["optimizer"]),
        quick=Quick(**document["quick"]),
    )


def _image(layer: Layer, shape: Shape) -> Shape:
    if len(shape) != 3:
        raise ValueError(f"a {layer.type} takes an image, its input has the shape {shape}")
    return shape
