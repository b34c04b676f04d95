"""The process engine: each trial in a process group of its own, on this machine, isolated by nothing.

The embedded default where no Docker Engine answers. One virtual environment a contender
version, made by pip so that the user's own pip configuration is honoured, or an existing
interpreter. The worker runs the very files that an image would hold.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.engines.check_cache import CheckCache
from orchestrator.engines.disk_needed import estimated_bytes
from orchestrator.engines.engine import Launch, Prepared, PrepareError, StartError
from orchestrator.engines.engine_checks import CheckTarget
from orchestrator.engines.install import locks
from orchestrator.engines.install.context import Context, context
from orchestrator.engines.process.checks import ProcessChecks
from orchestrator.engines.process.environments import Environments, make_folder
from orchestrator.engines.process.worker import (
    ALIVE,
    GROUP,
    OUT,
    SHELL,
    SPEC,
    STDERR,
    STDIN,
    STDOUT,
    STOP_SECONDS,
    Abandoned,
    ProcessWorker,
)
from orchestrator.host import disk
from orchestrator.host.machine import Machine, this_machine
from orchestrator.spec.contenders import IMAGES, TURNS, Contender, offered_contenders
from orchestrator.values import Say

_WORKERS = "workers"  # in the cache, where a later host finds them
_INHERITED = ("PATH", "LD_LIBRARY_PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "CUDA_HOME", "SYSTEMROOT")


class ProcessEngine:
    """Runs workers as plain processes; `interpreters` maps a contender's name to an existing Python."""

    name = "process"
    notice = (
        "process engine: workers are plain processes of this machine. Versions are kept apart by virtual"
        " environments, but nothing is isolated: no limits on memory, files or network"
    )
    restricts = False

    def __init__(
        self,
        cache: Path,
        interpreters: Mapping[str, Path] | None = None,
        images: Path = IMAGES,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        self._cache = cache.absolute()  # workers run in a folder of their own
        self._interpreters = interpreters or {}
        self._images = images
        self._environments = Environments(self._cache, images)
        self._stop_seconds = stop_seconds

    def gives_gpus(self) -> bool:
        return True

    def machine(self, contenders: Sequence[Contender], cache: CheckCache) -> Machine:  # noqa: ARG002 - the protocol's
        return this_machine()

    def checks(self, target: CheckTarget) -> ProcessChecks:
        missing = self.missing_bytes(target.contenders, target.variant)
        return ProcessChecks(self.notice, missing, free_bytes=disk.free_bytes(self._cache))

    def prepare(self, contender: Contender, variant: str, say: Say) -> Prepared:
        if contender.image:
            raise PrepareError(f"{contender.written} names an image: only the docker engine runs images")
        content = self._context(contender, variant)
        app = self._environments.copy_app(contender, content)
        takes_turns = TURNS in contender.clauses
        existing = self._interpreters.get(contender.name)
        if existing is not None:
            # Absolute, and no link resolved: through its link a virtual environment's Python knows its packages.
            python = str(existing.absolute())
            name = f"interpreter {existing.name}"
            return Prepared(contender, name, python, app=str(app), fixed=False, takes_turns=takes_turns)
        folder = self._environments.prepare(contender, variant, content, say)
        name = f"environment {folder.name}, worker {app.name}"
        lock = locks.MARK if (folder / locks.MARK).exists() else ""
        facts = {"requirements": locks.requirements_fact(lock, content.arguments.get("STACK", ""))}
        python = str(folder / "bin" / "python")
        return Prepared(contender, name, python, app=str(app), facts=facts, takes_turns=takes_turns)

    def missing_bytes(self, contenders: Sequence[Contender], variant: str) -> dict[str, int]:
        """Estimate the environments that are still to be made, by contender."""
        wanted = [each for each in contenders if not each.image and each.name not in self._interpreters]
        missing = [
            each for each in wanted if self._environments.is_missing(each, variant, self._context(each, variant))
        ]
        return estimated_bytes(missing, variant, self._images)

    def _context(self, contender: Contender, variant: str) -> Context:
        return context(contender, offered_contenders(self._images)[contender.name], variant, self._images, "")

    def supply(self, data: Path, prepared: Prepared, say: Say) -> None:
        """Workers read the data set where it lies."""

    def start(self, launch: Launch) -> ProcessWorker:
        folder = self._folder(launch)
        if not os.access(launch.prepared.handle, os.X_OK):
            raise StartError(f"{launch.prepared.handle}: No such file or directory, or not a program")
        try:
            make_folder(folder.parent)
            self._start(launch, folder)
        except BaseException as error:
            _remove(folder)
            if isinstance(error, OSError):
                raise StartError(f"{launch.prepared.handle}: {error.strerror}") from error
            raise
        return ProcessWorker(folder, self._stop_seconds, started=True)

    def adopt(self, launch: Launch) -> ProcessWorker | None:
        folder = self._folder(launch)
        try:
            spec, booted = (folder / SPEC).read_text().split()
        except (OSError, ValueError):
            spec = booted = ""
        if spec and spec != launch.spec_sha256:
            raise StartError(f"{folder} holds a worker that was started for something else; remove it")
        if not spec or booted != _boot_id() or not (folder / GROUP).exists():
            _remove(folder)  # never started, or ended by a restart of the machine
            return None
        return ProcessWorker(folder, self._stop_seconds)

    def sweep(self, run_id: str, lease: str) -> None:
        for worker in self.owned():
            if worker.name.startswith(f"{run_id}-") and worker.name.endswith(f"-{lease}"):
                worker.remove()

    def owned(self, *, images: bool = False, data: bool = False) -> list[Abandoned]:  # noqa: ARG002 - it keeps none
        """List the workers whose hosts did not remove them."""
        return [Abandoned(folder, self._stop_seconds) for folder in sorted((self._cache / _WORKERS).glob("*/"))]

    def facts(self) -> Mapping[str, str]:
        return {"engine": "process (no isolation)"}

    def _folder(self, launch: Launch) -> Path:
        return self._cache / _WORKERS / f"{launch.run_id}-{launch.trial_id}-{launch.lease}"

    def _start(self, launch: Launch, folder: Path) -> None:
        """Start the worker detached from this process, in a group of its own, holding a lock that ends with it."""
        worker = f"images.{launch.prepared.contender.name}.worker"
        folder.mkdir()
        (folder / OUT).mkdir()
        (folder / SPEC).write_text(f"{launch.spec_sha256} {_boot_id()}")
        if launch.listens:
            os.mkfifo(folder / STDIN, 0o600)
        else:
            (folder / STDIN).symlink_to(os.devnull)
        with (
            (folder / STDOUT).open("wb") as stdout,
            (folder / STDERR).open("wb") as stderr,
            (folder / ALIVE).open(
                "wb"
            ) as alive,  # last: the shell takes descriptors 3 and 4, the lowest that are free here
        ):
            fcntl.flock(alive, fcntl.LOCK_EX)
            subprocess.run(
                ["/bin/sh", "-c", SHELL, launch.prepared.app, launch.prepared.handle, "-m", worker],
                cwd=folder,
                env=self._variables(launch, folder / OUT),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                pass_fds=(alive.fileno(),),
                check=True,
            )

    def _variables(self, launch: Launch, out: Path) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return {
            **inherited,
            "PYTHONDONTWRITEBYTECODE": "1",
            "CUDA_VISIBLE_DEVICES": launch.gpu or "",
            "BAKEOFF_DATA": str(launch.data),
            "BAKEOFF_OUT": str(out),
            **launch.environment,
        }


def _boot_id() -> str:
    """Name this start of the machine, where the system does: no process outlives it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
