"""The command line with what a test must change of it: the folder of contenders, limits of time, what `clean` sees.

`python -m tests.faults.driver compare …` is `bakeoff compare …` otherwise. Everything is asked in the environment:
FAULTS_CONTENDERS (a folder instead of images/), FAULTS_LIMITS (JSON, of watch.Limits), FAULTS_FREE (bytes that a run
folder asks for), FAULTS_ONLY (names: `clean` sees nothing else on the Docker engine, so that a suite removes nothing
of a comparison that somebody else runs).
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestrator import pipeline
from orchestrator.cli import main
from orchestrator.engines.docker import DockerEngine
from orchestrator.engines.docker.cleanup import DockerObject
from orchestrator.engines.process.engine import ProcessEngine
from orchestrator.record import run_folder
from orchestrator.run.watchdog import Limits
from orchestrator.spec import contenders


def change(asked: dict[str, str]) -> None:
    if folder := asked.get("FAULTS_CONTENDERS"):
        for each in (contenders.offered_contenders, contenders.parse, contenders.driver_floor):
            _default(each, contenders.IMAGES, Path(folder))
        for engine in (ProcessEngine, DockerEngine):
            _default(engine.__init__, contenders.IMAGES, Path(folder))
    if limits := asked.get("FAULTS_LIMITS"):
        setattr(pipeline, "Limits", functools.partial(Limits, **json.loads(limits)))  # noqa: B010
    if free := asked.get("FAULTS_FREE"):
        setattr(run_folder, "RUN_FOLDER_BYTES", int(free))  # noqa: B010
    if "FAULTS_ONLY" in asked:
        setattr(DockerEngine, "owned", _only(asked["FAULTS_ONLY"].split(","), DockerEngine.owned))  # noqa: B010


def _only(names: list[str], listed: Callable[..., list[DockerObject]]) -> Callable[..., list[DockerObject]]:
    return lambda *given, **options: [each for each in listed(*given, **options) if each.name in names]


def _default(function: Any, before: object, after: object) -> None:
    """Give a function another default where it has this one."""
    assert before in function.__defaults__, f"{function.__qualname__} no longer takes a folder of contenders"
    function.__defaults__ = tuple(after if each == before else each for each in function.__defaults__)


if __name__ == "__main__":
    change(dict(os.environ))
    main()
