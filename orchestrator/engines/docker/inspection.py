"""Reads facts of an engine before anything is measured; the `judge` modules turn them into checks."""

from __future__ import annotations

import hashlib
import platform
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from docker import DockerClient
from docker.errors import NotFound

from orchestrator.engines.docker import container_options
from orchestrator.engines.docker.api import engine_lost_on_any_error, get_image
from orchestrator.engines.docker.build import default_base, find_image, tag_of
from orchestrator.engines.docker.labels import OWNER_LABEL
from orchestrator.engines.docker.one_off import CommandResult, run
from orchestrator.engines.docker.pull import registry_fault
from orchestrator.engines.install.context import chosen_base, context
from orchestrator.spec.contenders import Contender, offered_contenders

PODMAN = "Podman"

INSIDE = Path(__file__).with_name("limits_probe.py")

TRIED_MEMORY_BYTES = 64 * 2**20
TRIED_PROCESSES = 32

_HERE = ("http+docker://localhost", "http+docker://localnpipe")  # the SDK's names for a socket and a pipe
_TRIED_SECONDS = 20.0
_PROBED_SECONDS = 300.0  # a driver may compile every kernel for a GPU that a wheel does not know


@dataclass(frozen=True)
class Identity:
    """An engine as it describes itself."""

    id: str
    product: str  # Docker, or what speaks its API
    version: str
    api: str
    place: str  # where it is, in words
    root: Path | None  # where it keeps images, None where that is not on this machine
    surroundings: str  # operating system, kernel and control groups
    ahead_seconds: float  # how far its clock goes before ours


@dataclass(frozen=True)
class BaseImage:
    """What images are built on."""

    name: str
    present: bool
    fault: str = ""  # why it cannot be pulled


def digest(script: Path) -> str:
    """Name a script of ours by its content: an answer to another one is no answer to it."""
    return hashlib.sha256(script.read_bytes()).hexdigest()


def product(version: Mapping[str, Any]) -> str:
    """Name the engine by its answer to the question for its version: Podman calls itself one of its components."""
    names = [str(component.get("Name", "")) for component in version.get("Components") or []]
    return PODMAN if "Podman Engine" in names else "Docker"


@dataclass(frozen=True, kw_only=True)
class Checkup:
    """Asks one engine. Every method raises EngineLostError where it does not answer."""

    client: DockerClient
    info: Mapping[str, Any]
    images: Path
    base_image: str
    data_volume: str
    memory_bytes: int
    address: str = ""  # where it is not the client's own

    def identity(self) -> Identity:
        with engine_lost_on_any_error():
            version = self.client.version()
            before = time.time()
            now = _seconds(str(self.client.info().get("SystemTime", "")))
            ahead = now - (before + time.time()) / 2 if now else 0.0
        return Identity(
            id=str(self.info.get("ID", "")),
            product=product(version),
            version=str(version.get("Version", "?")),
            api=str(version.get("ApiVersion", "?")),
            place=self._place(),
            root=self._root() if self.by_socket else None,
            surroundings=f"{self.info.get('OperatingSystem', '?')}, kernel {self.info.get('KernelVersion', '?')},"
            f" cgroup v{self.info.get('CgroupVersion', '1')}",
            ahead_seconds=ahead,
        )

    def free_bytes(self) -> int | None:
        """Return what is free where a local engine keeps images, None where that cannot be seen from here."""
        root = self._root() if self.by_socket else None
        return shutil.disk_usage(root).free if root else None

    def image_of(self, contender: Contender, variant: str) -> str | None:
        """Return the id of the image that a contender would run, None where it must still be made or pulled."""
        with engine_lost_on_any_error():
            return find_image(self.client, contender.image or self._tag(contender, variant))

    def base_of(self, contender: Contender) -> BaseImage:
        """Tell what a contender's image is built on, and whether that is here."""
        chosen = chosen_base(contender, offered_contenders(self.images)[contender.name], self.base_image)
        name = chosen or default_base(self.images / contender.name / "Dockerfile")
        with engine_lost_on_any_error():
            return BaseImage(name, present=find_image(self.client, name) is not None)

    def pullable(self, base: BaseImage) -> BaseImage:
        """Have the engine ask the registry, which may take seconds; nothing is pulled."""
        return replace(base, fault=registry_fault(self.client, base.name))

    def image_to_try(self, contenders: Sequence[Contender], *variants: str) -> str | None:
        """Return an image that is there and has Python: a contender's, else what it will be built on."""
        for contender in contenders:
            for variant in variants:
                if image := self.image_of(contender, variant):
                    return image
        bases = (self.base_of(contender) for contender in contenders if not contender.image)
        return next((base.name for base in bases if base.present), None)

    def restrictions_tried(self, image: str) -> CommandResult:
        """Try a worker's restrictions from inside, with limits so small that passing them is quick."""
        return self.run_script(image, INSIDE)

    def run_script(self, image: str, script: Path, arguments: Sequence[str] = ()) -> CommandResult:
        """Run a script of ours in a container with a worker's restrictions. Raises StartError."""
        return self.run_command(image, ["python3", "-c", script.read_text(encoding="utf-8"), *arguments])

    def run_command(
        self, image: str, command: Sequence[str], more: Mapping[str, Any] | None = None, seconds: float = _TRIED_SECONDS
    ) -> CommandResult:
        """Run a command with a worker's restrictions, and limits so small that passing them is quick."""
        small = {"pids_limit": TRIED_PROCESSES}
        restrictions = {**container_options.restrictions(TRIED_MEMORY_BYTES), **small, **(more or {})}
        return run(self.client, image, command, restrictions, seconds)

    def probed(self, contender: Contender, image: str, device: str, gpu: str | None) -> CommandResult | None:
        """Run the contender's own probe as a worker would run; None where its image has none."""
        with engine_lost_on_any_error():
            entrypoint = get_image(self.client, image).attrs["Config"].get("Entrypoint") or []
        worker = f"images.{contender.name}.worker"
        if not entrypoint or entrypoint[-1] != worker:
            return None
        arguments = {
            **container_options.restrictions(self.memory_bytes, contender.relax),
            "environment": container_options.environment({}),
            **(container_options.gpu_request(gpu, self.info.get("DiscoveredDevices") or []) if gpu else {}),
        }
        command = [*entrypoint[:-1], worker.replace(".worker", ".probe"), device, *contender.modes]
        return run(self.client, image, command, arguments, _PROBED_SECONDS)

    def volume_is_ours(self) -> bool | None:
        """Tell whether the data volume carries our label; None where there is none yet."""
        with engine_lost_on_any_error():
            try:
                volume = self.client.volumes.get(self.data_volume)
            except NotFound:
                return None
        return OWNER_LABEL in (volume.attrs.get("Labels") or {})

    @property
    def by_socket(self) -> bool:
        """Whether a socket of this machine leads to the engine; a virtual machine may stand behind it."""
        return not self.address and str(self.client.api.base_url) in _HERE

    def _tag(self, contender: Contender, variant: str) -> str:
        file = offered_contenders(self.images)[contender.name]
        return tag_of(contender, variant, context(contender, file, variant, self.images, self.base_image))

    def _place(self) -> str:
        if self.by_socket:
            return "local" if self._named_as_here() else "in another machine behind a socket of this one"
        return f"remote, {self.address or self.client.api.base_url}"

    def _named_as_here(self) -> bool:
        return self.info.get("Name") == platform.node()

    def _root(self) -> Path | None:
        """Return the engine's folder where it is this machine's: a socket may lead into a virtual machine."""
        root = Path(str(self.info.get("DockerRootDir", "")))
        return root if self._named_as_here() and root.is_dir() else None


def _seconds(stamp: str) -> float | None:
    """Read the engine's RFC 3339 time, nanoseconds and all, as Unix seconds."""
    try:
        return datetime.fromisoformat(stamp).timestamp()
    except ValueError:
        return None
