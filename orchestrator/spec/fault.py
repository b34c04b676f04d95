"""A fault of a file that a person writes: where it stands, and what to do about it. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Place = tuple[str | int, ...]
"""The keys that lead to a value of a file: ("layers", 2, "units"); () is the file."""

LONGEST_VALUE = 60  # letters of a value that are repeated
NEAR = 0.8  # share of letters that two spellings have in common: below it a guess misleads


@dataclass(frozen=True)
class Fault:
    """One thing to mend."""

    place: Place
    what: str  # names what is allowed there
    type: str = ""  # of the layer or optimiser that the place is in
    given: str = ""  # what was written, where `what` does not repeat it

    def __str__(self) -> str:
        return f"{self.where}{f' = {self.given}' if self.given else ''}: {self.what}"

    @property
    def where(self) -> str:
        """Name the place as its author knows it: "layer 3 (dense), units", "[data] train.start", "name"."""
        section, *rest = self.place or ("the file",)
        if section == "layers" and rest:
            number, *keys = rest
            layer = f"layer {int(number) + 1}{f' ({self.type})' if self.type else ''}"
            return ", ".join(filter(None, (layer, join_keys(keys))))
        if not rest:
            return str(section)
        return f"[{section}] {', '.join(filter(None, (self.type, join_keys(rest))))}"


def join_keys(keys: Iterable[str | int]) -> str:
    """Write keys with dots, and the places in a list in brackets: train.start, contenders[1]."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).removeprefix(".")


def written(value: Any) -> str:
    """Repeat a value as its file has it, shortened."""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def nearest(word: object, known: Iterable[str]) -> str | None:
    """Return the known word that is spelt nearly so, None where none is."""
    by_folded = {each.lower(): each for each in known}
    close = difflib.get_close_matches(str(word).lower(), by_folded, n=1, cutoff=NEAR)
    return by_folded[close[0]] if close else None


def guess(word: object, known: Iterable[str]) -> str:
    """Return ": did you mean …?" with the nearest spelling, "" where nothing is near."""
    near = nearest(word, known)
    return f": did you mean {near}?" if near else ""
