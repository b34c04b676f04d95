"""The docker engine: prepares images and starts each trial in a container of its own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any

from docker import DockerClient
from docker.errors import ImageNotFound, NotFound

from orchestrator.engines.built_image import BuiltImage
from orchestrator.engines.check_cache import CheckCache
from orchestrator.engines.docker import container_options, judge, sbom
from orchestrator.engines.docker.api import (
    SDK_ERRORS,
    create_container,
    discard,
    engine_lost_if_unreachable,
    engine_lost_on_any_error,
    get_image,
    is_away,
    reason,
    short,
    why_not_started,
)
from orchestrator.engines.docker.build import Wanted, build_image, find_image, wanted_image
from orchestrator.engines.docker.checks import DockerChecks
from orchestrator.engines.docker.cleanup import DockerObject, is_ours, list_owned, remove_all
from orchestrator.engines.docker.cli_context import named_by
from orchestrator.engines.docker.files import DATA_VOLUME, fill_data, make_out
from orchestrator.engines.docker.image_list import list_images
from orchestrator.engines.docker.inspection import Checkup, product
from orchestrator.engines.docker.labels import (
    CONTENT_HASH_LABEL,
    LEASE_LABEL,
    RUN_LABEL,
    TRIAL_LABEL,
    facts_of_contract,
    facts_of_image,
    labels_of,
    takes_turns,
)
from orchestrator.engines.docker.machine import find_machine
from orchestrator.engines.docker.packages import Contents, read
from orchestrator.engines.docker.pull import PULL_WAITS_SECONDS, pull
from orchestrator.engines.docker.worker import STOP_SECONDS, DockerWorker
from orchestrator.engines.engine import EngineLostError, Launch, Prepared, PrepareError, StartError
from orchestrator.engines.engine_checks import CheckTarget
from orchestrator.engines.install import failure
from orchestrator.errors import PreflightError, UsageError
from orchestrator.host.machine import Machine
from orchestrator.spec.contenders import IMAGES, Contender, format_relaxations, parse
from orchestrator.values import Say

_HOST_SHARE = 0.9  # of the engine's memory: a trial that needs all of it takes the host down


@dataclass(eq=False)
class DockerEngine:
    """Each trial in a container of its own, restricted, labelled, without network."""

    client: DockerClient
    images: Path = IMAGES
    base_image: str = ""
    _: KW_ONLY
    data_volume: str = DATA_VOLUME
    memory_bytes: int | None = None  # of a worker; None: the greater part of the engine's
    stop_seconds: float = STOP_SECONDS
    allow_foreign_image: bool = False
    logs: Path | None = None  # a folder for the whole logs of builds that fail
    pull_waits_seconds: Sequence[float] = PULL_WAITS_SECONDS
    address: str = ""  # that the user named, where it is not the client's own: an engine behind ssh

    name = "docker"
    notice = ""
    restricts = True

    def __post_init__(self) -> None:
        self._info: Mapping[str, Any] = self.client.info()
        self.notice = judge.notice(product(self.client.version()))
        self._memory_bytes = self.memory_bytes or int(self._info.get("MemTotal", 0) * _HOST_SHARE)

    def gives_gpus(self) -> bool:
        """Tell whether the engine can hand a GPU to a container: the NVIDIA runtime or a CDI device is known."""
        devices = self._info.get("DiscoveredDevices") or []
        return "nvidia" in (self._info.get("Runtimes") or {}) or any(
            str(device.get("ID", device.get("Name", ""))).startswith("nvidia.com/") for device in devices
        )

    def checks(self, target: CheckTarget) -> DockerChecks:
        return DockerChecks(self.checkup(), target, self.gives_gpus(), named_by(os.environ))

    def machine(self, contenders: Sequence[Contender], cache: CheckCache) -> Machine:
        return find_machine(self.checkup(), contenders, cache, named_by(os.environ), gives_gpus=self.gives_gpus())

    def prepare(self, contender: Contender, variant: str, say: Say) -> Prepared:
        with _prepare_errors(contender):
            return self._ready_image(contender, say) if contender.image else self._own_image(contender, variant, say)

    def rebuild(self, contender: Contender, variant: str, say: Say) -> str:
        """Build a second image of a contender's sources, without the builder's cache; return its id.

        Raises PrepareError, EngineLostError.
        """
        with _prepare_errors(contender):
            wanted = wanted_image(contender, variant, self.images, self.base_image)
            return self._built(wanted._replace(tag=f"{wanted.tag}-again", again=True), say)[0]

    def supply(self, data: Path, prepared: Prepared, say: Say) -> None:
        try:
            with engine_lost_if_unreachable():
                filled = fill_data(self.client, prepared.handle, data, self.data_volume)
            if filled:
                say(f"MNIST copied into the volume {self.data_volume}")
        except SDK_ERRORS as error:
            message = f"cannot fill the volume {self.data_volume}: {reason(error)}"
            raise PreflightError(message, "`bakeoff clean --data`") from error

    def start(self, launch: Launch) -> DockerWorker:
        name, labels = _name(launch), labels_of(launch)
        out = container = None
        try:
            out = make_out(self.client, launch.prepared.handle, f"{name}-out", labels)
            container = create_container(
                self.client, launch.prepared.handle, name=name, labels=labels, **self.arguments(launch, out.name)
            )
            container.start()
        except BaseException as error:
            # Also on Ctrl-C: what was created here has no other owner yet.
            discard(container, out)
            if is_away(error):
                # What the engine made all the same is found by `adopt`.
                raise EngineLostError(short(error)) from error
            if "is already in use" in str(error):
                # By the request before this one, whose answer was lost: a slow engine ends it after `adopt` has looked.
                _find_container(self.client, launch)
                raise EngineLostError(short(error)) from error
            if isinstance(error, SDK_ERRORS):
                raise StartError(why_not_started(error)) from error
            raise
        return DockerWorker(self.client, container, out, self.stop_seconds)

    def adopt(self, launch: Launch) -> DockerWorker | None:
        with engine_lost_on_any_error():
            container = _find_container(self.client, launch)
            if container is None or container.status == "created":
                remove_all(self.client, *_label_filters(launch))
                return None
            out = self.client.volumes.get(f"{_name(launch)}-out")
            return DockerWorker(self.client, container, out, self.stop_seconds)

    def sweep(self, run_id: str, lease: str) -> None:
        with engine_lost_on_any_error():
            remove_all(self.client, f"{RUN_LABEL}={run_id}", f"{LEASE_LABEL}={lease}")

    def arguments(self, launch: Launch, out_volume: str) -> dict[str, Any]:
        """Return what the SDK is told about a container, beside its image, name and labels."""
        gpu = container_options.gpu_request(launch.gpu, self._info.get("DiscoveredDevices") or []) if launch.gpu else {}
        volumes = get_image(self.client, launch.prepared.handle).attrs["Config"].get("Volumes") or {}
        return {
            **container_options.restrictions(self._memory_bytes // launch.alive, launch.prepared.relaxations),
            **container_options.standard_input(launch.listens),
            "mounts": container_options.mounts(self.data_volume, out_volume, volumes),
            "environment": container_options.environment(launch.environment),
            **gpu,
        }

    def facts(self) -> Mapping[str, str]:
        with engine_lost_on_any_error():
            version = self.client.version()
        return {
            "engine": f"{product(version)} {version.get('Version', '?')} (API {version.get('ApiVersion', '?')})",
            "engine kernel": str(version.get("KernelVersion", "?")),
            "engine cgroup": f"v{self._info.get('CgroupVersion', '1')}, {self._info.get('Driver', '?')}",
        }

    def checkup(self) -> Checkup:
        """Return what reads this engine's facts before anything is measured."""
        return Checkup(
            client=self.client,
            info=self._info,
            images=self.images,
            base_image=self.base_image,
            data_volume=self.data_volume,
            memory_bytes=self._memory_bytes,
            address=self.address,
        )

    def contents(self, image: str) -> Contents:
        """Read what packages an image holds. Raises PreflightError where it is not here, EngineLostError."""
        return read(self.client, image)

    def bill_of_materials(self, named: str, variant: str, version: str) -> dict[str, Any]:
        """Return the CycloneDX document of an image, named as a contender or as the engine names it.

        `version` is bakeoff's own. Raises PreflightError where the image is not here, EngineLostError.
        """
        return sbom.bill_of_materials(self.contents(self._find_image(named, variant)), self.images, version)

    def owned(self, *, images: bool = False, data: bool = False) -> list[DockerObject]:
        """List what is ours on this engine. Raises EngineLostError."""
        with engine_lost_on_any_error():
            return list_owned(self.client, images=images, data=data, data_volume=self.data_volume)

    def built_images(self) -> list[BuiltImage]:
        """List the images that were built here. Raises EngineLostError."""
        with engine_lost_on_any_error():
            return list_images(self.client, self.images, self.base_image)

    def images_bytes(self) -> int:
        """Return what all images take on the disk, shared layers once; 0 from Podman. Raises EngineLostError."""
        with engine_lost_on_any_error():
            return int(self.client.df().get("LayersSize") or 0)

    def _own_image(self, contender: Contender, variant: str, say: Say) -> Prepared:
        wanted = wanted_image(contender, variant, self.images, self.base_image)
        image, retries = find_image(self.client, wanted.tag), tuple[str, ...]()
        if image is None:
            image, retries = self._built(wanted, say)
        labels = get_image(self.client, image).labels
        turns = takes_turns(labels)
        facts = {**facts_of_image(labels), "relaxations": format_relaxations(contender.relax)}
        return Prepared(
            contender, image, image, facts=facts, relaxations=contender.relax, retries=retries, takes_turns=turns
        )

    def _built(self, wanted: Wanted, say: Say) -> tuple[str, tuple[str, ...]]:
        def failed(lines: Sequence[str], why: str) -> PrepareError:
            return failure.told(lines, why, wanted.contender, self.images, self.logs)

        return build_image(self.client, wanted, say, self.pull_waits_seconds, failed=failed)

    def _ready_image(self, contender: Contender, say: Say) -> Prepared:
        retries: tuple[str, ...] = ()
        try:
            image = get_image(self.client, contender.image)
        except ImageNotFound:
            say(f"pulling {contender.image}")
            image, retries = pull(self.client, contender.image, say, self.pull_waits_seconds)
        config = image.attrs["Config"]
        contract = facts_of_contract(contender.image, config, allow_foreign=self.allow_foreign_image)
        labels = config.get("Labels") or {}
        made = facts_of_image(labels) if CONTENT_HASH_LABEL in labels and image.tags and is_ours(image) else {}
        facts, turns = {**contract, **made, "relaxations": format_relaxations(())}, takes_turns(labels)
        return Prepared(contender, str(image.id), str(image.id), facts=facts, retries=retries, takes_turns=turns)

    def _find_image(self, named: str, variant: str) -> str:
        try:
            contender = parse(named, self.images)
        except UsageError:
            return named
        image = contender.image or self.checkup().image_of(contender, variant)
        if image is None:
            build = f"`bakeoff images build {contender.written} --variant {variant}`"
            raise PreflightError(f"{contender.written} {variant} is not built from these sources", build)
        return image


@contextlib.contextmanager
def _prepare_errors(contender: Contender) -> Iterator[None]:
    try:
        with engine_lost_if_unreachable():
            yield
    except SDK_ERRORS as error:
        raise PrepareError(f"{contender.written} cannot be made ready: {reason(error)}") from error


def _name(launch: Launch) -> str:
    return f"bakeoff-{launch.run_id}-{launch.trial_id}"


def _label_filters(launch: Launch) -> list[str]:
    labels = labels_of(launch)
    return [f"{label}={labels[label]}" for label in (RUN_LABEL, TRIAL_LABEL, LEASE_LABEL)]


def _find_container(client: DockerClient, launch: Launch) -> Any:
    """Find the container of an earlier host. Raises StartError where one of its name is not this trial's."""
    try:
        container = client.containers.get(_name(launch))
    except NotFound:
        return None
    labels = labels_of(launch)
    different = [label for label in labels if container.labels.get(label) != labels[label]]
    if different:
        raise StartError(
            f"a container named {_name(launch)} is there and is not this trial's ({', '.join(different)} differ):"
            " it is left alone; remove or rename it with docker, then `bakeoff resume`"
        )
    return container
