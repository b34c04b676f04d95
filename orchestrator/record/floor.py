"""A machine's floor: how much one image scatters against itself here. One file a question, in the user's cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from orchestrator.record.files import name_disk_errors, write_model
from orchestrator.values import Value

FOLDER = "calibration"
"""Beside the data set."""

FACTS = ("cpu", "cpu_cores", "cpu_quota", "memory", "architecture")
"""Facts of the hardware that make a machine the same one."""

_BESIDE = ("kernel", "hypervisor", "cpu_governor", "cpu_boost")


class Floor(Value):
    """What one image against itself showed, or two builds of the same sources."""

    model_config = Value.model_config | {"populate_by_name": True, "serialize_by_alias": True}

    schema_name: Literal["bakeoff/floor/1"] = Field("bakeoff/floor/1", alias="schema")
    contender: str
    recipe: str
    rebuilt: bool  # two builds of the same sources, else the same image twice
    images: tuple[str, str]
    engine: str
    device: str
    machine: dict[str, str]  # facts of the hardware, and what may move it
    boot: str  # of the machine that bakeoff ran on; "" where that is not the workers'
    date: str  # UTC, ISO 8601
    run: str  # the run folder's name
    command: str
    epochs: int
    images_an_epoch: int
    batch_size: int | None  # None: the recipe's
    turn_seconds: float | None  # None: whole trials one after another
    blocks: int
    ratios: tuple[float, ...]
    scatter: float  # standard deviation of a block's log ratio
    half_width: float  # of the interval, of logarithms
    finds: float  # the smallest difference that is found in 9 of 10 comparisons of so many blocks: 0.03 is 3 %
    words: str  # the verdict
    differs: bool  # a difference is claimed where there is none, or, of two builds, none that was asked for
    images_per_second: float  # the median trial
    evaluation_seconds: float  # an epoch
    other_seconds: float  # a trial: start, import, build, warm-up, prediction

    def is_of(self, machine: Mapping[str, str], engine: str, device: str) -> bool:
        """Tell whether it is of a machine with these facts, this engine and this device."""
        return hardware(self.machine) == hardware(machine) and (self.engine, self.device) == (engine, device)


def hardware(facts: Mapping[str, str]) -> dict[str, str]:
    """Return the facts that make a machine the same one, of all that are known of it."""
    return {name: facts[name] for name in FACTS if name in facts}


def machine_facts(facts: Mapping[str, str]) -> dict[str, str]:
    """Return what a floor keeps of a machine's facts."""
    return {name: facts[name] for name in (*FACTS, *_BESIDE) if name in facts}


def keep_floor(cache: Path, floor: Floor) -> Path:
    """Write a floor where the last one of the same question is replaced. Raises PreflightError."""
    question = [floor.engine, floor.device, hardware(floor.machine), floor.contender, floor.recipe, floor.rebuilt]
    digest = hashlib.sha256(json.dumps(question).encode()).hexdigest()
    path = cache / FOLDER / f"{digest[:32]}.json"
    with name_disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_model(path, floor)
    return path


def read_floors(cache: Path) -> list[Floor]:
    """Read the floors of a cache, newest first; what cannot be read, or is of another format, is left out."""
    found = []
    for path in (cache / FOLDER).glob("*.json"):
        try:
            found.append(Floor.model_validate_json(path.read_bytes()))
        except (OSError, ValidationError):
            continue
    return sorted(found, key=lambda floor: floor.date, reverse=True)
