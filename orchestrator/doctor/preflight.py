"""What a comparison needs before it starts, within a second where all is well: the first failure ends it.

The engine's answer (`runtime`), GPU, driver and toolkit (`spec.resolve`), the run folder (`record.run_folder`) and the
data (`data.dataset`) are checked where they are first needed, and end a comparison with the same errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from orchestrator.data import dataset
from orchestrator.doctor import cpus, gpu
from orchestrator.engines.check import Check, State, failure
from orchestrator.engines.check_cache import CheckCache
from orchestrator.engines.engine import Engine, Prepared
from orchestrator.engines.engine_checks import CheckTarget, EngineChecks
from orchestrator.host import gpus
from orchestrator.runtime import Runtime
from orchestrator.spec.contenders import Contender
from orchestrator.spec.resolve import ResolvedSpec
from orchestrator.values import Say


def preflight(settings: ResolvedSpec, runtime: Runtime, say: Say) -> None:
    """Check engine, disk, limits and GPU; say what is not well. Raises PreflightError with the failure's fix."""
    warn_or_raise([cpus.share(runtime.hardware), *_checks(settings, runtime, say).before_start()], say)
    if settings.gpu is not None:
        warn_or_raise([gpu.use(gpus.usage(settings.gpu.uuid))], say)


def check_images(engine: Engine, contenders: Sequence[Contender], variant: str, say: Say) -> None:
    """Check that what is still to be built has room. Raises PreflightError."""
    cache = CheckCache.beside(dataset.default_folder())
    target = CheckTarget(contenders=tuple(contenders), variant=variant, cache=cache, say=say)
    warn_or_raise(engine.checks(target).room(), say)


def to_build(settings: ResolvedSpec, runtime: Runtime) -> Mapping[str, int]:
    """Return what is still to be built for a comparison: contender → estimated bytes. Raises EngineLostError."""
    return _checks(settings, runtime, lambda _: None).to_build()


def check_built(settings: ResolvedSpec, runtime: Runtime, prepared: Mapping[str, Prepared], say: Say) -> None:
    """Probe each framework on the GPU in its own image, once an image and driver. Raises PreflightError.

    On the CPU the first trial tells as soon and as much.
    """
    if settings.gpu is not None:
        images = {contender.contender: contender.handle for contender in prepared.values()}
        warn_or_raise(_checks(settings, runtime, say).frameworks(images), say)


def warn_or_raise(checks: Iterable[Check], say: Say) -> None:
    """Say every warning, then raise the first failure."""
    made = list(checks)
    for check in made:
        if check.state is State.WARNING:
            say(f"{check.title}: {check.found}: {check.fix}")
    if error := failure(made):
        raise error


def _checks(settings: ResolvedSpec, runtime: Runtime, say: Say) -> EngineChecks:
    target = CheckTarget(
        contenders=settings.contenders,
        variant=settings.variant,
        gpu=settings.gpu,
        cache=CheckCache.beside(runtime.data),
        say=say,
    )
    return runtime.engine.checks(target)
