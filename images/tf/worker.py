"""Trains one trial in TensorFlow and tells what happened: settings → data → model → loop → events.

Reads in one sitting, best beside `images/torch/worker.py`: the two differ in names alone, and what
the frameworks do differently stands in `settings.py`, `model.py` and `training.py`. The timed
region holds training and nothing else.
"""

import argparse
import math
import os
import signal
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Dict, List

from shared.emitter import Emitter, finite, private_stdout
from shared.events import EpochEnded, Heartbeat, RunEnded, Warned, WorkerReady
from shared.recipe import Recipe
from shared.timing import timed
from shared.trial import Trial, TrialError, data_folder, from_environment, out_folder

if TYPE_CHECKING:  # the framework is imported on the clock, in `run`
    from images.tf.training import Data, Training

ENVIRONMENT = {  # read by the framework when it is imported
    "KERAS_BACKEND": "tensorflow",
    "TF_USE_LEGACY_KERAS": "0",
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "TF_CUDNN_USE_AUTOTUNE": "0",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "TF_CPP_MIN_LOG_LEVEL": "1",  # warnings and worse: standard error is the evidence of a failure
}


def main() -> int:
    """Run the trial in BAKEOFF_TRIAL; 0 when its last word is `run_ended`."""
    trial = arguments()
    # Process 1 of a container gets no SIGTERM that it does not handle.
    signal.signal(signal.SIGTERM, lambda number, _: os._exit(128 + number))
    emitter = Emitter(trial.id, out_folder(), private_stdout())
    try:
        run(trial, emitter, data_folder(), out_folder())
    except Exception as error:
        traceback.print_exc()
        emitter.close()
        emitter.failed(error)
        return 1
    return 0


def arguments() -> Trial:
    parser = argparse.ArgumentParser(
        prog="python -m images.tf.worker",
        description="bakeoff's TensorFlow worker: trains one trial and writes JSON events to standard output.",
        epilog="It reads the environment: BAKEOFF_TRIAL, the trial as JSON (required); BAKEOFF_DATA, the folder of the "
        "data set (default /data); BAKEOFF_OUT, the folder for what it leaves (default /out).",
    )
    parser.parse_args()
    try:
        return from_environment()
    except TrialError as error:
        parser.error(str(error))


def run(trial: Trial, emitter: Emitter, folder: Path, out: Path) -> None:
    """Do the whole trial, in order."""
    recipe = trial.recipe
    with emitter.phase("import"):
        os.environ.update(ENVIRONMENT)
        import numpy as np

        from images.tf import facts, model, settings
        from images.tf.training import Training, resident
        from shared.initial import digest

        device = settings.settle(trial)
    with emitter.phase("data"):
        data = resident(recipe, folder, device)
    with emitter.phase("build"):
        network = model.build(recipe, trial.seed, device)
        training = Training(trial, network, data.train)
    versions = settings.versions(device)
    emitter.emit(
        WorkerReady(
            framework="TensorFlow",
            framework_version=versions["tensorflow"],
            versions=versions,
            device=settings.device_name(device),
            modes=settings.modes(trial),
            data_sha256=data.sha256,
            initial_weights_sha256=digest(model.neutral_weights(recipe, network)),
            parameters=model.parameter_count(network),
        )
    )
    warm_up(emitter, training, data)
    facts.write(device, out)  # after the warm-up too: by now every library is loaded
    if trial.audit:  # after the first step, whose seconds are to hold tracing and compilation
        audit(trial, emitter, training, out)
    epochs = range(1, recipe.training.epochs + 1)
    series = [train_epoch(recipe, epoch, emitter, training, data) for epoch in epochs]
    with emitter.phase("predict"):
        logits = training.logits(data.test)
        np.save(out / "predictions.npy", training.array(logits))
        np.savez(out / "steps.npz", **joined(series))
        test = training.score(logits, data.test)
    emitter.close()
    peak_memory_bytes, peak_memory_kind = settings.peak_memory(device)
    emitter.emit(
        RunEnded(
            test_loss=finite(test.loss),
            test_accuracy=test.accuracy,
            peak_memory_bytes=peak_memory_bytes,
            peak_memory_kind=peak_memory_kind,
            wall_seconds=time.perf_counter() - emitter.started,
            files=["predictions.npy", "steps.npz", "facts.json", *(["audit.npz"] if trial.audit else [])],
        )
    )


def audit(trial: Trial, emitter: Emitter, training: "Training", out: Path) -> None:
    """Leave what the host's float64 reference must agree with as audit.npz; weights and optimiser are put back."""
    import numpy as np

    from images.tf import model

    before, half = training.snapshot(), len(trial.audit) // 2
    with emitter.phase("audit"):
        found = training.audit(*(np.array(part, np.int64) for part in (trial.audit[:half], trial.audit[half:])))
        arrays = {"logits": found.logits, "loss": found.loss, "score.loss": found.score.loss}
        arrays["score.accuracy"] = found.score.accuracy
        for kind in ("gradients", "weights_1", "weights_2"):
            named = model.neutral(trial.recipe, getattr(found, kind))
            arrays.update({f"{kind}.{weight}": array for weight, array in named})
        np.savez(out / "audit.npz", **arrays)
    training.restore(before)


def warm_up(emitter: Emitter, training: "Training", data: "Data") -> None:
    """Meet every shape of the timed region once, then put weights and optimiser back: nothing was learnt."""
    before = training.snapshot()
    batches = training.batches(training.file_order())
    with emitter.phase("first_step"):
        training.step(batches[0])
        training.synchronise()
    with emitter.phase("warm_up"):
        training.step(batches[-1])
        training.evaluate(data.validation.first())
        training.synchronise()
    training.restore(before)


def train_epoch(recipe: Recipe, epoch: int, emitter: Emitter, training: "Training", data: "Data") -> List[List[float]]:
    """Train on the clock; then evaluate, read the steps' scalars back and tell. Return them, a list a scalar."""
    images = recipe.data.train.images
    order = training.order(epoch)
    batches = training.batches(order)
    emitter.step = 0
    emitter.pulse = Heartbeat(phase="train", epoch=epoch, steps=math.ceil(images / recipe.training.batch_size))
    taken = []
    with timed(training.synchronise) as train_watch:
        for number, indices in enumerate(batches, 1):
            emitter.step = number
            taken.append(training.step(indices))
    with timed(training.synchronise) as evaluation_watch:
        validation = training.evaluate(data.validation)
    step_losses, correct, *norms = (training.read(scalars) for scalars in zip(*taken))
    train_loss = sum(loss * len(indices) for loss, indices in zip(step_losses, batches)) / images
    diverged = not math.isfinite(train_loss + validation.loss)
    emitter.steps(epoch, step_losses)
    emitter.emit(
        EpochEnded(
            epoch=epoch,
            images=images,
            seconds=train_watch.seconds,
            evaluation_seconds=evaluation_watch.seconds,
            train_loss=finite(train_loss),
            train_accuracy=sum(correct) / images,
            val_loss=finite(validation.loss),
            val_accuracy=validation.accuracy,
            diverged=diverged,
            order_sha256=order.sha256,
        )
    )
    if diverged:
        emitter.emit(Warned(f"the training has diverged: a loss of epoch {epoch} is not finite"))
    return [step_losses, *norms]


def joined(epochs: List[List[List[float]]]) -> Dict[str, List[float]]:
    """Name the series of all steps: losses, and norms where the trial asked for them."""
    names = ("losses", "gradient_norms", "weight_norms")
    return {name: [number for epoch in parts for number in epoch] for name, parts in zip(names, zip(*epochs))}


if __name__ == "__main__":
    raise SystemExit(main())
