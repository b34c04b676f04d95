"""Recipe files: TOML in, a Recipe that can be trained out, or every fault of the file at once.

The shapes are checked against the dataclasses of `shared.recipe`, the sense (slices, layers
that fit, positive numbers) by `orchestrator.spec.recipe_checks`. Nothing is corrected silently;
limits are applied by `apply_sizes`, and a worker gets the final recipe.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.errors import UsageError
from orchestrator.spec.contenders import ROOT
from orchestrator.spec.fault import Fault
from orchestrator.spec.recipe_checks import batch_of_one, semantic_errors
from orchestrator.spec.recipe_schema import schema_errors
from orchestrator.spec.schema_faults import fault_lines
from shared.recipe import Data, Initial, Layer, Optimizer, Quick, Recipe, Slice, Training

FOLDER = ROOT / "shared" / "recipes"

_EXAMPLE = "compare it with shared/recipes/article-torch.toml"
_DOCS = {"layers": "layers", "optimizer": "optimisers"}
_OTHER_DOCS = "the-rest-of-a-recipe"
"""Headings of docs/recipes.md, by section of a recipe."""


class RecipeFile(BaseModel):
    """The schema of a recipe file. Numbers are not taken from text, nor whole numbers from fractions."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    name: str
    title: str
    data: Data
    layers: list[Annotated[Layer, Field(discriminator="type")]]
    training: Training
    initial: Initial
    optimizer: Annotated[Optimizer, Field(discriminator="type")]
    quick: Quick = Quick()


def names() -> list[str]:
    """List the recipes that come with bakeoff."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name_or_path: str) -> Recipe:
    """Read a recipe by its name or from a file; UsageError lists every fault with its line and key."""
    path = _path(name_or_path)
    text = _read(path)
    recipe = _parse(path, text)
    faults = list(semantic_errors(recipe))
    if path.parent != FOLDER and recipe.name in names():
        taken = f"{recipe.name!r} is taken by a recipe of bakeoff: give yours a name of its own"
        faults.append(Fault(("name",), taken))
    if faults:
        raise _refusal(path, text, faults)
    return recipe


def apply_sizes(
    recipe: Recipe,
    *,
    quick: bool = False,
    epochs: int | None = None,
    train_images: int | None = None,
    batch_size: int | None = None,
) -> Recipe:
    """Apply the limits: the first N images of a slice. An option given outright wins over the quick size.

    Raises UsageError naming the option whose value is impossible.
    """
    _check_option("--epochs", epochs)
    _check_option("--batch-size", batch_size)
    _check_option("--train-images", train_images, recipe.data.train.images, f"{recipe.name} has")
    result = limited(recipe, quick=quick, epochs=epochs, train_images=train_images, batch_size=batch_size)
    data, training = result.data, result.training
    if training.batch_size > data.train.images:
        raise UsageError(
            f"{recipe.name}: {_given_options(batch_size, train_images)} makes a batch of {training.batch_size} "
            f"of {data.train.images} training images",
            "give a smaller --batch-size or more --train-images",
        )
    if any(batch_of_one(result)):
        options = _given_options(batch_size, train_images)
        raise UsageError(
            f"{recipe.name}: {options} leaves a batch of one image, and batch norm needs two",
            "give another --batch-size or --train-images",
        )
    return result


def limited(
    recipe: Recipe,
    *,
    quick: bool = False,
    epochs: int | None = None,
    train_images: int | None = None,
    batch_size: int | None = None,
) -> Recipe:
    """Apply the limits without a look at whether the result can be trained."""
    limits = recipe.quick if quick else Quick()
    data = dataclasses.replace(
        recipe.data,
        train=_first_images(recipe.data.train, train_images or limits.train_images),
        validation=_first_images(recipe.data.validation, limits.validation_images),
    )
    training = dataclasses.replace(
        recipe.training,
        epochs=epochs or recipe.training.epochs,
        batch_size=batch_size or recipe.training.batch_size,
    )
    return dataclasses.replace(recipe, data=data, training=training)


def _path(name_or_path: str) -> Path:
    if name_or_path in names():
        return FOLDER / f"{name_or_path}.toml"
    if name_or_path.endswith(".toml") or "/" in name_or_path or "\\" in name_or_path:
        return Path(name_or_path).expanduser().resolve()
    close = difflib.get_close_matches(name_or_path, names(), n=1)
    guess = f"did you mean {close[0]}? " if close else ""
    raise UsageError(
        f"there is no recipe {name_or_path!r}",
        f"{guess}recipes: {', '.join(names())}; or name a file that ends with .toml",
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", f"name a file, or one of the recipes {', '.join(names())}"
        ) from error
    except ValueError as error:  # not UTF-8
        raise UsageError(f"{path} is not TOML: {error}", _EXAMPLE) from error


def _parse(path: Path, text: str) -> Recipe:
    try:
        # By way of JSON: strict validation takes no dataclass from a Python dict, but from a JSON object.
        file = RecipeFile.model_validate_json(json.dumps(tomllib.loads(text), default=str))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not TOML: {error}", _EXAMPLE) from error
    except ValidationError as error:
        raise _refusal(path, text, list(schema_errors(error))) from error
    return Recipe(**{name: getattr(file, name) for name in RecipeFile.model_fields})


def _refusal(path: Path, text: str, faults: Sequence[Fault]) -> UsageError:
    lines = fault_lines([_documented(fault) for fault in faults], path, text)
    return UsageError(f"{path} is not a recipe that can be trained", _EXAMPLE, lines)


def _documented(fault: Fault) -> Fault:
    """Add the place of docs/recipes.md that says what stands there."""
    heading = _DOCS.get(str(fault.place[0]) if fault.place else "", _OTHER_DOCS)
    stop = "" if fault.what.endswith("?") else "."
    return dataclasses.replace(fault, what=f"{fault.what}{stop} See docs/recipes.md#{heading}")


def _check_option(option: str, value: int | None, most: float = math.inf, owner: str = "") -> None:
    if value is not None and value < 1:
        raise UsageError(f"{option} {value} is not possible", f"give {option} a whole number of 1 or more")
    if value is not None and value > most:
        raise UsageError(f"{option} {value} is more than the {most:,} training images {owner}", f"lower {option}")


def _first_images(part: Slice, images: int | None) -> Slice:
    return part if images is None else dataclasses.replace(part, stop=min(part.stop, part.start + images))


def _given_options(batch_size: int | None, train_images: int | None) -> str:
    options = {"--batch-size": batch_size, "--train-images": train_images}
    return " with ".join(f"{option} {value}" for option, value in options.items() if value is not None)
