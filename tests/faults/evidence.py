"""What a trial left on disk, read without the product's own code, and held against what the stub says it sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from orchestrator.engines.engine import Engine, Launch, Leftovers, Worker
from orchestrator.record.cause_table import next_step
from tests.support.contenders.toy.faulty import EMITTED


@dataclass(frozen=True)
class Outcome:
    """The figures of one repetition, for the table."""

    emitted: int
    received: int
    lost: int  # declared
    duplicated: int  # numbers that stand twice in events.jsonl
    rejected: int
    reconnects: int = 0
    reconnect_seconds: float = 0.0  # the worst: from the cure of a connection to the next event at the host
    kills: int = 0
    strays: int = 0  # after them, of no run, until `clean`
    leftovers: int = 0  # after `clean`
    status: str = ""

    def document(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Evidence:
    """A trial's folder."""

    folder: Path

    @cached_property
    def record(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "record.json").read_bytes())
        return document

    @cached_property
    def lines(self) -> list[bytes]:
        content = (self.folder / "events.jsonl").read_bytes()
        assert content.endswith(b"\n") or not content, "the record ends in a torn line"
        return content.splitlines()

    @property
    def numbers(self) -> list[int]:
        return [int(json.loads(line)["seq"]) for line in self.lines]

    @property
    def status(self) -> str:
        return str(self.record["status"])

    @property
    def reason(self) -> str:
        return str(self.record["reason"])

    @property
    def cause(self) -> str:
        return str(self.record["cause"])

    @property
    def rejected(self) -> list[str]:
        """Return the reasons for which lines were refused."""
        lines = (self.folder / "rejected.jsonl").read_text().splitlines()
        return [str(json.loads(line)["reason"]) for line in lines]

    def outcome(self, emitted: int, figures: Mapping[str, Any]) -> Outcome:
        counts, numbers = self.record["events"], self.numbers
        return Outcome(
            emitted=emitted,
            received=len(set(numbers)),
            lost=counts["lost"],
            duplicated=len(numbers) - len(set(numbers)),
            rejected=counts["rejected"],
            reconnects=self.record["reconnects"],
            status=self.status,
            **figures,
        )


def accounted(
    evidence: Evidence, emitted: int, *, killed: bool = False, figures: Mapping[str, Any] = MappingProxyType({})
) -> Outcome:
    """Hold the record on disk against what was sent: received + declared lost = emitted, none twice.

    A worker that was `killed` may have died between an event and its count.
    """
    outcome = evidence.outcome(emitted, figures)
    assert outcome.duplicated == 0, f"{outcome.duplicated} events stand twice in the record"
    assert outcome.received == evidence.record["events"]["received"], "the record counts other than its events"
    assert told(evidence), f"{evidence.status}, and no reason, cause or next step for it"
    found = outcome.received + outcome.lost
    assert found == emitted or (killed and found == emitted + 1), f"{found} of {emitted} events accounted for"
    return outcome


def told(evidence: Evidence) -> bool:
    """Tell whether a trial that is not done says what happened, why, and what to do next."""
    if evidence.status == "done":
        return evidence.reason == evidence.cause == ""
    return bool(evidence.reason and next_step(evidence.cause))


class Witness:
    """Stands beside an engine, and keeps what each worker's own files say when the host collects them."""

    def __init__(self, engine: Engine) -> None:
        self._start: Callable[[Launch], Worker] = engine.start
        self.left = Leftovers()
        self.worker: Worker | None = None
        setattr(engine, "start", self._started)  # noqa: B010 - one object's method, not its class's

    @property
    def emitted(self) -> int:
        """Return how many events the stub says it sent."""
        return int(self.left.files[EMITTED])

    def written(self) -> set[int]:
        """Return the numbers of the events in the worker's own file; a torn last line is none."""
        whole, _, _ = self.left.files.get("events.jsonl", b"").rpartition(b"\n")
        return {int(json.loads(line)["seq"]) for line in whole.splitlines()}

    def _started(self, launch: Launch) -> Worker:
        worker = self.worker = self._start(launch)
        collect = worker.leftovers

        def collected(names: tuple[str, ...]) -> Leftovers:
            left = collect((*names, EMITTED))
            self.left = left
            files = {name: content for name, content in left.files.items() if name != EMITTED}
            return Leftovers(files, left.stderr, left.refused)

        setattr(worker, "leftovers", collected)  # noqa: B010
        return worker
