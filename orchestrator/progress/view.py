"""Interface of a progress display; implementations in this package."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from orchestrator.analyse.interim_look import Look
from orchestrator.plan.plan import Plan
from orchestrator.record.record import Record
from shared.events import Event


class View(Protocol):
    """Shows progress. Calls come from one thread; a view never changes what it is shown."""

    def say(self, line: str) -> None:
        """Show one line: preparation, notices, warnings. The text may come from outside: print it escaped."""

    def plan_made(self, plan: Plan, heading: str) -> None:
        """Show the trials; none has started."""

    def trial_started(self, trial_id: str) -> None: ...

    def event(self, trial_id: str, event: Event) -> None: ...

    def trial_ended(self, record: Record) -> None: ...

    def looked(self, look: Look) -> None:
        """Show how far a run with --until-decided is; where no look is to come, the trials that are left are not."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
