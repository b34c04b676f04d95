"""`bakeoff clean`: what it finds and removes."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from tests.support import engines
from tests.support.cli import Bakeoff


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_clean_ends_a_process_that_its_host_left_also_without_an_engine(
    bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    rig = engines.process(tmp_path)
    with rig.start("hang") as worker:
        worker.release()
    assert "running" in bakeoff("clean", "--dry-run").out
    assert worker.poll() is None
    answer = bakeoff("clean", "--yes")
    gc.collect()
    assert (answer.code, "not looked at: " in answer.out, "removed 1" in answer.out) == (0, True, True)
    assert rig.engine.adopt(rig.launch("hang")) is None
