"""The framework, configured for a trial and its device: `shared.backend.Backend`."""

from typing import Dict

import numpy as np
import tensorflow as tf
from tensorflow import keras

from images.tf import facts, model, settings
from images.tf.training import Training
from shared.backend import Part
from shared.trial import Trial


class Backend:
    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._device = settings.configure(trial)

    def place(self, images: np.ndarray, labels: np.ndarray) -> Part:
        with tf.device(self._device):
            return Part(tf.constant(images[..., None], keras.backend.floatx()), tf.constant(labels))

    def build(self, train: Part) -> Training:
        network = model.build(self._trial.recipe, self._trial.seed, self._device)
        return Training(self._trial, network, train, self._device)

    def versions(self) -> Dict[str, str]:
        return settings.versions(self._trial)

    def modes(self) -> Dict[str, str]:
        return settings.modes(self._trial)

    def gpu_name(self) -> str:
        return settings.gpu_name()

    def gpu_peak_bytes(self) -> int:
        return settings.gpu_peak_bytes()

    def facts(self) -> Dict[str, str]:
        return facts.read(self._trial, self._device)
