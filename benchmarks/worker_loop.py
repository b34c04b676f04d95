"""Images a second of two images of the same contender, in turn in one run: what a change of the worker costs.

Each round trains one trial of the 8x8 network in a bare container of the image before, and one of the image that this
checkout makes, the other first in every other round, so that a busy machine is busy for both. Speeds are the worker's
own: images and seconds of its `epoch_ended` events. Nothing of what is measured is kept.

    python -m benchmarks.worker_loop --before bakeoff/torch:2.13.0-cpu-0123456789ab --rounds 7
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import docker
from docker import DockerClient
from docker.types import Mount

from orchestrator.data import dataset
from orchestrator.engines.docker import DockerEngine
from orchestrator.engines.docker.files import DATA_VOLUME
from orchestrator.engines.docker.labels import CONTENDER_LABEL, OWNER_LABELS
from orchestrator.spec import recipes
from orchestrator.spec.contenders import IMAGES, Contender, parse
from shared.trial import Trial, to_json

_HEADING = f"{'':>24}{'before, images/s':>20}{'after, images/s':>20}   after / before"


@dataclass(frozen=True)
class Case:
    """One contender at one batch size: the trial, and the two images that train it."""

    contender: str
    batch_size: int
    trial: Trial
    images: dict[str, str]  # "before" and "after" → image

    @property
    def name(self) -> str:
        return f"{self.contender} batch {self.batch_size}"


@dataclass(frozen=True)
class Result:
    """Images a second of each round."""

    case: Case
    before: list[float]
    after: list[float]

    @property
    def ratios(self) -> list[float]:
        """Return after / before of each round: above 1 is faster now."""
        return [after / before for before, after in zip(self.before, self.after, strict=True)]


def main() -> None:
    options = _arguments()
    client = docker.from_env(timeout=600)
    cases = [case for image in options.before for case in _cases(client, image, options)]
    print(_HEADING, flush=True)
    results = [_measure(client, case, options.rounds) for case in cases]
    client.close()
    _show(results)


def _cases(client: DockerClient, before: str, options: argparse.Namespace) -> list[Case]:
    """Build this checkout's image of the contender that an image is of, and make a trial for each batch size."""
    contender = parse(client.images.get(before).labels[CONTENDER_LABEL])
    idx = os.environ.get("BAKEOFF_IDX")
    data = dataset.ensure(dataset.default_folder(), Path(idx) if idx else None, _ignore).folder
    engine = DockerEngine(client, IMAGES, os.environ.get("BAKEOFF_BASE_IMAGE", ""))
    prepared = engine.prepare(contender, "cpu", _ignore)
    engine.supply(data, prepared, _ignore)
    images = {"before": before, "after": prepared.handle}
    return [Case(contender.written, size, _trial(contender, size, options), images) for size in options.batch_size]


def _trial(contender: Contender, batch_size: int, options: argparse.Namespace) -> Trial:
    recipe = recipes.load("article-torch")
    sized = recipes.apply_sizes(recipe, train_images=options.train_images, epochs=options.epochs, batch_size=batch_size)
    return Trial(
        id=f"{contender.name}.batch{batch_size}",
        contender=contender.written,
        recipe=sized,
        seed=1,
        device="cpu",
        modes=[],
        threads=len(os.sched_getaffinity(0)),
    )


def _measure(client: DockerClient, case: Case, rounds: int) -> Result:
    """Take the rounds after one of each that does not count: caches, the engine's own start."""
    speeds: dict[str, list[float]] = {"before": [], "after": []}
    for number in range(rounds + 1):
        order = ("before", "after") if number % 2 == 0 else ("after", "before")
        taken = {which: _speed(client, case.images[which], case.trial) for which in order}
        for which in order if number else ():
            speeds[which].append(taken[which])
        _show_round(case, f"round {number} of {rounds}" if number else "not counted", taken)
    return Result(case, **speeds)


def _show_round(case: Case, number: str, taken: Mapping[str, float]) -> None:
    """Print a round as it ends: a measurement takes minutes, and what it finds is to be seen before that."""
    before, after = taken["before"], taken["after"]
    print(f"{case.name:>24}{before:>20,.0f}{after:>20,.0f}   {after / before:.3f}, {number}", flush=True)


def _speed(client: DockerClient, image: str, trial: Trial) -> float:
    """Train the trial once in a bare container and return images a second over all of its epochs."""
    said: bytes = client.containers.run(
        image,
        environment={"BAKEOFF_TRIAL": to_json(trial), "BAKEOFF_OUT": "/tmp", "HOME": "/tmp"},
        mounts=[Mount("/data", DATA_VOLUME, type="volume", read_only=True)],
        labels=OWNER_LABELS,
        network_mode="none",
        remove=True,
    )
    events = [json.loads(line) for line in said.splitlines()]
    epochs = [event for event in events if event["event"] == "epoch_ended"]
    return float(sum(epoch["images"] for epoch in epochs) / sum(epoch["seconds"] for epoch in epochs))


def _show(results: Sequence[Result]) -> None:
    print(_HEADING + ", median [least … most]")
    for result in results:
        speeds = f"{median(result.before):>20,.0f}{median(result.after):>20,.0f}"
        print(f"{result.case.name:>24}{speeds}   {_words(result.ratios)}")
    machine = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 2), "system": platform.system()}
    print(json.dumps({"results": [_document(result) for result in results], "machine": machine}))


def _words(ratios: Sequence[float]) -> str:
    return f"{median(ratios):.3f} [{min(ratios):.3f} … {max(ratios):.3f}]"


def _document(result: Result) -> dict[str, Any]:
    return {
        "contender": result.case.contender,
        "batch_size": result.case.batch_size,
        **result.case.images,
        "before_images_per_second": [round(speed, 1) for speed in result.before],
        "after_images_per_second": [round(speed, 1) for speed in result.after],
        "ratio": round(median(result.ratios), 4),
        "least": round(min(result.ratios), 4),
        "most": round(max(result.ratios), 4),
    }


def _ignore(line: str) -> None:
    """Preparation is not measured, and a benchmark's output is its numbers."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worker_loop", description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "--before", action="append", required=True, metavar="IMAGE", help="an older image; may be repeated"
    )
    parser.add_argument("--rounds", type=int, default=7, help="trials of each image (default 7)")
    parser.add_argument("--batch-size", type=int, nargs="+", default=[32, 512], help="default 32 and 512")
    parser.add_argument("--train-images", type=int, default=8192, help="images of an epoch (default 8192)")
    parser.add_argument("--epochs", type=int, default=3, help="epochs of a trial (default 3)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
