"""Plain lines for logs and pipes: one a change of state and one an epoch, no cursor codes.

Signs of life come with a worker's heartbeats: a worker that is silent makes this view silent
too, and the watchdog's verdict is the next line.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.text import Text

from orchestrator import text
from orchestrator.analyse.interim_look import Look
from orchestrator.plan.plan import Plan
from orchestrator.progress.format import clock
from orchestrator.progress.interim_lines import look_lines, remaining
from orchestrator.progress.lines import ended_lines, event_line, trial_line
from orchestrator.progress.state import Board, TrialState
from orchestrator.record.record import Record
from orchestrator.text import printable
from shared.events import Event

LIFE_SECONDS = 30.0


class Plain:
    """Lines with a stable prefix a trial."""

    def __init__(self, console: Console, verbosity: int = 0, now: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._verbosity = verbosity
        self._now = now
        self._last_line_at = now()
        self._board: Board | None = None

    def say(self, line: str) -> None:
        self._print(Text(printable(line)))

    def plan_made(self, plan: Plan, heading: str) -> None:
        self._board = Board(plan, heading)
        self._print(Text(printable(heading), "bold"))

    def trial_started(self, trial_id: str) -> None:
        if board := self._board:
            board.start(trial_id, self._now())
            self._print(trial_line(trial_id, f"started, {board.ended_count + 1} of {len(board.trials)}"))

    def event(self, trial_id: str, event: Event) -> None:
        if board := self._board:
            board.apply(trial_id, event, self._now())
            line = event_line(board.trials[trial_id], event, self._verbosity)
            if line is None and self._now() - self._last_line_at >= LIFE_SECONDS:
                line = trial_line(trial_id, self._sign_of_life(board, board.trials[trial_id]))
            if line is not None:
                self._print(line)

    def trial_ended(self, record: Record) -> None:
        if board := self._board:
            board.end(record, self._now())
            for line in ended_lines(record):
                self._print(line)
            left = remaining(board, self._now())
            if left and board.ended_count < len(board.trials):
                self._print(Text(f"{board.ended_count} of {len(board.trials)} trials, {left}"))

    def looked(self, look: Look) -> None:
        if board := self._board:
            board.look_at(look)
            for line in look_lines(look):
                self._print(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""

    def _sign_of_life(self, board: Board, state: TrialState) -> str:
        now = self._now()
        parts = [
            text.phase(state.phase) or "running",
            f"epoch {len(state.epochs) + 1}/{state.epochs_planned}" if state.phase == "train" else "",
            f"step {state.beat.step:,} of {state.beat.steps:,}"
            if state.beat and state.beat.step and state.beat.steps
            else "",
            clock(state.elapsed_seconds(now) or 0.0),
            remaining(board, now),
        ]
        return "still running: " + ", ".join(filter(None, parts))

    def _print(self, line: Text) -> None:
        self._last_line_at = self._now()
        self._console.print(line, soft_wrap=True)
