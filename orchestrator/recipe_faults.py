"""What can be wrong with a recipe file, each fault with its key and what to do about it. Pure.

`malformed` translates what validation found into the words of the file; `senseless` finds
what is well-formed and cannot be trained: slices, numbers out of range, layers that do not
fit (`layer_faults`). All faults are listed, so that a file is mended in one go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from orchestrator.constants import USUAL, outside
from orchestrator.layer_faults import layer_faults
from shared.recipe import LAYER_TYPES, OPTIMIZER_TYPES, Data, Recipe, Sgd, Slice

Fault = tuple[str, str]
"""Where and what: "layers[2].units", and what to do about it."""

FILE_IMAGES = {"train": 60_000, "test": 10_000}
LEAST_STD = 1e-6  # images are divided by it in float32

_NAME = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9_.-]{0,63}")  # it becomes part of file and container names


def malformed(error: ValidationError) -> Iterator[Fault]:
    """Say what pydantic found in the words of the file."""
    for fault in error.errors(include_url=False):
        kind, message = fault["type"], fault["msg"]
        if kind == "missing":
            usual = USUAL.get(str(fault["loc"][-1]))
            yield _key(fault["loc"]), f"is missing: add it{f'; usual is {usual}' if usual else ''}"
        elif kind in ("extra_forbidden", "unexpected_keyword_argument"):
            yield _key(fault["loc"]), "is not a key of a recipe: correct or remove it"
        elif kind.startswith("union_tag"):
            known = OPTIMIZER_TYPES if fault["loc"][0] == "optimizer" else LAYER_TYPES
            yield f"{_key(fault['loc'])}.type", f"must be one of {', '.join(known)}"
        else:
            yield _key(fault["loc"]), f"{message.replace('Input should', 'should')}, not {_short(fault['input'])}"


def senseless(recipe: Recipe) -> Iterator[Fault]:
    """Find what is well-formed and makes no sense."""
    yield from _text_faults(recipe)
    yield from _data_faults(recipe.data)
    yield from _training_faults(recipe)
    yield from _quick_faults(recipe)
    yield from layer_faults(recipe)


def _key(place: tuple[int | str, ...]) -> str:
    """Write a place as the file's author knows it, without a type's name.

    ("layers", 2, "dense", "units") is layers[2].units, ("optimizer", "adam", "beta_1") is optimizer.beta_1.
    """
    text = ""
    for before, part in zip((None, *place), place, strict=False):
        if isinstance(part, int):
            text += f"[{part}]"
        elif not isinstance(before, int) and before != "optimizer":  # behind these stands a type, not a key
            text += f".{part}" if text else part
    return text or "the file"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _text_faults(recipe: Recipe) -> Iterator[Fault]:
    if not _NAME.fullmatch(recipe.name):
        yield (
            "name",
            f"{_short(recipe.name)} must be up to 64 of a-z 0-9 _ . -, start with a letter or digit, without ..",
        )
    if not recipe.title.strip() or not recipe.title.isprintable():
        yield "title", f"{_short(recipe.title)} must be one line of text"


def _data_faults(data: Data) -> Iterator[Fault]:
    if data.std < LEAST_STD:
        yield "data.std", f"must be {LEAST_STD:g} or more, not {data.std:g}: images are divided by it"
    yield from _slice_faults("data.train", data.train)
    yield from _slice_faults("data.validation", data.validation)
    train, validation = data.train, data.validation
    overlap = max(train.start, validation.start) < min(train.stop, validation.stop)
    if train.file == validation.file and overlap:
        yield "data.validation", "shares images with data.train: let one start where the other stops"


def _slice_faults(key: str, part: Slice) -> Iterator[Fault]:
    images = FILE_IMAGES[part.file]
    if not 0 <= part.start < part.stop <= images:
        yield key, f"start {part.start} and stop {part.stop} must be 0 <= start < stop <= {images} ({part.file} file)"


def _training_faults(recipe: Recipe) -> Iterator[Fault]:
    training, images = recipe.training, recipe.data.train.images
    yield from outside("training", training)
    if training.batch_size > images > 0:
        yield "training.batch_size", f"{training.batch_size} is more than the {images} training images: lower it"
    yield from outside("optimizer", recipe.optimizer)
    if isinstance(recipe.optimizer, Sgd) and recipe.optimizer.nesterov and not recipe.optimizer.momentum:
        yield "optimizer.nesterov", "looks ahead along the momentum, which is 0: add momentum, 0.9 is usual"


def _quick_faults(recipe: Recipe) -> Iterator[Fault]:
    quick, data = recipe.quick, recipe.data
    for key, limit, images, least in (
        ("train_images", quick.train_images, data.train.images, recipe.training.batch_size),
        ("validation_images", quick.validation_images, data.validation.images, 1),
    ):
        if limit is not None and not max(1, least) <= limit <= images:
            yield f"quick.{key}", f"must be from {max(1, least)} to {images}, not {limit}; leave it out for all images"
