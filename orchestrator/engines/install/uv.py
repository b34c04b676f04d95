"""Resolves a contender's packages for one Python and machine with uv, and writes the lock with their hashes.

A build of the framework that only its own index has (PyTorch for CPUs) is hashed from the wheel in the contender's
wheelhouse; without that wheel there is no lock.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from orchestrator.engines.install import failure
from orchestrator.engines.install.context import arguments
from orchestrator.engines.install.locks import file_name, lock_lines
from orchestrator.engines.install.pip import expanded, framework_of
from orchestrator.errors import PreflightError, UsageError
from orchestrator.host.credentials import without_credentials
from orchestrator.spec.contenders import IMAGES, Contender, offered_contenders

_MACHINE = "x86_64"


def write_lock(contender: Contender, variant: str, python: str, uv: str, images: Path = IMAGES) -> Path | None:
    """Write the lock of a contender for a Python, "3.12", with the program `uv`, and return its path.

    None where the contender's own index gives no hashes and its wheelhouse has no wheel. Raises UsageError for a ready
    image, PreflightError where uv is missing or finds no solution.
    """
    if contender.image:
        raise UsageError(f"{contender.written} is a ready image", "lock a contender that is built here: torch")
    folder, tag = images / contender.name, f"cp{python.replace('.', '')}-{_MACHINE}"
    given = arguments(contender, offered_contenders(images)[contender.name], variant, "")
    requirements = expanded((folder / "requirements.in").read_text(encoding="utf-8"), given)
    framework = framework_of(requirements)
    wheels = list(folder.glob(f"wheelhouse/{framework}-{given['VERSION']}*-{tag.partition('-')[0]}-*{_MACHINE}.whl"))
    own_index = bool(given["INDEX"])
    if own_index and not wheels:
        return None
    # A CPU build needs none of the packages that the resolver sees in the CUDA build of the same version.
    pins = given["PINS"].split()
    asked = requirements if own_index else "\n".join([requirements, *pins])
    document = _resolve(asked, pins, python, uv, wheels[0].parent if own_index else None)
    hashes = {framework: hashlib.sha256(wheels[0].read_bytes()).hexdigest()} if own_index else {}
    path = folder / "locks" / file_name(given["VERSION"], variant, tag)
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(["# made by `bakeoff images lock`", *lock_lines(document, hashes), ""]), encoding="utf-8")
    return path


def _resolve(requirements: str, constraints: list[str], python: str, uv: str, links: Path | None) -> dict[str, Any]:
    """Return uv's pylock.toml of requirements under constraints; `links` is a folder of wheels to take too."""
    with tempfile.TemporaryDirectory() as name:
        requirements_in, constraints_txt, out = (Path(name) / file for file in ("in.txt", "pins.txt", "pylock.toml"))
        requirements_in.write_text(requirements, encoding="utf-8")
        constraints_txt.write_text("\n".join(constraints), encoding="utf-8")
        command = [uv, "pip", "compile", str(requirements_in), "--constraint", str(constraints_txt), "--quiet"]
        command += ["--find-links", str(links)] if links else []
        command += ["--python-version", python, "--python-platform", f"{_MACHINE}-manylinux_2_28", "-o", str(out)]
        try:
            # Its standard output repeats the file; on standard error --quiet leaves faults alone.
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        except OSError as error:
            remedy = "install it, `pip install uv`, or name it: --uv PATH"
            raise PreflightError(f"locks are made with uv, and {uv} cannot be run: {error.strerror}", remedy) from error
        except subprocess.CalledProcessError as error:
            raise _refused(error) from error
        return tomllib.loads(out.read_text(encoding="utf-8"))


def _refused(error: subprocess.CalledProcessError) -> PreflightError:
    """Say why uv resolved nothing, with its own last words below."""
    lines = without_credentials(str(error.stderr)).splitlines()
    found, last = failure.find_cause(lines), lines[-failure.TAIL_LINES :]
    if found is None or found[0] is failure.NO_VERSION:
        remedy = "name a version that the index has, or loosen the pins of contender.toml"
        return PreflightError(f"uv found no solution (exit code {error.returncode})", remedy, last)
    return PreflightError(f"uv resolved nothing: {found[0].name}", found[0].remedy, last)
