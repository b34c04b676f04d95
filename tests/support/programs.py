"""Runs a program's text in a contender's image or environment, on the prepared data set, and reads what it prints."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.engines.docker.engine import DockerEngine
from orchestrator.engines.docker.labels import OWNER_LABELS
from orchestrator.engines.engine import Engine, Prepared
from orchestrator.engines.process.engine import ProcessEngine


@dataclass(frozen=True)
class Losses:
    """The mean losses by epoch and the loss on the test images, in nats per image."""

    train: tuple[float, ...]
    validation: tuple[float, ...]
    test: float

    @property
    def every(self) -> tuple[float, ...]:
        return (*self.train, *self.validation, self.test)


def run(
    engine: Engine, prepared: Prepared, text: str, data: Path, seed: int, variables: Mapping[str, str] | None = None
) -> Losses:
    """Run a program on the CPU.

    `shared/` and `images/` are out of its reach, unless `variables` are given for a program that needs them.
    """
    start = ["-c" if variables else "-Ic", text]
    if isinstance(engine, DockerEngine):
        printed = engine.client.containers.run(
            prepared.handle,
            entrypoint=["/opt/venv/bin/python", *start, "/data", "--seed", str(seed)],
            volumes={engine.data_volume: {"bind": "/data", "mode": "ro"}},
            environment={"HOME": "/tmp", **(variables or {})},
            working_dir="/opt/bakeoff" if variables else "/tmp",
            network_disabled=True,
            labels=OWNER_LABELS,
            remove=True,
            stderr=False,
        ).decode()
    else:
        assert isinstance(engine, ProcessEngine)
        command = [prepared.handle, *start, str(data), "--seed", str(seed)]
        told = subprocess.run(
            command, cwd=prepared.app if variables else "/", env=dict(variables or {}), capture_output=True, check=True
        )
        printed = told.stdout.decode()
    return read(printed)


def read(printed: str) -> Losses:
    """Find the losses in a program's output, whichever framework wrote the lines of its epochs."""

    def every(name: str) -> tuple[float, ...]:
        return tuple(map(float, re.findall(rf"(?:^|- ){name}: ([\d.e+-]+)", printed, re.MULTILINE)))

    (test,) = every("test_loss")
    return Losses(every("loss"), every("val_loss"), test)
