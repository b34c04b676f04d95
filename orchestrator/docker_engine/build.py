"""Makes images: tagged by content, rebuilt when a source changes, with the builder's own words as progress."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from docker import DockerClient
from docker.errors import APIError, ImageNotFound

from orchestrator.contenders import Contender
from orchestrator.context import Context
from orchestrator.docker_engine.owned import CONTENDER, CONTENT, REPOSITORY
from orchestrator.docker_engine.pulling import fault
from orchestrator.engine import PrepareError, Say
from orchestrator.errors import PreflightError
from orchestrator.installation import why_refused

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_WORTH_SAYING = re.compile(r"^(Step \d+/\d+ : |Collecting |\s*Downloading |Installing collected|Successfully )")
_COLOUR = re.compile(r"\x1b\[\d*m")  # the builder paints what a step writes to standard error
_KEPT_LINES = 200


class BasePullError(PreflightError):
    """The base image cannot be had, which concerns every contender; `fault` names what may pass, or is ""."""

    def __init__(self, contender: Contender, why: str) -> None:
        name, passes = fault(why)
        self.fault = name if passes else ""
        super().__init__(
            f"cannot get the base image of {contender.written} ({name}): {why}",
            "name one that the engine has or can pull with BAKEOFF_BASE_IMAGE",
        )


def tag_of(contender: Contender, variant: str, content: Context) -> str:
    """Return bakeoff/<contender>:<version>-<cpu|cuda>-<content hash>."""
    version = contender.version.replace("+", "_")
    return f"{REPOSITORY}{contender.name}:{version}-{variant}-{content.content_hash}"


def find_image(client: DockerClient, tag: str) -> str | None:
    """Return the id of the image of this very content, None where it was not built yet."""
    try:
        return str(client.images.get(tag).id)
    except ImageNotFound:
        return None


def build_image(client: DockerClient, contender: Contender, content: Context, tag: str, say: Say) -> str:
    """Build the image and return its id. Raises PrepareError with the builder's or pip's reason."""
    say(f"building {tag}: this downloads the framework once, and may take minutes")
    _build(client, contender, content, tag, say)
    image = client.images.get(tag)
    # The plain tag is what compose.yaml names and a person types; the content tag is what runs.
    image.tag(*tag.rsplit("-", 1)[0].split(":"))
    say(f"built {tag}, {image.attrs['Size'] / 1e9:.1f} GB")
    return str(image.id)


def _build(client: DockerClient, contender: Contender, content: Context, tag: str, say: Say) -> None:
    try:
        answer = client.api.build(
            fileobj=content.tar(),
            custom_context=True,
            dockerfile=f"images/{contender.name}/Dockerfile",
            tag=tag,
            buildargs={**content.arguments, **_passed_on(os.environ)},
            labels={CONTENDER: contender.written, CONTENT: content.content_hash},
            rm=True,
            forcerm=True,
            decode=True,
        )
        _follow(answer, contender, say)
    except APIError as error:
        raise PrepareError(f"the engine refused to build {tag}: {error.explanation or error}") from error


def _follow(answer: Iterable[Mapping[str, Any]], contender: Contender, say: Say) -> None:
    said: list[str] = []
    error = ""
    for part in answer:  # to its end, also past an error, which gives the connection back
        for line in _COLOUR.sub("", str(part.get("stream", part.get("status", "")))).splitlines():
            if line.strip():
                said = [*said[1 - _KEPT_LINES :], line]
            if _WORTH_SAYING.match(line):
                say(f"{contender.name}: {line.strip()[:160]}")
        error = error or str(part.get("error", ""))
    if error:
        raise _failure(contender, said, error)


def _failure(contender: Contender, said: list[str], error: str) -> PrepareError | PreflightError:
    """Tell a base image that cannot be had from what pip refused."""
    step = next((line for line in reversed(said) if line.startswith("Step ")), "")
    if " : FROM " in step:
        return BasePullError(contender, error)
    return PrepareError(why_refused(said, error))


def _passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """Hand the user's proxies to the builder, which keeps these names out of the image's history."""
    return {name: environment[name] for name in _PROXIES if name in environment}
