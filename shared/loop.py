"""The parts of a trial's training, once for every framework: data, warm-up, audit, and an epoch with its clock.

The timed region holds training steps and nothing else. Imports NumPy and pyarrow, so `shared.worker` imports it
within the phase `import`.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from numpy.typing import NDArray

from shared import mnist
from shared.backend import Data, Part, Score, Training
from shared.emitter import Emitter, finite
from shared.events import EpochEnded, Heartbeat, Warned
from shared.initial import Weights
from shared.leftovers import AUDIT, STEP_SERIES
from shared.order import Order, order_of, sequential, shuffled
from shared.recipe import Recipe
from shared.timing import timed
from shared.trial import Trial
from shared.turns import LEAD_STEPS, Stretch, Turns

Place = Callable[[NDArray[np.float32], NDArray[np.int64]], Part]


def load_to_device(recipe: Recipe, folder: Path, place: Place) -> Data:
    """Read the data set once and keep it on the device, so that no loader stands in the timed region."""
    images = mnist.load(folder, recipe.data.view)

    def part(pixels: mnist.Bytes, labels: mnist.Bytes) -> Part:
        return place(mnist.scale(pixels, recipe.data.mean, recipe.data.std), labels.astype(np.int64))

    return Data(
        train=part(*mnist.select(images, recipe.data.train)),
        validation=part(*mnist.select(images, recipe.data.validation)),
        test=part(images.test_images, images.test_labels),
        sha256=images.sha256,
    )


def warm_up(trial: Trial, emitter: Emitter, training: Training, data: Data) -> None:
    """Train and evaluate every shape of the timed region once, then put weights and optimizer back."""
    recipe, before = trial.recipe, training.snapshot()
    batches = training.batches(sequential(recipe.data.train.images).indices, recipe.training.batch_size)
    with emitter.phase("first_step"):
        training.step(batches[0])
        training.synchronise()
    with emitter.phase("warm_up"):
        training.step(batches[-1])
        evaluate(training, data.validation.first())
        training.synchronise()
    training.restore(before)


def audit(trial: Trial, emitter: Emitter, training: Training, out: Path) -> None:
    """Write what the host's float64 reference must agree with to audit.npz; put weights and optimizer back."""
    before = training.snapshot()
    with emitter.phase("audit"):
        np.savez(out / AUDIT, **_audited(training, np.array(trial.audit, np.int64)))
    training.restore(before)


def _audited(training: Training, indices: NDArray[np.int64]) -> Dict[str, Any]:
    """Compute the arrays of audit.npz from two batches, half of the indices each; two steps on afterwards."""
    batches = training.batches(indices, len(indices) // 2)
    part, before = training.part(batches[0]), training.snapshot()
    logits = training.logits(part)
    with training.without_dropout() as step:
        loss, gradients = training.gradients(batches[0])
        training.restore(before)  # to differentiate moves the statistics
        weights = [_after(step, batch, training) for batch in batches]
    score = training.score(logits, part)
    arrays = {"logits": training.array(logits), "loss": loss, "score.loss": score.loss}
    arrays["score.accuracy"] = score.accuracy
    for kind, named in (("gradients", gradients), ("weights_1", weights[0]), ("weights_2", weights[1])):
        arrays.update({f"{kind}.{name}": array for name, array in named})
    return arrays


def _after(step: Callable[[Any], Any], batch: Any, training: Training) -> Weights:
    step(batch)
    return training.weights()


def evaluate(training: Training, part: Part) -> Score:
    """Score the weights as they are."""
    return training.score(training.logits(part), part)


def order_of_epoch(trial: Trial, epoch: int, training: Training) -> Order:
    """Return the images' order in an epoch, made on the CPU: the same whatever the device."""
    images, order = trial.recipe.data.train.images, trial.recipe.training.order
    if order == "shared":
        return shuffled(images, trial.seed, epoch)
    return order_of(training.shuffle(images)) if order == "framework" else sequential(images)


class _Trained(NamedTuple):
    """An epoch's steps: what each returned, and the seconds of all. Both grow where it is trained by turns."""

    results: List[Tuple[Any, ...]]
    seconds: float


def train_epoch(
    trial: Trial, epoch: int, emitter: Emitter, training: Training, data: Data, turns: Optional[Turns] = None
) -> List[List[float]]:
    """Train on the clock; then evaluate, read the steps' scalars back and send the epoch's events.

    Whatever it does stands within a turn, where the trial trains by turns. Return a list for each of STEP_SERIES that
    the trial keeps, one number a step.
    """
    if turns:
        turns.take()
    images, size = trial.recipe.data.train.images, trial.recipe.training.batch_size
    emitter.begin_epoch(Heartbeat(phase="train", epoch=epoch, steps=math.ceil(images / size)))
    order = order_of_epoch(trial, epoch, training)
    batches = training.batches(order.indices, size)
    trained = _train_epoch(epoch, batches, emitter, training, turns)
    with timed(training.synchronise) as evaluation_watch:
        validation = evaluate(training, data.validation)
    step_losses, correct, *norms = (training.read(scalars) for scalars in zip(*trained.results))
    train_loss = sum(loss * len(batch) for loss, batch in zip(step_losses, batches)) / images
    emitter.steps(epoch, step_losses)
    event = EpochEnded(
        epoch=epoch,
        images=images,
        seconds=trained.seconds,
        evaluation_seconds=evaluation_watch.seconds,
        train_loss=finite(train_loss),
        train_accuracy=sum(correct) / images,
        val_loss=finite(validation.loss),
        val_accuracy=validation.accuracy,
        diverged=not math.isfinite(train_loss + validation.loss),
        order_sha256=order.sha256,
    )
    emitter.emit(event)
    if event.diverged:
        emitter.emit(Warned(f"the training has diverged: a loss of epoch {epoch} is not finite"))
    if turns:
        turns.end()
    return [step_losses, correct, *norms]


def _train_epoch(
    epoch: int, batches: Sequence[Any], emitter: Emitter, training: Training, turns: Optional[Turns]
) -> _Trained:
    if turns:
        return _train_by_turns(epoch, batches, emitter, training, turns)
    return _train(batches, 0, len(batches), emitter, training)


def _train(batches: Sequence[Any], start: int, stop: int, emitter: Emitter, training: Training) -> _Trained:
    """Train on some of an epoch's batches, on the clock."""
    part, results = batches[start:stop], []
    with timed(training.synchronise) as watch:
        for number, batch in enumerate(part, start + 1):
            emitter.step = number
            results.append(training.step(batch))
    return _Trained(results, watch.seconds)


def _train_by_turns(epoch: int, batches: Sequence[Any], emitter: Emitter, training: Training, turns: Turns) -> _Trained:
    """Train on all batches of an epoch, turn by turn. The last turn is not over: evaluation stands in it."""
    results: List[Tuple[Any, ...]] = []
    seconds = 0.0
    while True:
        start = len(results)
        stop = start + turns.steps(len(batches) - start)
        lead = min(start + LEAD_STEPS, stop)
        cold, warm = (_train(batches, *span, emitter, training) for span in ((start, lead), (lead, stop)))
        results += cold.results + warm.results
        seconds += cold.seconds + warm.seconds
        turns.note(Stretch(epoch, stop, stop - lead, sum(map(len, batches[lead:stop])), warm.seconds))
        if stop == len(batches):
            return _Trained(results, seconds)
        turns.end()


def joined(epochs: Sequence[List[List[float]]]) -> Dict[str, List[float]]:
    """Name the series of all steps: losses, and norms where the trial asked for them."""
    return {name: [number for epoch in parts for number in epoch] for name, parts in zip(STEP_SERIES, zip(*epochs))}
