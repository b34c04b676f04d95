"""The live table on a terminal, redrawn four times a second whatever the rate of events.

Lines are printed above the table and scroll away with the terminal; the last frame stays
as the run's summary. Standard output is never touched: it belongs to `--json`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from orchestrator.analyse.interim_look import Look
from orchestrator.plan.plan import Plan
from orchestrator.progress.frame import frame
from orchestrator.progress.lines import ended_lines, event_line
from orchestrator.progress.state import Board
from orchestrator.record.record import Record
from orchestrator.text import printable
from shared.events import EpochEnded, Event

REFRESH_PER_SECOND = 4


class LiveView:
    """A table of trials with one overall line; see `frame`."""

    def __init__(self, console: Console, verbosity: int = 0, now: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._verbosity = verbosity
        self._now = now
        self._board: Board | None = None
        self._shows_all = False  # the last frame shows every trial: it may scroll
        self._live = Live(
            console=console,
            get_renderable=self._frame,
            refresh_per_second=REFRESH_PER_SECOND,
            redirect_stdout=False,
            redirect_stderr=sys.stderr.isatty(),  # a library's warning goes above the table, not through it
        )

    def say(self, line: str) -> None:
        self._console.print(Text(printable(line)))

    def plan_made(self, plan: Plan, heading: str) -> None:
        self._board = Board(plan, heading)
        self._live.start(refresh=True)

    def trial_started(self, trial_id: str) -> None:
        if self._board:
            self._board.start(trial_id, self._now())

    def event(self, trial_id: str, event: Event) -> None:
        if self._board:
            self._board.apply(trial_id, event, self._now())
            line = event_line(self._board.trials[trial_id], event, self._verbosity)
            if line is not None and not isinstance(event, EpochEnded):  # the table shows epochs
                self._console.print(line)

    def trial_ended(self, record: Record) -> None:
        if self._board:
            self._board.end(record, self._now())
            for line in ended_lines(record) if record.status.broken else []:
                self._console.print(line)

    def looked(self, look: Look) -> None:
        if self._board:
            self._board.look_at(look)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shows_all = True
        self._live.stop()
        if self._board and not self._console.is_terminal:
            self._console.line()  # rich ends the last frame's line on terminals only

    def _frame(self) -> RenderableType:
        if self._board is None:
            return Text()
        width, height = self._console.size
        return frame(self._board, self._now(), width=width, height=None if self._shows_all else height)
