"""What to do: a comparison as the user asked for it, from options or from a comparison file."""

from __future__ import annotations

import json
import shlex
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from orchestrator.errors import UsageError
from shared.trial import Precision

DEFAULT_CONTENDERS = ("tf", "torch")
DEFAULT_RECIPES = ("article-tf", "article-torch")

Profile = Literal["auto", "article", "quick"]
EngineName = Literal["auto", "docker", "process"]
DeviceKind = Literal["cpu", "cuda"]
Device = Literal["auto", "cpu", "cuda"]


class Spec(BaseModel):
    """One comparison as asked for; nothing is resolved yet. None means: as the recipe and profile say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contenders: tuple[str, ...] = Field(DEFAULT_CONTENDERS, min_length=1)
    recipes: tuple[str, ...] = Field(DEFAULT_RECIPES, min_length=1)
    seeds: Annotated[int, Field(ge=1, le=1000)] = 1
    runs: Annotated[int, Field(ge=1, le=1000)] = 1
    epochs: PositiveInt | None = None
    train_images: PositiveInt | None = None
    batch_size: PositiveInt | None = None
    profile: Profile = "auto"
    engine: EngineName = "auto"
    device: Device = "auto"
    variant: Literal["auto", "cpu", "cuda"] = "auto"
    gpu: str | None = None
    threads: PositiveInt | None = None
    precision: Precision = "float32"
    parity: bool = True  # train matched cells twice more, step by step
    timeout_seconds: Annotated[float, Field(gt=0)] = 4 * 3600.0
    allow_foreign_image: bool = False  # run a ready image that does not say that it keeps the contract
    python: tuple[str, ...] = ()  # "torch=/path/to/python", or one path for all

    @property
    def command(self) -> str:
        """Write the comparison as the command that repeats it."""
        recipes = self.recipes if self.recipes != DEFAULT_RECIPES else ()
        named = [word for name in recipes for word in ("--recipe", name)]
        return shlex.join(("bakeoff", "compare", *self.contenders, *named, *options(self)))


S = TypeVar("S", bound=Spec)


def read(path: Path) -> Spec:
    """Read a comparison file: TOML, or the comparison.json of a run, whose "spec" is repeated.

    Raises UsageError that names file, key and remedy.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "name a TOML file, or the comparison.json of a run") from error
    except ValueError as error:
        raise UsageError(f"{path} cannot be read: {error}", "mend the syntax at the place named") from error
    repeated = path.suffix == ".json" and isinstance(document, dict)
    if repeated and document.get("kind") == "walk":
        raise UsageError(f"{path} is of a walk, not of a comparison", f"repeat it with {document.get('command')}")
    return spec_from(document.get("spec", document) if repeated else document, str(path))


def spec_from(document: Any, where: str) -> Spec:
    """Validate a spec; UsageError lists every wrong key, and the valid ones for an unknown key."""
    return validated(Spec, document, where)


def validated(kind: type[S], document: Any, where: str) -> S:
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        faults = "; ".join(f"{_key(fault['loc'])}: {fault['msg']}" for fault in error.errors(include_url=False))
        raise UsageError(f"{where}: {faults}", f"valid keys: {', '.join(kind.model_fields)}") from error


def options(spec: Spec) -> list[str]:
    """Write all but contenders and recipes as options, where they are not the defaults."""
    changed = spec.model_dump(exclude_defaults=True, exclude={"contenders", "recipes"})
    words = ["--no-parity"] if changed.pop("parity", True) is False else []
    words += ["--allow-foreign-image"] if changed.pop("allow_foreign_image", False) else []
    for name, value in changed.items():
        flag = "--timeout" if name == "timeout_seconds" else f"--{name.replace('_', '-')}"
        values = value if isinstance(value, tuple) else (value,)
        words += [word for each in values for word in (flag, str(each).removesuffix(".0"))]
    return words


def _key(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "the file"


class ExplainSpec(Spec):
    """From the first recipe in the first contender to the second recipe in the second contender."""

    contenders: Annotated[tuple[str, ...], Field(min_length=2, max_length=2)] = ("tf", "torch")
    recipes: Annotated[tuple[str, ...], Field(min_length=2, max_length=2)] = ("article-tf", "article-torch")
    seeds: Annotated[int, Field(ge=1, le=1000)] = 3
    paths: Annotated[int, Field(ge=1, le=1000)] = 1

    @property
    def command(self) -> str:
        ends = ("--from", self.contenders[0], "--to", self.contenders[1])
        return shlex.join(("bakeoff", "explain", *self.recipes, *ends, *options(self)))
