"""Does `--until-decided` find a worker that was made slower, and does it claim nothing of an image against itself?

The slower worker is PyTorch's with one change to its source: each training step goes on computing nothing until a given
share of its own time has passed. A round is one comparison with either, judged after the table's looks.

    python -m benchmarks.planted_slowdown --noise
    python -m benchmarks.planted_slowdown --slower 0 --rounds 1     # the same image alone
"""

from __future__ import annotations

import argparse
import contextlib
import io
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.noise import neighbour
from benchmarks.turn_length import throughput
from orchestrator import pipeline, progress
from orchestrator.analyse.ratio_verdict import RatioVerdict
from orchestrator.engines.docker import DockerEngine
from orchestrator.runtime import Runtime, detect
from orchestrator.spec.contenders import parse
from orchestrator.spec.spec import Spec
from tests.support.planted import Change, changed_files, pack

TRAINING = "images/torch/training.py"
SLOWED = "bakeoff-benchmark/slowed"


def main() -> None:
    options = _arguments()
    with tempfile.TemporaryDirectory() as folder, neighbour(wanted=options.noise):
        runtime = detect(_spec("torch", options), Path(folder), None)
        engine = runtime.engine
        assert isinstance(engine, DockerEngine), "the slower worker is an image"
        image = engine.client.images.get(engine.prepare(parse("torch"), "cpu", print).handle).tags[0]
        with slowed(engine, image, options.slower) as changed:
            for number in range(1, options.rounds + 1):
                for title, other in ([("slower", changed)] if options.slower else []) + [("the same", image)]:
                    print(f"round {number}, {title}: {_decide(_spec(f'other@{other}', options), runtime)}", flush=True)


@contextlib.contextmanager
def slowed(engine: DockerEngine, image: str, share: float) -> Iterator[str]:
    """Yield an image whose steps take longer by a share of their time; it is removed afterwards."""
    change = Change(
        TRAINING,
        "        loss, correct = self._differentiate(batch)\n        self.optimizer.step()\n",
        "        import time\n"
        "        begin = time.perf_counter()\n"
        "        loss, correct = self._differentiate(batch)\n"
        "        self.optimizer.step()\n"
        f"        end = begin + (time.perf_counter() - begin) * {1 + share}\n"
        "        while time.perf_counter() < end:\n"
        "            pass\n",
    )
    tag = f"{SLOWED}:{share:g}"
    engine.client.images.build(fileobj=pack(image, changed_files([change])), custom_context=True, rm=True, tag=tag)
    try:
        yield tag
    finally:
        engine.client.images.remove(tag, force=True)


def _decide(spec: Spec, runtime: Runtime) -> str:
    """Run one comparison and say what came of it, after how many blocks and minutes."""
    begin = time.monotonic()
    _, summary = pipeline.compare(spec, runtime, progress.view("quiet", io.StringIO()))
    found = throughput(summary).verdict
    return f"{_words(found)}, {found.blocks} blocks, {(time.monotonic() - begin) / 60:.1f} minutes"


def _words(found: RatioVerdict) -> str:
    low, high = found.interval or (0.0, float("inf"))
    return f"{found.words}: images/s × {found.estimate:.3f}, {low:.3f} to {high:.3f}"


def _spec(other: str, options: argparse.Namespace) -> Spec:
    return Spec(
        contenders=("torch", other),
        recipes=("matched-8x8",),
        until_decided=True,
        parity=False,
        train_images=options.train_images,
        epochs=options.epochs,
        engine="docker",
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slower", type=float, default=0.1, help="share of a step's own time; 0: the same image alone")
    parser.add_argument("--train-images", type=int, default=40_000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--noise", action="store_true", help="with a neighbour of benchmarks.noise")
    return parser.parse_args()


if __name__ == "__main__":
    main()
