"""What differs between contenders besides what is compared: facts read inside each worker, side by side. Pure.

The facts travel in a summary's flat environment as "<contender>: <fact>", so that a reader of summary.json
needs no other file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.record import Record


@dataclass(frozen=True)
class Fact:
    """One fact and its value in each contender, "" where a contender has none."""

    name: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        return len(set(self.values)) > 1


def inside(records: Sequence[Record]) -> dict[str, str]:
    """Collect each contender's versions and resolved settings under "<contender>: <fact>"."""
    return {
        f"{record.contender}: {name}": value
        for record in records
        for name, value in (*record.versions.items(), *record.modes.items())
    }


def facts(environment: Mapping[str, str], contenders: Sequence[str]) -> tuple[Fact, ...]:
    """Lay the contenders' facts side by side: what differs first, otherwise in the order they were told."""
    found = [_split(key, contenders) for key in environment]
    names = dict.fromkeys(name for contender, name in found if contender)
    rows = [Fact(name, tuple(environment.get(f"{each}: {name}", "") for each in contenders)) for name in names]
    return tuple(sorted(rows, key=lambda fact: not fact.differs))


def host(environment: Mapping[str, str], contenders: Sequence[str]) -> dict[str, str]:
    """Return the facts that are no contender's."""
    return {key: value for key, value in environment.items() if not _split(key, contenders)[0]}


def _split(key: str, contenders: Sequence[str]) -> tuple[str, str]:
    owner = next((each for each in contenders if key.startswith(f"{each}: ")), "")
    return owner, key.removeprefix(f"{owner}: ") if owner else key
