"""`bakeoff compare`: options in; exit code, standard output and standard error out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from orchestrator.analyse.summary import Summary
from orchestrator.cli import compare
from orchestrator.runtime import Runtime
from tests.support.cli import QUICK, Bakeoff
from tests.support.line import TF, Line


@pytest.mark.usefixtures("figures")
def test_a_comparison_that_ends_well_is_exit_code_0(bakeoff: Bakeoff, with_runtime: object) -> None:
    answer = bakeoff("compare", *QUICK)
    assert answer.code == 0
    assert list(Path("runs/latest/figures").glob("*.png"))
    address = f"report: {Path('runs/latest/report.html').resolve().as_uri()}"
    assert answer.out.splitlines()[-1] == address
    verdict = Summary.load(Path("runs/latest")).ratios[0].verdict.words
    last = f"torch==2.13.0 against tf==2.21.0 on article-torch: {verdict} {address}"
    assert " ".join(answer.out.split()).endswith(last)
    assert "torch==2.13.0" in answer.out
    assert "100.00" in answer.out


def test_the_short_way_says_its_size_and_after_a_run_its_minutes_before_it_starts(
    bakeoff: Bakeoff, with_runtime: object
) -> None:
    first = bakeoff("compare", "--decide")
    assert "the short way to an answer: 12 blocks of article-torch, 5 epochs at its quick size" in first.err
    assert "no earlier run on this machine says how long that takes" in first.err
    second = bakeoff("compare", "--decide", "--json")
    assert "the least that can be timed here" in second.err
    assert "by what earlier runs took on this machine" in second.err
    assert len(json.loads(second.out)["trials"]) == 24
    refused = bakeoff("compare", "--decide", "--epochs", "3")
    assert (refused.code, "--decide chooses --epochs itself" in refused.err) == (2, True)


def test_where_trials_are_too_short_the_last_lines_name_the_short_way(bakeoff: Bakeoff, with_runtime: object) -> None:
    said = " ".join(bakeoff("compare", *QUICK, "--batch-size", "64").out.split())
    assert "Trials of this size are too short for a claim. The short way to one is 12 blocks" in said
    assert ": bakeoff compare tf torch --recipe article-torch --batch-size 64 --decide" in said


def test_json_is_exactly_one_object_on_standard_output(bakeoff: Bakeoff, with_runtime: object) -> None:
    answer = bakeoff("compare", *QUICK, "--json")
    document = json.loads(answer.out)
    assert answer.code == 0
    assert document["schema"] == "bakeoff/summary/3"
    assert document == json.loads((Path("runs") / "latest" / "summary.json").read_text())
    assert answer.err


def test_the_published_summary_schema_accepts_what_json_prints(bakeoff: Bakeoff, with_runtime: object) -> None:
    document = json.loads(bakeoff("compare", *QUICK, "--json").out)
    jsonschema.Draft202012Validator(json.loads(bakeoff("schema", "summary").out)).validate(document)


def test_quiet_says_nothing_but_the_result(bakeoff: Bakeoff, with_runtime: object) -> None:
    answer = bakeoff("compare", *QUICK, "-q")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out


def test_no_color_means_no_escape_sequences(bakeoff: Bakeoff, with_runtime: object) -> None:
    answer = bakeoff("compare", *QUICK, "--progress", "rich")
    assert "\x1b[3" not in answer.out + answer.err


def test_progress_for_programs_is_json_on_standard_error(bakeoff: Bakeoff, with_runtime: object) -> None:
    answer = bakeoff("compare", *QUICK, "--progress", "json")
    kinds = [json.loads(text)["kind"] for text in answer.err.splitlines()]
    assert kinds[0] == "planned"
    assert kinds[-1] == "trial_ended"


def test_a_trial_that_failed_is_exit_code_4_with_a_report(
    bakeoff: Bakeoff, with_runtime: Callable[[Runtime], None], line: Line
) -> None:
    with_runtime(line.runtime(tf="pip found no such version"))
    answer = bakeoff("compare", *QUICK)
    assert answer.code == 4
    assert (Path("runs") / "latest" / "report.md").is_file()
    assert "pip found no such version" in answer.err
    assert [trial.status.value for trial in Summary.load(Path("runs") / "latest").trials] == ["failed", "done"]


def test_ctrl_c_is_exit_code_130_with_a_report(
    bakeoff: Bakeoff, with_runtime: Callable[[Runtime], None], line: Line
) -> None:
    def pressed(launch: object) -> None:
        raise KeyboardInterrupt

    with_runtime(line.runtime(pressed))  # type: ignore[arg-type]
    assert bakeoff("compare", *QUICK).code == 130
    assert Summary.load(Path("runs") / "latest").comparison.interrupted


def test_ctrl_c_before_the_first_trial_is_exit_code_130(bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(compare, "detect", pressed)
    answer = bakeoff("compare")
    assert answer.code == 130
    assert "error: interrupted" in answer.err


def test_an_earlier_run_is_repeated_from_its_file(bakeoff: Bakeoff, with_runtime: object) -> None:
    first = json.loads(bakeoff("compare", "torch", *QUICK, "--json").out)
    again = json.loads(bakeoff("compare", "--spec", "runs/latest/comparison.json", "--json").out)
    assert again["comparison"]["id"] != first["comparison"]["id"]
    assert again["comparison"]["command"] == first["comparison"]["command"]
    assert [trial["id"] for trial in again["trials"]] == [trial["id"] for trial in first["trials"]]


def test_a_plan_runs_nothing_and_lists_the_trials(bakeoff: Bakeoff) -> None:
    answer = bakeoff("compare", "--engine", "process", "--device", "cpu", "--profile", "quick", "--plan")
    assert answer.code == 0
    assert answer.out.startswith(
        "quick size, --profile quick; whole, without a quick size: article-torch; full size: bak"
    )
    assert "torch-2.13.0.article-tf.s1" in answer.out
    assert "the contenders of a block run in an order that is drawn by lot for each run\n" in answer.out
    assert not Path("runs").exists()


def test_a_plan_as_json_is_exactly_one_object(bakeoff: Bakeoff) -> None:
    document = json.loads(bakeoff("compare", "torch", *QUICK, "--engine", "process", "--plan", "--json").out)
    assert document["trials"] == [
        {
            "trial": "torch-2.13.0.article-torch.s1",
            "track": "as written",
            "epochs": 1,
            "batch_size": 512,
            "train_images": 640,
            "validation_images": 10_000,
        }
    ]


def test_no_gpu_is_exit_code_3(bakeoff: Bakeoff, with_runtime: object) -> None:
    answer = bakeoff("compare", "--device", "cuda")
    assert answer.code == 3
    assert answer.err == "error: no GPU: the NVIDIA driver lists none on this machine\ntry: use --device cpu\n"


def test_an_out_that_cannot_be_written_is_exit_code_3(bakeoff: Bakeoff, with_runtime: object) -> None:
    Path("file").write_text("")
    answer = bakeoff("compare", "--out", "file/runs")
    assert answer.code == 3
    assert "cannot write to file/runs" in answer.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("jax",), "known contenders: tf, torch"),
        (("torch[fast]",), "modes of torch: "),
        (("Torch",), "'Torch' is not a contender"),
        (("--recipe", "nothing"), "article-tf, article-torch"),
        (("--profile", "slow"), "'article'"),
        (("--engine", "podman"), "'docker'"),
        (("--device", "tpu"), "'cuda'"),
        (("--seeds", "0"), "error: --seeds: should be at least 1, not 0"),
        (("--seeds", "many"), "Invalid value for '--seeds' (env var: 'BAKEOFF_SEEDS')"),
        (("--timeout", "0"), "error: --timeout: should be greater than 0, not 0.0"),
        (("--batch-size", "70000"), "--batch-size"),
        (("--nothing",), "--nothing"),
        (("--spec", "missing.toml"), "missing.toml: No such file or directory"),
        (("--spec", "mine.toml"), "mine.toml:1: seed = 3: there is no such key here: did you mean seeds?"),
        (
            ("--spec", "mine.toml", "--seeds", "2", "torch"),
            "the comparison file mine.toml and contenders, seeds were both given",
        ),
        (("torch", "torch"), "torch==2.13.0 is named twice"),
        (("--margin", "3"), "--margin 3 has no unit try: write 3% if percent is what you mean"),
        (
            ("--runs", "9", "--until-decided"),
            "12, 16, 20, 25 and 30 blocks, not after 9 try: leave --runs out",
        ),
        (("--seeds", "31", "--until-decided"), "runs 30 blocks at most, too few for 31 seeds try: ask for at most 30"),
        (("torch", "--until-decided"), "--until-decided has nothing to decide: torch is the only contender"),
        (("--margin", "3", "--until-decided"), "--margin 3 has no unit try: write 3% if percent is what you mean"),
        (("--margin", "0%"), "--margin 0% is no share above 0% and up to 100%"),
        (("--accuracy-margin", "0"), "error: --accuracy-margin: should be greater than 0, not 0.0"),
        (("--reference", "jax"), "--reference jax is not compared try: name one of the contenders: tf==2.21.0, torch"),
    ],
)
@pytest.mark.usefixtures("with_runtime")
def test_a_wrong_option_is_exit_code_2_and_says_what_is_right(
    bakeoff: Bakeoff, words: tuple[str, ...], told: str
) -> None:
    Path("mine.toml").write_text("seed = 3\n")
    answer = bakeoff("compare", *words)
    assert answer.code == 2
    assert told in " ".join(answer.err.split())
    assert answer.out == ""


def test_an_interpreter_that_is_no_file_is_exit_code_2(bakeoff: Bakeoff) -> None:
    answer = bakeoff("compare", "torch", "--python", "nowhere/python")
    assert answer.code == 2
    assert "nowhere/python is not a file" in answer.err


def test_the_first_contender_is_the_one_others_are_divided_by(bakeoff: Bakeoff, with_runtime: object) -> None:
    document = json.loads(bakeoff("compare", *QUICK, "--json").out)
    assert document["comparison"]["reference"] == TF
