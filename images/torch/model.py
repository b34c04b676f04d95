"""A recipe's layers as a PyTorch network, its first weights, and those weights in the recipe's own layout.

Images arrive as (n, 1, height, width) float32 and leave as (n, classes) logits. PyTorch
computes in channels, height, width; the recipe speaks of height, width, channels, so weights
are re-ordered here, when somebody looks at them, and never while training. No training here.
"""

from collections import OrderedDict
from contextlib import contextmanager
from functools import partial
from typing import Iterable, Iterator, Optional, Tuple

import numpy as np
import torch
from torch import nn

from shared.initial import Weights, arrays, shared_weights
from shared.recipe import (
    AveragePool2d,
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2d,
    Recipe,
    Shape,
    shapes,
)

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": partial(nn.GELU, approximate="none")}

NAMES = {  # of a layer's arrays here
    "kernel": "weight",
    "bias": "bias",
    "scale": "weight",
    "shift": "bias",
    "running_mean": "running_mean",
    "running_variance": "running_var",
}


def build(recipe: Recipe, seed: int, device: torch.device) -> nn.Sequential:
    """Return the network on the device, with its first weights.

    The layer of index i is the child named "i"; its activation follows as "i_relu", and zeros that it cannot
    put around an image itself come before it as "i_pad".
    """
    torch.manual_seed(seed)  # dropout's masks come from the default generator
    network = nn.Sequential(OrderedDict(_children(recipe)))
    shared = recipe.initial.draw == "shared"
    load(recipe, network, shared_weights(recipe, seed) if shared else own_weights(recipe, seed))
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


def own_weights(recipe: Recipe, seed: int) -> Weights:
    """Draw the first weights from PyTorch's own generator, on the CPU: the same whatever the device."""
    generator, found = torch.Generator().manual_seed(seed), []
    for each in arrays(recipe):
        drawn = torch.empty(each.shape, dtype=torch.float32).uniform_(each.low, each.high, generator=generator)
        found.append((each.name, drawn.add_(0).numpy()))  # U(±0) is −0 without it
    return found


@torch.no_grad()
def load(recipe: Recipe, network: nn.Sequential, weights: Weights) -> None:
    """Put weights into the network, in its own layout."""
    given = dict(weights)
    for name, tensor in tensors(recipe, network):
        tensor.copy_(torch.from_numpy(_own(recipe, name, given[name])))


def tensors(recipe: Recipe, network: nn.Sequential) -> Iterator[Tuple[str, torch.Tensor]]:
    """Yield each weight and statistic by its name in the recipe, in PyTorch's own layout; what is trained needs a
    gradient."""
    for each in arrays(recipe):
        index, own = each.name.split(".")
        yield each.name, getattr(network.get_submodule(index), NAMES[own])


def neutral_weights(recipe: Recipe, network: nn.Sequential) -> Weights:
    """Read the weights as they are, in no framework's layout."""
    found = tensors(recipe, network)
    return neutral(recipe, [(name, tensor.detach().cpu().numpy().copy()) for name, tensor in found])


def neutral(recipe: Recipe, named: Iterable[Tuple[str, np.ndarray]]) -> Weights:
    """Lay out arrays of weights, their values or their gradients, as the recipe does."""
    return [(name, _neutral(recipe, name, array)) for name, array in named]


def _own(recipe: Recipe, name: str, array: np.ndarray) -> np.ndarray:
    """Lay a neutral array out as PyTorch has it; `_neutral` is the inverse."""
    if array.ndim == 4:
        return np.ascontiguousarray(array.transpose(3, 2, 0, 1))  # (out, in, height, width)
    order = _flattened(recipe, name)
    return np.ascontiguousarray((array if order is None else array[order]).T)  # (out, in)


def _neutral(recipe: Recipe, name: str, array: np.ndarray) -> np.ndarray:
    if array.ndim == 4:
        return np.ascontiguousarray(array.transpose(2, 3, 1, 0))  # (out, in, height, width) here
    order = _flattened(recipe, name)
    return np.ascontiguousarray(array.T if order is None else array.T[np.argsort(order)])  # (out, in) here


def _flattened(recipe: Recipe, name: str) -> Optional[np.ndarray]:
    """Return the place in the recipe's order of each feature of an array; None where PyTorch's order is the same.

    Features are in channels, height, width after a flatten, and until a dense layer mixes them.
    """
    index, own = name.split(".")
    if own == "bias":  # of outputs, not of inputs
        return None
    for at in range(int(index) - 1, -1, -1):
        if isinstance(recipe.layers[at], Flatten):
            shape = shapes(recipe)[at]
            return np.arange(np.prod(shape)).reshape(shape).transpose(2, 0, 1).ravel()
        if isinstance(recipe.layers[at], Dense):
            return None
    return None


@contextmanager
def without_dropout(network: nn.Sequential) -> Iterator[bool]:
    """Drop nothing for a while, and everything else as in training: no two frameworks draw the same masks."""
    found = [module for module in network if isinstance(module, nn.Dropout)]
    rates = [module.p for module in found]
    for module in found:
        module.p = 0.0
    try:
        yield bool(found)
    finally:
        for module, rate in zip(found, rates):
            module.p = rate


def parameter_count(network: nn.Sequential) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
