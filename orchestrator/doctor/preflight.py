"""What a comparison needs before it starts, within a second where all is well: the first failure ends it.

Left to others: the engine's answer (`world`), GPU, driver and toolkit (`settings`), the run folder (`store`) and
the data (`dataset`) are checked where they are first needed, and end a comparison with the same errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from orchestrator.doctor import docker as docker_checks
from orchestrator.doctor import gpu, process
from orchestrator.doctor.cache import DAY_SECONDS, CheckCache
from orchestrator.doctor.check import Check, State, failure
from orchestrator.engines.docker import DockerEngine
from orchestrator.engines.docker.inspection import Checkup
from orchestrator.engines.engine import Prepared
from orchestrator.engines.process.engine import ProcessEngine
from orchestrator.host import gpus
from orchestrator.runtime import Runtime
from orchestrator.spec.contenders import Contender
from orchestrator.spec.resolve import ResolvedSpec
from orchestrator.values import Say


def preflight(settings: ResolvedSpec, world: Runtime, say: Say) -> None:
    """Check engine, disk, limits and GPU; say what is not well. Raises PreflightError with the failure's fix."""
    match world.engine:
        case DockerEngine():
            memory = CheckCache.beside(world.data)
            _heed(_docker(world.engine.checkup(), settings.contenders, settings.variant, memory, say), say)
        case ProcessEngine():
            _heed(process.checks(world.engine, settings.contenders, settings.variant), say)
    if settings.gpu is not None:
        _heed([gpu.use(gpus.usage(settings.gpu.uuid))], say)


def check_images(engine: DockerEngine, contenders: Sequence[Contender], variant: str, say: Say) -> None:
    """Check that what is still to be built has room. Raises PreflightError."""
    checkup = engine.checkup()
    missing = docker_checks.missing_bytes(checkup, contenders, variant)
    _heed([docker_checks.room(missing, checkup.free_bytes())], say)


def check_built(settings: ResolvedSpec, world: Runtime, prepared: Mapping[str, Prepared], say: Say) -> None:
    """Probe each framework on the GPU in its own image, once an image and driver. Raises PreflightError.

    On the CPU the first trial tells as soon and as much.
    """
    if settings.gpu is None or not isinstance(world.engine, DockerEngine):
        return
    images: dict[Contender, str | None] = {each.contender: each.handle for each in prepared.values()}
    given = (settings.gpu.uuid, settings.gpu.driver_version)
    memory = CheckCache.beside(world.data)
    _heed(docker_checks.frameworks(world.engine.checkup(), images, given, memory, say), say)


def _docker(
    checkup: Checkup, contenders: Sequence[Contender], variant: str, memory: CheckCache, say: Say
) -> Iterator[Check]:
    free_bytes = checkup.free_bytes()
    missing = docker_checks.missing_bytes(checkup, contenders, variant)
    question = docker_checks.question_of(checkup.identity())
    known = memory.recall(question, DAY_SECONDS)
    # A disk that cannot be seen from here is asked from inside, where a build of minutes hangs on it.
    if known is None or (missing and free_bytes is None):
        image = docker_checks.image_to_try(checkup, contenders, variant)
        if image is not None:
            known, inside_bytes = docker_checks.restrictions(checkup, image, say)
            free_bytes = inside_bytes if free_bytes is None else free_bytes
            memory.keep(question, known)
    yield docker_checks.room(missing, free_bytes)
    yield from known or []


def _heed(checks: Iterable[Check], say: Say) -> None:
    """Say every warning, then raise the first failure."""
    found = list(checks)
    for check in found:
        if check.state is State.WARNING:
            say(f"{check.title}: {check.found}: {check.fix}")
    if error := failure(found):
        raise error
