"""Makes images: tagged by content, rebuilt when a source changes, with the builder's own words as progress."""

from __future__ import annotations

import json
import os
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from docker import DockerClient
from docker.errors import APIError, ImageNotFound

from orchestrator.engines.docker import configuration
from orchestrator.engines.docker.api import build, get_image, reason
from orchestrator.engines.docker.base_image import Base, base_of
from orchestrator.engines.docker.files import MemberRefusedError, read_member, unstarted_container
from orchestrator.engines.docker.labels import OWNER_LABELS, REPOSITORY_PREFIX, image_labels
from orchestrator.engines.engine import PrepareError
from orchestrator.engines.install import locks, pip_configuration
from orchestrator.engines.install.context import Context, context, pack, refuse_past_day
from orchestrator.engines.install.failure import KEPT_LINES, Failed
from orchestrator.engines.install.pip_configuration import PipConfiguration
from orchestrator.host.credentials import without_credentials
from orchestrator.spec.contenders import Contender, offered_contenders
from orchestrator.values import Say

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_WORTH_SAYING = re.compile(r"^(Step \d+/\d+ : |Collecting |\s*Downloading |Installing collected|Successfully )")
_COLOUR = re.compile(r"\x1b\[\d*m")  # the builder paints what a step writes to standard error
_LOCK_NAME_BYTES = 200


class Wanted(NamedTuple):
    """An image to be built."""

    contender: Contender
    content: Context
    tag: str
    again: bool = False  # a second one of the same sources, which takes nothing from the builder's cache


def tag_of(contender: Contender, variant: str, content: Context) -> str:
    """Return bakeoff/<contender>:<version>-<cpu|cuda>-<content hash>."""
    version = contender.version.replace("+", "_")
    return f"{REPOSITORY_PREFIX}{contender.name}:{version}-{variant}-{content.content_hash}"


def wanted_image(contender: Contender, variant: str, images: Path, base_image: str) -> Wanted:
    """Return what is built of a contender's folder in `images`; `base_image` "" is the Dockerfile's own."""
    content = context(contender, offered_contenders(images)[contender.name], variant, images, base_image)
    return Wanted(contender, content, tag_of(contender, variant, content))


def find_image(client: DockerClient, tag: str) -> str | None:
    """Return the id of the image of this very content, None where it was not built yet."""
    try:
        return str(get_image(client, tag).id)
    except ImageNotFound:
        return None


def build_image(
    client: DockerClient, wanted: Wanted, say: Say, waits_seconds: Sequence[float], *, failed: Failed
) -> tuple[str, tuple[str, ...]]:
    """Build the image; return its id and what was tried again to get its base.

    Raises PrepareError, which `failed` makes of the builder's log, PreflightError where the base cannot be had.
    """
    contender, content, tag, again = wanted
    refuse_past_day(content, datetime.now(UTC))
    say(f"building {tag}: this downloads the framework once, and may take minutes")
    base = base_of(client, _base_name(content, contender), contender.written, say, waits_seconds)
    say(f"{contender.name}: on {base.description}")
    pip = pip_configuration.read()
    if pip.unused:
        unused = without_credentials(", ".join(pip.unused))
        say(f"{contender.name}: of pip's configuration a build does not use {unused}")
    layers = _follow(_build(client, wanted, base, pip), contender, say, failed)
    try:
        lock = _read_lock_name(client, layers)
        _label(client, layers, image_labels(contender, content, base, lock), tag)
    except APIError as error:
        raise PrepareError(f"the engine refused to label {tag}: {reason(error)}") from error
    say(f"{contender.name}: {locks.requirements_fact(lock, content.arguments.get('STACK', ''))}")
    image = get_image(client, tag)
    if not again:
        # The plain tag is what compose.yaml names and a person types; the content tag is what runs.
        image.tag(*tag.rsplit("-", 1)[0].split(":"))
    say(f"built {tag}, {image.attrs['Size'] / 1e9:.1f} GB")
    return str(image.id), base.retries


def _base_name(content: Context, contender: Contender) -> str:
    return content.arguments.get("BASE_IMAGE") or default_base(content.files[f"images/{contender.name}/Dockerfile"])


def _build(client: DockerClient, wanted: Wanted, base: Base, pip: PipConfiguration) -> Iterator[Mapping[str, Any]]:
    """Build the layers, and yield what the engine tells of it."""
    contender, content = wanted.contender, wanted.content
    arguments = {**content.arguments, "BASE_IMAGE": base.reference, **_proxies(client), **pip.argument}
    asked = {"dockerfile": f"images/{contender.name}/Dockerfile", "buildargs": json.dumps(arguments)}
    try:
        yield from build(client, content.tar(pip.files), **asked, **({"nocache": "1"} if wanted.again else {}))
    except APIError as error:
        message = f"the engine refused to build {contender.written}: {reason(error)}"
        raise PrepareError(message) from error


def _read_lock_name(client: DockerClient, image: str) -> str:
    """Read which lock the build chose, out of the image: a builder's cache prints nothing of it again."""
    with unstarted_container(client, image, OWNER_LABELS) as holder:
        try:
            return (read_member(holder, f"/opt/venv/{locks.MARK}", _LOCK_NAME_BYTES) or b"").decode().strip()
        except (MemberRefusedError, UnicodeDecodeError):
            return ""


def _label(client: DockerClient, image: str, labels: Mapping[str, str], tag: str) -> None:
    context = pack({"Dockerfile": f"FROM {image}\n".encode()})
    answer = build(client, context, labels=json.dumps(dict(labels)), t=tag)
    if error := next((str(part["error"]) for part in list(answer) if "error" in part), ""):
        raise PrepareError(f"the engine refused to label {tag}: {error}")


def _follow(answer: Iterable[Mapping[str, Any]], contender: Contender, say: Say, failed: Failed) -> str:
    """Say what is worth saying, and return the id of the image that came of it."""
    lines: deque[str] = deque(maxlen=KEPT_LINES)
    error = image = ""
    for part in answer:  # to its end, also past an error, which gives the connection back
        for line in without_credentials(_COLOUR.sub("", str(part.get("stream", part.get("status", ""))))).splitlines():
            lines.append(line)
            if _WORTH_SAYING.match(line):
                say(f"{contender.name}: {line.strip()[:160]}")
        error = error or without_credentials(str(part.get("error", "")))
        image = str((part.get("aux") or {}).get("ID", image))
    if error:
        raise failed(list(lines), error)
    return image


def default_base(dockerfile: Path) -> str:
    """Read the default of BASE_IMAGE from the Dockerfile, the one place that states it."""
    lines = dockerfile.read_text(encoding="utf-8").splitlines()
    return next((line.partition("=")[2] for line in lines if line.startswith("ARG BASE_IMAGE=")), "")


def _proxies(client: DockerClient) -> dict[str, str]:
    """Return the user's proxies, from the environment before Docker's configuration.

    The builder keeps these names out of the image's history, and out of what its cache depends on.
    """
    named = configuration.proxies(configuration.read(os.environ), str(client.api.base_url))
    return {**named, **{name: os.environ[name] for name in _PROXIES if name in os.environ}}
