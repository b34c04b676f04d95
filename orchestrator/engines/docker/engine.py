"""Connects to an engine, and prepares and starts contenders in it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docker import DockerClient
from docker.errors import DockerException, ImageNotFound, NotFound
from requests.exceptions import RequestException

from orchestrator.engines.docker import container_options as flags
from orchestrator.engines.docker import labels as image_labels
from orchestrator.engines.docker.api import engine_lost_if_unreachable, engine_lost_on_any_error, is_away, short
from orchestrator.engines.docker.build import build_image, find_image, tag_of
from orchestrator.engines.docker.cleanup import Owned, leftovers, remove_all
from orchestrator.engines.docker.files import DATA_VOLUME, fill_data, make_out
from orchestrator.engines.docker.inspection import Checkup
from orchestrator.engines.docker.labels import LEASE, RUN, TRIAL, declared, labels_of
from orchestrator.engines.docker.packages import Contents, read
from orchestrator.engines.docker.pull import PULL_WAITS_SECONDS, pull
from orchestrator.engines.docker.worker import STOP_SECONDS, DockerWorker
from orchestrator.engines.engine import EngineLostError, Launch, Prepared, StartError
from orchestrator.engines.install.context import context
from orchestrator.errors import PreflightError
from orchestrator.spec import contenders as relaxations
from orchestrator.spec.contenders import IMAGES, Contender, offered_contenders
from orchestrator.values import Say

_HOST_SHARE = 0.9  # of the engine's memory: a trial that needs all of it takes the host down


class DockerEngine:
    """Each trial in a container of its own, restricted, labelled, without network."""

    name = "docker"
    notice = ""

    def __init__(
        self,
        client: DockerClient,
        images: Path = IMAGES,
        base_image: str = "",
        *,
        data_volume: str = DATA_VOLUME,
        memory_bytes: int | None = None,
        stop_seconds: float = STOP_SECONDS,
        allow_foreign_image: bool = False,
        pull_waits_seconds: Sequence[float] = PULL_WAITS_SECONDS,
    ) -> None:
        self._client = client
        self._pull_waits_seconds = pull_waits_seconds
        self._images = images
        self._base_image = base_image
        self._data_volume = data_volume
        self._stop_seconds = stop_seconds
        self._allow_foreign_image = allow_foreign_image
        self._info: Mapping[str, Any] = client.info()
        self._memory_bytes = memory_bytes or int(self._info.get("MemTotal", 0) * _HOST_SHARE)

    def prepare(self, contender: Contender, variant: str, say: Say) -> Prepared:
        with engine_lost_if_unreachable():
            return self._ready_image(contender, say) if contender.image else self._own_image(contender, variant, say)

    def supply(self, data: Path, prepared: Prepared, say: Say) -> None:
        try:
            with engine_lost_if_unreachable():
                filled = fill_data(self._client, prepared.handle, data, self._data_volume)
            if filled:
                say(f"MNIST copied into the volume {self._data_volume}")
        except (DockerException, RequestException) as error:
            message = f"cannot fill the volume {self._data_volume}: {error}"
            raise PreflightError(message, "`bakeoff clean --data`") from error

    def start(self, launch: Launch) -> DockerWorker:
        name, labels = _name(launch), labels_of(launch)
        out = container = None
        try:
            out = make_out(self._client, launch.prepared.handle, f"{name}-out", labels)
            container = self._client.containers.create(
                launch.prepared.handle, name=name, labels=labels, **self.arguments(launch, out.name)
            )
            container.start()
        except BaseException as error:
            # Also on Ctrl-C: what was created here has no other owner yet.
            _discard(container, out)
            if is_away(error):
                # What the engine made all the same is found by `adopt`.
                raise EngineLostError(short(error)) from error
            if isinstance(error, (DockerException, RequestException)):
                raise StartError(_why_not_started(error)) from error
            raise
        return DockerWorker(self._client, container, out, self._stop_seconds)

    def adopt(self, launch: Launch) -> DockerWorker | None:
        with engine_lost_on_any_error():
            container = _found(self._client, launch)
            if container is None or container.status == "created":
                remove_all(self._client, *_marks(launch))
                return None
            out = self._client.volumes.get(f"{_name(launch)}-out")
            return DockerWorker(self._client, container, out, self._stop_seconds)

    def sweep(self, run_id: str, lease: str) -> None:
        with engine_lost_on_any_error():
            remove_all(self._client, f"{RUN}={run_id}", f"{LEASE}={lease}")

    def arguments(self, launch: Launch, out_volume: str) -> dict[str, Any]:
        """Return what the SDK is told about a container, beside its image, name and labels."""
        gpu = flags.gpu_request(launch.gpu, self._info.get("DiscoveredDevices") or []) if launch.gpu else {}
        volumes = self._client.images.get(launch.prepared.handle).attrs["Config"].get("Volumes") or {}
        return {
            **flags.restrictions(self._memory_bytes, launch.prepared.relaxations),
            "mounts": flags.mounts(self._data_volume, out_volume, volumes),
            "environment": flags.environment(launch.environment),
            **gpu,
        }

    def facts(self) -> Mapping[str, str]:
        version = self._client.version()
        return {
            "engine": f"Docker {version.get('Version', '?')} (API {version.get('ApiVersion', '?')})",
            "engine kernel": str(version.get("KernelVersion", "?")),
            "engine cgroup": f"v{self._info.get('CgroupVersion', '1')}, {self._info.get('Driver', '?')}",
        }

    def gpu_ready(self) -> bool:
        """Tell whether the engine can hand a GPU to a container: the NVIDIA runtime or a CDI device is known."""
        devices = self._info.get("DiscoveredDevices") or []
        return "nvidia" in (self._info.get("Runtimes") or {}) or any(
            str(device.get("ID", device.get("Name", ""))).startswith("nvidia.com/") for device in devices
        )

    def checkup(self) -> Checkup:
        """Return what asks this engine before anything is measured."""
        return Checkup(self._client, self._info, self._images, self._base_image, self._data_volume, self._memory_bytes)

    def contents(self, image: str) -> Contents:
        """Read what packages an image holds. Raises PreflightError where it is not here, EngineLost."""
        return read(self._client, image)

    def owned(self, *, images: bool = False, data: bool = False) -> list[Owned]:
        """List what is ours on this engine. Raises EngineLost."""
        with engine_lost_on_any_error():
            return leftovers(self._client, images=images, data=data, data_volume=self._data_volume)

    def _own_image(self, contender: Contender, variant: str, say: Say) -> Prepared:
        file = offered_contenders(self._images)[contender.name]
        content = context(contender, file, variant, self._images, self._base_image)
        tag = tag_of(contender, variant, content)
        image, retries = find_image(self._client, tag), tuple[str, ...]()
        if image is None:
            image, retries = build_image(self._client, contender, content, tag, say, self._pull_waits_seconds)
        made = image_labels.facts_of_image(self._client.images.get(image).labels)
        told = {**made, "relaxations": relaxations.format_relaxations(contender.relax)}
        return Prepared(contender, image, image, facts=told, relaxations=contender.relax, retries=retries)

    def _ready_image(self, contender: Contender, say: Say) -> Prepared:
        retries: tuple[str, ...] = ()
        try:
            found = self._client.images.get(contender.image)
        except ImageNotFound:
            say(f"pulling {contender.image}")
            found, retries = pull(self._client, contender.image, say, self._pull_waits_seconds)
        told = declared(contender.image, found.attrs["Config"], allow_foreign=self._allow_foreign_image)
        facts = {**told, "relaxations": relaxations.format_relaxations(())}
        return Prepared(contender, str(found.id), str(found.id), facts=facts, retries=retries)


def _name(launch: Launch) -> str:
    return f"bakeoff-{launch.run_id}-{launch.trial_id}"


def _marks(launch: Launch) -> list[str]:
    labels = labels_of(launch)
    return [f"{label}={labels[label]}" for label in (RUN, TRIAL, LEASE)]


def _found(client: DockerClient, launch: Launch) -> Any:
    """Find the container of an earlier host. Raises StartError where one of its name is not this trial's."""
    try:
        container = client.containers.get(_name(launch))
    except NotFound:
        return None
    labels = labels_of(launch)
    strange = [label for label in labels if container.labels.get(label) != labels[label]]
    if strange:
        raise StartError(
            f"a container named {_name(launch)} is there and is not this trial's ({', '.join(strange)} differ):"
            " it is left alone; remove or rename it with docker, then `bakeoff resume`"
        )
    return container


def _discard(container: Any, out: Any) -> None:
    if container is not None:
        with contextlib.suppress(DockerException, RequestException):
            container.remove(force=True, v=True)
    if out is not None:
        with contextlib.suppress(DockerException, RequestException):
            out.remove(force=True)


def _why_not_started(error: Exception) -> str:
    text = str(getattr(error, "explanation", "") or error)
    if "could not select device driver" in text or "nvidia" in text.lower():
        return (
            f"the engine cannot hand a GPU to a container ({text}): install the NVIDIA Container Toolkit"
            " on the engine's host, or use --device cpu"
        )
    return text
