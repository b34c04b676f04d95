"""Trains one trial: the image's entry point. The loop stands in shared/worker.py, the framework's part beside this."""

from typing import TYPE_CHECKING

from shared.trial import Trial
from shared.worker import Framework, main

if TYPE_CHECKING:  # the framework is imported on the clock
    from images.torch.backend import Backend

ENVIRONMENT = {
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # the deterministic mode needs it
}


def load(trial: Trial) -> "Backend":
    from images.torch.backend import Backend

    return Backend(trial)


FRAMEWORK = Framework("torch", "PyTorch", "torch", ENVIRONMENT, load)

if __name__ == "__main__":
    raise SystemExit(main(FRAMEWORK))
