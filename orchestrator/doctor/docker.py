"""The checks of a Docker Engine, in the order in which a comparison would meet them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from orchestrator.doctor import disk, engine, framework, limits
from orchestrator.doctor.cache import CheckCache
from orchestrator.doctor.check import Check
from orchestrator.engines.docker.inspection import INSIDE, BaseImage, Checkup, Identity
from orchestrator.engines.engine import StartError
from orchestrator.spec.contenders import Contender, offered_contenders
from orchestrator.values import Say

_BUILD_REMEDY = "free space, or remove bakeoff's images with `bakeoff clean --images`"


def missing_bytes(checkup: Checkup, contenders: Sequence[Contender], variant: str) -> dict[str, int]:
    """Estimate what is still to be built, by contender; a ready image's size is its registry's to know."""
    return {
        each.written: offered_contenders(checkup.images)[each.name].variants[variant].size_bytes
        for each in contenders
        if not each.image and checkup.image_of(each, variant) is None
    }


def room(missing: Mapping[str, int], free_bytes: int | None) -> Check:
    return disk.images(free_bytes, missing, _BUILD_REMEDY)


def image_to_try(checkup: Checkup, contenders: Sequence[Contender], variant: str) -> str | None:
    """Return an image that is there and has Python: a contender's, else what it will be built on."""
    built = (checkup.image_of(each, variant) for each in contenders)
    bases = (checkup.base_of(each) for each in contenders if not each.image)
    return next(filter(None, built), None) or next((base.name for base in bases if base.present), None)


def bases(checkup: Checkup, contenders: Sequence[Contender], missing: Mapping[str, int], say: Say) -> list[Check]:
    """Check each base image once; a registry is asked for what must still be built on it alone."""
    needed: dict[BaseImage, bool] = {}
    for each in contenders:
        if not each.image:
            base = checkup.base_of(each)
            needed[base] = needed.get(base, False) or each.written in missing
    found = []
    for base, wanted in needed.items():
        ask = wanted and not base.present
        if ask:
            say(f"asking for {base.name} in its registry")
        found.append(engine.base(checkup.pullable(base) if ask else base, wanted))
    return found


def restrictions(checkup: Checkup, image: str, say: Say) -> tuple[list[Check], int | None]:
    """Try what a container may do; return the checks, and what is free where the engine keeps images."""
    say("trying a container's limits")
    try:
        ended = checkup.restrictions_tried(image)
    except StartError as error:
        return [limits.unknown(f"the probe's container does not start: {error}")], None
    answer = limits.read(ended)
    return limits.judge(ended), answer[0].free_bytes if answer else None


def question_of(asked: Identity) -> list[str]:
    """Name what the limits depend on."""
    script = hashlib.sha256(INSIDE.read_bytes()).hexdigest()
    return ["limits", asked.id, asked.version, asked.surroundings, script]


def frameworks(
    checkup: Checkup, images: Mapping[Contender, str | None], gpu: tuple[str, str] | None, memory: CheckCache, say: Say
) -> list[Check]:
    """Probe each contender's framework in its image. `gpu` is its UUID and driver, None for the CPU.

    The answer depends on image, modes, GPU and driver, and is remembered where it is good.
    """
    return [_framework(checkup, each, image, gpu, memory, say) for each, image in images.items()]


def _framework(
    checkup: Checkup, contender: Contender, image: str | None, gpu: tuple[str, str] | None, memory: CheckCache, say: Say
) -> Check:
    if image is None:
        return framework.unprobed(contender, "its image is not built yet: nothing is built for a check-up")
    question = ["framework", image, *contender.modes, *(gpu or ("cpu",))]
    known = memory.recall(question)
    if known:
        return known[0]
    device = "cuda" if gpu else "cpu"
    say(f"probing {contender.written} on the {framework.PLACES[device]}: once an image and driver")
    try:
        ended = checkup.probed(contender, image, device, gpu[0] if gpu else None)
    except StartError as error:
        return framework.refused(contender, error)
    if ended is None:
        return framework.unprobed(contender, "its image has no probe")
    found = framework.judge(contender, device, ended)
    memory.keep(question, [found])
    return found
