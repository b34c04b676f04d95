"""Engine outages and container pauses, during which a worker's silence is not its own.

A pause does not count against the trial's time limit; an outage does.
"""

from __future__ import annotations

from orchestrator.values import Say

_SAID_AGAIN_SECONDS = 30.0


class Outage:
    """Whether the engine is away. Says so to the user when it begins, now and then, and when it is over."""

    def __init__(self, patience_seconds: float, say: Say) -> None:
        self._patience_seconds = patience_seconds
        self._say = say
        self._seconds: float | None = None  # of this outage so far; None while the engine answers
        self._said_at = 0.0
        self.lines: list[str] = []  # a line for each that is over

    @property
    def away(self) -> bool:
        return self._seconds is not None

    def note(self, seconds: float, why: str) -> None:
        """Note that a question had no answer, `seconds` after the last answer."""
        if self._seconds is None or seconds - self._said_at >= _SAID_AGAIN_SECONDS:
            self._said_at = seconds
            self._say(
                f"engine unreachable since {seconds:.0f} s, trying again for up to {self._patience_seconds:g} s ({why})"
            )
        self._seconds = seconds

    def end(self, *, answered: bool = True) -> None:
        """End this outage: the engine answers again, or was given up."""
        seconds = self._seconds or 0.0
        what = "answers again" if answered else "was given up"
        self.lines.append(f"the engine did not answer for {seconds:.0f} s and {what}")
        self._say(f"the engine {what} after {seconds:.0f} s")
        self._seconds = None


class Pauses:
    """How long a worker was held still, as far as questions to the engine tell: to within one of their intervals."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._since: float | None = None
        self._before_seconds = 0.0

    def note(self, paused: bool, now: float) -> bool:
        """Note one answer; tell whether the worker is or just was paused, so that its silence is not its own."""
        if paused and self._since is None:
            self._since = now
            self._say("stalled (paused): somebody paused the container; its time does not count until it goes on")
            return True
        if not paused and self._since is not None:
            self._before_seconds = self.seconds(now)
            self._since = None
            self._say(f"the container goes on after being paused, {self._before_seconds:.0f} s in all")
            return True
        return paused

    def stretch_seconds(self, now: float) -> float:
        """Return how long it has been paused this time."""
        return 0.0 if self._since is None else now - self._since

    def seconds(self, now: float) -> float:
        """Return how long it was paused in all."""
        return self._before_seconds + self.stretch_seconds(now)
