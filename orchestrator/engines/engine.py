"""The interface of an engine, which prepares contenders and starts workers.

Docker, process and scripted implement it and pass one test suite (`tests/engines/test_engines.py`). Only
`orchestrator.engines.choose` names the first two, only tests the third. Nothing here knows what a worker prints.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from orchestrator.engines.check_cache import CheckCache
from orchestrator.engines.engine_checks import CheckTarget, EngineChecks
from orchestrator.host.machine import Machine
from orchestrator.spec.contenders import Contender
from orchestrator.values import Say

OUT_FILE_LIMIT_BYTES = 256 * 2**20
"""What a worker leaves is read up to this size; more is treated as absent, with the reason."""

STDERR_LIMIT_BYTES = 2 * 2**20

FOREIGN = "not declared: run by --allow-foreign-image"
"""The fact "contract" of an image that does not say that it keeps a contract we know."""


@dataclass(frozen=True)
class Prepared:
    """A contender that can be started: the image id or interpreter that will really run."""

    contender: Contender
    image: str  # what the record names: an image id, or an environment's path
    handle: str  # what the engine starts
    _: KW_ONLY
    app: str = ""  # the folder of the worker's files, where the engine runs them from one
    fixed: bool = True  # `image` names all that runs: the same name is the same code
    facts: Mapping[str, str] = field(default_factory=dict)  # how it was made, for the report
    relaxations: tuple[str, ...] = ()  # words of `orchestrator.spec.contenders`
    retries: tuple[str, ...] = ()  # what was tried again to make it ready, in words
    takes_turns: bool = False  # its worker says that it keeps the contract's clause "turns"


@dataclass(frozen=True, kw_only=True)
class Launch:
    """One worker to start."""

    trial_id: str
    run_id: str
    prepared: Prepared
    environment: Mapping[str, str]  # BAKEOFF_TRIAL; the engine adds where data and output lie
    data: Path  # the prepared data set, as it was given to `supply`
    gpu: str | None = None  # UUID
    lease: str = ""  # of the run folder: run ids of two machines that share an engine may be the same
    listens: bool = False  # it reads standard input, which stays open whatever becomes of the host
    alive: int = 1  # workers that live at once and share the engine's memory

    @property
    def spec_sha256(self) -> str:
        """Name what runs: a worker of an earlier host is this one's only where it is the same."""
        spec = (self.prepared.image, self.prepared.relaxations, sorted(self.environment.items()), self.gpu)
        return hashlib.sha256(json.dumps(spec).encode()).hexdigest()


@dataclass(frozen=True)
class WorkerExit:
    """How a worker ended, as the engine tells it."""

    code: int
    _: KW_ONLY
    oom_killed: bool = False
    killed_from_outside: bool = False  # the engine saw a kill that we did not send
    removed: bool = False  # somebody removed the worker; the code is unknown
    memory_limit_bytes: int | None = None  # that the worker ran under
    ended_at: datetime | None = None  # by the engine's clock, where it tells


@dataclass(frozen=True)
class Leftovers:
    """What a worker left: files of $BAKEOFF_OUT by name (absent ones missing), and its standard error's tail."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    stderr: str = ""
    refused: tuple[str, ...] = ()  # "predictions.npy: a link", for files that were there and not taken


class Worker(Protocol):
    """A worker under way.

    Leaving the `with` block removes it and all that was made for it. Leaving it by an exception does not, nor after
    `release`: its record is not written then, and the next host adopts it.
    """

    paused: bool
    """Whether somebody held the worker still when it was last polled."""

    def chunks(self) -> Iterator[bytes]:
        """Follow standard output from where the last call stopped, from the beginning of an unfinished line.

        Its end proves nothing: a broken connection and an ended worker look alike. Call it
        again to reconnect, which ends the call before. What comes twice all the same is known
        by its `seq`. Raises NoFeedError where there is nothing to follow.
        """

    def tell(self, line: bytes) -> None:
        """Write a line to standard input of a worker that listens; one that has ended hears nothing.

        Raises EngineLostError.
        """

    def cpu_seconds(self) -> float | None:
        """Return the CPU time that the worker and its children have used so far; None where that is not known."""

    def poll(self) -> WorkerExit | None:
        """Tell how the worker ended, None while it runs. Raises EngineLostError where the engine does not answer."""

    def stop(self) -> None:
        """End the worker, gently first. Safe to call twice."""

    def release(self) -> None:
        """Let the worker be: it goes on, and leaving the `with` block removes nothing."""

    def leftovers(self, names: tuple[str, ...]) -> Leftovers:
        """Collect the named files and standard error of an ended worker."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Owned(Protocol):
    """Something that bakeoff made on an engine and has not removed yet."""

    @property
    def kind(self) -> str:
        """Return "container", "volume", "image" or "process"."""

    @property
    def name(self) -> str: ...

    @property
    def detail(self) -> str:
        """Return its state or size."""

    def remove(self) -> None:
        """Remove it, ending what runs; that it is gone already is no error. Raises EngineLostError."""


class Engine(Protocol):
    """Prepares contenders and starts workers."""

    name: str
    notice: str
    """What the user must know about runs of this engine, or nothing."""
    restricts: bool
    """Whether workers run under restrictions, of which a contender may ask to be spared some."""

    def gives_gpus(self) -> bool:
        """Tell whether the engine can give a GPU to a worker."""

    def machine(self, contenders: Sequence[Contender], cache: CheckCache) -> Machine:
        """Describe the machine on which workers run, asked through an image of a contender where one must be.

        What is remembered for a day lies in `cache`. Raises EngineLostError.
        """

    def checks(self, target: CheckTarget) -> EngineChecks:
        """Return what this engine checks before a comparison; nothing is asked of it yet."""

    def prepare(self, contender: Contender, variant: str, say: Say) -> Prepared:
        """Make ready what the contender needs, with progress. Raises PrepareError."""

    def supply(self, data: Path, prepared: Prepared, say: Say) -> None:
        """Put the data set where workers will read it. Raises PreflightError."""

    def start(self, launch: Launch) -> Worker:
        """Start a worker. Raises StartError."""

    def adopt(self, launch: Launch) -> Worker | None:
        """Take over the worker that an earlier host started for this launch, running or ended; None: there is none.

        What was half made for it is removed. Raises StartError where its place is taken by something else, and
        EngineLostError.
        """

    def sweep(self, run_id: str, lease: str) -> None:
        """Remove what a host that was killed left of a run whose records are all written. Raises EngineLostError."""

    def owned(self, *, images: bool = False, data: bool = False) -> Sequence[Owned]:
        """List what workers left here, and where asked for images and the data set too. Raises EngineLostError."""

    def facts(self) -> Mapping[str, str]:
        """Name the engine's version and limits for the report."""


class PrepareError(Exception):
    """An image or environment could not be made; the text says why in the builder's words, `remedy` is the way out.

    `lines` are the last of the builder's log.
    """

    def __init__(self, message: str, remedy: str = "", lines: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.remedy = remedy
        self.lines = tuple(lines)


class StartError(Exception):
    """A worker could not be started; what was created for it is removed again."""


class EngineLostError(Exception):
    """The engine does not answer for the moment."""


class NoFeedError(Exception):
    """The engine keeps no log of this worker: there is no live feed, the worker's own file has everything."""
