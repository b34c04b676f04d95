"""Retries calls that failed for reasons of infrastructure, never a measurement; each retry is said and recorded.

The waits double. They have no jitter: few callers share an engine, and tests can name the waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from orchestrator.engines.engine import EngineLostError
from orchestrator.values import Say

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 8.0

ENGINE_PATIENCE_SECONDS = 120.0
"""How long an engine may stay away: a restart takes seconds, an update of the daemon a minute or so."""

T = TypeVar("T")


def waits() -> Iterator[float]:
    """Yield the seconds to wait before each further try, for ever: 0.5, 1, 2, 4, 8, 8 …"""
    seconds = FIRST_SECONDS
    while True:
        yield seconds
        seconds = min(2 * seconds, LONGEST_SECONDS)


@dataclass
class Retry:
    """Tries again what fails for reasons outside; `kept` has a line for each time."""

    say: Say
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    kept: list[str] = field(default_factory=list)

    def while_away(self, attempt: Callable[[], T], what: str, patience_seconds: float = ENGINE_PATIENCE_SECONDS) -> T:
        """Call until the engine answers. Raises EngineLostError where it stays away longer than the patience."""
        start = self.clock()
        for wait in waits():
            try:
                return attempt()
            except EngineLostError as error:
                away = self.clock() - start
                if away + wait > patience_seconds:
                    raise
                self._note(f"{what}: engine unreachable since {away:.0f} s, trying again in {wait:g} s ({error})")
            self.sleep(wait)
        raise AssertionError("waits() has no end")

    def some_times(
        self, attempt: Callable[[], T], what: str, passes: Callable[[Exception], str], waits_seconds: Sequence[float]
    ) -> T:
        """Call once and once more after each wait, as long as `passes` names a fault that may pass."""
        for wait in waits_seconds:
            try:
                return attempt()
            except Exception as error:
                if not (fault := passes(error)):
                    raise
                self._note(f"{what}: {fault}, trying again in {wait:g} s")
            self.sleep(wait)
        return attempt()

    def _note(self, line: str) -> None:
        self.kept.append(line)
        self.say(line)
