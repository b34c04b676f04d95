"""The checks of a Docker Engine, in the order in which a comparison would meet them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from orchestrator.engines.check import Check
from orchestrator.engines.check_cache import DAY_SECONDS
from orchestrator.engines.disk_needed import check_room, estimated_bytes
from orchestrator.engines.docker import judge, judge_framework, judge_limits
from orchestrator.engines.docker.inspection import INSIDE, BaseImage, Checkup, Identity, digest
from orchestrator.engines.engine import StartError
from orchestrator.engines.engine_checks import CheckTarget, EngineChecks
from orchestrator.spec.contenders import Contender

_BUILD_REMEDY = "free space, or remove bakeoff's images with `bakeoff clean --images`"


@dataclass(frozen=True)
class DockerChecks(EngineChecks):
    """The checks of one engine for one comparison."""

    checkup: Checkup
    target: CheckTarget
    gives_gpus: bool
    named_by: str  # what led to the engine: DOCKER_HOST, a CLI context, or ""

    def before_start(self) -> Iterator[Check]:
        free_bytes, missing = self.checkup.free_bytes(), self.to_build()
        question = limits_question(self.checkup.identity())
        checks = self.target.cache.recall(question, DAY_SECONDS)
        # A disk that cannot be seen from here is asked from inside, where a build of minutes hangs on it.
        if checks is None or (missing and free_bytes is None):
            image = self.image_to_try()
            if image is not None:
                checks, inside_bytes = self.try_limits(image)
                free_bytes = inside_bytes if free_bytes is None else free_bytes
                self.target.cache.keep(question, checks)
        yield check_room(free_bytes, missing, _BUILD_REMEDY)
        yield from checks or []

    def room(self) -> Iterator[Check]:
        yield check_room(self.checkup.free_bytes(), self.to_build(), _BUILD_REMEDY)

    def engine(self) -> Iterator[Check]:
        identity = self.checkup.identity()
        yield judge.reached(identity, self.named_by)
        if judge.notice(identity.product):
            yield judge.lacks(identity)
        yield judge.clock(identity)
        missing = self.to_build()
        yield from self._bases(missing)
        image, free_bytes = self.image_to_try(), self.checkup.free_bytes()
        if image is None:
            yield judge_limits.untried("not tried: neither an image nor what it would be built on is here")
        else:
            checks, inside_bytes = self.try_limits(image)
            yield from checks
            free_bytes = inside_bytes if free_bytes is None else free_bytes
        yield check_room(free_bytes, missing, _BUILD_REMEDY)

    def gpu(self, asked: bool) -> Iterator[Check]:
        yield judge.toolkit(self.gives_gpus, asked)

    def frameworks(self, images: Mapping[Contender, str] | None = None) -> Iterator[Check]:
        """Probe each framework on the target's GPU, or on the CPU where there is none."""
        for contender in self.target.contenders if images is None else images:
            yield self._framework(contender, self._image_of(contender) if images is None else images[contender])

    def data(self) -> Iterator[Check]:
        yield judge.volume(self.checkup.data_volume, self.checkup.volume_is_ours())

    def to_build(self) -> dict[str, int]:
        """Estimate what is still to be built, by contender; a ready image's size is its registry's to know."""
        contenders = self.target.contenders
        missing = [each for each in contenders if not each.image and self._image_of(each) is None]
        return estimated_bytes(missing, self.target.variant, self.checkup.images)

    def image_to_try(self) -> str | None:
        return self.checkup.image_to_try(self.target.contenders, self.target.variant)

    def try_limits(self, image: str) -> tuple[list[Check], int | None]:
        """Try what a container may do; return the checks, and what is free where the engine keeps images."""
        self.target.say("trying a container's limits")
        try:
            result = self.checkup.restrictions_tried(image)
        except StartError as error:
            return [judge_limits.unknown(f"the probe's container does not start: {error}")], None
        answer = judge_limits.read(result)
        return judge_limits.judge(result), answer[0].free_bytes if answer else None

    def _image_of(self, contender: Contender) -> str | None:
        return self.checkup.image_of(contender, self.target.variant)

    def _bases(self, missing: Mapping[str, int]) -> Iterator[Check]:
        """Check each base image once; a registry is asked only for what must still be built on it."""
        needed: dict[BaseImage, bool] = {}
        for contender in self.target.contenders:
            if not contender.image:
                base = self.checkup.base_of(contender)
                needed[base] = needed.get(base, False) or contender.written in missing
        for base, wanted in needed.items():
            ask = wanted and not base.present
            if ask:
                self.target.say(f"asking for {base.name} in its registry")
            yield judge.base(self.checkup.pullable(base) if ask else base, wanted)

    def _framework(self, contender: Contender, image: str | None) -> Check:
        """Probe one framework. The answer depends on image, modes, GPU and driver, and is kept where it is good."""
        if image is None:
            return judge_framework.unprobed(contender, "its image is not built yet: nothing is built for a check-up")
        gpu, cache = self.target.gpu, self.target.cache
        device, where = ("cuda", [gpu.uuid, gpu.driver_version]) if gpu else ("cpu", ["cpu"])
        question = ["framework", image, *contender.modes, *where]
        if known := cache.recall(question):
            return known[0]
        self.target.say(
            f"probing {contender.written} on the {judge_framework.PLACES[device]}: once an image and driver"
        )
        try:
            result = self.checkup.probed(contender, image, device, gpu.uuid if gpu else None)
        except StartError as error:
            return judge_framework.refused(contender, error)
        if result is None:
            return judge_framework.unprobed(contender, "its image has no probe")
        check = judge_framework.judge(contender, device, result)
        cache.keep(question, [check])
        return check


def limits_question(identity: Identity) -> list[str]:
    """Name what the limits depend on."""
    return ["limits", identity.id, identity.version, identity.surroundings, digest(INSIDE)]
