"""Finds the engine, hardware and folders that a comparison will use. Tests bring a Runtime of their own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.data import dataset
from orchestrator.engines.docker import DockerEngine, connect
from orchestrator.engines.engine import Engine
from orchestrator.engines.process.engine import ProcessEngine
from orchestrator.errors import PreflightError
from orchestrator.host import gpus, machine
from orchestrator.host.hardware import Hardware
from orchestrator.spec.contenders import parse
from orchestrator.spec.resolve import interpreters
from orchestrator.spec.spec import Spec


@dataclass(frozen=True)
class Runtime:
    """What a comparison runs on, and where its files lie."""

    engine: Engine
    engine_notice: str
    hardware: Hardware
    environment: Mapping[str, str]  # facts of the machine, for the report
    out: Path  # where run folders are made
    data: Path  # the prepared data set
    idx: Path | None = None  # a folder of IDX files named by the user


def detect(spec: Spec, out: Path, idx: Path | None) -> Runtime:
    """Find what a comparison will use. Raises PreflightError where the engine asked for does not answer."""
    engine, notice = _engine(spec)
    hardware = Hardware(
        cores=machine.cores(),
        gpus=gpus.list_gpus(),
        gives_gpus=engine.gpu_ready() if isinstance(engine, DockerEngine) else True,
        load=os.getloadavg()[0],
    )
    return Runtime(
        engine=engine,
        engine_notice=notice,
        hardware=hardware,
        environment=machine.environment(hardware.gpus),
        out=out,
        data=dataset.default_folder(),
        idx=idx,
    )


def _engine(spec: Spec) -> tuple[Engine, str]:
    """Choose by --engine; auto takes Docker where it answers, and says why where it does not."""
    wants_process = spec.engine == "process" or (spec.engine == "auto" and spec.python)
    if not wants_process:
        try:
            return _docker(spec), DockerEngine.notice
        except PreflightError as error:
            if spec.engine == "docker":
                raise
            process = _process(spec)
            return process, f"{process.notice}. Chosen because {error.message}"
    process = _process(spec)
    return process, process.notice


def _docker(spec: Spec) -> DockerEngine:
    base = os.environ.get("BAKEOFF_BASE_IMAGE", "")
    return connect(base, allow_foreign_image=spec.allow_foreign_image)


def _process(spec: Spec) -> ProcessEngine:
    contenders = [parse(text) for text in spec.contenders]
    return ProcessEngine(dataset.default_folder().parent, interpreters(spec, contenders))
