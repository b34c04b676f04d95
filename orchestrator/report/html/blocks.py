"""What a section of the page is made of, as plain values; the template alone knows how each looks.

Every string in a block is text: what escapes it stands in `page`, once, for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from orchestrator import text as words
from orchestrator.analyse.summary import TrialSummary
from orchestrator.report import cells

Row = Callable[[TrialSummary], Sequence[str]]

LONG_TABLE_ROWS = 8
"""A table of more rows is folded."""


@dataclass(frozen=True)
class Paragraph:
    text: str
    kind: ClassVar[str] = "paragraph"


@dataclass(frozen=True)
class Heading:
    """Of a part of a section."""

    text: str
    kind: ClassVar[str] = "heading"


@dataclass(frozen=True)
class Term:
    """A name and what is said of it."""

    name: str
    text: str


@dataclass(frozen=True)
class Terms:
    items: tuple[Term, ...]
    kind: ClassVar[str] = "terms"


@dataclass(frozen=True)
class Bullets:
    items: tuple[str, ...]
    kind: ClassVar[str] = "bullets"


@dataclass(frozen=True)
class Notice:
    """A finding: how grave, what, and what to do."""

    severity: str
    message: str
    advice: str
    kind: ClassVar[str] = "notice"


@dataclass(frozen=True)
class Command:
    """A line for a shell, and what it does."""

    title: str
    line: str
    kind: ClassVar[str] = "command"


@dataclass(frozen=True)
class Log:
    title: str
    lines: tuple[str, ...]
    kind: ClassVar[str] = "log"


@dataclass(frozen=True)
class Table:
    """The first `left` columns hold words, the others numbers; the first cell of a row is its head."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int
    folded: bool
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Drawings:
    """Figures side by side that wrap, by their names in `drawings`."""

    names: tuple[str, ...]
    caption: str
    small: bool = False
    kind: ClassVar[str] = "drawings"


@dataclass(frozen=True)
class Listing:
    """A program; its spaces count."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Listings:
    """Programs side by side where there is room, folded."""

    title: str
    items: tuple[Listing, ...]
    kind: ClassVar[str] = "listings"


@dataclass(frozen=True)
class Picture:
    """A small image of the page's own, as PNG in base64, with its alternative text and lines below it."""

    png: str
    text: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Pictures:
    """Images side by side that wrap."""

    caption: str
    items: tuple[Picture, ...]
    kind: ClassVar[str] = "pictures"


Block = Paragraph | Heading | Terms | Bullets | Notice | Command | Log | Table | Drawings | Listings | Pictures


@dataclass(frozen=True)
class Section:
    anchor: str
    title: str
    blocks: tuple[Block, ...]


def table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], *, left: int, folded: bool = False
) -> Table:
    """Make a table; a long one is folded whatever is asked for."""
    kept = tuple(map(tuple, rows))
    return Table(caption, tuple(heads), kept, left, folded or len(kept) > LONG_TABLE_ROWS)


def by_track(
    caption: str, heads: Sequence[str], trials: Sequence[TrialSummary], row: Row, *, left: int, folded: bool = False
) -> list[Block]:
    """Make a table a track, each under its name: their numbers mean different things."""
    return [
        table(f"{caption}: {words.track(track)}", heads, map(row, group), left=left, folded=folded)
        for track, group in cells.by_track(trials).items()
    ]
