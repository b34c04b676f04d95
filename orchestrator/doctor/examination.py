"""Everything that can be looked at without building or downloading anything, for a person or a program."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.data import dataset
from orchestrator.doctor import data, disk, engine, gpu, limits, process
from orchestrator.doctor import docker as docker_checks
from orchestrator.doctor.cache import CheckCache
from orchestrator.doctor.check import Check, refused
from orchestrator.engines.docker import DockerEngine, connect, named_by
from orchestrator.engines.docker.inspection import Checkup
from orchestrator.engines.engine import EngineLostError
from orchestrator.engines.process.engine import ProcessEngine
from orchestrator.errors import PreflightError
from orchestrator.host import gpus
from orchestrator.host.gpus import Gpu
from orchestrator.spec.contenders import Contender, parse
from orchestrator.spec.resolve import interpreters
from orchestrator.spec.spec import Spec
from orchestrator.values import Say


@dataclass(frozen=True)
class Target:
    """A comparison as it would be made here."""

    spec: Spec
    contenders: tuple[Contender, ...]
    gpus: tuple[Gpu, ...]
    folder: Path  # of the data set
    idx: Path | None
    memory: CheckCache
    say: Say

    @property
    def asks_for_gpu(self) -> bool:
        return self.spec.device == "cuda" or self.spec.gpu is not None

    def gpu(self, given: bool) -> Gpu | None:
        """Return the GPU that would be used, by an engine that gives one or not."""
        return gpus.choose(self.gpus, self.spec.gpu) if self.gpus and given and self.spec.device != "cpu" else None

    def variant(self, used: Gpu | None) -> str:
        return ("cuda" if used else "cpu") if self.spec.variant == "auto" else self.spec.variant


def examine(spec: Spec, out: Path, idx: Path | None, say: Say, *, again: bool = False) -> list[Check]:
    """Look at all that a comparison of `spec` would need. Raises UsageError.

    `again` probes frameworks whose good answer is remembered.
    """
    folder = dataset.default_folder()
    contenders = tuple(parse(text) for text in spec.contenders)
    memory = CheckCache.beside(folder, forgetful=again)
    patient = Target(spec, contenders, gpus.list_gpus(), folder, idx, memory, say)
    found: list[Check] = []
    try:
        found.extend(_process(patient) if spec.engine == "process" else _docker(patient))
    except EngineLostError as error:
        lost = PreflightError(f"the engine stopped answering: {error}", "check `docker version`, then repeat")
        found.append(refused("engine.lost", "Docker Engine", engine.WHY, lost))
    return [*found, data.prepared(folder, dataset.load_intact(folder), idx), disk.runs(out)]


def _docker(patient: Target) -> Iterator[Check]:
    try:
        connected = connect(os.environ.get("BAKEOFF_BASE_IMAGE", ""))
    except PreflightError as error:
        yield refused("engine", "Docker Engine", engine.WHY, error)
        if patient.spec.engine == "auto":  # a comparison would fall back, and say so
            yield from _process(patient)
        return
    checkup = connected.checkup()
    identity, used = checkup.identity(), patient.gpu(connected.gpu_ready())
    yield engine.reached(identity, named_by(os.environ))
    yield engine.clock(identity)
    yield from _room_and_limits(patient, checkup, patient.variant(used))
    yield from _gpu(patient, connected)
    images = {each: checkup.image_of(each, patient.variant(used)) for each in patient.contenders}
    given = (used.uuid, used.driver_version) if used else None
    yield from docker_checks.frameworks(checkup, images, given, patient.memory, patient.say)
    yield data.volume(checkup.data_volume, checkup.volume_is_ours())


def _room_and_limits(patient: Target, checkup: Checkup, variant: str) -> Iterator[Check]:
    missing = docker_checks.missing_bytes(checkup, patient.contenders, variant)
    yield from docker_checks.bases(checkup, patient.contenders, missing, patient.say)
    image, free_bytes = docker_checks.image_to_try(checkup, patient.contenders, variant), checkup.free_bytes()
    if image is None:
        yield limits.untried("not tried: neither an image nor what it would be built on is here")
    else:
        tried, inside_bytes = docker_checks.restrictions(checkup, image, patient.say)
        yield from tried
        free_bytes = inside_bytes if free_bytes is None else free_bytes
    yield docker_checks.room(missing, free_bytes)


def _process(patient: Target) -> Iterator[Check]:
    made = ProcessEngine(patient.folder.parent, interpreters(patient.spec, patient.contenders))
    yield process.engine()
    yield from process.checks(made, patient.contenders, patient.variant(patient.gpu(given=True)))
    yield from _gpu(patient, None)


def _gpu(patient: Target, connected: DockerEngine | None) -> Iterator[Check]:
    if patient.spec.device == "cpu" or not patient.gpus:
        yield gpu.declined() if patient.spec.device == "cpu" else gpu.absent(patient.asks_for_gpu)
        return
    chosen = gpus.choose(patient.gpus, patient.spec.gpu)
    yield gpu.present(chosen)
    yield from gpu.driver(chosen, patient.contenders)
    if connected is not None:
        yield gpu.toolkit(connected.gpu_ready(), patient.asks_for_gpu)
    yield gpu.use(gpus.usage(chosen.uuid))
