"""What the doctor says of facts, each given as it stands; nothing here looks at this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from orchestrator.data.dataset import Dataset
from orchestrator.doctor import data, disk, engine, framework, gpu, limits, process
from orchestrator.doctor.cache import CheckCache
from orchestrator.doctor.check import Check, State, failure, refused
from orchestrator.engines.docker.inspection import BaseImage, Identity
from orchestrator.engines.docker.one_off import OUTPUT_BYTES, CommandResult
from orchestrator.errors import PreflightError
from orchestrator.host.gpus import Gpu, Usage
from orchestrator.spec.contenders import Contender, parse

OK, WARNING, FAILED, SKIPPED = State.OK, State.WARNING, State.FAILED, State.SKIPPED

LOCAL = Identity(
    id="ABCD",
    version="20.10.24",
    api="1.41",
    endpoint="http+docker://localhost",
    local=True,
    root=Path("/var/lib/docker"),
    surroundings="Debian, kernel 6.1, cgroup v1",
    ahead_seconds=0.01,
)
REMOTE = replace(LOCAL, endpoint="http://build:2375", local=False, root=None)
TF, TORCH = parse("tf==2.21.0"), parse("torch==2.13.0")
H100 = Gpu("GPU-4f1a", "NVIDIA H100", "580.65", 80 * 2**30, 0)
T4 = Gpu("GPU-1d0e", "NVIDIA T4", "550.54.14", 16 * 2**30, 0)

HELD = {
    "user": 10001,
    "capabilities": 0,
    "no_new_privileges": 1,
    "root_writable": False,
    "tmp_writable": True,
    "shared_memory_bytes": 2**30,
    "free_bytes": 5 * 10**9,
    "network": False,
    "processes": 30,
}


def check(state: State, name: str = "a", found: str = "found", fix: str = "") -> Check:
    return Check(id=name, title="title", state=state, found=found, why="why", fix=fix)


def ended(first: Mapping[str, object], memory: str | None = "killed", *, oom_killed: bool = True) -> CommandResult:
    lines = [json.dumps(first), *([json.dumps({"memory": memory})] if memory else [])]
    return CommandResult(0 if memory else 137, oom_killed, "\n".join(lines).encode())


def states(checks: list[Check]) -> dict[str, State]:
    return {each.id.removeprefix("limits."): each.state for each in checks}


# A check


def test_the_first_failure_ends_a_comparison_with_its_fix() -> None:
    first = failure([check(WARNING), check(FAILED, found="no disk", fix="free some"), check(FAILED, found="later")])
    assert first is not None
    assert (first.message, first.remedy, first.exit_code) == ("no disk", "free some", 3)


def test_warnings_end_nothing() -> None:
    assert failure([check(OK), check(WARNING), check(SKIPPED)]) is None


def test_an_error_of_elsewhere_keeps_its_words() -> None:
    found = refused("engine", "Docker Engine", "why", PreflightError("nobody answers", "start it"))
    assert (found.state, found.found, found.fix) == (FAILED, "nobody answers", "start it")


# The engine


def test_an_engine_says_where_it_is_and_what_led_there() -> None:
    assert "(API 1.41), local; Debian" in engine.reached(LOCAL, "").found
    assert "remote, http://build:2375, named by the CLI context build" in (
        engine.reached(REMOTE, "the CLI context build").found
    )


@pytest.mark.parametrize(("ahead", "state"), [(0.2, OK), (-4.9, OK), (7.0, WARNING), (-3600.0, WARNING)])
def test_a_clock_that_is_off_is_a_warning_with_its_direction(ahead: float, state: State) -> None:
    found = engine.clock(replace(LOCAL, ahead_seconds=ahead))
    assert found.state is state
    if state is WARNING:
        assert ("ahead of" if ahead > 0 else "behind") in found.found
        assert "NTP" in found.fix


@pytest.mark.parametrize(
    ("image", "needed", "state"),
    [
        (BaseImage("base:1", present=True), True, OK),
        (BaseImage("base:1", present=False), True, OK),
        (BaseImage("base:1", present=False, fault="no such host"), False, SKIPPED),
        (BaseImage("base:1", present=False, fault="no such host"), True, FAILED),
    ],
)
def test_a_base_image_matters_where_something_is_built_on_it(image: BaseImage, needed: bool, state: State) -> None:
    found = engine.base(image, needed)
    assert found.state is state
    assert ("BAKEOFF_BASE_IMAGE" in found.fix) == (state is FAILED)


# Disk


def test_images_that_do_not_fit_fail_with_what_is_missing() -> None:
    found = disk.images(5_000_000_000, {"tf==2.21.0": 2_600_000_000, "torch==2.13.0": 1_600_000_000}, "free some")
    assert found.state is FAILED
    assert found.found == "tf==2.21.0 and torch==2.13.0 need 5.5 GB of the engine's disk, 5.0 are free"
    assert found.fix == "free some"


def test_images_that_fit_or_are_there_are_well() -> None:
    assert disk.images(6_000_000_000, {"tf==2.21.0": 2_600_000_000}, "").state is OK
    assert disk.images(1, {}, "").state is OK


def test_a_disk_that_nobody_can_see_is_not_judged() -> None:
    found = disk.images(None, {"tf==2.21.0": 2_600_000_000}, "free some")
    assert (found.state, found.fix) == (SKIPPED, "")
    assert "3.4 GB" in found.found


def test_looking_at_the_run_folder_does_not_make_it(tmp_path: Path) -> None:
    assert disk.runs(tmp_path / "a" / "runs").state is OK
    assert list(tmp_path.iterdir()) == []


def test_a_run_folder_that_cannot_be_fails_as_the_store_says_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = disk.runs(tmp_path / "file" / "runs")
    assert found.state is FAILED
    assert found.found.startswith("cannot write to")
    assert "--out" in found.fix


def test_a_run_folder_that_is_too_full_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.record.run_folder.shutil.disk_usage", lambda _: SimpleNamespace(free=10))
    assert disk.runs(tmp_path).state is FAILED


# Limits


def test_restrictions_that_hold_are_well_one_by_one() -> None:
    expected = dict.fromkeys(("memory", "processes", "rights", "network", "files"), OK)
    assert states(limits.judge(ended(HELD))) == expected


@pytest.mark.parametrize(
    ("told", "promise", "state"),
    [
        ({"user": 0}, "rights", FAILED),
        ({"capabilities": 0xA80425FB}, "rights", FAILED),
        ({"no_new_privileges": 0}, "rights", FAILED),
        ({"network": True}, "network", FAILED),
        ({"root_writable": True}, "files", FAILED),
        ({"tmp_writable": False}, "files", FAILED),
        ({"shared_memory_bytes": 64 * 2**20}, "files", FAILED),
        ({"processes": 100}, "processes", WARNING),
    ],
)
def test_each_restriction_that_does_not_hold_is_told_apart(told: dict[str, object], promise: str, state: State) -> None:
    found = states(limits.judge(ended({**HELD, **told})))
    assert {name: value for name, value in found.items() if value is not OK} == {promise: state}


def test_a_memory_limit_that_lets_a_process_live_is_a_warning_with_a_fix() -> None:
    (found,) = [each for each in limits.judge(ended(HELD, "taken", oom_killed=False)) if each.state is not OK]
    assert (found.id, found.state) == ("limits.memory", WARNING)
    assert "swapaccount" in found.fix


def test_a_container_that_the_kernel_ended_as_a_whole_was_limited_too() -> None:
    assert states(limits.judge(ended(HELD, None, oom_killed=True)))["memory"] is OK
    assert states(limits.judge(ended(HELD, None, oom_killed=False)))["memory"] is WARNING


@pytest.mark.parametrize(
    "stdout",
    [b"", b"hello", b"{}", b'{"user": 10001}', b"[" * 5000, b"\xff\xfe", b"null\nnull", b'{"memory": "killed"}'],
)
def test_an_answer_that_makes_no_sense_is_no_answer(stdout: bytes) -> None:
    (found,) = limits.judge(CommandResult(1, False, stdout, "python3: not found"))
    assert (found.id, found.state) == ("limits", WARNING)
    assert "python3: not found" in found.found


def test_numbers_and_truths_are_taken_as_such_alone() -> None:
    for wrong in ({"user": "10001"}, {"user": -1}, {"network": 0}, {"processes": 1e9}, {"more": 1}):
        assert limits.read(ended({**HELD, **wrong})) is None


@given(some.binary(max_size=300))
def test_no_bytes_break_the_readers(stdout: bytes) -> None:
    for lines in (stdout, b'{"step": "framework", "ok": true, ' + stdout):
        limits.judge(CommandResult(0, False, lines))
        framework.judge(TORCH, "cpu", CommandResult(0, False, lines))


# Data


def test_data_not_prepared_says_where_they_would_come_from(tmp_path: Path) -> None:
    found = data.prepared(tmp_path, None, Path("mine"))
    assert (found.state, found.found) == (WARNING, "not prepared; a comparison would fetch it from the IDX folder mine")
    assert "bakeoff data" in found.fix


def test_damaged_data_are_told_from_missing_ones(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    assert "damaged" in data.prepared(tmp_path, None, Path("mine")).found


def test_prepared_data_name_their_source(tmp_path: Path) -> None:
    ready = Dataset(format="bakeoff/data/1", folder=tmp_path, source="a mirror", made_at="2026-01-01", files={})
    found = data.prepared(tmp_path, ready, None)
    assert found.state is OK
    assert found.found.endswith("hashes right, from a mirror")


@pytest.mark.parametrize(("ours", "state"), [(None, OK), (True, OK), (False, WARNING)])
def test_a_volume_without_our_label_is_anothers(ours: bool | None, state: State) -> None:
    found = data.volume("bakeoff-mnist", ours)
    assert found.state is state
    assert ("docker volume rm bakeoff-mnist" in found.fix) == (state is WARNING)


# GPU


def test_no_gpu_is_a_matter_of_what_was_asked() -> None:
    assert gpu.absent(asked=False).state is SKIPPED
    assert gpu.absent(asked=True).state is FAILED


def test_a_driver_is_held_against_each_contenders_cuda() -> None:
    assert [each.state for each in gpu.driver(H100, [TF, TORCH])] == [OK, OK]
    tf, torch = gpu.driver(T4, [TF, TORCH])
    assert (tf.state, torch.state) == (OK, FAILED)
    assert torch.found == "torch==2.13.0 needs NVIDIA driver 580 or newer, this machine has 550.54.14"
    assert torch.id == "gpu.driver.torch-2.13.0"


def test_an_image_of_the_users_own_names_no_driver() -> None:
    assert [each.state for each in gpu.driver(T4, [parse("mine@me/worker:1")])] == [SKIPPED]


@pytest.mark.parametrize(
    ("ready", "asked", "state"), [(True, True, OK), (False, False, WARNING), (False, True, FAILED)]
)
def test_an_engine_without_the_toolkit_falls_back_unless_a_gpu_was_asked_for(
    ready: bool, asked: bool, state: State
) -> None:
    found = gpu.toolkit(ready, asked)
    assert found.state is state
    assert ("NVIDIA Container Toolkit" in found.fix) != ready


@pytest.mark.parametrize(
    ("use", "state"),
    [
        (None, SKIPPED),
        (Usage(70 * 2**30, 0), OK),
        (Usage(None, 0), OK),
        (Usage(70 * 2**30, 1), WARNING),
        (Usage(2**30, 1), FAILED),
        (Usage(2**30, 0), FAILED),
    ],
)
def test_company_on_a_gpu_is_told_and_a_full_one_refused(use: Usage | None, state: State) -> None:
    found = gpu.use(use)
    assert found.state is state
    assert ("nvidia-smi" in found.fix) == (state in (WARNING, FAILED))


# A framework in its image

IMPORTED = b'{"step": "framework", "ok": true, "needed": true, "seconds": 2.5, "found": "2.13.0 on cpu"}\n'
CONVOLVED = b'{"step": "convolution", "ok": true, "needed": true, "seconds": 0.5, "found": "9"}\n'
BROKEN = (
    b'{"step": "convolution", "ok": false, "needed": true, "seconds": 0.1, "found": "RuntimeError: no kernel image"}\n'
)
UNCOMPILED = b'{"step": "compile", "ok": false, "needed": false, "seconds": 4, "found": "no compiler"}\n'


def test_a_framework_that_computes_right_is_well() -> None:
    found = framework.judge(TORCH, "cpu", CommandResult(0, False, IMPORTED + CONVOLVED))
    assert (found.state, found.found) == (OK, "2.13.0 on cpu: convolution right, 3.0 s")
    assert (found.id, found.title) == ("framework.torch-2.13.0", "torch==2.13.0")


def test_a_step_that_nothing_needs_informs_and_fails_nothing() -> None:
    found = framework.judge(TORCH, "cpu", CommandResult(0, False, IMPORTED + CONVOLVED + UNCOMPILED))
    assert found.state is OK
    assert found.found.endswith("cannot compile, which nothing here needs (no compiler)")


def test_a_step_that_is_needed_fails_in_the_frameworks_words() -> None:
    found = framework.judge(TORCH, "cuda", CommandResult(1, False, IMPORTED + BROKEN))
    assert found.state is FAILED
    assert found.found == "fails on the GPU: convolution: RuntimeError: no kernel image"


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (CommandResult(139, False, IMPORTED, "core\n"), "exit code 139: core"),
        (
            CommandResult(1, False, b"", "Traceback\nImportError: libcuda\n\n"),
            "ended with 1 and no answer: ImportError: libcuda",
        ),
        (CommandResult(None, False, IMPORTED), "did not end in time"),
        (CommandResult(0, False, b"hello\n"), "ended with 0 and no answer: nothing on standard error"),
        (CommandResult(0, False, IMPORTED.replace(b"2.5", b"NaN")), "no answer"),
        (CommandResult(0, False, IMPORTED.replace(b"2.13.0 on cpu", b"x" * 1000)), "no answer"),
        (CommandResult(0, False, (IMPORTED * 1000)[:OUTPUT_BYTES]), "no answer"),
    ],
)
def test_an_end_without_sense_is_a_failure_with_what_is_known(end: CommandResult, told: str) -> None:
    found = framework.judge(TORCH, "cpu", end)
    assert found.state is FAILED
    assert told in found.found


# The process engine


@pytest.mark.parametrize(
    ("venv", "pip", "state"), [(True, True, OK), (True, False, FAILED), (False, True, FAILED), (False, False, FAILED)]
)
def test_python_needs_venv_and_pip(venv: bool, pip: bool, state: State) -> None:
    found = process.python(venv, pip, "3.12.1")
    assert found.state is state
    assert ("python3-venv" in found.fix) == (state is FAILED)


def test_the_process_engine_says_that_nothing_is_isolated() -> None:
    assert "nothing is isolated" in process.engine().found


# What is remembered


def test_a_good_answer_is_remembered_for_its_question_alone(tmp_path: Path) -> None:
    memory = CheckCache(tmp_path / "doctor")
    memory.keep(["limits", "A"], [check(OK), check(SKIPPED)])
    assert memory.recall(["limits", "A"]) == [check(OK), check(SKIPPED)]
    assert memory.recall(["limits", "B"]) is None
    assert CheckCache(tmp_path / "doctor", forgetful=True).recall(["limits", "A"]) is None


@pytest.mark.parametrize("state", [WARNING, FAILED])
def test_what_is_not_well_is_asked_again(tmp_path: Path, state: State) -> None:
    memory = CheckCache(tmp_path)
    memory.keep(["q"], [check(OK), check(state)])
    assert memory.recall(["q"]) is None


def test_an_old_answer_is_asked_again(tmp_path: Path) -> None:
    memory = CheckCache(tmp_path)
    memory.keep(["q"], [check(OK)])
    (file,) = tmp_path.iterdir()
    os.utime(file, (0, 0))
    assert memory.recall(["q"], younger_than_seconds=60) is None
    assert memory.recall(["q"]) == [check(OK)]


def test_a_damaged_memory_and_one_that_cannot_be_written_cost_nothing_but_a_probe(tmp_path: Path) -> None:
    memory = CheckCache(tmp_path)
    memory.keep(["q"], [check(OK)])
    (file,) = tmp_path.iterdir()
    file.write_text("[{")
    assert memory.recall(["q"]) is None
    (tmp_path / "file").touch()
    CheckCache(tmp_path / "file" / "doctor").keep(["q"], [check(OK)])


def test_contenders_are_told_apart_by_version_in_ids() -> None:
    both: list[Contender] = [parse("torch==2.13.0"), parse("torch==2.14.1")]
    found = {framework.unprobed(each, "not built").id for each in both}
    assert found == {"framework.torch-2.13.0", "framework.torch-2.14.1"}
