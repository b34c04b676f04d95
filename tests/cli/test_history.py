"""`bakeoff history`: one number across runs."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.cli import QUICK, Bakeoff


def test_two_runs_are_listed_and_drawn(bakeoff: Bakeoff, with_runtime: object) -> None:
    for _ in range(2):
        bakeoff("compare", *QUICK, "-q")
    answer = bakeoff("history", "--contender", "torch", "--figure", "followed.png")
    assert answer.code == 0
    assert "images/s across 2 runs of this machine: a made-up processor" in answer.out
    assert "torch on article-torch, 640 images, 1 epoch, batch 512" in answer.out
    assert "tf on" not in answer.out
    assert "a step between two rows is no proof" in " ".join(answer.out.split())
    assert Path("followed.png").stat().st_size > 10_000
    assert Path("followed.svg").is_file()


def test_as_json_nothing_is_drawn(bakeoff: Bakeoff, with_runtime: object) -> None:
    bakeoff("compare", *QUICK, "-q")
    document = json.loads(bakeoff("history", "--metric", "val_loss", "--json").out)
    assert (document["schema"], document["metric"], document["unit"]) == ("bakeoff/history/1", "val_loss", "nats")
    assert [series["contender"] for series in document["series"]] == ["tf", "torch"]
    assert list(Path("runs").glob("history*")) == []


def test_runs_that_cannot_be_read_are_counted(bakeoff: Bakeoff, with_runtime: object) -> None:
    bakeoff("compare", *QUICK, "-q")
    (summary,) = Path("runs").glob("2*/summary.json")
    summary.write_text("{")
    answer = bakeoff("history")
    assert answer.code == 0
    assert "no finished run in runs has such a number" in answer.out
    assert "1 run left out" in answer.err


def test_a_number_that_is_none_is_exit_code_2(bakeoff: Bakeoff) -> None:
    assert bakeoff("history", "--metric", "beauty").code == 2
    assert bakeoff("history").code == 0
