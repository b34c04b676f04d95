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

from orchestrator import text as words
from orchestrator.plan.plan import Plan
from orchestrator.progress.lines import ended_lines, event_line, of_trial
from orchestrator.progress.state import Board, TrialState
from orchestrator.progress.words import clock, left
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
        self._spoke = now()
        self._board: Board | None = None

    def say(self, line: str) -> None:
        self._print(Text(printable(line)))

    def planned(self, plan: Plan, heading: str) -> None:
        self._board = Board(plan, heading)
        self._print(Text(printable(heading), "bold"))

    def trial_started(self, trial_id: str) -> None:
        if board := self._board:
            board.started(trial_id, self._now())
            self._print(of_trial(trial_id, f"started, {board.ended_count + 1} of {len(board.trials)}"))

    def event(self, trial_id: str, event: Event) -> None:
        if board := self._board:
            board.heard(trial_id, event, self._now())
            line = event_line(board.trials[trial_id], event, self._verbosity)
            if line is None and self._now() - self._spoke >= LIFE_SECONDS:
                line = of_trial(trial_id, self._life(board, board.trials[trial_id]))
            if line is not None:
                self._print(line)

    def trial_ended(self, record: Record) -> None:
        if board := self._board:
            board.ended(record, self._now())
            for line in ended_lines(record):
                self._print(line)
            if time_left := left(board.remaining_seconds(self._now())) if board.ended_count < len(board.trials) else "":
                self._print(Text(f"{board.ended_count} of {len(board.trials)} trials, {time_left}"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""

    def _life(self, board: Board, state: TrialState) -> str:
        now = self._now()
        parts = [
            words.phase(state.phase) or "running",
            f"epoch {len(state.epochs) + 1}/{state.epochs_planned}" if state.phase == "train" else "",
            f"step {state.beat.step:,} of {state.beat.steps:,}"
            if state.beat and state.beat.step and state.beat.steps
            else "",
            clock(state.elapsed_seconds(now) or 0.0),
            left(board.remaining_seconds(now)),
        ]
        return "still running: " + ", ".join(filter(None, parts))

    def _print(self, line: Text) -> None:
        self._spoke = self._now()
        self._console.print(line, soft_wrap=True)
