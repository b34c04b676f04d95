"""Floors in the cache: the newest of a question is kept, and what cannot be read is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import PreflightError
from orchestrator.record.floor import FOLDER, keep_floor, machine_facts, read_floors
from tests.support.floors import MACHINE, floor


def test_the_last_floor_of_a_question_replaces_the_one_before(tmp_path: Path) -> None:
    keep_floor(tmp_path, floor(date="2026-11-01T00:00:00+00:00", scatter=0.05))
    keep_floor(tmp_path, floor(date="2026-11-02T00:00:00+00:00", scatter=0.02))
    keep_floor(tmp_path, floor(date="2026-11-03T00:00:00+00:00", rebuilt=True))
    assert [(each.rebuilt, each.scatter) for each in read_floors(tmp_path)] == [(True, 0.03), (False, 0.02)]


def test_other_hardware_is_another_question(tmp_path: Path) -> None:
    keep_floor(tmp_path, floor())
    keep_floor(tmp_path, floor(machine={**MACHINE, "cpu_cores": "64"}))
    assert len(read_floors(tmp_path)) == 2


def test_a_floor_is_of_a_place_by_hardware_engine_and_device() -> None:
    kept = floor()
    assert kept.is_of({**MACHINE, "load_average": "1.2 0.9 0.8", "kernel": "Linux 7"}, "docker", "cpu")
    assert not kept.is_of({**MACHINE, "cpu": "another processor"}, "docker", "cpu")
    assert not kept.is_of(MACHINE, "process", "cpu")
    assert not kept.is_of(MACHINE, "docker", "NVIDIA H100")


def test_a_damaged_floor_and_one_of_another_format_are_left_out(tmp_path: Path) -> None:
    whole = keep_floor(tmp_path, floor())
    (tmp_path / FOLDER / "damaged.json").write_text("{")
    newer = whole.read_text().replace("bakeoff/floor/1", "bakeoff/floor/2")
    (tmp_path / FOLDER / "newer.json").write_text(newer)
    assert read_floors(tmp_path) == [floor()]


def test_a_cache_that_takes_no_file_is_told_with_its_path(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("a file where the folder should be")
    with pytest.raises(PreflightError, match=f"cannot write .*{FOLDER}"):
        keep_floor(tmp_path, floor())


def test_of_a_machine_only_facts_of_the_hardware_and_what_moves_it_are_kept() -> None:
    facts = {**MACHINE, "date": "2026-11-27", "load_average": "0.1", "cpu_governor": "performance"}
    assert machine_facts(facts) == {**MACHINE, "cpu_governor": "performance"}
