"""One frame of the live display, drawn from a board and a moment. Pure: the same in, the same out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from orchestrator import text
from orchestrator.progress.format import clock, sparkline
from orchestrator.progress.interim_lines import look_lines, remaining
from orchestrator.progress.state import Board, TrialState
from orchestrator.text import printable, shortened

NARROW = ("status", "trial", "epoch", "curve", "val acc", "images/s", "time")
WIDE = ("status", "trial", "epoch", "train loss", "curve", "val acc", "images/s", "peak mem", "time")
WIDE_FROM = 108
"""Terminal columns that hold WIDE without cutting a trial's name short."""

_LEFT_ALIGNED = {"status", "trial", "curve"}
_OTHER_ROWS = 5  # heading, column heads, "… n more", the overall line, and one that the terminal keeps free
_BAR_WIDTH = 24
_CURVE_WIDTH = 8
_NARROWEST_TRIAL = 12
_LEAST_WIDTHS = {"status": 12, "epoch": 7, "images/s": 8}  # what they will need, so that a running table stands still
_WIDEST_PHASE = 12

Cells = dict[str, tuple[str, str]]
"""Column → text and style."""


def frame(board: Board, now: float, *, width: int, height: int | None = None) -> RenderableType:
    """Draw heading, table and overall line in `width` columns and at most `height` rows."""
    looked = look_lines(board.look) if board.look else []
    shown = _window(list(board.trials.values()), height and height - len(looked))
    hidden = len(board.trials) - len(shown)
    repeated = board.repeated
    return Group(
        Text(printable(board.heading), "bold", no_wrap=True, overflow="ellipsis"),
        *_table([_cells(state, now, repeated) for state in shown], WIDE if width >= WIDE_FROM else NARROW, width),
        *([Text(f"… {hidden} more", "dim")] if hidden else []),
        _overall(board, now),
        *looked,
    )


def _window(states: Sequence[TrialState], height: int | None) -> Sequence[TrialState]:
    """Cut the rows to the height, with the trial that runs, or is next, amid them."""
    room = len(states) if height is None else max(1, height - _OTHER_ROWS)
    present = next((at for at, state in enumerate(states) if state.record is None), len(states))
    first = max(0, min(present - room // 2, len(states) - room))
    return states[first : first + room]


def _table(rows: Sequence[Cells], columns: Sequence[str], width: int) -> list[Text]:
    """Give each column what it needs and the trials' names the rest.

    Lines are laid out here because a rich Table costs several times as much, and four times a second
    it would take its share of the cores from the frameworks that are measured on them.
    """
    widths = {name: _width_of(name, rows) for name in columns}
    room = width - sum(widths.values()) + widths["trial"] - (len(columns) - 1)
    widths["trial"] = min(widths["trial"], max(_NARROWEST_TRIAL, room))
    head: Cells = {name: (name, "dim") for name in columns}
    return [_line(row, widths) for row in [head, *rows]]


def _line(cells: Cells, widths: Mapping[str, int]) -> Text:
    parts: list[str | tuple[str, str]] = []
    for name, width in widths.items():
        content, style = cells[name]
        content = shortened(content, width)
        gap = " " * (width - cell_len(content))
        parts += [(content, style), gap, " "] if name in _LEFT_ALIGNED else [gap, (content, style), " "]
    return Text.assemble(*parts, no_wrap=True, overflow="crop")


def _width_of(column: str, rows: Sequence[Cells]) -> int:
    return max(_LEAST_WIDTHS.get(column, 0), cell_len(column), *(cell_len(row[column][0]) for row in rows))


def _cells(state: TrialState, now: float, repeated: bool) -> Cells:
    last = state.epochs[-1] if state.epochs else None
    elapsed = state.elapsed_seconds(now)
    return {
        "status": _status(state),
        "trial": (_name(state, repeated), ""),
        "epoch": (_epoch(state, now), ""),
        "train loss": (text.loss(last.train_loss) if last else "", ""),
        "curve": (sparkline([epoch.train_loss for epoch in state.epochs], _CURVE_WIDTH), "cyan"),
        "val acc": (f"{text.percent(last.val_accuracy)} %" if last else "", ""),
        "images/s": (text.rate(last.images / last.seconds) if last and last.seconds > 0 else "", ""),
        "peak mem": (f"{text.megabytes(state.peak_memory_bytes)} MB" if state.peak_memory_bytes else "", ""),
        "time": ("" if elapsed is None else clock(elapsed), ""),
    }


def _status(state: TrialState) -> tuple[str, str]:
    """Return glyph and word; of a running trial the word is its phase."""
    if state.status:
        return text.status(state.status), text.STATUS_STYLES[state.status]
    if state.running:
        return f"● {text.phase(state.phase)[:_WIDEST_PHASE] or 'running'}", "bold cyan"
    return "· queued", "dim"


def _name(state: TrialState, repeated: bool) -> str:
    """Return contender and recipe, and which of their trials where there are several."""
    trial, run = state.planned.trial, state.planned.run
    which = [f"s{trial.seed}", *([f"r{run}"] if run > 1 else [])] if repeated else []
    if state.planned.role == "parity":
        which[1:] = [f"parity {run}"]
    return printable(" · ".join([trial.contender, trial.recipe.name, *which]))


def _epoch(state: TrialState, now: float) -> str:
    """Return "2/5" for what is done, before it the share of the epoch that runs."""
    if state.started is None and not state.epochs:
        return ""
    share = state.epoch_share(now)
    done = f"{len(state.epochs)}/{state.epochs_planned}"
    return f"{share:.0%} {done}" if share else done


def _overall(board: Board, now: float) -> Table:
    ended, total = board.ended_count, len(board.trials)
    left = remaining(board, now) if ended < total else ""
    parts = [f"{ended} of {total} trials", f"{board.failed_count} failed", left]
    share = board.share(now)
    line = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=1.0, completed=share, width=_BAR_WIDTH)
    line.add_row(bar, Text(f"{share:.0%}"), Text(" · ".join(filter(None, parts))))
    return line
