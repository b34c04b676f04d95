"""A check, the room for what is to be built, and the cache of checks that passed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.engines.check import State, failure, refused
from orchestrator.engines.check_cache import CheckCache
from orchestrator.engines.disk_needed import check_room
from orchestrator.errors import PreflightError
from tests.support.checks import check

OK, WARNING, FAILED, SKIPPED = State.OK, State.WARNING, State.FAILED, State.SKIPPED


def test_the_first_failure_ends_a_comparison_with_its_fix() -> None:
    first = failure([check(WARNING), check(FAILED, found="no disk", fix="free some"), check(FAILED, found="later")])
    assert first is not None
    assert (first.message, first.remedy, first.exit_code) == ("no disk", "free some", 3)


def test_warnings_end_nothing() -> None:
    assert failure([check(OK), check(WARNING), check(SKIPPED)]) is None


def test_an_error_of_elsewhere_keeps_its_words() -> None:
    found = refused("engine", "Docker Engine", "why", PreflightError("nobody answers", "start it"))
    assert (found.state, found.found, found.fix) == (FAILED, "nobody answers", "start it")


# Room


def test_images_that_do_not_fit_fail_with_what_is_missing() -> None:
    found = check_room(5_000_000_000, {"tf==2.21.0": 2_600_000_000, "torch==2.13.0": 1_600_000_000}, "free some")
    assert found.state is FAILED
    assert found.found == "tf==2.21.0 and torch==2.13.0 need 5.5 GB of the engine's disk, 5.0 are free"
    assert found.fix == "free some"


def test_images_that_fit_or_are_there_are_well() -> None:
    assert check_room(6_000_000_000, {"tf==2.21.0": 2_600_000_000}, "").state is OK
    assert check_room(1, {}, "").state is OK


def test_a_disk_that_nobody_can_see_is_not_judged() -> None:
    found = check_room(None, {"tf==2.21.0": 2_600_000_000}, "free some")
    assert (found.state, found.fix) == (SKIPPED, "")
    assert "3.4 GB" in found.found


# What is remembered


def test_a_good_answer_is_remembered_for_its_question_alone(tmp_path: Path) -> None:
    cache = CheckCache(tmp_path / "doctor")
    cache.keep(["limits", "A"], [check(OK), check(SKIPPED)])
    assert cache.recall(["limits", "A"]) == [check(OK), check(SKIPPED)]
    assert cache.recall(["limits", "B"]) is None
    assert CheckCache(tmp_path / "doctor", read=False).recall(["limits", "A"]) is None


@pytest.mark.parametrize("state", [WARNING, FAILED])
def test_what_is_not_well_is_asked_again(tmp_path: Path, state: State) -> None:
    cache = CheckCache(tmp_path)
    cache.keep(["q"], [check(OK), check(state)])
    assert cache.recall(["q"]) is None


def test_an_old_answer_is_asked_again(tmp_path: Path) -> None:
    cache = CheckCache(tmp_path)
    cache.keep(["q"], [check(OK)])
    (file,) = tmp_path.iterdir()
    os.utime(file, (0, 0))
    assert cache.recall(["q"], younger_than_seconds=60) is None
    assert cache.recall(["q"]) == [check(OK)]


def test_a_damaged_memory_and_one_that_cannot_be_written_cost_nothing_but_a_probe(tmp_path: Path) -> None:
    cache = CheckCache(tmp_path)
    cache.keep(["q"], [check(OK)])
    (file,) = tmp_path.iterdir()
    file.write_text("[{")
    assert cache.recall(["q"]) is None
    (tmp_path / "file").touch()
    CheckCache(tmp_path / "file" / "doctor").keep(["q"], [check(OK)])
