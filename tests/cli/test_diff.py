"""`bakeoff diff`: what it shows of two runs."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.cli import QUICK, Bakeoff
from tests.support.run_folders import run_folder
from tests.support.summaries import TF, summary, trial


def two_runs(bakeoff: Bakeoff, *more: str) -> list[str]:
    bakeoff("compare", *QUICK, "-q")
    bakeoff("compare", *QUICK, "-q", *more)
    return [row["run"] for row in json.loads(bakeoff("ls", "--json").out)]


def test_two_runs_of_the_same_train_the_same_losses(bakeoff: Bakeoff, with_runtime: object) -> None:
    first, second = two_runs(bakeoff)
    answer = bakeoff("diff", first, second)
    shown = " ".join(answer.out.split())
    assert answer.code == 0
    assert f"before: {first}" in shown
    assert "asked for: the same" in shown
    assert "losses of tf==2.21.0 on article-torch: equal to the last bit" in shown
    assert "no claim: 1 and 1 blocks; an interval of the change needs 6 in each run" in shown
    assert "Two runs are not paired" in shown


def test_another_size_is_refused_with_the_option_that_allows_it(bakeoff: Bakeoff, with_runtime: object) -> None:
    first, second = two_runs(bakeoff, "--epochs", "2")
    shown = " ".join(bakeoff("diff", first, second).out.split())
    assert "no ratios of numbers: the size of article-torch differs (training.epochs: 1 → 2)" in shown
    assert "--allow-different-size" in shown
    allowed = " ".join(bakeoff("diff", first, second, "--allow-different-size").out.split())
    assert "Changes across different sizes" in allowed
    assert "different size of article-torch, as allowed" in allowed


def test_the_value_is_one_json_object(bakeoff: Bakeoff, with_runtime: object) -> None:
    first, second = two_runs(bakeoff)
    document = json.loads(bakeoff("diff", first, second, "--json").out)
    assert document["schema"] == "bakeoff/diff/1"
    assert [document["before"]["id"], document["after"]["id"]] == [first, second]
    assert document["cells"][0]["losses"]["largest"] == 0


def test_a_run_that_cannot_be_read_is_exit_code_2(bakeoff: Bakeoff, tmp_path: Path) -> None:
    for identity in ("a", "b"):
        run_folder(tmp_path / "runs", summary(trial(TF), id=identity))
    (tmp_path / "runs" / "b" / "summary.json").write_text("{")
    answer = bakeoff("diff", "a", "b")
    assert (answer.code, answer.out) == (2, "")
    assert "summary.json of b cannot be read" in answer.err
    assert bakeoff("diff", "a", "nowhere").code == 2
    assert bakeoff("diff", "a", "a").code == 2
