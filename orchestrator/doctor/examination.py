"""Everything that can be looked at without building or downloading anything, for a person or a program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.data import dataset
from orchestrator.doctor import cpus, data, disk, gpu
from orchestrator.engines.check import Check
from orchestrator.engines.check_cache import CheckCache
from orchestrator.engines.choose import check_unreachable, choose_engine
from orchestrator.engines.engine import EngineLostError
from orchestrator.engines.engine_checks import CheckTarget, EngineChecks
from orchestrator.errors import PreflightError
from orchestrator.host import gpus
from orchestrator.host.hardware import Hardware
from orchestrator.spec.contenders import Contender, parse
from orchestrator.spec.spec import Spec
from orchestrator.values import Say


@dataclass(frozen=True)
class Target:
    """A comparison as it would be made here."""

    spec: Spec
    contenders: tuple[Contender, ...]
    cache: CheckCache
    say: Say

    @property
    def asks_for_gpu(self) -> bool:
        return self.spec.device == "cuda" or self.spec.gpu is not None

    def on(self, hardware: Hardware) -> CheckTarget:
        """Return what the engine is asked about: contenders, and the GPU where it would be used and given."""
        used = hardware.gpus and hardware.gives_gpus and self.spec.device != "cpu"
        chosen = gpus.choose(hardware.gpus, self.spec.gpu) if used else None
        variant = self.spec.variant if self.spec.variant != "auto" else "cuda" if chosen else "cpu"
        return CheckTarget(contenders=self.contenders, variant=variant, gpu=chosen, cache=self.cache, say=self.say)


def examine(spec: Spec, out: Path, idx: Path | None, say: Say, *, again: bool = False) -> list[Check]:
    """Look at all that a comparison of `spec` would need. Raises UsageError.

    `again` probes frameworks whose good answer is remembered.
    """
    folder = dataset.default_folder()
    contenders = tuple(parse(text) for text in spec.contenders)
    target = Target(spec, contenders, CheckCache.beside(folder, read=not again), say)
    checks = list(_engine(target, folder.parent))
    checks.append(data.prepared(folder, dataset.load_intact(folder), idx))
    if idx is not None:
        checks.append(data.named(idx, say))
    return [*checks, disk.runs(out)]


def _engine(target: Target, cache: Path) -> Iterator[Check]:
    try:
        choice = choose_engine(target.spec, cache)
    except PreflightError as error:
        yield check_unreachable(error)
        return
    if choice.unreachable:
        yield check_unreachable(choice.unreachable)
    try:
        hardware = choice.engine.machine(target.contenders, target.cache.unread()).hardware
    except EngineLostError as error:
        yield choice.engine.checks(target.on(Hardware(1))).lost(error)
        return
    checks = choice.engine.checks(target.on(hardware))
    try:
        yield from checks.engine()
        yield cpus.share(hardware)
        yield from _gpu(target, hardware, checks)
        yield from checks.frameworks()
        yield from checks.data()
    except EngineLostError as error:
        yield checks.lost(error)


def _gpu(target: Target, hardware: Hardware, engine: EngineChecks) -> Iterator[Check]:
    if target.spec.device == "cpu":
        yield gpu.declined()
        return
    if not hardware.gpus:
        yield gpu.missing(target.asks_for_gpu, hardware)
        return
    chosen = gpus.choose(hardware.gpus, target.spec.gpu)
    yield gpu.present(chosen)
    yield from gpu.driver(chosen, target.contenders)
    yield from engine.gpu(target.asks_for_gpu)
    yield gpu.use(gpus.usage(chosen.uuid))
