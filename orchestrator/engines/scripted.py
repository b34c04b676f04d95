"""An in-memory engine for tests: plays a recorded or hand-written event stream.

Whole comparisons run through it in milliseconds, without Docker and without a framework.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from orchestrator.engines.check_cache import CheckCache
from orchestrator.engines.engine import Launch, Leftovers, Prepared, PrepareError, StartError, WorkerExit
from orchestrator.engines.engine_checks import CheckTarget, EngineChecks
from orchestrator.host.machine import Machine, this_machine
from orchestrator.spec.contenders import Contender
from orchestrator.values import Say

Answer = Callable[[bytes], bytes]
"""Waits for a line on standard input and returns what is printed upon it."""


@dataclass(frozen=True)
class Script:
    """One worker's life: what it prints in which chunks, how it ends, what it leaves.

    `exit` None is a worker that hangs until it is stopped. Exceptions among the chunks are
    raised where they stand, once: a connection that breaks.
    """

    chunks: Sequence[bytes | Exception | Answer] = ()
    exit: WorkerExit | None = field(default_factory=lambda: WorkerExit(0))
    files: Mapping[str, bytes] = field(default_factory=dict)
    stderr: str = ""
    cannot_start: str = ""
    cpu_seconds: float | None = None  # whenever it is asked for
    beat: Callable[[], bytes] | None = None  # what it says while it waits for a line under a later host
    answered: dict[int, bytes] = field(default_factory=dict)  # by chunk: what it has printed upon lines so far


class ScriptedWorker:
    paused = False

    def __init__(self, script: Script, removed: Callable[[], object] = lambda: None, *, adopted: bool = False) -> None:
        self._script = script
        self._adopted = adopted
        self._removed = removed
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._released = False
        self._played = 0
        self._stopped = threading.Event()

    def chunks(self) -> Iterator[bytes]:
        while self._played < len(self._script.chunks):
            chunk = self._script.chunks[self._played]
            self._played += 1
            if isinstance(chunk, Exception):
                raise chunk
            if not callable(chunk):
                yield chunk
            elif (at := self._played - 1) in self._script.answered:
                yield self._script.answered[at]
            else:
                yield from self._answer(at, chunk)
        if self._script.exit is None:
            self._stopped.wait()

    def tell(self, line: bytes) -> None:
        self._lines.put(line)

    def cpu_seconds(self) -> float | None:
        return self._script.cpu_seconds

    def _answer(self, at: int, answer: Answer) -> Iterator[bytes]:
        if self._adopted and self._script.beat:
            yield self._script.beat()
        line = self._lines.get()
        if not self._stopped.is_set():
            self._script.answered[at] = answer(line)
            yield self._script.answered[at]

    def poll(self) -> WorkerExit | None:
        if self._stopped.is_set():
            return WorkerExit(143)
        return self._script.exit if self._played == len(self._script.chunks) else None

    def stop(self) -> None:
        self._stopped.set()
        self._lines.put(b"")

    def release(self) -> None:
        self._released = True

    def leftovers(self, names: tuple[str, ...]) -> Leftovers:
        return Leftovers({n: self._script.files[n] for n in names if n in self._script.files}, self._script.stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._released and kind is None:
            self.stop()
            self._removed()


@dataclass(frozen=True)
class ScriptedLeftover:
    """A script that was started and whose worker was not removed."""

    run_id: str
    trial_id: str
    started: dict[tuple[str, str], Script]
    kind: str = "script"
    detail: str = ""

    @property
    def name(self) -> str:
        return f"{self.run_id}-{self.trial_id}"

    def remove(self) -> None:
        self.started.pop((self.run_id, self.trial_id), None)


class ScriptedEngine:
    """Starts what `script` says for each launch; `refuses` maps a contender to why it cannot be prepared."""

    name = "scripted"
    notice = ""
    restricts = False

    def __init__(
        self,
        script: Callable[[Launch], Script],
        refuses: Mapping[str, str] | None = None,
        *,
        takes_turns: bool = False,
    ) -> None:
        self._script = script
        self._takes_turns = takes_turns
        self._refuses = refuses or {}
        self.started: dict[tuple[str, str], Script] = {}  # by run and trial: what was started and not removed

    def gives_gpus(self) -> bool:
        return True

    def machine(self, contenders: Sequence[Contender], cache: CheckCache) -> Machine:  # noqa: ARG002 - the protocol's signature
        return this_machine()

    def checks(self, target: CheckTarget) -> EngineChecks:  # noqa: ARG002 - the protocol's signature
        return EngineChecks()

    def prepare(self, contender: Contender, variant: str, say: Say) -> Prepared:  # noqa: ARG002 - the protocol's signature
        if contender.written in self._refuses:
            raise PrepareError(self._refuses[contender.written])
        name = f"script of {contender.written}"
        return Prepared(contender, name, contender.slug, takes_turns=self._takes_turns)

    def supply(self, data: Path, prepared: Prepared, say: Say) -> None:
        """A script brings its own data."""

    def start(self, launch: Launch) -> ScriptedWorker:
        script = self._script(launch)
        if script.cannot_start:
            raise StartError(script.cannot_start)
        self.started[launch.run_id, launch.trial_id] = script
        return self._worker(launch, script)

    def adopt(self, launch: Launch) -> ScriptedWorker | None:
        """Play the script again from its beginning, as an engine's log would."""
        script = self.started.get((launch.run_id, launch.trial_id))
        return self._worker(launch, script, adopted=True) if script else None

    def sweep(self, run_id: str, lease: str) -> None:  # noqa: ARG002 - the protocol's signature
        for owned in self.owned():
            if owned.run_id == run_id:
                owned.remove()

    def owned(self, *, images: bool = False, data: bool = False) -> list[ScriptedLeftover]:  # noqa: ARG002
        return [ScriptedLeftover(*place, self.started) for place in self.started]

    def _worker(self, launch: Launch, script: Script, *, adopted: bool = False) -> ScriptedWorker:
        place = (launch.run_id, launch.trial_id)
        return ScriptedWorker(script, lambda: self.started.pop(place, None), adopted=adopted)

    def facts(self) -> Mapping[str, str]:
        return {"engine": "scripted"}
