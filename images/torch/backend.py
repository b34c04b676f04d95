"""The framework, configured for a trial and its device: `shared.backend.Backend`."""

from typing import Dict

import numpy as np
import torch

from images.torch import facts, model, settings
from images.torch.training import Training
from shared.backend import Part
from shared.trial import Trial


class Backend:
    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._device = settings.configure(trial)

    def place(self, images: np.ndarray, labels: np.ndarray) -> Part:
        widened = torch.from_numpy(images)[:, None].to(self._device, torch.get_default_dtype())
        return Part(widened, torch.from_numpy(labels).to(self._device))

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
