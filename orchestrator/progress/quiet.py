"""Only what went wrong: one line a trial that is not done, and its last words on standard error."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console

from orchestrator.analyse.interim_look import Look
from orchestrator.plan.plan import Plan
from orchestrator.progress.lines import ended_lines
from orchestrator.record.record import Record, Status
from shared.events import Event


class Quiet:
    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, line: str) -> None:
        """Nothing: what matters of it stands in the report."""

    def plan_made(self, plan: Plan, heading: str) -> None:
        """Nothing."""

    def trial_started(self, trial_id: str) -> None:
        """Nothing."""

    def event(self, trial_id: str, event: Event) -> None:
        """Nothing."""

    def trial_ended(self, record: Record) -> None:
        for line in ended_lines(record) if record.status is not Status.DONE else []:
            self._console.print(line, soft_wrap=True)

    def looked(self, look: Look) -> None:
        """Nothing: the report has it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""
