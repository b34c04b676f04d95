"""What Keras or TensorFlow computes by another formula than the recipe's: gelu, batch norm, Adam and RMSprop.

docs/recipes.md has the formulas. Keras adds epsilon elsewhere than PyTorch and the papers, in Adam before the second
moment is corrected and in RMSprop under the root, and rounds its betas to float32 where the weights are float64.
"""

import math
from typing import Any, Iterable, List, Tuple

import tensorflow as tf
from tensorflow import keras

from shared import recipe as recipes


def gelu(sums: tf.Tensor) -> tf.Tensor:
    """TensorFlow's own, whose √2 is a float32 even where the sums are float64."""
    return sums * (1 + tf.math.erf(sums / math.sqrt(2))) / 2


class Normalization(keras.layers.Layer):
    """Batch norm whose running variance is the unbiased one, as the recipe and PyTorch have it.

    Keras 3 keeps the biased one, Keras 2 either, by whether its fused kernel runs.
    """

    def __init__(self, momentum: float, epsilon: float, activation: Any) -> None:
        super().__init__()
        self._momentum, self._epsilon, self._activation = momentum, epsilon, activation

    def build(self, shape: Any) -> None:
        channels = (shape[-1],)
        self.scale = self.add_weight(name="scale", shape=channels, initializer="ones")
        self.shift = self.add_weight(name="shift", shape=channels, initializer="zeros")
        self.running_mean = self.add_weight(name="mean", shape=channels, initializer="zeros", trainable=False)
        self.running_variance = self.add_weight(name="variance", shape=channels, initializer="ones", trainable=False)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        mean, variance = self.running_mean, self.running_variance
        if training:
            mean = _mean(inputs)
            variance = _mean(tf.math.squared_difference(inputs, tf.stop_gradient(mean)))
            values = tf.cast(tf.size(inputs) // inputs.shape[-1], inputs.dtype)  # that one channel has
            self._remember(self.running_mean, mean)
            self._remember(self.running_variance, variance * values / (values - 1))
        normal = tf.nn.batch_normalization(inputs, mean, variance, self.shift, self.scale, self._epsilon)
        return normal if self._activation is None else self._activation(normal)

    def _remember(self, running: Any, new: tf.Tensor) -> None:
        running.assign(self._momentum * running + (1 - self._momentum) * new)


def _mean(values: tf.Tensor) -> tf.Tensor:
    """Average over all axes but the last, first within an image.

    In one go, as `tf.nn.moments` does, TensorFlow adds 20,000 numbers of an image's empty border one after the other in
    float32, and the mean is off by 1e-4.
    """
    return tf.reduce_mean(tf.reduce_mean(values, [1, 2]) if len(values.shape) == 4 else values, 0)


class Adam:
    """Kingma & Ba 2015, algorithm 1; with a weight decay Loshchilov & Hutter 2019.

    Constants are multiplied in the weights' own precision; the corrections are computed in float64 whatever it is,
    as PyTorch computes them.
    """

    def __init__(self, recipe: "recipes.Adam | recipes.AdamW", weights: List[Any]) -> None:
        self._recipe = recipe
        self._decay = getattr(recipe, "weight_decay", 0.0)
        self._steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._means, self._squares = _zeros(weights), _zeros(weights)

    @property
    def variables(self) -> List[tf.Variable]:
        return [self._steps, *self._means, *self._squares]

    def apply_gradients(self, pairs: Iterable[Tuple[tf.Tensor, Any]]) -> None:
        """Take one step along (gradient, weight) pairs."""
        self._steps.assign_add(1)
        for (gradient, weight), mean, square in zip(pairs, self._means, self._squares):
            first = _average(mean, self._recipe.beta_1, gradient) / self._correction(self._recipe.beta_1, mean.dtype)
            second = _average(square, self._recipe.beta_2, gradient**2)
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

    def apply_gradients(self, pairs: Iterable[Tuple[tf.Tensor, Any]]) -> None:
        """Take one step along (gradient, weight) pairs."""
        for (gradient, weight), square in zip(pairs, self._squares):
            root = tf.sqrt(_average(square, self._recipe.rho, gradient**2))
            weight.assign_sub(self._recipe.learning_rate * gradient / (root + self._recipe.epsilon))


def _zeros(weights: List[Any]) -> List[tf.Variable]:
    return [tf.Variable(tf.zeros(weight.shape, weight.dtype), trainable=False) for weight in weights]


def _average(average: tf.Variable, weight: float, new: tf.Tensor) -> tf.Tensor:
    """Average over the steps, the newest by 1 − weight; keep it and return it."""
    updated = weight * average + (1 - weight) * new
    average.assign(updated)
    return updated
