"""Trains one trial: the image's entry point. The loop stands in shared/worker.py, the framework's part beside this."""

from typing import TYPE_CHECKING, Dict

from shared.trial import Trial
from shared.worker import Framework, main

if TYPE_CHECKING:  # the framework is imported on the clock
    from images.torch.backend import Backend


def environment(trial: Trial) -> Dict[str, str]:
    """Return the variables that are set over the user's; a mode is the way to vary one."""
    return {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"} if "deterministic" in trial.modes else {}


def load(trial: Trial) -> "Backend":
    from images.torch.backend import Backend

    return Backend(trial)


FRAMEWORK = Framework("torch", "PyTorch", "torch", environment, load)

if __name__ == "__main__":
    raise SystemExit(main(FRAMEWORK))
