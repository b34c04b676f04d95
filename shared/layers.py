"""The layers that a recipe can be made of: what each is called, what shape it makes, and which arrays it carries.

A layer carries weights, which are trained, and statistics, which training leaves behind. Formulas and their sources
stand in docs/recipes.md. A new layer is one class here, its first values in `shared.initial` where it carries any, one
mapping in each `model.py` and one function in `orchestrator.audit.reference.layers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Literal, Optional, Tuple, Type, Union

Shape = Tuple[int, ...]  # height, width, channels; or features
Shapes = Dict[str, Shape]  # of a layer's own arrays, by name, in their order everywhere
Border = Tuple[int, int]  # pixels before and after

Activation = Literal["relu", "tanh", "gelu"]  # gelu is x · Φ(x) with the exact erf, not its approximation by tanh


class Bare:
    """What carries no arrays."""

    def weights(self, _: Shape) -> Shapes:
        """Return the shapes of what is trained, for an input of the given shape."""
        return {}

    def statistics(self, _: Shape) -> Shapes:
        """Return the shapes of what training remembers and no gradient moves."""
        return {}


@dataclass(frozen=True)
class Conv2d(Bare):
    """Correlation with a square kernel. Padding "same" keeps ceil(side / stride), see `borders`."""

    filters: int
    kernel: int
    type: Literal["conv2d"] = "conv2d"
    activation: Optional[Activation] = None
    stride: int = 1
    padding: Literal["valid", "same"] = "valid"
    bias: bool = True

    def output_shape(self, shape: Shape) -> Shape:
        height, width, _ = _image(self.type, shape)
        if self.padding == "same":
            return (-(-height // self.stride), -(-width // self.stride), self.filters)
        if self.kernel > min(height, width):
            raise ValueError(f"a {self.kernel}x{self.kernel} kernel is larger than its input of {height}x{width}")
        return ((height - self.kernel) // self.stride + 1, (width - self.kernel) // self.stride + 1, self.filters)

    def weights(self, shape: Shape) -> Shapes:
        kernel = (self.kernel, self.kernel, shape[-1], self.filters)
        return {"kernel": kernel, "bias": (self.filters,)} if self.bias else {"kernel": kernel}

    def borders(self, shape: Shape) -> Tuple[Border, Border]:
        """Return the zeros above and below, left and right of an image.

        ONNX's SAME_UPPER, which is TensorFlow's SAME: the odd one comes after. PyTorch's own padding is the same
        on both sides, so a stride would sample other pixels.
        """
        return self._border(shape[0]), self._border(shape[1])

    def _border(self, side: int) -> Border:
        if self.padding == "valid":
            return (0, 0)
        total = max((-(-side // self.stride) - 1) * self.stride + self.kernel - side, 0)
        return (total // 2, total - total // 2)


@dataclass(frozen=True)
class MaxPool2d(Bare):
    """Window and stride `size`; a remainder at the border is dropped."""

    size: int
    type: Literal["max_pool2d"] = "max_pool2d"

    def output_shape(self, shape: Shape) -> Shape:
        return _pooled(self, shape)


@dataclass(frozen=True)
class AveragePool2d(Bare):
    """Window and stride `size`; a remainder at the border is dropped."""

    size: int
    type: Literal["average_pool2d"] = "average_pool2d"

    def output_shape(self, shape: Shape) -> Shape:
        return _pooled(self, shape)


@dataclass(frozen=True)
class BatchNorm(Bare):
    """Normalises each channel, or each feature, by its batch's mean and biased variance, then scales and shifts.

    Evaluation takes the running statistics: r ← momentum · r + (1 − momentum) · batch's, the variance unbiased
    (Ioffe & Szegedy 2015, algorithm 2). `momentum` is the weight of the old value, as in Keras and ONNX; PyTorch names
    the other one.
    """

    momentum: float
    epsilon: float
    type: Literal["batch_norm"] = "batch_norm"
    activation: Optional[Activation] = None

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def weights(self, shape: Shape) -> Shapes:
        return {"scale": shape[-1:], "shift": shape[-1:]}

    def statistics(self, shape: Shape) -> Shapes:
        return {"running_mean": shape[-1:], "running_variance": shape[-1:]}


@dataclass(frozen=True)
class Dropout(Bare):
    """While training, zeroes each element with probability `rate` and scales the others by 1 / (1 − rate)."""

    rate: float
    type: Literal["dropout"] = "dropout"

    def output_shape(self, shape: Shape) -> Shape:
        return shape


@dataclass(frozen=True)
class Flatten(Bare):
    """Height, width, channels in this order, whatever layout a framework computes in."""

    type: Literal["flatten"] = "flatten"

    def output_shape(self, shape: Shape) -> Shape:
        height, width, channels = _image(self.type, shape)
        return (height * width * channels,)


@dataclass(frozen=True)
class Dense(Bare):
    units: int
    type: Literal["dense"] = "dense"
    activation: Optional[Activation] = None
    bias: bool = True

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            raise ValueError(f"a dense layer takes features, its input has the shape {shape}: put a flatten before it")
        return (self.units,)

    def weights(self, shape: Shape) -> Shapes:
        kernel = (shape[0], self.units)
        return {"kernel": kernel, "bias": (self.units,)} if self.bias else {"kernel": kernel}


Layer = Union[Conv2d, MaxPool2d, AveragePool2d, BatchNorm, Dropout, Flatten, Dense]

LAYER_TYPES: Dict[str, Type[Any]] = {
    "conv2d": Conv2d,
    "max_pool2d": MaxPool2d,
    "average_pool2d": AveragePool2d,
    "batch_norm": BatchNorm,
    "dropout": Dropout,
    "flatten": Flatten,
    "dense": Dense,
}


def _pooled(layer: Union[MaxPool2d, AveragePool2d], shape: Shape) -> Shape:
    height, width, channels = _image(layer.type, shape)
    if layer.size > min(height, width):
        raise ValueError(f"a {layer.size}x{layer.size} window is larger than its input of {height}x{width}")
    return (height // layer.size, width // layer.size, channels)


def _image(kind: str, shape: Shape) -> Shape:
    if len(shape) != 3:
        raise ValueError(f"a {kind} takes an image, its input has the shape {shape}")
    return shape
