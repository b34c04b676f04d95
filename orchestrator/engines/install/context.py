"""What a contender's image or environment is made of: the same files for every engine, and their hash."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from orchestrator.engines.engine import PrepareError
from orchestrator.engines.install import locks
from orchestrator.engines.install.pip import framework_of
from orchestrator.errors import UsageError
from orchestrator.spec.contenders import IMAGES, ROOT, Contender, ContenderFile, Version
from orchestrator.spec.stack import AS_RELEASED, PINNED, day_of_latest

HASH_CHARACTERS = 12

_AFTER_MIDNIGHT = timedelta(hours=6)


@dataclass(frozen=True)
class Context:
    """Files by their name in the image, and the arguments they are built with."""

    files: Mapping[str, Path]
    arguments: Mapping[str, str]

    @property
    def content_hash(self) -> str:
        """Name the content: a changed Dockerfile, worker, contract or argument gives another hash."""
        return _hash(self.files, self.arguments)

    @property
    def requirements_hash(self) -> str:
        """Name what is installed, whatever the worker's code: an environment outlives edits of it."""
        asked = {
            name: path
            for name, path in self.files.items()
            if name.endswith(("requirements.in", "install.sh", ".whl")) or "/locks/" in name
        }
        return _hash(asked, self.arguments)

    def tar(self, beside: Mapping[str, Path] | None = None) -> io.BytesIO:
        """Pack the files, and those `beside` them, with fixed times and owners, so that builders' caches hold."""
        return pack({**self.files, **(beside or {})})


def pack(files: Mapping[str, Path | bytes]) -> io.BytesIO:
    """Pack files, or their content, under these names into an archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, source in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(source) if isinstance(source, bytes) else source.stat().st_size, 0o644
            with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
                archive.addfile(info, file)
    packed.seek(0)
    return packed


def context(contender: Contender, file: ContenderFile, variant: str, images: Path, base: str) -> Context:
    """Collect what `contender` is built from; UsageError where the variant is none of its own."""
    if variant not in file.variants:
        raise UsageError(f"{contender.name} has no variant {variant!r}", f"variants: {', '.join(file.variants)}")
    folder = images / contender.name
    files = {f"shared/{path.name}": path for path in (ROOT / "shared").glob("*.py")}
    files |= {f"images/{name}": IMAGES / name for name in ("__init__.py", "install.sh", "pip-config.sh")}
    # Without contender.toml: what of it matters stands in the arguments, and a new colour is no new image.
    own = (path for path in folder.iterdir() if path.is_file() and path.suffix != ".toml")
    files |= {f"images/{contender.name}/{path.name}": path for path in own}
    files |= {f"images/{contender.name}/wheelhouse/{path.name}": path for path in _wheels(folder, contender)}
    found = locks.of(folder, contender.version, variant) if contender.stack == PINNED else {}
    files |= {f"images/{contender.name}/locks/{name}": path for name, path in found.items()}
    return Context(files, arguments(contender, file, variant, base))


def _wheels(folder: Path, contender: Contender) -> Iterable[Path]:
    """Return the wheels of the wheelhouse; of the release day the framework's alone, as files tell no day."""
    wheels = folder.glob("wheelhouse/*.whl")
    if contender.stack != AS_RELEASED:
        return wheels
    framework = framework_of((folder / "requirements.in").read_text(encoding="utf-8")).replace("-", "_")
    return (path for path in wheels if path.name.startswith(f"{framework}-"))


def refuse_past_day(content: Context, now: datetime) -> None:
    """Refuse to build a stack "latest" of a day that is over: pip would pick today's packages under that day's name.

    Some hours are left to a comparison that began before midnight. Raises PrepareError.
    """
    day = day_of_latest(content.arguments.get("STACK", ""))
    if day is not None and day < (now - _AFTER_MIDNIGHT).date():
        fault = f"what pip picked on {day} can no longer be installed, and no image or environment of it is here"
        raise PrepareError(fault, "--stack latest for today's packages, or pinned")


def arguments(contender: Contender, file: ContenderFile, variant: str, base: str) -> dict[str, str]:
    """Resolve what the Dockerfile and requirements.in ask for by name."""
    chosen, offered = file.variants[variant], file.versions.get(contender.version)
    return {
        "VERSION": contender.version,
        "VARIANT": variant,
        "EXTRAS": chosen.extras,
        "INDEX": chosen.index,
        "PINS": " ".join(offered.pins) if offered else "",
        **_stack(contender, offered),
        **({"BASE_IMAGE": name} if (name := chosen_base(contender, file, base)) else {}),
    }


def _stack(contender: Contender, offered: Version | None) -> dict[str, str]:
    """Return the argument STACK: the day of "latest", or the first that is too late; none where all is pinned."""
    if contender.stack == PINNED:
        return {}
    if contender.stack != AS_RELEASED:
        return {"STACK": contender.stack}
    if offered is None or offered.released is None:
        fault = f"the release day of {contender.written} is not known"
        raise UsageError(fault, f"write it into images/{contender.name}/contender.toml: released = 2026-03-06")
    return {"STACK": f"{offered.released + timedelta(days=1)}T00:00:00Z"}


def chosen_base(contender: Contender, file: ContenderFile, base: str) -> str:
    """Return the base image that was given, else the version's own; "" where the Dockerfile's default serves."""
    offered = file.versions.get(contender.version)
    return base or (offered.base if offered else "")


def _hash(files: Mapping[str, Path], arguments: Mapping[str, str]) -> str:
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        digest.update(f"{name}\0{_fingerprint(path)}\0".encode())
    for name, value in sorted(arguments.items()):
        digest.update(f"{name}={value}\0".encode())
    return digest.hexdigest()[:HASH_CHARACTERS]


def _fingerprint(path: Path) -> str:
    # Wheels are hundreds of megabytes and carry their version in the name.
    if path.suffix == ".whl":
        return str(path.stat().st_size)
    return hashlib.sha256(path.read_bytes()).hexdigest()
