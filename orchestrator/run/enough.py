"""Whether a measured trial is still wanted, where a run ends once all is decided. No clock, no file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestrator.plan.plan import PlannedTrial
from orchestrator.record.record import Record

Decided = Callable[[Sequence[Record]], bool]
"""Asked between blocks, with the records so far: would further blocks be for nothing?"""


class Enough:
    """Asked before each trial. Without a rule every trial is wanted; a block that was begun is run to its end."""

    def __init__(self, decided: Decided | None) -> None:
        self._decided = decided
        self._begun: set[tuple[int, int]] = set()
        self._over = False

    def begun(self, planned: PlannedTrial) -> None:
        """Note that a trial has a record already."""
        self._begun.add(planned.block)

    def wants(self, planned: PlannedTrial, records: Sequence[Record], ended: str = "") -> bool:
        """Tell whether to run, or to skip with a record, what has none yet; `ended` says why nothing is run any more.

        What was never reached leaves no record: those blocks were a possibility and not asked for.
        """
        if self._decided is None or planned.role == "parity" or planned.block in self._begun:
            return True
        self._over = self._over or bool(ended) or self._decided(records)
        if not self._over:
            self._begun.add(planned.block)
        return not self._over
