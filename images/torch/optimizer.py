"""A recipe's optimizer, with every constant given, so that no default of a version can enter.

docs/recipes.md has the formulas.
"""

from typing import Any, Callable, Dict, List, Union

from torch import optim

from shared.recipe import Adam, AdamW, Optimizer, RmsProp, Sgd


def build(recipe: Optimizer, weights: List[Any]) -> Any:
    """Return the optimizer of the weights, before its first step."""
    return OPTIMIZERS[type(recipe)](recipe, weights)


def _sgd(recipe: Sgd, weights: List[Any]) -> Any:
    momentum, nesterov = recipe.momentum, recipe.nesterov
    return optim.SGD(
        weights, lr=recipe.learning_rate, momentum=momentum, dampening=0, weight_decay=0, nesterov=nesterov
    )


def _adam(recipe: Union[Adam, AdamW], weights: List[Any]) -> Any:
    kind, decay = (optim.AdamW, recipe.weight_decay) if isinstance(recipe, AdamW) else (optim.Adam, 0)
    betas = (recipe.beta_1, recipe.beta_2)
    return kind(weights, lr=recipe.learning_rate, betas=betas, eps=recipe.epsilon, weight_decay=decay, amsgrad=False)


def _rmsprop(recipe: RmsProp, weights: List[Any]) -> Any:
    rate, alpha, eps = recipe.learning_rate, recipe.rho, recipe.epsilon
    return optim.RMSprop(weights, lr=rate, alpha=alpha, eps=eps, weight_decay=0, momentum=0, centered=False)


OPTIMIZERS: Dict[type, Callable[[Any, List[Any]], Any]] = {
    Sgd: _sgd,
    Adam: _adam,
    AdamW: _adam,
    RmsProp: _rmsprop,
}
