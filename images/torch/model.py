"""A recipe's layers as a network, its first weights, and those weights in the recipe's own layout. No training here.

Images arrive as (n, 1, height, width) and leave as (n, classes) logits.
"""

from collections import OrderedDict
from functools import partial
from typing import Iterable, Iterator, Tuple

import numpy as np
import torch
from torch import nn

from shared.backend import Device, Network, Tensor
from shared.initial import Draw, Weights, arrays, first_weights
from shared.layout import from_channels_first, to_channels_first
from shared.recipe import (
    AveragePool2d,
    BatchNorm,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    MaxPool2d,
    Recipe,
    Shape,
    shapes,
)

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": partial(nn.GELU, approximate="none")}

NAMES = {"kernel": "weight", "scale": "weight", "shift": "bias", "running_variance": "running_var"}
"""Of a layer's arrays here, where they are not the recipe's."""


def build(recipe: Recipe, seed: int, device: Device) -> Network:
    """Return the network on the device, with its first weights.

    The layer of index i is the child named "i"; its activation follows as "i_relu", and zeros that it cannot
    put around an image itself come before it as "i_pad".
    """
    torch.manual_seed(seed)  # dropout's masks come from the default generator
    network = nn.Sequential(OrderedDict(_children(recipe)))
    load(recipe, network, first_weights(recipe, seed, uniform))
    return network.to(device)


def _children(recipe: Recipe) -> Iterator[Tuple[str, nn.Module]]:
    for index, (layer, shape) in enumerate(zip(recipe.layers, shapes(recipe))):
        if isinstance(layer, Conv2d) and not _symmetric(layer, shape):
            (above, below), (left, right) = layer.borders(shape)
            yield f"{index}_pad", nn.ZeroPad2d((left, right, above, below))
        yield str(index), _module(layer, shape)
        activation = getattr(layer, "activation", None)
        if activation:
            yield f"{index}_{activation}", ACTIVATIONS[activation]()


def _symmetric(layer: Conv2d, shape: Shape) -> bool:
    return all(before == after for before, after in layer.borders(shape))


def _module(layer: Layer, shape: Shape) -> nn.Module:
    if isinstance(layer, Conv2d):
        # What is the same on both sides costs no copy of the image.
        padding = tuple(before for before, _ in layer.borders(shape)) if _symmetric(layer, shape) else 0
        return nn.Conv2d(shape[-1], layer.filters, layer.kernel, stride=layer.stride, padding=padding, bias=layer.bias)
    if isinstance(layer, MaxPool2d):
        return nn.MaxPool2d(layer.size, stride=layer.size, padding=0, ceil_mode=False)
    if isinstance(layer, AveragePool2d):
        return nn.AvgPool2d(layer.size, stride=layer.size, padding=0, ceil_mode=False)
    if isinstance(layer, BatchNorm):
        kind = nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d
        return kind(shape[-1], eps=layer.epsilon, momentum=1 - layer.momentum)  # PyTorch's is the new value's weight
    if isinstance(layer, Dropout):
        return nn.Dropout(layer.rate)
    if isinstance(layer, Flatten):
        return nn.Flatten()
    return nn.Linear(shape[0], layer.units, bias=layer.bias)


def uniform(seed: int) -> Draw:
    """Return the framework's own generator of U(low, high), on the CPU: the same whatever the device."""
    generator = torch.Generator().manual_seed(seed)

    def draw(shape: Shape, low: float, high: float) -> np.ndarray:
        drawn = torch.empty(shape, dtype=torch.float32).uniform_(low, high, generator=generator)
        return drawn.add_(0).numpy()  # U(±0) is −0 without it

    return draw


def load(recipe: Recipe, network: Network, weights: Weights) -> None:
    """Put weights into the network."""
    by_name = dict(weights)
    for name, tensor in tensors(recipe, network):
        tensor.detach().copy_(torch.from_numpy(to_channels_first(recipe, name, by_name[name])))


def tensors(recipe: Recipe, network: Network) -> Iterator[Tuple[str, Tensor]]:
    """Yield each weight and statistic by its name in the recipe."""
    for array in arrays(recipe):
        index, own = array.name.split(".")
        yield array.name, getattr(network.get_submodule(index), NAMES.get(own, own))


def to_recipe_layout(recipe: Recipe, named: Iterable[Tuple[str, Tensor]]) -> Weights:
    """Copy weights, or their gradients, to NumPy."""
    copies = ((name, tensor.detach().cpu().numpy().copy()) for name, tensor in named)
    return [(name, from_channels_first(recipe, name, array)) for name, array in copies]


def parameter_count(network: Network) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
