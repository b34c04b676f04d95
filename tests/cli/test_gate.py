"""`bakeoff gate`: its three verdicts, what it writes, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from orchestrator.cli import gate, resume
from orchestrator.engines.engine import Launch
from orchestrator.engines.scripted import Script
from orchestrator.runtime import Runtime
from orchestrator.spec.budget import EXAMPLE, read_budget
from tests.support.budgets import BUDGET, timed
from tests.support.cli import Answer, Bakeoff
from tests.support.line import TORCH, Line, trial_of

Play = Callable[[Callable[[Launch], Script] | None], None]
SIZE = ("--epochs", "5", "--train-images", "640", "-q")


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, line: Line, with_runtime: Callable[[Runtime], None], tmp_path: Path) -> Play:
    """Let `gate` and `resume` find workers of a script; a budget file is there."""
    (tmp_path / "budget.toml").write_text(BUDGET)
    monkeypatch.delenv(gate.STEP_SUMMARY, raising=False)

    def put(script: Callable[[Launch], Script] | None) -> None:
        runtime = line.runtime(script)
        with_runtime(runtime)
        for module in (gate, resume):
            monkeypatch.setattr(module, "detect", lambda spec, out, idx: replace(runtime, out=out))

    return put


def judged(bakeoff: Bakeoff, *words: str) -> tuple[int, dict[str, str], int]:
    """Run the gate; return the exit code, the verdicts by metric and the number of trials."""
    answer = bakeoff("gate", "budget.toml", *SIZE, "--json", *words)
    document = json.loads(answer.out)
    found = {each["metric"]: each["verdict"] for each in document["gate"]["metrics"]}
    return answer.code, {"gate": document["gate"]["verdict"], **found}, len(document["trials"])


def test_what_costs_nothing_passes_at_the_first_look(bakeoff: Bakeoff, play: Play, line: Line) -> None:
    play(timed(line, 1.0))
    assert judged(bakeoff) == (0, {"gate": "pass", "throughput": "pass", "accuracy": "pass"}, 24)


def test_what_is_slower_than_its_margin_fails(bakeoff: Bakeoff, play: Play, line: Line) -> None:
    play(timed(line, 1.1))
    assert judged(bakeoff) == (5, {"gate": "fail", "throughput": "fail", "accuracy": "pass"}, 24)


def test_what_is_less_accurate_than_its_margin_fails(bakeoff: Bakeoff, play: Play, line: Line) -> None:
    play(timed(line, 1.0, wrong=len(line.labels) // 50))
    assert judged(bakeoff) == (5, {"gate": "fail", "throughput": "pass", "accuracy": "fail"}, 24)


@pytest.mark.parametrize(("strict", "code"), [((), 6), (("--strict",), 5)])
def test_what_stays_open_is_undecided_and_with_strict_a_failure(
    bakeoff: Bakeoff, play: Play, line: Line, strict: tuple[str, ...], code: int
) -> None:
    play(timed(line, 1 / 0.97, 0.01))
    found = judged(bakeoff, "--max-blocks", "12", *strict)
    assert found == (code, {"gate": "undecided", "throughput": "undecided", "accuracy": "pass"}, 24)


def test_a_gate_goes_on_to_later_looks(bakeoff: Bakeoff, play: Play, line: Line) -> None:
    play(timed(line, 1.0, 0.02))
    code, found, trials = judged(bakeoff)
    assert (code, found["gate"]) == (0, "pass")
    assert trials in (32, 40, 50, 60)


def test_too_short_trials_end_it_after_one_block_undecided(bakeoff: Bakeoff, play: Play) -> None:
    play(None)
    code, found, trials = judged(bakeoff)
    assert (code, found["throughput"], trials) == (6, "undecided", 2)


def test_a_failed_trial_counts_before_the_verdict(bakeoff: Bakeoff, play: Play, line: Line) -> None:
    good = timed(line, 1.0)
    play(lambda launch: Script() if trial_of(launch).contender == TORCH else good(launch))
    code, found, trials = judged(bakeoff)
    assert (code, found["gate"], trials) == (4, "undecided", 24)


def test_the_console_and_the_files_say_the_same(
    bakeoff: Bakeoff, play: Play, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(timed(line, 1.1))
    page = tmp_path / "page.md"
    page.write_text("before\n")
    monkeypatch.setenv(gate.STEP_SUMMARY, str(page))
    answer = bakeoff("gate", "budget.toml", *SIZE, "--junit", "gate.xml", "--markdown", "gate.md")
    assert answer.code == 5
    shown = " ".join(answer.out.split())
    assert "gate: FAIL, torch==2.13.0 against tf==2.21.0 on article-torch" in shown
    assert "✗ FAIL" in shown
    assert "✓ PASS" in shown
    text = (tmp_path / "gate.md").read_text()
    assert text.startswith("## ✗ gate: FAIL")
    assert page.read_text() == f"before\n{text}"
    assert text.strip() in next(tmp_path.glob("runs/2*/report.md")).read_text()
    check_junit(tmp_path / "gate.xml", {"throughput": "failure", "accuracy": None})


def test_the_report_names_the_gate_and_its_budget_lies_beside_it(
    bakeoff: Bakeoff, play: Play, line: Line, tmp_path: Path
) -> None:
    play(timed(line, 1.1))
    assert bakeoff("gate", "budget.toml", *SIZE, "--max-blocks", "12").code == 5
    (folder,) = tmp_path.glob("runs/2*")
    command = "bakeoff gate budget.toml --epochs 5 --train-images 640"
    assert f"Made by `{command}` on " in (folder / "report.md").read_text()
    assert read_budget(folder / "budget.toml") == read_budget(tmp_path / "budget.toml").replace(max_blocks=12)
    page = (folder / "report.html").read_text()
    assert "Gate: FAIL" in page
    assert "gate: FAIL, torch==2.13.0 against tf==2.21.0 on article-torch" in page
    assert command in page


def check_junit(path: Path, elements: dict[str, str | None]) -> None:
    root = ElementTree.parse(path).getroot()
    suite = root[0]
    assert (root.tag, suite.tag, suite.get("tests")) == ("testsuites", "testsuite", str(len(elements)))
    kinds = {str(case.get("name")).partition(":")[0]: case[0].tag for case in suite}
    assert kinds == {name: kind or "system-out" for name, kind in elements.items()}
    for kind, count in (("failure", "failures"), ("error", "errors")):
        assert suite.get(count) == str(list(elements.values()).count(kind))
    assert all("margin" in str(case[0].text) for case in suite)


@pytest.mark.parametrize(("strict", "kind"), [((), "error"), (("--strict",), "failure")])
def test_undecided_is_no_pass_in_junit(
    bakeoff: Bakeoff, play: Play, line: Line, tmp_path: Path, strict: tuple[str, ...], kind: str
) -> None:
    play(timed(line, 1 / 0.97, 0.01))
    bakeoff("gate", "budget.toml", *SIZE, "--max-blocks", "12", "--junit", "gate.xml", *strict)
    check_junit(tmp_path / "gate.xml", {"throughput": kind, "accuracy": None})


def test_each_look_tells_of_every_metric(bakeoff: Bakeoff, play: Play, line: Line) -> None:
    play(timed(line, 1 / 0.97, 0.01))
    words = (*SIZE[:-1], "--progress", "plain", "--max-blocks", "12")
    shown = " ".join(bakeoff("gate", "budget.toml", *words).err.split())
    assert "look after 8 blocks: the next look is after 12" in shown
    assert "gate, throughput: undecided, 8 whole blocks of both; an interval needs 12" in shown
    assert "look after 12 blocks: it is the last one" in shown
    assert (
        "gate, accuracy: pass, +0.00 points [+0.00, +0.00] over 12 blocks: the interval is above −0.5 points" in shown
    )


def test_a_run_is_judged_again_and_nothing_is_run(
    bakeoff: Bakeoff, play: Play, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(timed(line, 1.1))
    bakeoff("gate", "budget.toml", *SIZE)
    monkeypatch.delattr(gate, "detect")
    answer = bakeoff("gate", "budget.toml", "--again", "latest", "--json")
    document = json.loads(answer.out)
    assert (answer.code, document["verdict"], document["metrics"][0]["blocks"]) == (5, "fail", 12)


def test_a_fixed_run_is_judged_at_its_own_number_of_blocks(bakeoff: Bakeoff, play: Play, line: Line) -> None:
    play(timed(line, 1.0))
    bakeoff("compare", "tf", "torch", "--recipe", "article-torch", *SIZE, "--seeds", "9")
    answer = bakeoff("gate", "budget.toml", "--again", "latest", "--json")
    found = json.loads(answer.out)["metrics"]
    assert (answer.code, [each["blocks"] for each in found]) == (0, [9, 9])


def test_an_interrupted_gate_is_resumed_to_its_verdict(bakeoff: Bakeoff, play: Play, line: Line) -> None:
    slower, started = timed(line, 1.1), 0

    def pressed(launch: Launch) -> Script:
        nonlocal started
        started += 1
        if started == 7:
            raise KeyboardInterrupt
        return slower(launch)

    play(pressed)
    assert bakeoff("gate", "budget.toml", *SIZE).code == 130
    play(slower)
    answer = bakeoff("resume", "-q", "--json")
    document = json.loads(answer.out)
    assert (answer.code, document["gate"]["verdict"], len(document["trials"])) == (5, "fail", 24)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "a gate needs a budget file"),
        (("none.toml",), "none.toml: No such file"),
        (("budget.toml", "--max-blocks", "9"), "--max-blocks 9 is no number at which a gate looks"),
        (("budget.toml", "--max-blocks", "8"), "8 blocks are too few for a budget of 2 metrics"),
        (("budget.toml", "--junit", "none/gate.xml"), "none/gate.xml cannot be written: its folder is missing"),
        (("budget.toml", "--markdown", "."), "it is a folder"),
        (("budget.toml", "--again", "none"), "no run 'none'"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(
    bakeoff: Bakeoff, play: Play, words: tuple[str, ...], said: str
) -> None:
    play(None)
    answer = bakeoff("gate", *words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert "try: " in answer.err


@pytest.mark.parametrize("line_of_file", ['reference = "torch==2.14.1"', 'recipe = "article-tf"'])
def test_a_run_of_another_pair_is_refused(
    bakeoff: Bakeoff, play: Play, line: Line, tmp_path: Path, line_of_file: str
) -> None:
    play(timed(line, 1.0))
    bakeoff("compare", "tf", "torch", "--recipe", "article-torch", *SIZE)
    key = line_of_file.partition(" ")[0]
    lines = [line_of_file if each.startswith(key) else each for each in BUDGET.splitlines()]
    (tmp_path / "budget.toml").write_text("\n".join(lines))
    answer = bakeoff("gate", "budget.toml", "--again", "latest")
    assert answer.code == 2
    assert "has tf==2.21.0 on article-torch, torch==2.13.0 on article-torch, divided by tf==2.21.0" in answer.err


def test_the_example_is_printed(bakeoff: Bakeoff) -> None:
    assert bakeoff("gate", "--example") == Answer(0, EXAMPLE, "")
