"""A recipe's optimiser in PyTorch: its own, which compute the recipe's formulas with the right words.

docs/recipes.md has the formulas. Every constant is given, so that no default of a version can enter.
"""

from typing import Any, Callable, Dict, List

import torch
from torch import optim

from shared.recipe import Adam, AdamW, Optimizer, RmsProp, Sgd


def build(recipe: Optimizer, weights: List[torch.Tensor]) -> optim.Optimizer:
    """Return the optimiser of the weights, before its first step."""
    return OPTIMIZERS[type(recipe)](recipe, weights)


def _sgd(recipe: Sgd, weights: List[torch.Tensor]) -> optim.Optimizer:
    return optim.SGD(
        weights,
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        dampening=0,
        weight_decay=0,
        nesterov=recipe.nesterov,
    )


def _adam(recipe: Adam, weights: List[torch.Tensor]) -> optim.Optimizer:
    betas = (recipe.beta_1, recipe.beta_2)
    return optim.Adam(weights, lr=recipe.learning_rate, betas=betas, eps=recipe.epsilon, weight_decay=0, amsgrad=False)


def _adamw(recipe: AdamW, weights: List[torch.Tensor]) -> optim.Optimizer:
    betas, decay = (recipe.beta_1, recipe.beta_2), recipe.weight_decay
    return optim.AdamW(
        weights, lr=recipe.learning_rate, betas=betas, eps=recipe.epsilon, weight_decay=decay, amsgrad=False
    )


def _rmsprop(recipe: RmsProp, weights: List[torch.Tensor]) -> optim.Optimizer:
    return optim.RMSprop(
        weights,
        lr=recipe.learning_rate,
        alpha=recipe.rho,
        eps=recipe.epsilon,
        weight_decay=0,
        momentum=0,
        centered=False,
    )


OPTIMIZERS: Dict[type, Callable[[Any, List[torch.Tensor]], optim.Optimizer]] = {
    Sgd: _sgd,
    Adam: _adam,
    AdamW: _adamw,
    RmsProp: _rmsprop,
}
