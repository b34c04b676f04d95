"""A recipe's layers as a PyTorch network, its first weights, and those weights in the recipe's own layout.

Images arrive as (n, 1, height, width) float32 and leave as (n, classes) logits. PyTorch
computes in channels, height, width; the recipe speaks of height, width, channels, so weights
are re-ordered here, when somebody looks at them, and never while training. No training here.
"""

import hashlib
import math
from collections import OrderedDict
from typing import Iterator, List, Sequence, Tuple

import numpy as np
import torch
from torch import nn

from shared.recipe import Conv2d, Dense, Flatten, Initial, Layer, MaxPool2d, Recipe, Shape, shapes


def build(recipe: Recipe, seed: int, device: torch.device, modes: Sequence[str] = ()) -> nn.Sequential:
    """Return the network on the device, its weights drawn on the CPU from PyTorch's own generator.

    The layer of index i is the child named "i"; its activation follows as "i_relu".
    """
    network = nn.Sequential(OrderedDict(_children(recipe)))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for index, layer, shape in _weighted(recipe):
            kernel, bias = bounds(recipe.initial, layer, shape)
            module = network.get_submodule(str(index))
            module.weight.uniform_(-kernel, kernel, generator=generator)
            module.bias.uniform_(-bias, bias, generator=generator).add_(0)  # U(±0) is −0 without it
    layout = torch.channels_last if "channels_last" in modes else torch.contiguous_format
    return network.to(device, memory_format=layout)


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


def _weighted(recipe: Recipe) -> Iterator[Tuple[int, Layer, Shape]]:
    """Yield index, layer and input shape of every layer that has weights."""
    for index, (layer, shape) in enumerate(zip(recipe.layers, shapes(recipe))):
        if isinstance(layer, (Conv2d, Dense)):
            yield index, layer, shape


def bounds(initial: Initial, layer: Layer, shape: Shape) -> Tuple[float, float]:
    """Return b of U(±b) for the kernel and for the bias; drawing from U(±0) gives zeros."""
    area = layer.kernel**2 if isinstance(layer, Conv2d) else 1
    fan_in, fan_out = area * shape[-1], area * (layer.filters if isinstance(layer, Conv2d) else layer.units)
    if initial.distribution == "glorot_uniform":
        return math.sqrt(6 / (fan_in + fan_out)), 0.0
    return 1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in)


def neutral_weights(recipe: Recipe, network: nn.Sequential) -> List[Tuple[str, np.ndarray]]:
    """Return ("0.kernel", float32 array), ("0.bias", …) by layer index, in no framework's layout.

    Kernels of convolutions are (height, width, in, out), of dense layers (in, out), the
    inputs of a dense layer after a flatten in the order height, width, channels.
    """
    found = []
    for index, _layer, _shape in _weighted(recipe):
        module = network.get_submodule(str(index))
        kernel, bias = (tensor.detach().cpu().numpy() for tensor in (module.weight, module.bias))
        found += [(f"{index}.kernel", _neutral(recipe, index, kernel)), (f"{index}.bias", bias.copy())]
    return found


def _neutral(recipe: Recipe, index: int, kernel: np.ndarray) -> np.ndarray:
    if isinstance(recipe.layers[index], Conv2d):
        return np.ascontiguousarray(kernel.transpose(2, 3, 1, 0))  # (out, in, height, width) here
    if index and isinstance(recipe.layers[index - 1], Flatten):
        height, width, channels = shapes(recipe)[index - 1]
        kernel = kernel.reshape(-1, channels, height, width).transpose(0, 2, 3, 1).reshape(len(kernel), -1)
    return np.ascontiguousarray(kernel.T)  # (out, in) here


def digest(weights: List[Tuple[str, np.ndarray]]) -> str:
    """Hash names, shapes and little-endian bytes: equal for equal weights, whatever the framework."""
    found = hashlib.sha256()
    for name, array in weights:
        found.update(f"{name} {array.shape}\n".encode())
        found.update(np.ascontiguousarray(array, "<f4").tobytes())
    return found.hexdigest()


def parameter_count(network: nn.Sequential) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
