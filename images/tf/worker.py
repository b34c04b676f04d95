"""Trains one trial: the image's entry point. The loop stands in shared/worker.py, the framework's part beside this."""

from typing import TYPE_CHECKING, Dict

from shared.trial import Trial
from shared.worker import Framework, main

if TYPE_CHECKING:  # the framework is imported on the clock
    from images.tf.backend import Backend


def environment(trial: Trial) -> Dict[str, str]:
    """Return the variables that are set over the user's; a mode is the way to vary one."""
    return {
        "KERAS_BACKEND": "tensorflow",
        "TF_USE_LEGACY_KERAS": "0",
        "TF_ENABLE_ONEDNN_OPTS": "0" if "onednn-off" in trial.modes else "1",
        "TF_CUDNN_USE_AUTOTUNE": "1" if "cudnn-autotune" in trial.modes else "0",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "TF_CPP_MIN_LOG_LEVEL": "1",  # warnings and worse: standard error is the evidence of a failure
    }


def load(trial: Trial) -> "Backend":
    from images.tf.backend import Backend

    return Backend(trial)


FRAMEWORK = Framework("tf", "TensorFlow", "tensorflow", environment, load)

if __name__ == "__main__":
    raise SystemExit(main(FRAMEWORK))
