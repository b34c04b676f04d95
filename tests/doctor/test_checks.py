"""What the doctor says of facts outside of engines, each given as it stands; nothing here looks at this machine."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestrator.data.dataset import Dataset
from orchestrator.doctor import cpus, data, disk, gpu
from orchestrator.engines.check import State
from orchestrator.host.gpus import Gpu, Usage
from orchestrator.host.hardware import Hardware
from orchestrator.spec.contenders import parse
from tests.support.checks import H100

OK, WARNING, FAILED, SKIPPED = State.OK, State.WARNING, State.FAILED, State.SKIPPED
TF, TORCH = parse("tf==2.21.0"), parse("torch==2.13.0")
T4 = Gpu("GPU-1d0e", "NVIDIA T4", "550.54.14", 16 * 2**30, 0)

# Disk


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


def test_a_folder_that_was_named_is_verified_whether_data_are_prepared_or_not(idx_folder: Path, tmp_path: Path) -> None:
    assert data.named(idx_folder, print).found == f"the four files in {idx_folder} are verified"
    (tmp_path / "train-00000-of-00001.parquet").touch()
    refused = data.named(tmp_path, print)
    assert (refused.state, "Hugging Face" in refused.found) == (FAILED, True)
    assert "train-images-idx3-ubyte" in refused.fix


# GPU


def test_no_gpu_is_a_matter_of_what_was_asked() -> None:
    assert gpu.missing(asked=False, hardware=Hardware(2)).state is SKIPPED
    assert gpu.missing(asked=True, hardware=Hardware(2)).state is FAILED


def test_a_gpu_of_another_machine_is_not_looked_for_on_this_one() -> None:
    here, bare, empty = Hardware(2), Hardware(2, here=False), Hardware(2, gives_gpus=True, here=False)
    found = [gpu.missing(asked=True, hardware=each) for each in (here, bare, empty)]
    assert ["this machine" in each.found for each in found] == [True, False, False]
    assert "neither the NVIDIA runtime nor a CDI device" in found[1].found
    assert "bakeoff images build" in found[2].fix


@pytest.mark.parametrize(
    ("hardware", "state", "words"),
    [
        (Hardware(2), OK, "2 cores for a worker"),
        (Hardware(1), OK, "1 core for a worker"),
        (Hardware(1, quota=0.5), WARNING, "a limit on CPU time leaves a worker 0.5 cores"),
        (Hardware(3, quota=3.75, here=False), WARNING, "3.75 cores of a machine that is not this one"),
    ],
)
def test_a_limit_on_cpu_time_is_a_warning_in_cores(hardware: Hardware, state: State, words: str) -> None:
    found = cpus.share(hardware)
    assert found.state is state
    assert words in found.found
    assert bool(found.fix) == (state is WARNING)


def test_a_driver_is_held_against_each_contenders_cuda() -> None:
    assert [each.state for each in gpu.driver(H100, [TF, TORCH])] == [OK, OK]
    tf, torch = gpu.driver(T4, [TF, TORCH])
    assert (tf.state, torch.state) == (OK, FAILED)
    assert torch.found == "torch==2.13.0 needs NVIDIA driver 580 or newer, its machine has 550.54.14"
    assert torch.id == "gpu.driver.torch-2.13.0"


def test_an_image_of_the_users_own_names_no_driver() -> None:
    assert [each.state for each in gpu.driver(T4, [parse("mine@me/worker:1")])] == [SKIPPED]


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
