"""Runs the trials of one block together: they start one after another, then train by turns."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from threading import Event
from typing import NamedTuple

from orchestrator.record.record import Record, Status
from orchestrator.run.member import Member
from orchestrator.run.relay import Relay

Steps = Generator[None, None, Record]
"""A trial that is followed to its end: it stops wherever there is nothing to read, and returns its record."""

Begin = Callable[[Member], Steps]


_BY_THE_USER = ("interrupted", "detached")
"""Causes of an end that Ctrl-C made, while one trial was being read: the others end likewise."""


class Entrant(NamedTuple):
    """A trial of the block: who it is to the relay, and how to begin it."""

    member: Member
    begin: Begin


class _Running(NamedTuple):
    member: Member
    steps: Steps


def run_by_turns(
    entrants: Sequence[Entrant], relay: Relay, wake: Event, tick_seconds: float, ended: Callable[[Record], None]
) -> None:
    """Run trials that take turns to their ends, and hand out each record as it is made.

    `wake` is set by members whose workers were heard of. Ctrl-C stops all that run and begins no other; a second one
    propagates, and leaves the workers to the next host. No other is begun either where the engine stays away.
    """
    to_begin, running = list(entrants), list[_Running]()
    try:
        while to_begin or running:
            if to_begin and not relay.busy:
                entrant = to_begin.pop(0)
                running.append(_Running(entrant.member, entrant.begin(entrant.member)))
            elif not _pass_time(relay, wake, tick_seconds, all_begun=not to_begin):
                _interrupt(running, ended)
                return
            records = _read_on(running, ended)
            if any(record.cause in _BY_THE_USER for record in records):
                _interrupt(running, ended)
                return
            if any(record.status is Status.UNKNOWN for record in records):
                to_begin.clear()
    finally:
        for trial in running:
            trial.steps.close()


def _pass_time(relay: Relay, wake: Event, tick_seconds: float, *, all_begun: bool) -> bool:
    """Hand the next turn over and wait until something is heard; False where the user pressed Ctrl-C meanwhile."""
    try:
        if all_begun:
            relay.hand_over()
        wake.wait(tick_seconds)
        wake.clear()
    except KeyboardInterrupt:
        return False
    return True


def _read_on(running: list[_Running], ended: Callable[[Record], None]) -> list[Record]:
    """Read what has come of each worker; return the records of those that ended."""
    records = []
    for trial in tuple(running):
        record = _advance(trial.steps)
        if record is not None:
            running.remove(trial)
            trial.member.leave()
            ended(record)
            records.append(record)
    return records


def _advance(steps: Steps) -> Record | None:
    """Read on; return the record where the trial has ended."""
    try:
        next(steps)
    except StopIteration as end:
        record: Record = end.value
        return record
    return None


def _interrupt(running: list[_Running], ended: Callable[[Record], None]) -> None:
    """End all as Ctrl-C ends one: stopped, or left running where the user asked for that."""
    while running:
        trial = running.pop()
        try:
            trial.steps.throw(KeyboardInterrupt)
        except StopIteration as end:
            ended(end.value)
