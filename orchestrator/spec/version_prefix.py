"""A version given in part: `2.13` is the newest offered 2.13.x."""

from __future__ import annotations

import re
from collections.abc import Collection

from orchestrator.errors import UsageError

_PREFIX = re.compile(r"\d+(\.\d+)?")
_RELEASE = re.compile(r"\d+(\.\d+)*")
_NEAREST = 4


def complete(name: str, version: str, offered: Collection[str]) -> str:
    """Return the newest offered version of a prefix of one or two numbers; any other version as it is.

    Three numbers are exact, offered or not. Raises UsageError with the nearest versions where nothing begins so.
    """
    if version in offered or not _PREFIX.fullmatch(version):
        return version
    releases = [each for each in offered if _RELEASE.fullmatch(each)]
    wanted = _numbers(version)
    fitting = [each for each in releases if _numbers(each)[: len(wanted)] == wanted]
    if not fitting:
        nearest = ", ".join(_nearest(wanted, releases))
        raise UsageError(f"{name} has no version {version}", f"offered versions nearest to it: {nearest}")
    return max(fitting, key=_numbers)


def _nearest(wanted: tuple[int, ...], releases: Collection[str]) -> list[str]:
    """Return the few versions with the least distance in the first number, then in the second; the newest first."""

    def distance(version: str) -> tuple[int, ...]:
        return tuple(abs(mine - other) for mine, other in zip(_numbers(version), wanted, strict=False))

    newest_first = sorted(releases, key=_numbers, reverse=True)
    return sorted(sorted(newest_first, key=distance)[:_NEAREST], key=_numbers, reverse=True)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
