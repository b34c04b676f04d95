"""What the host adds to a trial: its wall time less the worker's own, beside a bare container of the same image.

Both are taken in turn in one run, so that a busy machine is busy for both. The bare
container is created, started, waited for and removed through the SDK, with no restriction, no
volume of its own and nobody reading: the least that anything that uses Docker can take.
Nothing of what is measured is kept.

    python -m benchmarks.overhead --runs 20
    python -m benchmarks.overhead --contender torch
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import docker
import numpy as np
from docker import DockerClient
from docker.types import Mount
from numpy.typing import NDArray

from orchestrator.data import dataset
from orchestrator.engines.docker import DockerEngine
from orchestrator.engines.docker.files import DATA_VOLUME
from orchestrator.engines.docker.labels import OWNER_LABELS
from orchestrator.engines.engine import Prepared
from orchestrator.plan.plan import PlannedTrial
from orchestrator.record.record import Status
from orchestrator.record.trial_folder import TrialFolder
from orchestrator.run.one_trial import TrialSetup, run_trial
from orchestrator.spec import recipes
from orchestrator.spec.contenders import IMAGES, parse
from shared import mnist
from shared.recipe import Recipe
from shared.trial import to_json
from tests.support.contenders.toy import worker as toy
from tests.support.engines import trial
from tests.support.paths import TOYS
from tests.support.plans import plan_of


@dataclass(frozen=True)
class Subject:
    """What is started again and again."""

    engine: DockerEngine
    prepared: Prepared
    planned: PlannedTrial
    labels: NDArray[np.uint8]
    volume: str


@dataclass(frozen=True)
class Sample:
    wall_seconds: float
    worker_seconds: float  # by the worker's own clock, from its first instruction to its last word

    @property
    def overhead_seconds(self) -> float:
        return self.wall_seconds - self.worker_seconds


def main() -> None:
    options = _arguments()
    client = docker.from_env(timeout=120)
    with _subject(client, options.contender) as subject, tempfile.TemporaryDirectory() as folder:
        kinds: dict[str, Callable[[], Sample]] = {
            "bakeoff trial": lambda: _trial(subject, Path(folder)),
            "bare container": lambda: _bare(client, subject),
        }
        for take in kinds.values():  # one of each first: caches, the engine's own start
            take()
        rounds = [_round(kinds, number) for number in range(options.runs)]
    client.close()
    _show(subject, {kind: [each[kind] for each in rounds] for kind in kinds})


def _round(kinds: dict[str, Callable[[], Sample]], number: int) -> dict[str, Sample]:
    """Take one of each; every other round starts with the other."""
    order = list(kinds) if number % 2 == 0 else list(kinds)[::-1]
    return {kind: kinds[kind]() for kind in order}


def _trial(subject: Subject, folder: Path) -> Sample:
    bench = TrialSetup(subject.engine, f"overhead-{uuid.uuid4().hex[:12]}", subject.labels)
    record = run_trial(bench, subject.planned, subject.prepared, TrialFolder(folder / bench.run_id), lambda *_: None)
    if record.status is not Status.DONE or record.wall_seconds is None or record.worker_seconds is None:
        raise SystemExit(f"a trial failed, so nothing was measured: {record.reason}")
    return Sample(record.wall_seconds, record.worker_seconds)


def _bare(client: DockerClient, subject: Subject) -> Sample:
    start = time.monotonic()
    container = client.containers.create(
        subject.prepared.handle,
        environment={"BAKEOFF_TRIAL": to_json(subject.planned.trial), "BAKEOFF_OUT": "/tmp", "HOME": "/tmp"},
        mounts=[Mount("/data", subject.volume, type="volume", read_only=True)],
        labels=OWNER_LABELS,
    )
    try:
        container.start()
        container.wait()
        waited = time.monotonic() - start
        last_word = json.loads(container.logs(stdout=True, stderr=False, tail=1))
        start = time.monotonic()
    finally:
        container.remove(force=True)
    return Sample(waited + time.monotonic() - start, last_word["wall_seconds"])


@contextmanager
def _subject(client: DockerClient, written: str) -> Iterator[Subject]:
    base = os.environ.get("BAKEOFF_BASE_IMAGE", "")
    if written != "toy":
        yield _real(DockerEngine(client, IMAGES, base), written)
        return
    volume = client.volumes.create(f"bakeoff-overhead-{uuid.uuid4().hex[:12]}", labels=OWNER_LABELS)
    try:
        engine = DockerEngine(client, TOYS, base, data_volume=str(volume.name))
        contender = parse("toy", TOYS)
        planned = PlannedTrial(trial("finish"), contender, 1)
        labels = np.arange(toy.IMAGES, dtype=np.uint8)
        yield Subject(engine, engine.prepare(contender, "cpu", _ignore), planned, labels, str(volume.name))
    finally:
        volume.remove(force=True)


def _real(engine: DockerEngine, written: str) -> Subject:
    """Prepare a real contender to train one short epoch on the CPU."""
    idx = os.environ.get("BAKEOFF_IDX")
    data = dataset.ensure(dataset.default_folder(), Path(idx) if idx else None, _ignore).folder
    contender = parse(written)
    prepared = engine.prepare(contender, "cpu", _ignore)
    engine.supply(data, prepared, _ignore)
    [planned] = plan_of([contender], [_short()], threads=os.cpu_count() or 1).trials
    return Subject(engine, prepared, planned, mnist.load(data, "8x8").test_labels, DATA_VOLUME)


def _short() -> Recipe:
    return recipes.apply_sizes(recipes.load("article-torch"), quick=True, epochs=1, train_images=2048)


def _show(subject: Subject, samples: dict[str, list[Sample]]) -> None:
    contender = subject.planned.contender.written
    pairs = zip(*samples.values(), strict=True)
    ratio = median(mine.overhead_seconds / bare.overhead_seconds for mine, bare in pairs)
    print(f"{contender}, {len(next(iter(samples.values())))} rounds, seconds: median [least … most]")
    print(f"{'':>16}{'wall':>26}{'worker':>26}{'overhead':>26}")
    for kind, taken in samples.items():
        print(f"{kind:>16}" + "".join(f"{_words(column):>26}" for column in _columns(taken).values()))
    print(f"overhead of a bakeoff trial / of a bare container, median of the rounds: {ratio:.2f}")
    document: dict[str, Any] = {
        "contender": contender,
        "image": subject.prepared.image,
        "rounds": len(next(iter(samples.values()))),
        "overhead_ratio": round(ratio, 3),
        **{kind.replace(" ", "_"): _numbers(taken) for kind, taken in samples.items()},
        "machine": {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 2), "system": platform.system()},
        "engine": dict(subject.engine.facts()),
    }
    print(json.dumps(document))


def _columns(taken: Sequence[Sample]) -> dict[str, list[float]]:
    names = ("wall_seconds", "worker_seconds", "overhead_seconds")
    return {name: [getattr(sample, name) for sample in taken] for name in names}


def _words(values: Sequence[float]) -> str:
    return f"{median(values):.3f} [{min(values):.3f} … {max(values):.3f}]"


def _numbers(taken: Sequence[Sample]) -> dict[str, dict[str, float]]:
    return {
        name: {"median": round(median(values), 4), "least": round(min(values), 4), "most": round(max(values), 4)}
        for name, values in _columns(taken).items()
    }


def _ignore(line: str) -> None:
    """Preparation is not measured, and a benchmark's output is its numbers."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=__doc__.split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=10, help="rounds of one trial and one bare container (default 10)")
    parser.add_argument("--contender", default="toy", help="toy, which trains nothing (default), torch, tf==2.20.0 …")
    return parser.parse_args()


if __name__ == "__main__":
    main()
