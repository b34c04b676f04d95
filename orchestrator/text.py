"""How values and outside strings are written in a report, on any surface.

Whatever a worker, a recipe or a user wrote passes `printable` before it is shown, and
`markdown` or `code` where the surface is Markdown. Numbers carry no unit here: headings do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from orchestrator.host.credentials import without_credentials
from orchestrator.record.record import Status

ABSENT = "–"

PHASES = ("import", "data", "build", "first_step", "warm_up", "training", "evaluation", "predict")
"""In the order of a worker's life."""

GLYPHS = {
    Status.DONE: "✓",
    Status.FAILED: "✗",
    Status.TIMED_OUT: "◷",
    Status.SKIPPED: "○",
    Status.INTERRUPTED: "■",
    Status.UNKNOWN: "?",
}

STATUS_STYLES = {
    Status.DONE: "green",
    Status.FAILED: "bold red",
    Status.TIMED_OUT: "bold red",
    Status.SKIPPED: "yellow",
    Status.INTERRUPTED: "yellow",
    Status.UNKNOWN: "bold yellow",
}
"""Rich's styles, beside the glyph: nothing hangs on colour."""

_ESCAPE_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC and its like: titles, links
    r"|\x1b[ -/]*[0-~]"
)
_MARKDOWN_SPECIAL = re.compile(r"[\\`*_\[\]|~$#!]")
_MARKDOWN_OPENING = re.compile(r"^([-+=]|\d+(?=[.)](?:\s|$)))")


def printable(text: str) -> str:
    """Return `text` as one line that cannot steer a terminal.

    Escape sequences go as a whole; every line break and tab becomes a space; control,
    format (bidirectional overrides, zero widths), surrogate and unassigned characters go. So do credentials in URLs.
    """
    flat = re.sub(r"\s", " ", without_credentials(_ESCAPE_SEQUENCE.sub("", text)))
    shown = "".join(letter for letter in flat if unicodedata.category(letter)[0] != "C")
    return re.sub(r" +", " ", shown).strip()


def program_line(line: str) -> str:
    """Return a line of a program with its spaces, and without what steers a display: see `printable`."""
    return "".join(letter for letter in line if unicodedata.category(letter)[0] != "C")


def markdown(text: str) -> str:
    """Return outside text so that Markdown, and the HTML within it, shows it as it stands, in a table too."""
    plain = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = _MARKDOWN_SPECIAL.sub(r"\\\g<0>", plain).replace("://", ":\\//")  # the last: no link of its own
    return _MARKDOWN_OPENING.sub(_escaped_opening, escaped)


def code(text: str) -> str:
    """Return outside text as a Markdown code span. Not for tables: a pipe would end the cell."""
    plain = printable(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", plain)), default=0))
    return f"{fence} {plain} {fence}" if "`" in plain else f"{fence}{plain}{fence}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, left: int) -> str:
    """Return a Markdown table of escaped cells: the first `left` columns hold words, the others numbers."""
    rule = ["---" if at < left else "---:" for at in range(len(heads))]
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, rule, *rows])


def shortened(text: str, width: int) -> str:
    """Return printable text of at most `width` characters: the middle goes, since versions and tags stand last."""
    plain = printable(text)
    if len(plain) <= width:
        return plain
    head = (width - 1) // 2
    return f"{plain[:head]}…{plain[len(plain) - (width - 1 - head) :]}"


def status(value: Status) -> str:
    """Return a status as glyph and word, so that it never hangs on colour."""
    return f"{GLYPHS[value]} {value.replace('_', ' ')}"


def loss(value: float | None) -> str:
    if value is None:
        return ABSENT
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:.3g}"


def percent(fraction: float | None) -> str:
    """Return a fraction 0–1 in percent, without the sign: 0.9712 is 97.12."""
    return ABSENT if fraction is None else f"{100 * fraction:.2f}"


def rate(per_second: float | None) -> str:
    if per_second is None:
        return ABSENT
    return f"{per_second:,.0f}" if per_second >= 100 else f"{per_second:.3g}"


def ratio(value: float | None, decimals: int = 2) -> str:
    return ABSENT if value is None else f"{value:.{decimals}f}×"


def megabytes(count: int | None) -> str:
    """Return bytes in units of 10⁶."""
    return ABSENT if count is None else f"{count / 1e6:,.0f}"


def seconds(value: float | None) -> str:
    if value is None:
        return ABSENT
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def scientific(value: float) -> str:
    """Return an error: 3.7e-06, and 0 where there is none at all."""
    return f"{value:.1e}" if value else "0"


def points(fraction: float) -> str:
    """Return a difference of fractions in percentage points, signed."""
    return f"{100 * fraction:+.2f}"


def number(value: float | None) -> str:
    """Return a number of a claim, to three decimals."""
    if value is None:
        return ABSENT
    return f"{value:.3f}" if value == 0 or 1e-3 <= abs(value) < 1000 else f"{value:.2g}"


def signed(value: float) -> str:
    """Return a number of a claim with its sign."""
    return f"{'+' if value > 0 else ''}{number(value)}"


def interval(bounds: tuple[float, float] | None) -> str:
    return ABSENT if bounds is None else f"[{number(bounds[0])}, {number(bounds[1])}]"


def fold(title: str, table: str) -> list[str]:
    """Fold a table away as GitHub does. The blank lines between blocks let its Markdown count."""
    return [f"<details><summary>{title}</summary>", table, "</details>"]


def track(name: str) -> str:
    """Return a track as a heading: "As-written track"."""
    return f"{name.capitalize().replace(' ', '-')} track"


def phase(name: str) -> str:
    return printable(name).replace("_", " ")


def memory_kind(device: str | None) -> str:
    """Name what a trial's peak memory counts; the two kinds cannot be compared."""
    return "resident memory of the process" if device in (None, "cpu") else "allocator, tensors on the GPU"


def _escaped_opening(match: re.Match[str]) -> str:
    """Escape what would open a list or a heading at the start of a line: "- a", "1. a"."""
    return f"{match[0]}\\" if match[0].isdigit() else f"\\{match[0]}"
