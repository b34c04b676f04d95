"""The whole line with a script for every trial: what a comparison's tests share."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from orchestrator import pipeline
from orchestrator import progress as console
from orchestrator.analyse.summary import Summary
from orchestrator.engines.engine import Launch
from orchestrator.engines.scripted import Script, ScriptedEngine
from orchestrator.host.hardware import Hardware
from orchestrator.progress.view import View
from orchestrator.record.record import Record
from orchestrator.record.run_folder import RunFolder
from orchestrator.runtime import Runtime
from orchestrator.spec.spec import Spec
from shared import mnist
from shared import trial as trials
from shared.events import EpochEnded, Event
from shared.leftovers import STEPS
from shared.trial import Trial
from tests.support import honest
from tests.support.arrays import npz
from tests.support.streams import LOSS_OF_RIGHT, lines, logits, ready, story_of

TF, TORCH = "tf==2.21.0", "torch==2.13.0"
SPEC = Spec(epochs=2, train_images=640)
"""Two recipes in two contenders: four trials."""

MATCHED = Spec(recipes=("matched-8x8",), epochs=1, train_images=5120)
"""One matched recipe of forty steps in two contenders."""

FACTS = {
    "tf": b'{"libc": "glibc 2.36", "denormals": "flushed to zero"}',
    "torch": b'{"libc": "glibc 2.36", "denormals": "kept"}',
}


@dataclass(frozen=True)
class Line:
    """Runs comparisons with a script for every trial."""

    out: Path
    data: Path
    labels: NDArray[np.uint8]

    @classmethod
    def over(cls, out: Path, data: Path) -> Line:
        """Return a line of the prepared data in a folder."""
        return cls(out, data, mnist.load(data, "8x8").test_labels)

    def runtime(self, script: Callable[[Launch], Script] | None = None, **refuses: str) -> Runtime:
        return Runtime(
            engine=ScriptedEngine(script or self.good, {TF: refuses["tf"]} if "tf" in refuses else {}),
            engine_notice="",
            hardware=Hardware(cores=2, load=0.1),
            environment={"cpu": "a made-up processor"},
            out=self.out,
            data=self.data,
        )

    def good(self, launch: Launch, wrong: int = 0, claims_wrong: int = 0, epoch_seconds: float = 0.5) -> Script:
        """Play a worker that trains to its end, gets `wrong` images wrong and says that it got `claims_wrong` wrong."""
        return self.story(launch, wrong, claims_wrong, epoch_seconds)[1]

    def story(
        self, launch: Launch, wrong: int = 0, claims_wrong: int = 0, epoch_seconds: float = 0.5
    ) -> tuple[list[Event], Script]:
        """Return what such a worker says, event by event, and the script of it."""
        trial = trial_of(launch)
        first, *rest = story_of(
            trial.recipe,
            test_accuracy=1 - claims_wrong / len(self.labels),
            test_loss=LOSS_OF_RIGHT + wrong / len(self.labels),
        )
        version = trial.contender.partition("==")[2]
        data_sha256 = mnist.DATA_SHA256[trial.recipe.data.view]
        named = ready(framework=launch.prepared.contender.title, framework_version=version, data_sha256=data_sha256)
        first = replace(named, parameters=first.parameters)  # type: ignore[union-attr]
        timed = [replace(each, seconds=epoch_seconds) if isinstance(each, EpochEnded) else each for each in rest]
        events = honest.with_hashes(trial, [first, *timed])
        files = {
            "predictions.npy": logits(self.labels, wrong),
            "facts.json": FACTS.get(launch.prepared.contender.name, b"{}"),
        }
        files |= honest.files(trial.recipe, events, _data(self.data))
        return list(events), Script(lines(*events, trial=trial.id), files=files)


@functools.cache
def _data(folder: Path) -> mnist.Mnist:
    return mnist.load(folder, "8x8")


def trial_of(launch: Launch) -> Trial:
    return trials.from_environment(launch.environment)


def compare(runtime: Runtime, spec: Spec = SPEC, view: View | None = None) -> tuple[RunFolder, Summary]:
    """Run a comparison that nobody watches, or `view` does."""
    return pipeline.compare(spec, runtime, view or console.view("quiet", io.StringIO()))


def matched_runtime(line: Line, apart: float) -> Runtime:
    """A runtime in which PyTorch's losses are `apart` from TensorFlow's from the second step on."""

    def script(launch: Launch) -> Script:
        found, trial = line.good(launch), trial_of(launch)
        losses = np.linspace(2.3, 1.0, 40)
        losses[1:] += apart if trial.contender == TORCH else 0.0
        norms = {"gradient_norms": losses, "weight_norms": losses} if trial.norms else {}
        return replace(found, files={**found.files, STEPS: npz(losses=losses, **norms)})

    return line.runtime(script)


class Pressing:
    """A view at which somebody presses Ctrl-C at the event of number `after`."""

    def __init__(self, after: int) -> None:
        self._left = after

    def say(self, line: str) -> None: ...

    def plan_made(self, plan: object, heading: str) -> None: ...

    def trial_started(self, trial_id: str) -> None: ...

    def trial_ended(self, record: Record) -> None: ...

    def event(self, trial_id: str, event: Event) -> None:
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt

    def looked(self, look: object) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...
