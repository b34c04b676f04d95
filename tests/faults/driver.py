"""The command line with what a test must change of it: the folder of contenders, limits of time, what `clean` sees.

`python -m tests.faults.driver compare …` is `bakeoff compare …` otherwise. Everything is asked in the environment:
FAULTS_CONTENDERS (a folder instead of images/), FAULTS_LIMITS (JSON, of watch.Limits), FAULTS_FREE (bytes that a run
folder asks for), FAULTS_ONLY (names: `clean` sees nothing else on the Docker engine, so that a suite removes nothing
of a comparison that somebody else runs).
"""

from __future__ import annotations

import functools
import inspect
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestrator import pipeline
from orchestrator.cli import main
from orchestrator.engines.docker import DockerEngine
from orchestrator.engines.docker.cleanup import DockerObject
from orchestrator.record import run_folder
from orchestrator.run.watchdog import Limits
from orchestrator.spec import contenders


def change(asked: dict[str, str]) -> None:
    if folder := asked.get("FAULTS_CONTENDERS"):
        for each in _functions_of(contenders.IMAGES):
            each.__defaults__ = tuple(Path(folder) if at == contenders.IMAGES else at for at in each.__defaults__)
    if limits := asked.get("FAULTS_LIMITS"):
        setattr(pipeline, "Limits", functools.partial(Limits, **json.loads(limits)))  # noqa: B010
    if free := asked.get("FAULTS_FREE"):
        setattr(run_folder, "RUN_FOLDER_BYTES", int(free))  # noqa: B010
    if "FAULTS_ONLY" in asked:
        setattr(DockerEngine, "owned", _only(asked["FAULTS_ONLY"].split(","), DockerEngine.owned))  # noqa: B010


def _only(names: list[str], listed: Callable[..., list[DockerObject]]) -> Callable[..., list[DockerObject]]:
    return lambda *given, **options: [each for each in listed(*given, **options) if each.name in names]


def _functions_of(default: object) -> list[Any]:
    """Return all functions and methods of the program that take this value where none is given."""
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("orchestrator")]
    known = [each for module in modules for each in vars(module).values()]
    methods = [each.__init__ for each in known if inspect.isclass(each)]
    functions = [each for each in (*known, *methods) if inspect.isfunction(each)]
    found = [each for each in functions if default in (each.__defaults__ or ())]
    assert found, "nothing takes a folder of contenders any longer"
    return found


if __name__ == "__main__":
    change(dict(os.environ))
    main()
