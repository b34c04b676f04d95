"""A worker's life, once for every framework: import, data, build, warm-up, audit, epochs, predictions.

`images/<name>/worker.py` calls `main` with its `Framework`. The phases stand here in their order, what each does in
`shared/loop.py`, and what a framework brings in `shared/backend.py`. At import nothing but the standard library is
loaded: NumPy and the framework are imported on the clock of the phase `import`.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Callable, List, Mapping, NamedTuple, Tuple

from shared.emitter import Emitter, finite, private_stdout
from shared.events import RunEnded, WorkerReady
from shared.leftovers import AUDIT, FACTS, PREDICTIONS, STEPS, VALIDATION
from shared.trial import Trial, TrialError, data_folder, from_environment, out_folder

if TYPE_CHECKING:  # they import NumPy
    from shared.backend import Backend, Data, Score, Training


class Framework(NamedTuple):
    """What a worker must know of a framework before it is imported."""

    name: str  # its folder in images/
    title: str
    package: str  # whose version is the framework's
    environment: Callable[[Trial], Mapping[str, str]]  # variables that are read when the framework is imported
    load: Callable[[Trial], Backend]  # imports and configures it


def main(framework: Framework) -> int:
    """Run the trial in BAKEOFF_TRIAL; 0 when its last event is `run_ended`, 1 when it is `failed`."""
    trial = arguments(framework)
    # Process 1 of a container gets no SIGTERM that it does not handle.
    signal.signal(signal.SIGTERM, lambda number, _: os._exit(128 + number))
    emitter = Emitter(trial.id, out_folder(), private_stdout())
    return attempt(framework, trial, emitter, data_folder(), out_folder())


def arguments(framework: Framework) -> Trial:
    """Read the trial; exits with 2 and a sentence where there is none."""
    parser = argparse.ArgumentParser(
        prog=f"python -m images.{framework.name}.worker",
        description=f"bakeoff's {framework.title} worker: trains one trial and writes JSON events to standard output.",
        epilog="It reads the environment: BAKEOFF_TRIAL, the trial as JSON (required); BAKEOFF_DATA, the folder of the "
        "data set (default /data); BAKEOFF_OUT, the folder for what it leaves (default /out).",
    )
    parser.parse_args()
    try:
        return from_environment()
    except TrialError as error:
        parser.error(str(error))


def attempt(framework: Framework, trial: Trial, emitter: Emitter, folder: Path, out: Path) -> int:
    """Run the trial; where it raises, send `failed` as the last event and return 1."""
    try:
        run(framework, trial, emitter, folder, out)
    except Exception as error:
        traceback.print_exc()
        emitter.close()
        emitter.failed(error)
        return 1
    return 0


def run(framework: Framework, trial: Trial, emitter: Emitter, folder: Path, out: Path) -> None:
    """Do the whole trial, in order."""
    with emitter.phase("import"):
        os.environ.update(framework.environment(trial))
        import numpy as np

        backend = framework.load(trial)  # its libraries are loaded before pyarrow's
        from shared import facts, loop
        from shared.turns import Turns
    with emitter.phase("data"):
        data = loop.load_to_device(trial.recipe, folder, backend.place)
    with emitter.phase("build"):
        training = backend.build(data.train)
    emitter.emit(_ready(framework, trial, backend, training, data))
    loop.warm_up(trial, emitter, training, data)
    facts.write(out, backend.facts())  # after the warm-up: by now every library is loaded
    if trial.audit:  # after the first step, whose seconds are to hold tracing and compilation
        loop.audit(trial, emitter, training, out)
    epochs = range(1, trial.recipe.training.epochs + 1)
    turns = Turns(emitter) if trial.turns else None
    series = [loop.train_epoch(trial, epoch, emitter, training, data, turns) for epoch in epochs]
    with emitter.phase("predict"):
        logits = training.logits(data.test)
        np.save(out / PREDICTIONS, training.array(logits))
        np.save(out / VALIDATION, training.array(training.logits(data.validation)))
        np.savez(out / STEPS, **loop.joined(series))  # type: ignore[arg-type]  # names are no options of savez
        test = training.score(logits, data.test)
    emitter.close()
    emitter.emit(_ended(trial, backend, test, emitter.started))


def _ready(framework: Framework, trial: Trial, backend: Backend, training: Training, data: Data) -> WorkerReady:
    from shared.initial import digest

    versions = backend.versions()
    return WorkerReady(
        framework=framework.title,
        framework_version=versions[framework.package],
        versions=versions,
        device=backend.gpu_name() if trial.device == "cuda" else "cpu",
        modes=backend.modes(),
        data_sha256=data.sha256,
        initial_weights_sha256=digest(training.weights()),
        parameters=training.parameter_count(),
    )


def _ended(trial: Trial, backend: Backend, test: Score, started: float) -> RunEnded:
    peak_memory_bytes, peak_memory_kind = _peak_memory(trial, backend)
    return RunEnded(
        test_loss=finite(test.loss),
        test_accuracy=test.accuracy,
        peak_memory_bytes=peak_memory_bytes,
        peak_memory_kind=peak_memory_kind,
        wall_seconds=time.perf_counter() - started,
        files=_files(trial),
    )


def _peak_memory(trial: Trial, backend: Backend) -> Tuple[int, str]:
    """Return bytes and what they count; only the kind "allocator" compares frameworks' GPU memory."""
    if trial.device == "cuda":
        return backend.gpu_peak_bytes(), "allocator"
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "resident"  # Linux counts in KiB


def _files(trial: Trial) -> List[str]:
    return [PREDICTIONS, VALIDATION, STEPS, FACTS, *([AUDIT] if trial.audit else [])]
