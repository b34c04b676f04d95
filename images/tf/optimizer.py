"""A recipe's optimiser in TensorFlow: Keras' own where it computes the recipe's formula, a few lines where it does not.

docs/recipes.md has the formulas. Keras adds epsilon elsewhere than PyTorch and the papers, in Adam before the second
moment is corrected and in RMSprop under the root, and rounds its betas to float32 where the weights are float64.
"""

from typing import Any, Callable, Dict, Iterable, List, Tuple

import numpy as np
import tensorflow as tf
from tensorflow import keras

from shared import recipe as recipes
from shared.recipe import AdamW, Optimizer, Sgd


def build(recipe: Optimizer, weights: List[Any]) -> Any:
    """Return the optimiser of the weights, before its first step."""
    return OPTIMIZERS[type(recipe)](recipe, weights)


def _sgd(recipe: Sgd, weights: List[Any]) -> keras.optimizers.Optimizer:
    found = keras.optimizers.SGD(
        learning_rate=recipe.learning_rate,
        momentum=np.float64(recipe.momentum),  # a Python float would be cast by way of float32
        nesterov=recipe.nesterov,
        weight_decay=None,
    )
    if hasattr(found, "jit_compile"):
        found.jit_compile = False  # Keras 2 compiles its update with XLA on a GPU, unasked
    found.build(weights)
    return found


class Adam:
    """Kingma & Ba 2015, algorithm 1; with a weight decay Loshchilov & Hutter 2019.

    Constants are multiplied in the weights' own precision; the corrections are computed in float64 whatever it is,
    as PyTorch computes them.
    """

    def __init__(self, recipe: "recipes.Adam | AdamW", weights: List[Any]) -> None:
        self._recipe = recipe
        self._decay = getattr(recipe, "weight_decay", 0.0)
        self._steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._means, self._squares = _zeros(weights), _zeros(weights)

    @property
    def variables(self) -> List[tf.Variable]:
        return [self._steps, *self._means, *self._squares]

    def apply_gradients(self, found: Iterable[Tuple[tf.Tensor, Any]]) -> None:
        """Take one step along (gradient, weight) pairs."""
        self._steps.assign_add(1)
        for (gradient, weight), mean, square in zip(found, self._means, self._squares):
            first = _averaged(mean, self._recipe.beta_1, gradient) / self._correction(self._recipe.beta_1, mean.dtype)
            second = _averaged(square, self._recipe.beta_2, gradient**2)
            root = tf.sqrt(second / self._correction(self._recipe.beta_2, mean.dtype))
            if self._decay:
                weight.assign_sub(self._recipe.learning_rate * self._decay * weight)
            weight.assign_sub(self._recipe.learning_rate * first / (root + self._recipe.epsilon))

    def _correction(self, beta: float, dtype: tf.DType) -> tf.Tensor:
        return tf.cast(1 - tf.constant(beta, tf.float64) ** tf.cast(self._steps, tf.float64), dtype)


class RmsProp:
    """Tieleman & Hinton 2012, epsilon added to the root."""

    def __init__(self, recipe: recipes.RmsProp, weights: List[Any]) -> None:
        self._recipe = recipe
        self._squares = _zeros(weights)

    @property
    def variables(self) -> List[tf.Variable]:
        return self._squares

    def apply_gradients(self, found: Iterable[Tuple[tf.Tensor, Any]]) -> None:
        """Take one step along (gradient, weight) pairs."""
        for (gradient, weight), square in zip(found, self._squares):
            root = tf.sqrt(_averaged(square, self._recipe.rho, gradient**2))
            weight.assign_sub(self._recipe.learning_rate * gradient / (root + self._recipe.epsilon))


def _zeros(weights: List[Any]) -> List[tf.Variable]:
    return [tf.Variable(tf.zeros(weight.shape, weight.dtype), trainable=False) for weight in weights]


def _averaged(average: tf.Variable, weight: float, new: tf.Tensor) -> tf.Tensor:
    """Average over the steps, the newest by 1 − weight; keep it and return it."""
    found = weight * average + (1 - weight) * new
    average.assign(found)
    return found


OPTIMIZERS: Dict[type, Callable[[Any, List[Any]], Any]] = {
    Sgd: _sgd,
    recipes.Adam: Adam,
    AdamW: Adam,
    recipes.RmsProp: RmsProp,
}
