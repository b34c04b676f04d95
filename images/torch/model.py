"""A recipe's layers as a PyTorch network, its first weights, and those weights in the recipe's own layout.

Images arrive as (n, 1, height, width) float32 and leave as (n, classes) logits. PyTorch
computes in channels, height, width; the recipe speaks of height, width, channels, so weights
are re-ordered here, when somebody looks at them, and never while training. No training here.
"""

from collections import OrderedDict
from typing import Iterator, List, Tuple

import numpy as np
import torch
from torch import nn

from shared.initial import bounds, weighted
from shared.recipe import Conv2d, Flatten, Layer, MaxPool2d, Recipe, Shape, shapes


def build(recipe: Recipe, seed: int, device: torch.device) -> nn.Sequential:
    """Return the network on the device, its weights drawn on the CPU from PyTorch's own generator.

    The layer of index i is the child named "i"; its activation follows as "i_relu".
    """
    network = nn.Sequential(OrderedDict(_children(recipe)))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for index, layer, shape in weighted(recipe):
            kernel, bias = bounds(recipe.initial, layer, shape)
            module = network.get_submodule(str(index))
            module.weight.uniform_(-kernel, kernel, generator=generator)
            module.bias.uniform_(-bias, bias, generator=generator).add_(0)  # U(±0) is −0 without it
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


def neutral_weights(recipe: Recipe, network: nn.Sequential) -> List[Tuple[str, np.ndarray]]:
    """Return ("0.kernel", float32 array), ("0.bias", …) by layer index, in no framework's layout.

    Kernels of convolutions are (height, width, in, out), of dense layers (in, out), the
    inputs of a dense layer after a flatten in the order height, width, channels.
    """
    found = []
    for index, _layer, _shape in weighted(recipe):
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


def parameter_count(network: nn.Sequential) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
