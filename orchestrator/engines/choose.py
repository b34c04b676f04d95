"""Chooses the engine. The one place outside of their packages that names the docker and the process engine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.engines.check import Check
from orchestrator.engines.docker import DockerEngine, connect, judge
from orchestrator.engines.engine import Engine, Owned
from orchestrator.engines.install.failure import LOGS
from orchestrator.engines.process.engine import ProcessEngine
from orchestrator.errors import PreflightError
from orchestrator.spec.contenders import parse
from orchestrator.spec.resolve import interpreters
from orchestrator.spec.spec import Spec

NAMING_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT")
"""Variables that name one engine. The context in use does not count: Docker Desktop sets it, whether it runs or not."""


@dataclass(frozen=True)
class Choice:
    """An engine, and what the user must know about its choice."""

    engine: Engine
    notice: str
    unreachable: PreflightError | None = None  # why Docker was not taken where --engine auto would have


def choose_engine(spec: Spec, cache: Path) -> Choice:
    """Choose by --engine; auto takes Docker where it answers, unless the user named interpreters.

    `cache` is the user's folder, in which the process engine keeps environments and workers. Raises PreflightError
    where the engine that was asked for, by --engine or by a variable, does not answer.
    """
    if spec.engine == "process" or (spec.engine == "auto" and spec.python):
        return Choice(_process_engine(spec, cache), _process_notice())
    try:
        engine = connect(_base_image(), allow_foreign_image=spec.allow_foreign_image, logs=cache / LOGS)
        return Choice(engine, engine.notice)
    except PreflightError as error:
        if spec.engine == "docker" or any(map(os.environ.get, NAMING_VARIABLES)):
            raise
        notice = f"{_process_notice()}. Chosen because {error.one_line}"
        return Choice(_process_engine(spec, cache), notice, error)


def check_unreachable(error: PreflightError) -> Check:
    """Say as a check why `choose_engine` could not take Docker."""
    return judge.unreachable(error)


def connect_image_engine(cache: Path | None = None) -> DockerEngine:
    """Connect to the engine that builds and keeps images; logs of builds that fail go into `cache`.

    Raises PreflightError where none answers.
    """
    return connect(_base_image(), logs=cache / LOGS if cache else None)


def list_owned(cache: Path, *, images: bool, data: bool) -> tuple[Sequence[Owned], PreflightError | None]:
    """List what bakeoff left on every engine, and the fault of one that does not answer.

    Raises PreflightError where that leaves nothing to list, or images or data were asked for, which it would hold.
    """
    processes = ProcessEngine(cache).owned()
    try:
        return [*processes, *connect().owned(images=images, data=data)], None
    except PreflightError as error:
        if images or data or not processes:
            raise
        return processes, error


def _process_engine(spec: Spec, cache: Path) -> ProcessEngine:
    return ProcessEngine(cache, interpreters(spec, [parse(text) for text in spec.contenders]))


def _process_notice() -> str:
    """Say what the process engine is, and which variable it has no use for."""
    unused = f". It builds no image, so BAKEOFF_BASE_IMAGE={_base_image()} is not used" if _base_image() else ""
    return f"{ProcessEngine.notice}{unused}"


def _base_image() -> str:
    return os.environ.get("BAKEOFF_BASE_IMAGE", "")
