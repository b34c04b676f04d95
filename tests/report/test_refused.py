"""What matplotlib, pyarrow and the disk refuse while a report is made is told: the trials are recorded already."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow import ArrowException

from orchestrator import report
from orchestrator.analyse.summary import Summary
from orchestrator.errors import PreflightError
from orchestrator.report.figures import draw


@pytest.fixture(autouse=True)
def _any_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Summary, "load", lambda _: None)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "free space"),
        (RuntimeError("Can not load face (unknown file format)"), "unset MATPLOTLIBRC"),
        (ValueError("Image size of 70000x600 pixels is too large"), "unset MATPLOTLIBRC"),
        (ArrowException("Codec 'zstd' not available"), "unset MATPLOTLIBRC"),
    ],
)
def test_what_a_library_refuses_is_told_with_the_way_to_make_the_report_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, said: str
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(draw, "draw", refuse)
    with pytest.raises(PreflightError) as refused:
        report.write(tmp_path)
    assert (getattr(error, "strerror", "") or str(error)) in refused.value.message
    assert said in refused.value.remedy
    assert f"bakeoff report {tmp_path.name}" in refused.value.remedy


def test_a_setting_of_the_users_that_matplotlib_refuses_is_told() -> None:
    """In a process of its own: matplotlib reads the variable as it is imported."""
    program = "from pathlib import Path; from orchestrator import report; report.write(Path('runs/x'))"
    done = subprocess.run(
        [sys.executable, "-c", program], env={"MPLBACKEND": "nonsense"}, capture_output=True, text=True, check=False
    )
    last = done.stderr.splitlines()[-1]
    assert last.startswith("orchestrator.errors.PreflightError: matplotlib or pyarrow cannot be loaded")
    assert "'nonsense' is not a valid value for backend" in last


def test_a_fault_of_our_own_modules_is_not_told_as_one_of_matplotlib(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "orchestrator.report.parquet", None)
    monkeypatch.delattr(report, "parquet", raising=False)
    with pytest.raises(ImportError):
        report.write(tmp_path)
