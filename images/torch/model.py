"""A recipe's layers as a PyTorch network, its first weights, and those weights in the recipe's own layout.

Images arrive as (n, 1, height, width) float32 and leave as (n, classes) logits. PyTorch
computes in channels, height, width; the recipe speaks of height, width, channels, so weights
are re-ordered here, when somebody looks at them, and never while training. No training here.
"""

from collections import OrderedDict
from typing import Iterator, Sequence, Tuple

import numpy as np
import torch
from torch import nn

from shared.initial import Weights, bounds, kernel_shape, shared_weights, weighted
from shared.recipe import Conv2d, Flatten, Layer, MaxPool2d, Recipe, Shape, shapes


def build(recipe: Recipe, seed: int, device: torch.device) -> nn.Sequential:
    """Return the network on the device, with its first weights.

    The layer of index i is the child named "i"; its activation follows as "i_relu".
    """
    network = nn.Sequential(OrderedDict(_children(recipe)))
    shared = recipe.initial.draw == "shared"
    load(recipe, network, shared_weights(recipe, seed) if shared else own_weights(recipe, seed))
    return network.to(device)


def _children(recipe: Recipe) -> Iterator[Tuple[str, nn.Module]]:
    for index, (layer, shape) in enumerate(zip(recipe.layers, shapes(recipe))):
        yield str(index), _module(layer, shape)
        if getattr(layer, "activation", None) == "relu":
            yield f"{index}_relu", nn.ReLU()


def _module(layer: Layer, shape: Shape) -> nn.Module:
    if isinstance(layer, Conv2d):
        return nn.Conv2d(shape[-1], layer.filters, layer.kernel, stride=1, padding=0, bias=True)
    if isinstance(layer, MaxPool2d):
        return nn.MaxPool2d(layer.size, stride=layer.size, padding=0, ceil_mode=False)
    if isinstance(layer, Flatten):
        return nn.Flatten()
    return nn.Linear(shape[0], layer.units, bias=True)


def own_weights(recipe: Recipe, seed: int) -> Weights:
    """Draw the first weights from PyTorch's own generator, on the CPU: the same whatever the device."""
    generator, found = torch.Generator().manual_seed(seed), []
    for index, layer, shape in weighted(recipe):
        size = kernel_shape(layer, shape)
        for name, part, bound in zip(("kernel", "bias"), (size, size[-1:]), bounds(recipe.initial, layer, shape)):
            drawn = torch.empty(part, dtype=torch.float32).uniform_(-bound, bound, generator=generator)
            found.append((f"{index}.{name}", drawn.add_(0).numpy()))  # U(±0) is −0 without it
    return found


@torch.no_grad()
def load(recipe: Recipe, network: nn.Sequential, weights: Weights) -> None:
    """Put weights into the network, in its own layout."""
    arrays = dict(weights)
    for index, _layer, _shape in weighted(recipe):
        module = network.get_submodule(str(index))
        module.weight.copy_(torch.from_numpy(_own(recipe, index, arrays[f"{index}.kernel"])))
        module.bias.copy_(torch.from_numpy(arrays[f"{index}.bias"]))


def neutral_weights(recipe: Recipe, network: nn.Sequential) -> Weights:
    """Read the weights as they are, in no framework's layout."""
    return neutral(recipe, [parameter.detach().cpu().numpy().copy() for parameter in network.parameters()])


def neutral(recipe: Recipe, arrays: Sequence[np.ndarray]) -> Weights:
    """Name and lay out one array a weight, its values or its gradients, as the recipe does."""
    found = []
    for (index, _, _), kernel, bias in zip(weighted(recipe), arrays[::2], arrays[1::2]):
        found += [(f"{index}.kernel", _neutral(recipe, index, kernel)), (f"{index}.bias", bias)]
    return found


def _own(recipe: Recipe, index: int, kernel: np.ndarray) -> np.ndarray:
    """Lay a neutral kernel out as PyTorch has it; `_neutral` is the inverse."""
    if isinstance(recipe.layers[index], Conv2d):
        return np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))  # (out, in, height, width)
    if index and isinstance(recipe.layers[index - 1], Flatten):
        height, width, channels = shapes(recipe)[index - 1]
        kernel = kernel.reshape(height, width, channels, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)
    return np.ascontiguousarray(kernel.T)  # (out, in)


def _neutral(recipe: Recipe, index: int, kernel: np.ndarray) -> np.ndarray:
    if isinstance(recipe.layers[index], Conv2d):
        return np.ascontiguousarray(kernel.transpose(2, 3, 1, 0))  # (out, in, height, width) here
    if index and isinstance(recipe.layers[index - 1], Flatten):
        height, width, channels = shapes(recipe)[index - 1]
        kernel = kernel.reshape(-1, channels, height, width).transpose(0, 2, 3, 1).reshape(len(kernel), -1)
    return np.ascontiguousarray(kernel.T)  # (out, in) here


def parameter_count(network: nn.Sequential) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
