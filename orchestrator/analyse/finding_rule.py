"""What a check of a run is: what it looks at, what it yields, and the decorators that make one of a function. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from orchestrator.analyse.summary import Finding, StepDifference
from orchestrator.record.record import Record
from orchestrator.record.sentinel import SentinelReading

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class CheckInput:
    """What checks look at."""

    records: Sequence[Record]
    cores: int
    load: float | None = None  # the machine's one-minute load when the run began
    differences: Sequence[StepDifference] = ()
    unread_answers: Sequence[str] = ()  # trials whose answers cannot be judged, for want of the data set
    variables: Mapping[str, str] = field(default_factory=dict)  # that the user set and no worker got, in words
    short: Sequence[str] = ()  # trials that are too short for their speed to be claimed
    sentinel: Sequence[SentinelReading] = ()  # in the order of running
    host: Mapping[str, str] = field(default_factory=dict)  # facts of the machine, some of them of the end too


@dataclass(frozen=True)
class Found:
    """One thing that a check found, and the trials that it is about."""

    message: str
    trials: tuple[str, ...] = ()


Check = Callable[[CheckInput], Iterator[Finding]]


def finding(name: str, severity: Severity, advice: str) -> Callable[[Callable[[CheckInput], Iterator[Found]]], Check]:
    """Make a check of a function that yields what it found among all trials."""

    def decorate(look: Callable[[CheckInput], Iterator[Found]]) -> Check:
        def check(run: CheckInput) -> Iterator[Finding]:
            for found in look(run):
                yield Finding(id=name, severity=severity, message=found.message, advice=advice, trials=found.trials)

        return check

    return decorate


def trial_finding(name: str, severity: Severity, advice: str) -> Callable[[Callable[[Record], str | None]], Check]:
    """Make a check of a function that says what is the matter with one trial, None where nothing is."""

    def decorate(look: Callable[[Record], str | None]) -> Check:
        @finding(name, severity, advice)
        def check(run: CheckInput) -> Iterator[Found]:
            for record in run.records:
                if (message := look(record)) is not None:
                    yield Found(message, (record.id,))

        return check

    return decorate
