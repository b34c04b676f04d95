"""Resolves a contender's packages for one Python and machine, and writes the lock with their hashes. Needs uv.

    make lock-images ARGS="torch==2.14.1 --variant cuda --python 3.12"

A build of the framework that only its own index has (PyTorch for CPUs) is hashed from the wheel in the contender's
wheelhouse; without that wheel there is no lock.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from orchestrator.engines.install.context import arguments
from orchestrator.engines.install.locks import file_name, written
from orchestrator.engines.install.pip import expanded, framework_of
from orchestrator.spec.contenders import IMAGES, offered_contenders, parse

_MACHINE = "x86_64"


def main() -> None:
    options = argparse.ArgumentParser(description="Write the lock of a contender's packages.")
    options.add_argument("contenders", nargs="*", default=list(offered_contenders()))
    options.add_argument("--variant", choices=["cpu", "cuda"], default="cpu")
    options.add_argument("--python", default="3.12")
    options.add_argument("--uv", default="uv")
    given = options.parse_args()
    for written_as in given.contenders:
        print(lock(written_as, given.variant, given.python, given.uv))


def lock(contender: str, variant: str, python: str, uv: str) -> str:
    """Write one lock and return its path, or why there is none."""
    chosen, tag = parse(contender), f"cp{python.replace('.', '')}-{_MACHINE}"
    folder = IMAGES / chosen.name
    given = arguments(chosen, offered_contenders()[chosen.name], variant, "")
    requirements = expanded((folder / "requirements.in").read_text(encoding="utf-8"), given)
    framework = framework_of(requirements)
    wheels = list(folder.glob(f"wheelhouse/{framework}-{given['VERSION']}*-{tag.partition('-')[0]}-*{_MACHINE}.whl"))
    own_index = bool(given["INDEX"])
    if own_index and not wheels:
        return f"no lock for {contender} {variant} on Python {python}: put its wheel into {folder.name}/wheelhouse"
    # A CPU build needs none of the packages that the resolver sees in the CUDA build of the same version.
    pins = [] if own_index else given["PINS"].split()
    found = _resolved(requirements, pins, given["PINS"].split(), python, uv, wheels if own_index else [])
    hashes = {framework: hashlib.sha256(wheels[0].read_bytes()).hexdigest()} if own_index else {}
    path = folder / "locks" / file_name(given["VERSION"], variant, tag)
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(["# made by `make lock-images`", *written(found, hashes), ""]), encoding="utf-8")
    return str(path.relative_to(IMAGES.parent))


def _resolved(
    requirements: str, extra: list[str], pins: list[str], python: str, uv: str, wheels: list[Path]
) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as name:
        asked, constraints, out = (Path(name) / each for each in ("asked.in", "pins.txt", "pylock.toml"))
        asked.write_text("\n".join([requirements, *extra]), encoding="utf-8")
        constraints.write_text("\n".join(pins), encoding="utf-8")
        links = [word for wheel in wheels[:1] for word in ("--find-links", str(wheel.parent))]
        command = [uv, "pip", "compile", str(asked), "--constraint", str(constraints), "--quiet", *links]
        command += ["--python-version", python, "--python-platform", f"{_MACHINE}-manylinux_2_28", "-o", str(out)]
        subprocess.run(command, check=True, stdout=sys.stderr)
        return tomllib.loads(out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
