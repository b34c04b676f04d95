"""What differs between two recipes as they ran: what is trained, and how much of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from orchestrator.values import Value
from shared.recipe import Recipe

_SIZES = (
    *("data.train.start", "data.train.stop", "data.validation.start", "data.validation.stop"),
    *("training.epochs", "training.batch_size"),
)
_SAYS_NOTHING = ("title", "quick.train_images", "quick.validation_images")
"""The recipe's own words, and limits that are applied already."""


class Change(Value):
    """One thing before and after; "" where there was none."""

    name: str
    before: str
    after: str


def recipe_changes(before: Recipe, after: Recipe) -> tuple[list[Change], list[Change]]:
    """Return the changes in what is trained, then those in its size, each by its place: "optimizer.learning_rate"."""
    changed = changes(dict(_leaves(asdict(before))), dict(_leaves(asdict(after))))
    told = [change for change in changed if change.name not in _SAYS_NOTHING]
    sizes = [change for change in told if change.name in _SIZES]
    return [change for change in told if change not in sizes], sizes


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """Return what differs between two sets of named texts, in the order of the names in both."""
    names = dict.fromkeys((*before, *after))
    rows = (Change(name=name, before=before.get(name, ""), after=after.get(name, "")) for name in names)
    return [row for row in rows if row.before != row.after]


def _leaves(document: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield each value of nested dictionaries and lists as a text, with its place; lists count from 1."""
    items = document.items() if isinstance(document, dict) else enumerate(document, start=1)
    for name, value in items:
        at = f"{place}.{name}" if place else str(name)
        if isinstance(value, dict | list):
            yield from _leaves(value, at)
        else:
            yield at, str(value)
