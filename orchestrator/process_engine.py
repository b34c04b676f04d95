"""The process engine: each trial in a process group of its own, on this machine, isolated by nothing.

The embedded default where no Docker Engine answers. One virtual environment a contender
version, made by pip so that the user's own pip configuration is honoured, or an existing
interpreter. The worker runs the very files that an image would hold.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import filelock

from orchestrator.contenders import IMAGES, Contender, offered
from orchestrator.context import Context, context
from orchestrator.engine import Launch, Prepared, PrepareError, Say, StartError
from orchestrator.errors import PreflightError
from orchestrator.installation import environment, steps, why_refused
from orchestrator.process_worker import ProcessWorker

_MARK = "bakeoff-complete"
_INHERITED = ("PATH", "LD_LIBRARY_PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "CUDA_HOME", "SYSTEMROOT")


class ProcessEngine:
    """Runs workers as plain processes; `interpreters` maps a contender's name to an existing Python."""

    name = "process"
    notice = (
        "process engine: workers are plain processes of this machine. Versions are kept apart by virtual"
        " environments, but nothing is isolated: no limits on memory, files or network"
    )

    def __init__(self, cache: Path, interpreters: Mapping[str, Path] | None = None, images: Path = IMAGES) -> None:
        self._cache = cache
        self._interpreters = interpreters or {}
        self._images = images
        self._apps: dict[str, Path] = {}
        self._data = Path()

    def prepare(self, contender: Contender, variant: str, say: Say) -> Prepared:
        if contender.image:
            raise PrepareError(f"{contender.written} names an image: only the docker engine runs images")
        content = context(contender, offered(self._images)[contender.name], variant, self._images, "")
        self._apps[contender.name] = self._app(contender, content)
        existing = self._interpreters.get(contender.name)
        if existing is not None:
            return Prepared(contender, f"interpreter {existing.name}", str(existing))
        folder = self._environment(contender, variant, content, say)
        return Prepared(contender, f"environment {folder.name}", str(folder / "bin" / "python"))

    def supply(self, data: Path, prepared: Prepared, say: Say) -> None:  # noqa: ARG002 - the seam's signature
        self._data = data

    def start(self, launch: Launch) -> ProcessWorker:
        contender = launch.prepared.contender.name
        out = Path(tempfile.mkdtemp(prefix="bakeoff-"))
        command = [launch.prepared.handle, "-m", f"images.{contender}.worker"]
        try:
            with (out / "stdout").open("wb") as stdout, (out / "stderr").open("wb") as stderr:
                process = subprocess.Popen(
                    command,
                    cwd=self._apps[contender],
                    env=self._variables(launch, out),
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                    start_new_session=True,
                )
        except OSError as error:
            shutil.rmtree(out, ignore_errors=True)
            raise StartError(f"{launch.prepared.handle}: {error.strerror}") from error
        return ProcessWorker(process, out)

    def facts(self) -> Mapping[str, str]:
        return {"engine": "process (no isolation)"}

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

    def _app(self, contender: Contender, content: Context) -> Path:
        """Copy the worker's files aside, named by content, so that editing them disturbs no running trial."""
        folder = self._cache / "apps" / f"{contender.name}-{content.content_hash}"
        with filelock.FileLock(_made(folder.parent) / f"{folder.name}.lock"):
            if not folder.exists():
                aside = Path(tempfile.mkdtemp(dir=folder.parent))
                for name, path in content.files.items():
                    if path.suffix != ".whl":
                        (aside / name).parent.mkdir(parents=True, exist_ok=True)
                        shutil.copyfile(path, aside / name)
                aside.rename(folder)
        return folder

    def _environment(self, contender: Contender, variant: str, content: Context, say: Say) -> Path:
        """Return the contender's virtual environment, making it where it is missing or half made."""
        python = f"py{sys.version_info.major}{sys.version_info.minor}"
        requirements = content.files[f"images/{contender.name}/requirements.in"]
        folder = self._cache / "environments" / f"{contender.slug}-{variant}-{python}-{content.requirements_hash}"
        with filelock.FileLock(_made(folder.parent) / f"{folder.name}.lock"):
            if not (folder / _MARK).exists():
                say(f"making the environment {folder.name}: this downloads the framework once")
                shutil.rmtree(folder, ignore_errors=True)
                self._install(contender, folder, requirements, content, say)
                (folder / _MARK).touch()
        return folder

    def _install(self, contender: Contender, folder: Path, requirements: Path, content: Context, say: Say) -> None:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
        variables = {**os.environ, **environment(content.arguments)}
        pins = folder / "pins.txt"
        pins.write_text("\n".join(content.arguments["PINS"].split()), encoding="utf-8")
        wheelhouse = self._images / contender.name / "wheelhouse"
        for step in steps(requirements, pins, content.arguments, wheelhouse):
            command = [str(folder / "bin" / "python"), "-m", "pip", "install", *step]
            _follow(command, variables, lambda line: say(f"{contender.name}: {line}"))


def _follow(command: list[str], variables: Mapping[str, str], say: Say) -> None:
    """Run pip and say what it downloads; PrepareError with its reason where it fails."""
    said: list[str] = []
    with subprocess.Popen(
        command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        for line in pip.stdout or ():
            said = [*said[-199:], line.rstrip()]
            if line.startswith(("Collecting ", "Installing collected")):
                say(line.strip()[:160])
    if pip.returncode != 0:
        raise PrepareError(why_refused(said, f"pip ended with {pip.returncode}"))


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PreflightError(f"cannot write to {folder}: {error.strerror}", "set BAKEOFF_CACHE") from error
    return folder
