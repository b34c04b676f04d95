"""The whole line, from what was asked for to the report, through the scripted engine and the real labels."""

from __future__ import annotations

import io
import json
import os
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from orchestrator import progress as console
from orchestrator import report
from orchestrator import text as words
from orchestrator.analyse.summary import ClaimForecast, Comparison, Environment, MetricRatio, Summary
from orchestrator.engines.engine import Launch
from orchestrator.engines.scripted import Script, ScriptedEngine
from orchestrator.errors import PreflightError, UsageError
from orchestrator.host.hardware import Hardware
from orchestrator.plan.plan import make_plan
from orchestrator.record.record import Record, Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.runtime import Runtime
from orchestrator.spec import spec
from orchestrator.spec.resolve import resolve
from orchestrator.spec.spec import Spec
from orchestrator.stream.intake import EventCounts
from shared import mnist
from shared.events import EpochEnded, Event
from tests.support.html import parsed
from tests.support.line import MATCHED, SPEC, TF, TORCH, Line, Pressing, compare, matched_runtime, trial_of
from tests.support.streams import lines, logits, ready, run_ended


def statuses(summary: Summary) -> list[tuple[str, str]]:
    return [(trial.contender, trial.status.value) for trial in summary.trials]


@pytest.fixture(scope="module")
def good(line: Line) -> tuple[RunFolder, Summary]:
    return compare(line.runtime())


def test_four_trials_are_done(good: tuple[RunFolder, Summary]) -> None:
    _, summary = good
    assert statuses(summary) == [(TF, "done"), (TORCH, "done"), (TF, "done"), (TORCH, "done")]
    assert [trial.test_accuracy for trial in summary.trials] == [1.0] * 4
    assert [len(trial.epochs) for trial in summary.trials] == [2] * 4
    assert [finding.id for finding in summary.findings] == ["too-short-to-time"]  # its trials have two epochs of 0.5 s
    assert not summary.comparison.interrupted


def test_the_summary_on_disk_is_the_one_returned(good: tuple[RunFolder, Summary]) -> None:
    folder, summary = good
    assert Summary.load(folder.path) == summary


def test_the_summary_has_exactly_the_promised_keys(good: tuple[RunFolder, Summary]) -> None:
    document = json.loads((good[0].path / "summary.json").read_text())
    results = {"audits", "step_differences", "accuracies", "ratios", "claims", "claims_overall", "readings"}
    results |= {"accuracy_equivalences", "claim_forecast", "gate"}
    told = {"schema", "comparison", "environment", "look", "findings", "trials", "single_seed_note", "explanation"}
    told |= {"programs", "confusions", "shown_images", "sentinel", "stacks"}
    assert set(document) == results | told
    assert set(document["environment"]) == {"host", "workers"}
    assert document["schema"] == "bakeoff/summary/3"
    assert set(document["trials"][0]["events"]) == {"received", "lost", "duplicated", "rejected"}


def test_the_summary_keeps_its_published_schema(good: tuple[RunFolder, Summary]) -> None:
    document = json.loads((good[0].path / "summary.json").read_text())
    validator = jsonschema.Draft202012Validator(Summary.model_json_schema())
    validator.validate(document)
    assert not validator.is_valid({**document, "note": "hello"})
    assert not validator.is_valid({**document, "schema": "bakeoff/summary/1"})


def test_the_run_folder_holds_what_is_promised(good: tuple[RunFolder, Summary]) -> None:
    folder = good[0].path
    names = {path.name for path in folder.iterdir()}
    assert {"comparison.json", "environment.json", "summary.json", "results.parquet", "report.md", "trials"} <= names
    assert list(folder.glob("figures/*.png"))
    assert not [name for name in names if name.startswith(".")]
    for trial in good[1].trials:
        names = {path.name for path in (folder / "trials" / trial.id).iterdir()}
        promised = "trial.json started.json events.jsonl rejected.jsonl stderr.log record.json"
        assert names == {*promised.split(), "predictions.npy", "validation.npy", "steps.npz"}
    assert (folder.parent / "latest").exists()


@pytest.mark.usefixtures("figures")
def test_the_report_can_be_made_again_and_is_the_same(good: tuple[RunFolder, Summary]) -> None:
    folder = good[0].path
    before = (folder / "report.md").read_bytes()
    (folder / "report.md").unlink()
    assert folder / "report.md" in report.write(folder)
    assert (folder / "report.md").read_bytes() == before


def test_the_comparison_file_repeats_the_comparison(good: tuple[RunFolder, Summary]) -> None:
    assert spec.read_spec(good[0].path / "comparison.json") == SPEC
    assert Comparison.load(good[0].path) == good[1].comparison


def test_the_environment_tells_what_ran_inside(good: tuple[RunFolder, Summary]) -> None:
    environment = json.loads((good[0].path / "environment.json").read_text())
    host, workers = environment["host"], environment["workers"]
    assert host["cpu"] == "a made-up processor"
    assert host["engine"] == "scripted"
    assert "load_average_at_end" in host
    assert (workers[TORCH]["python"], workers[TORCH]["torch"]) == ("3.12.4", "2.13.0+cpu")
    assert [workers[contender]["libc"] for contender in (TF, TORCH)] == ["glibc 2.36", "glibc 2.36"]


def test_the_summary_has_the_environment_and_the_report_shows_what_differs(good: tuple[RunFolder, Summary]) -> None:
    folder, summary = good
    assert summary.environment == Environment.load(folder.path)
    cells = ("denormals", "changes results or speed", "flushed to zero", "kept")
    rows = [each.text.strip() for each in parsed((folder.path / "report.html").read_text()) if each.name == "tr"]
    assert "\n".join(cells) in rows
    assert "in what changes results or speed: denormals." in (folder.path / "report.md").read_text()


def test_the_size_is_said_first(line: Line) -> None:
    shown = io.StringIO()
    compare(line.runtime(), Spec(contenders=("torch",), recipes=("article-tf",)), console.view("plain", shown))
    assert "quick size, chosen because no GPU answers" in shown.getvalue().splitlines()[0]
    assert "bakeoff compare torch --recipe article-tf --profile article" in shown.getvalue()


def test_a_contender_that_cannot_be_prepared_fails_and_the_others_run(line: Line) -> None:
    folder, summary = compare(line.runtime(tf="pip found no such version"))
    assert statuses(summary) == [(TF, "failed"), (TORCH, "done"), (TF, "failed"), (TORCH, "done")]
    assert summary.trials[0].reason.startswith("pip found no such version")
    assert [finding.id for finding in summary.findings] == ["trial-failed", "trial-failed", "too-short-to-time"]
    assert (folder.path / "report.md").is_file()
    records = [(folder.path / "trials" / trial.id / "record.json").read_text() for trial in summary.trials]
    assert [Record.model_validate_json(text).status.value for text in records] == ["failed", "done"] * 2


def test_a_version_that_is_not_offered_lists_those_that_are(line: Line) -> None:
    runtime = replace(line.runtime(), engine=ScriptedEngine(line.good, {"torch==0.1.0": "no such version"}))
    _, summary = compare(runtime, Spec(contenders=("torch==0.1.0", "tf"), recipes=("article-torch",), epochs=1))
    assert "torch 0.1.0 is not among the versions offered: 2.15.0" in summary.trials[0].reason


def test_ctrl_c_stops_the_trial_skips_the_rest_and_still_reports(line: Line) -> None:
    folder, summary = compare(line.runtime(), SPEC, Pressing(after=3))
    assert statuses(summary) == [(TF, "interrupted"), (TORCH, "skipped"), (TF, "skipped"), (TORCH, "skipped")]
    assert summary.comparison.interrupted
    assert "interrupted" in (folder.path / "report.md").read_text()
    assert summary.trials[1].reason == "the comparison was interrupted before its turn"
    assert len(list((folder.path / "trials").glob("*/record.json"))) == 4


def test_a_crash_leaves_the_other_trials_alone(line: Line) -> None:
    def crashing(launch: Launch) -> Script:
        script = line.good(launch)
        return replace(script, chunks=script.chunks[:4]) if "torch-" in launch.trial_id else script

    _, summary = compare(line.runtime(crashing))
    assert statuses(summary) == [(TF, "done"), (TORCH, "failed"), (TF, "done"), (TORCH, "failed")]
    assert [len(trial.epochs) for trial in summary.trials] == [2, 1, 2, 1]


def test_a_worker_that_praises_itself_is_found_out(line: Line) -> None:
    _, summary = compare(line.runtime(lambda launch: line.good(launch, wrong=500)), one_trial())
    assert summary.trials[0].test_accuracy == 0.95
    assert [finding.id for finding in summary.findings] == ["accuracy-mismatch"]


def test_a_variable_that_no_worker_gets_is_said_before_the_first_trial_and_is_a_finding(line: Line) -> None:
    said = io.StringIO()
    runtime = replace(line.runtime(), variables={"TF_ENABLE_ONEDNN_OPTS": "0", "HOME": "/root"})
    folder, summary = compare(runtime, view=console.view("plain", said))
    sentence = "TF_ENABLE_ONEDNN_OPTS is set to 0, and no worker gets it: tf[onednn-off] does the same"
    assert said.getvalue().index(sentence) < said.getvalue().index("1 of 4")
    assert [found.message for found in summary.findings if found.id == "variable-ignored"] == [f"{sentence}."]
    assert "HOME" not in (folder.path / "environment.json").read_text()


def test_an_honest_worker_agrees_with_the_host(line: Line) -> None:
    _, summary = compare(line.runtime(lambda launch: line.good(launch, wrong=123, claims_wrong=123)), one_trial())
    assert summary.trials[0].test_accuracy == 0.9877
    assert summary.findings == ()


@pytest.mark.usefixtures("figures")
def test_a_matched_comparison_is_held_side_by_side_step_by_step_and_image_by_image(line: Line) -> None:
    folder, summary = compare(matched_runtime(line, apart=2e-6), MATCHED)
    assert [trial.role for trial in summary.trials] == ["measured"] * 2 + ["parity"] * 4
    between = [each for each in summary.step_differences if each.kind == "between"]
    assert [(each.trials[0], each.first_beyond) for each in between] == [("tf-2.21.0.matched-8x8.s1.parity1", None)]
    assert between[0].largest_early == pytest.approx(2e-6)
    assert [each.verdict for each in summary.accuracies] == ["equal, image by image"]
    page = (folder.path / "report.md").read_text()
    assert "- Parity on matched-8x8, float32: contenders differ by at most 2.0e-06 nats" in page
    assert "equal, image by image" in page
    assert (folder.path / "figures" / "divergence.png").is_file()


def test_trainings_that_part_at_once_are_a_finding(line: Line) -> None:
    _, summary = compare(matched_runtime(line, apart=1e-2), MATCHED)
    (finding,) = (each for each in summary.findings if each.id == "parity-broken")
    assert "part at step 2" in finding.message


def test_parity_can_be_declined(line: Line) -> None:
    _, summary = compare(matched_runtime(line, apart=0.0), MATCHED.replace(parity=False))
    assert [trial.role for trial in summary.trials] == ["measured"] * 2
    assert [each.kind for each in summary.step_differences] == ["between"]


def test_tracks_never_share_a_table(line: Line) -> None:
    both = Spec(recipes=("article-torch", "matched-8x8"), epochs=1, train_images=5120, parity=False)
    folder, summary = compare(matched_runtime(line, apart=0.0), both)
    assert {(trial.recipe, trial.track) for trial in summary.trials} == {
        ("article-torch", "as written"),
        ("matched-8x8", "matched"),
    }
    for table in (folder.path / "report.md").read_text().split("\n\n"):
        assert not (table.startswith("|") and "article-torch" in table and "matched-8x8" in table)


def one_trial() -> Spec:
    return Spec(contenders=("torch",), recipes=("article-torch",), epochs=1)


def test_a_hostile_worker_cannot_cost_the_report(line: Line) -> None:
    def hostile(launch: Launch) -> Script:
        trial = trial_of(launch)
        name = "\x1b]52;c;aGk=\x07[/foo] $\\frac{ <b> | \u202e"
        vast = EpochEnded(1, 2**53, 1e-9, 1e40, -1e40, 0.0, 1e40, 1.0)
        events: list[Event] = [
            ready(framework=name, versions={name: name}, data_sha256=mnist.DATA_SHA256[trial.recipe.data.view]),
            vast,
            vast,
            run_ended(test_loss=1e40),
        ]
        chunks = [*lines(*events, trial=trial.id), b"\xff" * 5000 + b"\n"]
        return Script(chunks, files={"predictions.npy": logits(line.labels)}, stderr=name)

    folder, summary = compare(line.runtime(hostile), Spec(contenders=("torch",), epochs=1))
    assert statuses(summary) == [(TORCH, "done"), (TORCH, "done")]
    assert summary.trials[0].events == EventCounts(received=4, rejected=1)
    assert "\x1b" not in (folder.path / "report.md").read_text()
    assert Summary.load(folder.path) == summary


def test_every_seed_and_run_is_a_trial(line: Line) -> None:
    _, summary = compare(line.runtime(), one_trial().replace(seeds=2, runs=2))
    assert [trial.id.removeprefix("torch-2.13.0.article-torch.") for trial in summary.trials] == [
        "s1.r1",
        "s2.r1",
        "s1.r2",
        "s2.r2",
    ]


TEN_PERCENT = {TF: 1.0, TORCH: 1 / 0.9}
"""By how much longer each contender's epochs take."""


def scattering(line: Line, longer: Mapping[str, float]) -> Callable[[Launch], Script]:
    """Return what plays trainings of about 1.2 s an epoch, which scatter by 1 % from trial to trial."""

    def script(launch: Launch) -> Script:
        trial = trial_of(launch)
        scatter = 1 + random.Random(trial.id).gauss(0, 0.01)
        return line.good(launch, epoch_seconds=1.2 * longer[trial.contender] * scatter)

    return script


def repeated(line: Line, longer: Mapping[str, float], runs: int) -> tuple[RunFolder, MetricRatio]:
    asked = Spec(recipes=("article-torch",), train_images=640, runs=runs)
    folder, summary = compare(line.runtime(scattering(line, longer)), asked)
    assert [finding.id for finding in summary.findings] == []
    return folder, next(row for row in summary.ratios if row.metric == "throughput")


@pytest.mark.parametrize("runs", [6, 12])
def test_a_contender_whose_epochs_take_longer_is_slower_by_as_much(line: Line, runs: int) -> None:
    folder, row = repeated(line, TEN_PERCENT, runs)
    assert row.verdict.interval is not None
    assert row.verdict.interval[0] < 0.9 < row.verdict.interval[1]
    assert (row.verdict.verdict, row.verdict.blocks, len(row.ratios)) == ("lower", runs, runs)
    assert re.fullmatch(r"slower by (9|10)\.\d % \[\d+\.\d, 1\d\.\d\]", row.verdict.words)
    assert words.markdown(row.verdict.words) in (folder.path / "report.md").read_text()


@pytest.mark.parametrize("runs", [6, 12])
def test_two_contenders_that_are_alike_are_no_difference(line: Line, runs: int) -> None:
    _, row = repeated(line, {TF: 1.0, TORCH: 1.0}, runs)
    assert row.verdict.words.startswith("no difference of 3 % or more [−")


def test_one_run_claims_nothing_and_names_the_command_that_would(line: Line) -> None:
    folder, row = repeated(line, TEN_PERCENT, 1)
    assert row.verdict.words == "no claim: 1 block; an exact 95 % interval needs 6"
    command = "bakeoff compare tf torch --recipe article-torch --runs 12 --train-images 640"
    assert Summary.load(folder.path).claim_forecast == ClaimForecast(
        command=command,
        blocks=12,
        minutes=Summary.load(folder.path).claim_forecast.minutes,  # type: ignore[union-attr]
    )
    assert f"`{command}`" in (folder.path / "report.md").read_text()


def test_the_reference_and_the_margins_asked_for_stand_in_the_comparison(line: Line) -> None:
    asked = SPEC.replace(reference="torch", margin="2%", accuracy_margin=0.2)
    _, summary = compare(line.runtime(), asked)
    found = summary.comparison
    assert (found.reference, found.margin, found.accuracy_margin) == (TORCH, 0.02, 0.002)
    assert {(row.contender, row.reference) for row in summary.ratios} == {(TF, TORCH)}
    assert [cell.contender for cell in found.cells] == [TF, TORCH, TF, TORCH]


@pytest.mark.parametrize("order_seed", [1, 2, 3])
def test_trials_run_in_the_order_that_was_drawn_and_stand_in_the_order_asked_for(
    line: Line, monkeypatch: pytest.MonkeyPatch, order_seed: int
) -> None:
    started: list[str] = []

    def script(launch: Launch) -> Script:
        started.append(launch.trial_id)
        return line.good(launch)

    monkeypatch.setattr("orchestrator.pipeline.draw_seed", lambda: order_seed)
    folder, summary = compare(line.runtime(script), SPEC.replace(runs=3))
    plan = make_plan(resolve(SPEC.replace(runs=3), Hardware(2)), order_seed)
    assert started == [planned.id for planned in plan.trials] == list(folder.read_manifest().trials)
    assert folder.read_manifest().order_seed == summary.comparison.order_seed == order_seed
    assert started != [trial.id for trial in summary.trials]
    assert [trial.contender for trial in summary.trials] == [TF, TORCH] * 6
    moments = {trial.id: trial.started_at or "" for trial in summary.trials}
    assert sorted(started, key=moments.__getitem__) == started


@pytest.fixture
def refused(line: Line, tmp_path: Path) -> Iterator[Runtime]:
    """A runtime in which nothing may start."""

    def unexpected(launch: Launch) -> Script:
        raise AssertionError(f"{launch.trial_id} was started")

    yield replace(line.runtime(unexpected), out=tmp_path / "runs")
    assert not list(tmp_path.glob("runs/*"))


@pytest.mark.parametrize("wrong", [{"contenders": ("jax",)}, {"recipes": ("nothing",)}, {"batch_size": 60_001}])
def test_a_usage_error_comes_before_anything_is_started(refused: Runtime, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        compare(refused, Spec(**wrong))


def test_a_gpu_that_is_not_there_comes_before_anything_is_started(refused: Runtime) -> None:
    with pytest.raises(PreflightError, match="no GPU"):
        compare(refused, Spec(device="cuda"))


def test_a_folder_without_room_comes_before_anything_is_started(
    refused: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.record.run_folder.RUN_FOLDER_BYTES", 10**18)
    with pytest.raises(PreflightError, match="MB needed"):
        compare(refused)


def test_an_out_that_cannot_be_written_comes_before_anything_is_prepared(line: Line, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PreflightError, match="cannot write to"):
        compare(replace(line.runtime(), out=tmp_path / "file" / "runs"))


def test_a_comparison_needs_no_engine_but_its_own(good: tuple[RunFolder, Summary]) -> None:
    assert os.environ["DOCKER_HOST"] == "unix:///nonexistent/docker.sock"
    assert good[1].comparison.engine == "scripted"
    assert {trial.status for trial in good[1].trials} == {Status.DONE}
