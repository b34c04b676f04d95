"""Text of progress: elapsed time, time left, a curve in one line. Other numbers: `orchestrator.text`."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.text import printable

BLOCKS = "▁▂▃▄▅▆▇█"
DIVERGED = "×"

_QUOTED_CHARACTERS = 300


def sparkline(values: Sequence[float | None], width: int) -> str:
    """Draw at most `width` values, the first and the last among them, between their own extremes.

    A value that was not finite is a ×; equal values stand at the bottom.
    """
    drawn = _thin_out(values, width)
    finite = [value for value in drawn if value is not None]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    return "".join(DIVERGED if value is None else _block(value, low, high) for value in drawn)


def clock(seconds: float) -> str:
    """Return 0:09, 12:34 or 1:02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def time_left(seconds: float | None) -> str:
    """Say a predicted time as coarsely as it is known: "about 2 min 10 s left"; "" where it is not."""
    if seconds is None:
        return ""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 3600:
        minutes, rest = divmod(10 * round(seconds / 10), 60)
        return "about " + " ".join([f"{minutes} min"] * (minutes > 0) + [f"{rest} s"] * (rest > 0)) + " left"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"about {hours} h {minutes} min left"


def quote(line: str) -> str:
    """Return a line of a worker's standard error: printable, clipped, its indentation kept."""
    indent = len(line) - len(line.lstrip(" "))
    text = " " * min(indent, 40) + printable(line)
    return text if len(text) <= _QUOTED_CHARACTERS else f"{text[: _QUOTED_CHARACTERS - 1]}…"


def _thin_out(values: Sequence[float | None], width: int) -> Sequence[float | None]:
    if len(values) <= width:
        return values
    return [values[round(at * (len(values) - 1) / (width - 1))] for at in range(width)]


def _block(value: float, low: float, high: float) -> str:
    share = (value - low) / (high - low) if high > low else 0.0
    return BLOCKS[round(share * (len(BLOCKS) - 1))]
