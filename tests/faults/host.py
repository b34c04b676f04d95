"""The host as a process of its own: the real command line over the stub, to be signalled and killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docker import DockerClient

from tests.faults.evidence import Evidence
from tests.support.paths import ROOT, TOYS

_KEPT = ("BAKEOFF_BASE_IMAGE",)  # what else a user has set must not reach a test
BAKEOFF = Path(sys.executable).with_name("bakeoff")
_RECIPE = """
name = "{name}"
title = "{script}"

[data]
view = "8x8"
mean = 0.1307
std = 0.3081
train = {{ file = "train", start = 0, stop = 8 }}
validation = {{ file = "test", start = 0, stop = 10000 }}

[[layers]]
type = "flatten"

[[layers]]
type = "dense"
units = 10

[training]
epochs = 1
batch_size = 8
order = "sequential"

[initial]
distribution = "fan_in_uniform"

[optimizer]
type = "sgd"
learning_rate = 0.01
"""


class Host:
    """One run folder's parent, and the commands that work in it."""

    def __init__(self, folder: Path, cache: Path, engine: str, image: str = "", client: DockerClient | None = None):
        self.folder = folder
        self.engine = engine
        self.out = folder / "runs"
        self.client = client
        self.variables = {
            **{name: value for name, value in os.environ.items() if name in _KEPT or not name.startswith("BAKEOFF_")},
            "BAKEOFF_CACHE": str(cache),
            "BAKEOFF_OUT_DIR": str(self.out),
            "BAKEOFF_PROGRESS": "plain",
            "COLUMNS": "200",
            "PYTHONPATH": str(ROOT),
        }
        self._image = image
        if engine == "process":
            self.variables["FAULTS_CONTENDERS"] = str(TOYS)

    def use(self, out: Path) -> None:
        """Keep run folders there."""
        self.out = out
        self.variables["BAKEOFF_OUT_DIR"] = str(out)

    def limit(self, **seconds: float) -> None:
        """Shorten what the watch waits for."""
        self.variables["FAULTS_LIMITS"] = json.dumps(seconds)

    def comparison(self, *scripts: str) -> list[str]:
        """Write a recipe for each script, named a, b, c …, and return the command that runs them in this order."""
        words = ["compare"]
        for number, script in enumerate(scripts):
            file = self.folder / f"{chr(ord('a') + number)}.toml"
            file.write_text(_RECIPE.format(name=file.stem, script=script))
            words += ["--recipe", file.name]  # no path: the summary names the command
        toy = f"toy@{self._image}" if self.engine == "docker" else "toy"
        python = [] if self.engine == "docker" else ["--python", sys.executable]
        return [*words, toy, *python, "--engine", self.engine, "--profile", "article", "--threads", "1"]

    def taking_turns(self, steps: int) -> list[str]:
        """Return the command that runs three contenders of one recipe by turns, each of so many steps of 10 ms."""
        first = self.comparison(f"turns {steps}")
        at = next(at for at, word in enumerate(first) if word.startswith("toy"))
        same = [first[at].replace("toy", name) for name in ("one", "two")] if self.engine == "docker" else []
        more = same or ["toy==2.0.0", "toy==3.0.0"]  # three numbers: taken as they are
        return [*first[: at + 1], *more, *first[at + 1 :], "--no-parity", "--turn-seconds", "0.05"]

    def start(self, words: Sequence[str]) -> Process:
        return Process(self.command(words), self.variables, self.folder)

    def command(self, words: Sequence[str]) -> list[str]:
        """Return the real program, or where a test must change something of it, the driver."""
        changed = any(name.startswith("FAULTS_") for name in self.variables)
        return [*([sys.executable, "-m", "tests.faults.driver"] if changed else [str(BAKEOFF)]), *words]

    def run(self, words: Sequence[str], timeout_seconds: float = 120) -> Process:
        """Run a command to its end."""
        process = self.start(words)
        process.wait(timeout_seconds)
        return process

    def runs(self) -> list[Path]:
        return [path.parent for path in sorted(self.out.glob("*/comparison.json")) if not path.parent.is_symlink()]

    def latest(self) -> Path:
        return self.runs()[-1]

    def trials(self) -> list[Evidence]:
        """Return the folders of the newest run's trials, by name."""
        return [Evidence(path) for path in sorted((self.latest() / "trials").iterdir())]

    def events(self, run: Path) -> list[int]:
        """Return the numbers of the events that stand in a run's folder."""
        return [number for path in sorted((run / "trials").iterdir()) for number in Evidence(path).numbers]

    def summary(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.latest() / "summary.json").read_bytes())
        return document

    def await_events(self, count: int = 1, seconds: float = 60) -> None:
        """Wait until so many events stand in the newest run's folder."""
        until = time.monotonic() + seconds
        while (
            sum(path.read_bytes().count(b"\n") for run in self.runs() for path in run.glob("trials/*/events.jsonl"))
            < count
        ):
            assert time.monotonic() < until, "no event came"
            time.sleep(0.02)

    def left_behind(self) -> list[str]:
        """Name what the runs of this host left on the engine."""
        if self.client is None:
            found = (Path(self.variables["BAKEOFF_CACHE"]) / "workers").glob("*")
            return [f"worker {path.name}" for path in found if any(run.name in path.name for run in self.runs())]
        left: list[str | None] = []
        for run in self.runs():
            mine: Any = {"label": f"bakeoff.run={run.name}"}
            left += [each.name for each in self.client.containers.list(all=True, filters=mine)]
            left += [each.name for each in self.client.volumes.list(filters=mine)]
        return list(map(str, left))

    def strays(self) -> list[str]:
        """Name the containers, never started, with which a killed host was looking at the data: they are of no run.

        Of the toy's image alone: whoever compares something else on this engine has such ones too.
        """
        if self.client is None:
            return []
        of_the_toy: Any = {"label": ["bakeoff.owner=bakeoff", "bakeoff.contender=toy==1.0"], "status": "created"}
        found = self.client.containers.list(all=True, filters=of_the_toy)
        return [str(each.name) for each in found if "bakeoff.run" not in each.labels]

    def remove_all(self) -> None:
        """Remove what a failed test left on the engine."""
        if self.left_behind() or self.strays():
            self.clean()

    def clean(self) -> Process:
        """`bakeoff clean --yes`, of what this host's runs left alone."""
        self.variables["FAULTS_ONLY"] = ",".join([*self.left_behind(), *self.strays()])
        return self.run(["clean", "--yes"])


class Process:
    """A command under way, its words in files: a pipe that nobody reads would stop it."""

    def __init__(self, command: Sequence[str], variables: dict[str, str], folder: Path) -> None:
        self._said = folder / f"said-{time.monotonic_ns()}"
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                command, env=variables, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
                start_new_session=True, cwd=folder,
            )  # fmt: skip

    @property
    def said(self) -> str:
        """Return what it said so far, on either way."""
        return self._said.read_text(errors="replace")

    @property
    def code(self) -> int | None:
        return self._process.poll()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def wait(self, timeout_seconds: float = 120) -> int:
        try:
            return self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"not ended after {timeout_seconds:g} s: {self.said[-2000:]}") from None

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
