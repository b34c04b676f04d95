"""Locks: every package that an image or environment gets, by hash, for one version, variant, Python and machine.

`images/<name>/locks/2.13.0-cpu-cp311-x86_64.txt` is what pip installs where it covers what is being made; elsewhere
pip resolves as it can, and that is told. `bakeoff images lock` writes locks, `images/install.sh` chooses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestrator.spec.stack import describe

MARK = "bakeoff-lock"
"""A file in the environment that holds the lock's name; absent where there was none."""

LOCKED = "every package by hash"
NOT_LOCKED = "not locked: no lock covers this version, variant, Python and machine"


def requirements_fact(lock: str, stack: str) -> str:
    """Say for a report what held the packages to their versions: a lock's name, and a build's argument STACK."""
    if stack:
        return describe(stack)
    return LOCKED if lock else NOT_LOCKED


def file_name(version: str, variant: str, tag: str) -> str:
    """Name a lock by what it covers; `tag` is Python and machine, "cp311-x86_64"."""
    return f"{version}-{variant}-{tag}.txt"


def of(folder: Path, version: str, variant: str) -> dict[str, Path]:
    """Return the locks of a version and variant in a contender's folder, by file name."""
    return {path.name: path for path in sorted(folder.glob(f"locks/{version}-{variant}-*.txt"))}


def lock_lines(document: Mapping[str, Any], hashes: Mapping[str, str]) -> Iterator[str]:
    """Write a resolved pylock.toml as lines for `pip install --require-hashes`.

    `hashes` has those of wheels that no index gave, by package. ValueError names a package without a wheel.
    """
    for package in document["packages"]:
        wheels = package.get("wheels", [])
        name, found = package["name"], [wheel["hashes"]["sha256"] for wheel in wheels]
        found = [hashes[name]] if name in hashes else found
        if not found:
            raise ValueError(f"{name} {package['version']} has no wheel")
        yield " ".join(
            [f"{name}=={package['version'].partition('+')[0]}", *(f"--hash=sha256:{each}" for each in found)]
        )
