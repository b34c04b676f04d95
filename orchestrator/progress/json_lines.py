"""Progress for programs: one JSON object a line, ASCII alone, so that no byte of it can steer a terminal.

Every object has `kind`: planned, trial_started, event, trial_ended, look or say.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self, TextIO

from pydantic_core import to_jsonable_python

from orchestrator.analyse.interim_look import Look
from orchestrator.plan.plan import Plan, PlannedTrial
from orchestrator.record.record import Record
from shared.events import Event


class JsonLines:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def say(self, line: str) -> None:
        self._write("say", line=line)

    def plan_made(self, plan: Plan, heading: str) -> None:
        self._write("planned", heading=heading, trials=[_planned(planned) for planned in plan.trials])

    def trial_started(self, trial_id: str) -> None:
        self._write("trial_started", trial=trial_id)

    def event(self, trial_id: str, event: Event) -> None:
        self._write("event", trial=trial_id, event=event.kind, **asdict(event))

    def trial_ended(self, record: Record) -> None:
        self._write("trial_ended", trial=record.id, record=record.model_dump())

    def looked(self, look: Look) -> None:
        self._write("look", **look.model_dump())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""

    def _write(self, kind: str, **fields: Any) -> None:
        plain = to_jsonable_python({"kind": kind, **fields}, inf_nan_mode="null")
        text = json.dumps(plain, allow_nan=False, separators=(",", ":"))
        self._stream.write(text.replace("\x7f", "\\u007f") + "\n")  # DEL is the one control JSON leaves as it is


def _planned(planned: PlannedTrial) -> dict[str, Any]:
    trial = planned.trial
    return {
        "id": trial.id,
        "contender": trial.contender,
        "recipe": trial.recipe.name,
        "seed": trial.seed,
        "run": planned.run,
        "epochs": trial.recipe.training.epochs,
        "device": trial.device,
    }
