"""Makes virtual environments of contenders' versions, and copies of their workers: once each, named by content."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import filelock

from orchestrator.engines.engine import PrepareError
from orchestrator.engines.install import failure, locks, pip
from orchestrator.engines.install.context import Context, refuse_past_day
from orchestrator.errors import PreflightError
from orchestrator.spec.contenders import Contender
from orchestrator.values import Say

_MARK = "bakeoff-complete"
_MISLEADING = ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_USER")


class Environments:
    """What the process engine keeps in the user's cache."""

    def __init__(self, cache: Path, images: Path) -> None:
        self._cache = cache
        self._images = images

    def is_missing(self, contender: Contender, variant: str, content: Context) -> bool:
        return not _is_complete(self._folder(contender, variant, content))

    def copy_app(self, contender: Contender, content: Context) -> Path:
        """Copy the worker's files aside, named by content, so that editing them disturbs no running trial."""
        folder = self._cache / "apps" / f"{contender.name}-{content.content_hash}"
        with filelock.FileLock(make_folder(folder.parent) / f"{folder.name}.lock"):
            if not folder.exists():
                aside = Path(tempfile.mkdtemp(dir=folder.parent))
                for name, path in content.files.items():
                    if path.suffix != ".whl":
                        (aside / name).parent.mkdir(parents=True, exist_ok=True)
                        shutil.copyfile(path, aside / name)
                aside.rename(folder)
        return folder

    def prepare(self, contender: Contender, variant: str, content: Context, say: Say) -> Path:
        """Return the contender's virtual environment, making it where it is missing or half made."""
        folder = self._folder(contender, variant, content)
        with filelock.FileLock(make_folder(folder.parent) / f"{folder.name}.lock"):
            if not _is_complete(folder):
                refuse_past_day(content, datetime.now(UTC))
                say(f"making the environment {folder.name}: this downloads the framework once")
                shutil.rmtree(folder, ignore_errors=True)
                self._install(contender, folder, content, say)
                (folder / _MARK).touch()
        return folder

    def _folder(self, contender: Contender, variant: str, content: Context) -> Path:
        python = f"py{sys.version_info.major}{sys.version_info.minor}"
        return self._cache / "environments" / f"{contender.slug}-{variant}-{python}-{content.requirements_hash}"

    def _install(self, contender: Contender, folder: Path, content: Context, say: Say) -> None:
        variables = {**_without_paths(os.environ), **pip.variables(content.arguments)}

        def failed(lines: Sequence[str], why: str) -> PrepareError:
            return failure.told(lines, why, contender, self._images, self._cache / failure.LOGS)

        _run("venv", [sys.executable, "-m", "venv", str(folder)], variables, failed)
        own = self._images / contender.name
        install = pip.command(folder, own / "requirements.in", own / "locks", own / "wheelhouse")
        _run("pip", install, variables, failed, lambda line: say(f"{contender.name}: {line}"))
        if not (folder / locks.MARK).exists():
            say(f"{contender.name}: {locks.requirements_fact('', content.arguments.get('STACK', ''))}")


def _is_complete(environment: Path) -> bool:
    return (environment / _MARK).exists() and (environment / "bin" / "python").exists()


def _run(
    program: str, command: list[str], variables: Mapping[str, str], failed: failure.Failed, say: Say = lambda _: None
) -> None:
    """Run venv or pip and say what is downloaded; PrepareError with the reason where it fails."""
    lines: deque[str] = deque(maxlen=failure.KEPT_LINES)
    with subprocess.Popen(
        command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            if line.startswith(("Collecting ", "Installing collected")):
                say(line.strip()[:160])
    if process.returncode != 0:
        raise failed(list(lines), f"{program} ended with {process.returncode}")


def _without_paths(variables: Mapping[str, str]) -> dict[str, str]:
    """Drop what would show pip another environment's packages, or install into one."""
    return {name: value for name, value in variables.items() if name not in _MISLEADING}


def make_folder(folder: Path) -> Path:
    """Make a folder of the cache; PreflightError where it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PreflightError(f"cannot write to {folder}: {error.strerror}", "set BAKEOFF_CACHE") from error
    return folder
