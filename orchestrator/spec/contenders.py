"""Contenders: the schema of `images/<name>/contender.toml`, and how a user writes one.

A contender is written as Python people write requirements: `torch`, `torch==2.14.1`,
`tf[xla]==2.20.0`; `torch==2.13` is the newest offered 2.13.x. `mine@registry/image:tag` names a ready
image that keeps the contract.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

from pydantic import Field, ValidationError

from orchestrator.errors import UsageError
from orchestrator.spec.schema_faults import fault_lines, model_faults
from orchestrator.spec.stack import PINNED, Stack
from orchestrator.spec.version_prefix import complete
from orchestrator.values import Value

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "images"

_WRITTEN = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9_-]{0,31})"
    r"(?:\[(?P<modes>[a-z0-9_, -]*)\])?"
    r"(?:==(?P<version>[0-9][0-9A-Za-z.+!-]{0,31})|@(?P<image>[A-Za-z0-9][A-Za-z0-9._/:@-]{0,254}))?"
)


@dataclass(frozen=True)
class Relaxation:
    """A restriction that a contender may ask to be spared."""

    meaning: str
    need: str
    price: str


RELAXATIONS: Mapping[str, Relaxation] = MappingProxyType(
    {
        "tmp-exec": Relaxation(
            meaning="files in /tmp may be executed and loaded as libraries",
            need="torch.compile and Triton compile to /tmp and load what they made",
            price="what a worker downloads or writes, it may run; it had no network to download by",
        ),
    }
)

TURNS = "turns"
CLAUSES = (TURNS,)
"""Optional clauses of the contract, described in shared/README.md."""


class Variant(Value):
    """What differs between an image for CPUs and one for GPUs."""

    extras: str = ""  # "[and-cuda]"
    index: str = ""  # an index of wheels beside pip's own, for the framework's own packages alone
    size_bytes: int = Field(gt=0)  # of an image, for the check of free disk
    driver: int = 0  # the oldest NVIDIA driver (major), by the newest version offered


class Version(Value):
    """One offered version: exact pins beside requirements.in, and a base image where the default is too new."""

    pins: tuple[str, ...] = ()
    base: str = ""
    driver: int = 0  # where it is older than the variant's
    released: date | None = None  # the day on which its wheels were uploaded; None: --stack as-released is not offered


class ContenderFile(Value):
    """The schema of contender.toml."""

    title: str
    colour: str = Field(pattern=r"^#[0-9a-f]{6}$")
    default: str
    modes: dict[str, str] = Field(default_factory=dict)  # mode → what it does
    variables: dict[str, dict[str, str]] = Field(default_factory=dict)  # that no worker gets: name → value → mode
    relax: tuple[str, ...] = ()  # keys of RELAXATIONS
    clauses: tuple[str, ...] = ()  # optional clauses of the contract that its worker keeps, of CLAUSES
    variants: dict[str, Variant]
    versions: dict[str, Version]


@dataclass(frozen=True)
class Contender:
    """One framework at one version, as it will run."""

    name: str  # the folder in images/, or the user's word for a ready image
    version: str  # "" where an existing interpreter or a ready image decides
    modes: tuple[str, ...] = ()
    image: str = ""  # a ready image's reference
    title: str = ""
    colour: str = "#666666"
    relax: tuple[str, ...] = ()  # never of a ready image
    clauses: tuple[str, ...] = ()  # a ready image says by a label which it keeps
    stack: Stack = PINNED  # of the other packages; no part of what a user writes

    @property
    def written(self) -> str:
        """The contender as a user writes it: its identity in tables and records."""
        modes = f"[{','.join(self.modes)}]" if self.modes else ""
        end = f"@{self.image}" if self.image else f"=={self.version}" if self.version else ""
        return f"{self.name}{modes}{end}"

    @property
    def slug(self) -> str:
        """The contender in file and container names."""
        return "-".join(part for part in (self.name, *self.modes, re.sub("[+!]", "_", self.version.lower())) if part)


def offered_contenders(images: Path = IMAGES) -> dict[str, ContenderFile]:
    """Read every `images/*/contender.toml`, by folder name."""
    return {path.parent.name: _read(path, path.stat().st_mtime_ns) for path in sorted(images.glob("*/contender.toml"))}


def driver_floor(contender: Contender, images: Path = IMAGES) -> int:
    """Return the oldest NVIDIA driver (major) for the contender's CUDA; 0 where none is known."""
    file = offered_contenders(images).get(contender.name)
    version = file.versions.get(contender.version) if file else None
    variant = file.variants.get("cuda") if file else None
    return (version.driver if version else 0) or (variant.driver if variant else 0)


def parse(text: str, images: Path = IMAGES) -> Contender:
    """Read one contender as a user writes it; UsageError lists what is valid."""
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is not a contender", "write torch, torch==2.13.0 or mine@registry/image:tag")
    name, image = match["name"], match["image"] or ""
    modes = tuple(sorted(filter(None, (mode.strip() for mode in (match["modes"] or "").split(",")))))
    if image:
        return Contender(name, "", modes, image, title=name)
    known = offered_contenders(images)
    if name not in known:
        raise UsageError(f"unknown contender {name!r}", f"known contenders: {', '.join(known)}")
    file = known[name]
    _check_modes(name, modes, file)
    version = complete(name, match["version"], file.versions) if match["version"] else file.default
    return Contender(name, version, modes, title=file.title, colour=file.colour, relax=file.relax, clauses=file.clauses)


def prefix_lines(texts: Iterable[str], images: Path = IMAGES) -> list[str]:
    """Say which version each contender is whose version was given in part."""
    given = [(text, parse(text, images)) for text in dict.fromkeys(texts)]
    return [
        f"{text} is {contender.written}, the newest version offered"
        for text, contender in given
        if "==" in text and text.strip().rpartition("==")[2] != contender.version
    ]


def folder_name(written: str) -> str:
    """Return the name of the folder that a contender, as it is written, comes from; "" for a ready image.

    Unlike `parse` it takes contenders that are not offered here: a run may be of another version of bakeoff.
    """
    match = _WRITTEN.fullmatch(written)
    return match["name"] if match and not match["image"] else ""


def format_relaxations(relax: Iterable[str]) -> str:
    """Say what is spared, for a table or a sentence."""
    return ", ".join(relax) or "none"


def _check_modes(name: str, modes: tuple[str, ...], file: ContenderFile) -> None:
    unknown = [mode for mode in modes if mode not in file.modes]
    if unknown:
        valid = ", ".join(file.modes) or "none"
        raise UsageError(f"{name} has no mode {unknown[0]!r}", f"modes of {name}: {valid}")


@functools.cache
def _read(path: Path, changed_ns: int) -> ContenderFile:  # noqa: ARG001 - a part of the key: a changed file is read again
    example = "compare it with images/torch"
    try:
        text = path.read_text(encoding="utf-8")
        file = ContenderFile.model_validate(tomllib.loads(text))
    except ValidationError as error:
        lines = fault_lines(list(model_faults(error, ContenderFile)), path, text)
        raise UsageError(f"{path} is not a contender file", example, lines) from error
    except (OSError, ValueError) as error:  # not there any more, not UTF-8, not TOML
        raise UsageError(f"{path} cannot be read: {error}", example) from error
    _check_words(path, "relax", file.relax, RELAXATIONS)
    _check_words(path, "clauses", file.clauses, CLAUSES)
    return file


def _check_words(path: Path, key: str, words: Iterable[str], known: Iterable[str]) -> None:
    unknown = [word for word in words if word not in known]
    if unknown:
        raise UsageError(f"{path}: {key} has {unknown[0]!r}", f"words that it knows: {', '.join(known)}")
