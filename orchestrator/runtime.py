"""Finds the engine, hardware and folders that a comparison will use. Tests bring a Runtime of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.data import dataset
from orchestrator.engines.check_cache import CheckCache
from orchestrator.engines.choose import choose_engine
from orchestrator.engines.engine import Engine
from orchestrator.host.hardware import Hardware
from orchestrator.host.sentinel import sentinel
from orchestrator.spec.contenders import parse
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
    variables: Mapping[str, str] = field(default_factory=dict)  # of this process
    sentinel: Callable[[], float] | None = None  # computes a fixed amount where the workers run, and tells its seconds


def detect(spec: Spec, out: Path, idx: Path | None) -> Runtime:
    """Find what a comparison will use. Raises PreflightError where the engine asked for does not answer."""
    data = dataset.default_folder()
    choice = choose_engine(spec, data.parent)
    contenders = tuple(parse(text) for text in spec.contenders)
    machine = choice.engine.machine(contenders, CheckCache.beside(data))
    return Runtime(
        engine=choice.engine,
        engine_notice=choice.notice,
        hardware=machine.hardware,
        environment=machine.environment(),
        out=out,
        data=data,
        idx=idx,
        variables=os.environ,
        sentinel=sentinel(machine.hardware.cores) if machine.hardware.here else None,
    )
