"""What pip is asked, and what its refusals mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.engines.install.context import arguments
from orchestrator.engines.install.pip import environment, steps, why_refused
from orchestrator.spec.contenders import offered_contenders, parse
from tests.support.paths import ROOT

TORCH_CPU = {"VERSION": "2.13.0", "EXTRAS": "", "INDEX": "https://example.org/cpu"}


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    file = tmp_path / "requirements.in"
    file.write_text("# what is compared\n\ntorch${EXTRAS}==${VERSION}\nnumpy==2\n")
    return file


def test_the_framework_alone_may_come_from_another_index(requirements: Path, tmp_path: Path) -> None:
    framework, rest = steps(requirements, tmp_path / "pins.txt", TORCH_CPU, tmp_path / "none")
    assert framework[-3:] == ["--extra-index-url", "https://example.org/cpu", "torch==2.13.0"]
    assert "--no-deps" in framework
    assert not any("index-url" in argument for argument in rest)


def test_without_another_index_there_is_one_step(requirements: Path, tmp_path: Path) -> None:
    [only] = steps(requirements, tmp_path / "pins.txt", {**TORCH_CPU, "INDEX": ""}, tmp_path / "none")
    assert only[-4:] == ["--constraint", str(tmp_path / "pins.txt"), "--requirement", str(requirements)]


def test_extras_stand_in_the_frameworks_line(requirements: Path, tmp_path: Path) -> None:
    framework, _ = steps(requirements, tmp_path / "pins.txt", {**TORCH_CPU, "EXTRAS": "[cuda]"}, tmp_path / "none")
    assert framework[-1] == "torch[cuda]==2.13.0"


def test_a_wheelhouse_is_looked_into_in_every_step(requirements: Path, tmp_path: Path) -> None:
    for step in steps(requirements, tmp_path / "pins.txt", TORCH_CPU, tmp_path):
        assert step[step.index("--find-links") + 1] == str(tmp_path)


@pytest.mark.parametrize("written", ["torch", "tf"])
@pytest.mark.parametrize("variant", ["cpu", "cuda"])
def test_no_argument_that_pip_expands_is_empty_in_a_real_contender(written: str, variant: str) -> None:
    """Pip leaves ${NAME} as it stands where the variable is empty."""
    contender, file = parse(written), offered_contenders()[written]
    asked = environment(arguments(contender, file, variant, ""))
    text = (ROOT / "images" / written / "requirements.in").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(value for name, value in asked.items() if any(f"${{{name}}}" in line for line in lines))


def test_pips_own_reason_is_picked_out_once() -> None:
    lines = [
        "Collecting torch==9",
        "ERROR: Could not find a version that satisfies the requirement torch==9 (from versions: 2.13.0)",
        "ERROR: No matching distribution found for torch==9",
        "ERROR: No matching distribution found for torch==9",
        "[notice] To update, run: pip install --upgrade pip",
    ]
    assert why_refused(lines, "pip ended with 1") == (
        "Could not find a version that satisfies the requirement torch==9 (from versions: 2.13.0); "
        "No matching distribution found for torch==9"
    )


def test_a_full_disk_is_a_reason() -> None:
    line = "OSError: [Errno 28] No space left on device"
    assert why_refused([line], "pip ended with 1") == line


def test_without_a_reason_the_last_words_are_told() -> None:
    lines = ["WARNING: Retrying after connection broken", "gcc: not found", "", "A new release of pip is available"]
    assert why_refused(lines, "the step failed") == "the step failed: gcc: not found"


def test_without_any_words_the_failure_itself_is_told() -> None:
    assert why_refused([], "pip ended with 1") == "pip ended with 1"
