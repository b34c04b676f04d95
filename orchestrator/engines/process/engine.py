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

from orchestrator.engines.engine import Launch, Prepared, PrepareError, StartError
from orchestrator.engines.install import locks
from orchestrator.engines.install.context import context
from orchestrator.engines.process.environments import Environments, made_folder
from orchestrator.engines.process.worker import (
    ALIVE,
    GROUP,
    OUT,
    SHELL,
    SPEC,
    STDERR,
    STDOUT,
    STOP_SECONDS,
    Abandoned,
    ProcessWorker,
)
from orchestrator.spec.contenders import IMAGES, Contender, offered_contenders
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
        self._apps: dict[str, Path] = {}
        self._data = Path()

    def prepare(self, contender: Contender, variant: str, say: Say) -> Prepared:
        if contender.image:
            raise PrepareError(f"{contender.written} names an image: only the docker engine runs images")
        content = context(contender, offered_contenders(self._images)[contender.name], variant, self._images, "")
        app = self._apps[contender.name] = self._environments.app(contender, content)
        existing = self._interpreters.get(contender.name)
        if existing is not None:
            # Absolute, and no link resolved: through its link a virtual environment's Python knows its packages.
            return Prepared(contender, f"interpreter {existing.name}", str(existing.absolute()), fixed=False)
        folder = self._environments.made(contender, variant, content, say)
        named = f"environment {folder.name}, worker {app.name}"
        told = {"requirements": locks.LOCKED if (folder / locks.MARK).exists() else locks.NOT_LOCKED}
        return Prepared(contender, named, str(folder / "bin" / "python"), facts=told)

    def missing_bytes(self, contenders: Sequence[Contender], variant: str) -> dict[str, int]:
        """Estimate the environments that are still to be made, by contender."""
        known, found = offered_contenders(self._images), {}
        for each in contenders:
            if not each.image and each.name not in self._interpreters:
                content = context(each, known[each.name], variant, self._images, "")
                if self._environments.missing(each, variant, content):
                    found[each.written] = known[each.name].variants[variant].size_bytes
        return found

    def free_bytes(self) -> int:
        """Return what is free where environments are kept."""
        return shutil.disk_usage(next(each for each in (self._cache, *self._cache.parents) if each.exists())).free

    def supply(self, data: Path, prepared: Prepared, say: Say) -> None:  # noqa: ARG002 - the seam's signature
        self._data = data

    def start(self, launch: Launch) -> ProcessWorker:
        folder = self._place(launch)
        if not os.access(launch.prepared.handle, os.X_OK):
            raise StartError(f"{launch.prepared.handle}: No such file or directory, or not a program")
        try:
            made_folder(folder.parent)
            self._start(launch, folder)
        except BaseException as error:
            _remove(folder)
            if isinstance(error, OSError):
                raise StartError(f"{launch.prepared.handle}: {error.strerror}") from error
            raise
        return ProcessWorker(folder, self._stop_seconds, started=True)

    def adopt(self, launch: Launch) -> ProcessWorker | None:
        folder = self._place(launch)
        try:
            spec, booted = (folder / SPEC).read_text().split()
        except (OSError, ValueError):
            spec = booted = ""
        if spec and spec != launch.spec_sha256:
            raise StartError(f"{folder} holds a worker that was started for something else; remove it")
        if not spec or booted != _boot() or not (folder / GROUP).exists():
            _remove(folder)  # never started, or ended by a restart of the machine
            return None
        return ProcessWorker(folder, self._stop_seconds)

    def sweep(self, run_id: str, lease: str) -> None:
        for each in self.owned():
            if each.name.startswith(f"{run_id}-") and each.name.endswith(f"-{lease}"):
                each.remove()

    def owned(self) -> list[Abandoned]:
        """List the workers whose hosts did not remove them."""
        return [Abandoned(folder, self._stop_seconds) for folder in sorted((self._cache / _WORKERS).glob("*/"))]

    def facts(self) -> Mapping[str, str]:
        return {"engine": "process (no isolation)"}

    def _place(self, launch: Launch) -> Path:
        return self._cache / _WORKERS / f"{launch.run_id}-{launch.trial_id}-{launch.lease}"

    def _start(self, launch: Launch, folder: Path) -> None:
        """Start the worker as nobody's child, in a group of its own, holding a lock that ends with it."""
        contender = launch.prepared.contender.name
        worker = f"images.{contender}.worker"
        folder.mkdir()
        (folder / OUT).mkdir()
        (folder / SPEC).write_text(f"{launch.spec_sha256} {_boot()}")
        with (
            (folder / STDOUT).open("wb") as stdout,
            (folder / STDERR).open("wb") as stderr,
            (folder / ALIVE).open("wb") as alive,  # last: the shell takes descriptor 3, the lowest that is free here
        ):
            fcntl.flock(alive, fcntl.LOCK_EX)
            subprocess.run(
                ["/bin/sh", "-c", SHELL, self._apps[contender], launch.prepared.handle, "-m", worker],
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
        kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return {
            **kept,
            "PYTHONDONTWRITEBYTECODE": "1",
            "CUDA_VISIBLE_DEVICES": launch.gpu or "",
            "BAKEOFF_DATA": str(self._data),
            "BAKEOFF_OUT": str(out),
            **launch.environment,
        }


def _boot() -> str:
    """Name this start of the machine, where the system does: no process outlives it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
