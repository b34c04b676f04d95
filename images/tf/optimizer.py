"""A recipe's optimizer, with every constant given, so that no default of a version can enter.

docs/recipes.md has the formulas; `formulas.py` those that Keras computes otherwise.
"""

from typing import Any, Callable, Dict, List

import numpy as np
from tensorflow import keras

from images.tf import formulas
from shared.recipe import Adam, AdamW, Optimizer, RmsProp, Sgd


def build(recipe: Optimizer, weights: List[Any]) -> Any:
    """Return the optimizer of the weights, before its first step."""
    return OPTIMIZERS[type(recipe)](recipe, weights)


def _sgd(recipe: Sgd, weights: List[Any]) -> Any:
    optimizer = keras.optimizers.SGD(
        learning_rate=recipe.learning_rate,
        momentum=np.float64(recipe.momentum),  # a Python float would be cast by way of float32
        nesterov=recipe.nesterov,
        weight_decay=None,
    )
    if hasattr(optimizer, "jit_compile"):
        optimizer.jit_compile = False  # Keras 2 compiles its update with XLA on a GPU, unasked
    optimizer.build(weights)
    return optimizer


OPTIMIZERS: Dict[type, Callable[[Any, List[Any]], Any]] = {
    Sgd: _sgd,
    Adam: formulas.Adam,
    AdamW: formulas.Adam,
    RmsProp: formulas.RmsProp,
}
