"""One rig for each of the three engines, with the toy contender prepared in it.

A rig starts the toy with a script, runs whole trials, and tells what its run left in the
world. Docker's objects are told apart by a run id that no other session has.
"""

from __future__ import annotations

import contextlib
import gc
import os
import re
import sys
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from docker import DockerClient
from docker.errors import DockerException

from orchestrator.engines.docker import DockerEngine
from orchestrator.engines.docker.connection import connected_client
from orchestrator.engines.engine import Engine, Launch, Prepared, Worker, WorkerExit
from orchestrator.engines.process.engine import ProcessEngine
from orchestrator.engines.scripted import Answer, Script, ScriptedEngine
from orchestrator.errors import PreflightError
from orchestrator.plan.plan import PlannedTrial
from orchestrator.record.record import Record
from orchestrator.record.trial_folder import TrialFolder
from orchestrator.run.one_trial import TrialSetup, run_trial
from orchestrator.run.watchdog import Limits
from orchestrator.spec.contenders import Contender, parse
from orchestrator.spec.spec import DeviceKind
from shared.events import Event, Failed, Heartbeat, Steps, Warned, encode
from shared.recipe import Slice, Training
from shared.trial import Trial, from_json, to_json
from tests.support.contenders.toy import worker as toy
from tests.support.paths import TOYS
from tests.support.recipes import dense

TRIAL = "toy-1.0.play.s1"
STOP_SECONDS = 1.0
QUICK = Limits(poll_seconds=0.5, tick_seconds=0.05, drain_seconds=2.0)


def trial(script: str, trial_id: str = TRIAL) -> Trial:
    """A trial whose recipe tells the toy what to play."""
    slices = Slice("train", 0, 8), Slice("test", 0, toy.IMAGES)
    recipe = dense("play", Training(1, 8, "sequential"), *slices, title=script)
    return Trial(trial_id, "toy==1.0", recipe, 1, "cpu", [], 1)


class Rig:
    """An engine with the toy prepared in it, and a run id of its own."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.run_id = f"test-{uuid.uuid4().hex[:12]}"
        self.folder = folder
        self.contender: Contender = parse("toy", TOYS)
        self.prepared: Prepared = engine.prepare(self.contender, "cpu", quiet)

    def start(self, script: str, **changes: Any) -> Worker:
        return self.engine.start(self.launch(script, **changes))

    def launch(self, script: str, **changes: Any) -> Launch:
        return Launch(
            trial_id=TRIAL,
            run_id=self.run_id,
            prepared=self.prepared,
            environment={"BAKEOFF_TRIAL": to_json(trial(script))},
            data=self.folder,
            **changes,
        )

    def run(
        self,
        script: str,
        limits: Limits = QUICK,
        on_event: Callable[[str, Event], None] = lambda *_: None,
        *,
        device: DeviceKind = "cpu",
    ) -> Record:
        """Run a whole trial; its folder is `self.folder / "trial"`. The toy is told of the device and uses none."""
        labels = np.arange(toy.IMAGES, dtype=np.uint8)
        setup = TrialSetup(self.engine, self.run_id, labels, limits=limits)
        planned = PlannedTrial(replace(trial(script), device=device), self.contender, 1)
        return run_trial(setup, planned, self.prepared, TrialFolder(self.folder / "trial"), on_event)

    def left_behind(self) -> list[str]:
        """Name what this rig's run left in the world."""
        return []


class ProcessRig(Rig):
    """Its workers tell their process id and folder; both are looked for afterwards."""

    def left_behind(self) -> list[str]:
        events = "\n".join(path.read_text() for path in self.folder.glob("trial/events.jsonl"))
        return [f"{kind} {name}" for kind, name, there in _traces(events) if there(name)]


class DockerRig(Rig):
    """Everything that it makes carries the label of its run."""

    def __init__(self, folder: Path, client: DockerClient, volume: str, **options: Any) -> None:
        self.docker = docker_engine(client, data_volume=volume, **options)
        self.client = client
        self.volume = volume
        super().__init__(self.docker, folder)

    def left_behind(self) -> list[str]:
        filters: Any = {"label": f"bakeoff.run={self.run_id}"}
        containers = self.client.containers.list(all=True, filters=filters)
        volumes = self.client.volumes.list(filters=filters)
        made = [("container", container) for container in containers] + [("volume", volume) for volume in volumes]
        return [f"{kind} {thing.name}" for kind, thing in made]


@contextlib.contextmanager
def docker_rigs(client: DockerClient, volume: str, folder: Path) -> Iterator[Callable[..., DockerRig]]:
    """Hand out what makes rigs, each with an engine of its own; at the end nothing of any of them is left."""
    made: list[DockerRig] = []

    def rig(kind: type[DockerEngine] = DockerEngine, **options: Any) -> DockerRig:
        made.append(DockerRig(folder, client, volume, kind=kind, **options))
        return made[-1]

    yield rig
    assert [left for each in made for left in each.left_behind()] == []


def scripted(folder: Path) -> Rig:
    return Rig(ScriptedEngine(played), folder)


def process(folder: Path) -> ProcessRig:
    interpreters = {"toy": Path(sys.executable)}
    return ProcessRig(ProcessEngine(folder / "cache", interpreters, TOYS, stop_seconds=STOP_SECONDS), folder)


def client_or_skip() -> DockerClient:
    """Connect; where no engine answers, skip the test, or fail where one must be there."""
    try:
        client = connected_client(os.environ)
        client.api.timeout = 120
        return client
    except (DockerException, PreflightError) as error:
        reason = f"no Docker Engine answers: {error}"
    sweep()
    if os.environ.get("CI") == "true" or os.environ.get("BAKEOFF_REQUIRE_DOCKER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def sweep() -> None:
    """Collect what the SDK leaves: a socket that could not connect, which would warn in some later test."""
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()


def docker_engine(
    client: DockerClient, kind: type[DockerEngine] = DockerEngine, images: Path = TOYS, **options: Any
) -> DockerEngine:
    base = os.environ.get("BAKEOFF_BASE_IMAGE", "")
    return kind(client, images, base, stop_seconds=STOP_SECONDS, **options)


def played(launch: Launch) -> Script:
    """Translate the toy's scripts for the scripted engine: the same words, no process."""
    asked = from_json(launch.environment["BAKEOFF_TRIAL"])
    name, _, argument = asked.recipe.title.partition(" ")
    first: list[Event] = [toy.ready()]
    whole = [*first, *toy.middle(), toy.last_word()]
    files = {"predictions.npy": toy.predictions()}
    count = int(argument) if name == "many" else 0
    losses = [Steps(epoch=1, first_step=number, losses=[0.123456789] * 10) for number in range(1, count + 1)]
    warned: list[Event] = [*first, Warned("SIGTERM is ignored")]
    rubbish = (b"\x1b]52;c;aGk=\x07\n", b'{"v":NaN}\n', b"\xff\xfe\n", b"[" * 3000 + b"\n", b"x" * 2**20 + b"\n")
    scripts: dict[str, Callable[[], Script]] = {
        "finish": lambda: Script(_lines(whole), WorkerExit(int(argument or 0)), files),
        "many": lambda: Script(_lines([*first, *losses, *whole[1:]]), WorkerExit(0), files),
        "crash": lambda: Script(
            _lines([*first, Failed("ValueError", argument or "the toy broke")]), WorkerExit(1), stderr="Traceback\n"
        ),
        "die": lambda: Script(_lines(first), WorkerExit(128 + int(argument)), stderr="the toy is about to die\n"),
        "hang": lambda: Script(_lines(first), None),
        "stubborn": lambda: Script(_lines(warned), None),
        "beat": lambda: Script(_lines([*first, *[Heartbeat("start")] * 8, *whole[1:]]), WorkerExit(0), files),
        "echo": lambda: Script([*_lines(first), *_echoes(int(argument)), *_lines(whole)[1:]], WorkerExit(0), files),
        "wordless": lambda: Script(_lines(first), WorkerExit(0)),
        "noise": lambda: Script(_lines(whole), WorkerExit(0), files, stderr="progress 17%\ra child prints\n"),
        "rubbish": lambda: Script([*_lines(first), *rubbish, *_lines(whole)[1:]], WorkerExit(0), files),
        "flood": lambda: Script([(b"x" * 60_000 + b"\n") * 16] * 10_000, None),
    }
    return scripts[name]()


def quiet(line: str) -> None:
    """Take a line of progress and show it nobody."""


def _lines(events: Iterable[Event]) -> list[bytes]:
    return [encode(event, trial=TRIAL, seq=seq, t=seq / 10) for seq, event in enumerate(events)]


def _echoes(count: int) -> list[Answer]:
    def say(number: int) -> Answer:
        return lambda line: encode(Warned(f"heard {line.decode().strip()}"), trial=TRIAL, seq=100 + number, t=1.0)

    return [say(number) for number in range(count)]


def _traces(events: str) -> Iterator[tuple[str, str, Callable[[str], bool]]]:
    for pid in re.findall(r'"pid":"(\d+)"|child (\d+)', events):
        yield "process", "".join(pid), _runs
    for folder in re.findall(r'"out":"([^"]+)"', events):
        yield "folder", folder, lambda name: Path(name).parent.exists()


def _runs(pid: str) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"  # an orphan's end is seen by whoever adopted it
