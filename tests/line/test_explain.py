"""The whole walk through the scripted engine, whose workers move their losses by known amounts."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from orchestrator import pipeline, report
from orchestrator import progress as console
from orchestrator.analyse.explanation import Attribution
from orchestrator.analyse.summary import Summary
from orchestrator.engines.engine import Launch, Prepared
from orchestrator.engines.scripted import Script, ScriptedEngine
from orchestrator.errors import UsageError
from orchestrator.progress.view import View
from orchestrator.record.record import Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.runtime import Runtime
from orchestrator.spec import spec
from orchestrator.spec.spec import ExplainSpec, Spec
from tests.support.line import Line, Pressing, trial_of
from tests.support.walks import EFFECTS, FRAMEWORK, SEEDS, START, played

SPEC = ExplainSpec(profile="quick", device="cpu")
SHORT = SPEC.replace(recipes=("article-torch", "article-torch"), seeds=2)
"""One step, four trials."""


@pytest.fixture
def own_line(line: Line, tmp_path: Path) -> Line:
    """A line with a folder of runs that is still empty."""
    return replace(line, out=tmp_path / "runs")


def explain(
    line: Line,
    spec: ExplainSpec = SPEC,
    *,
    view: View | None = None,
    fresh: bool = False,
    runtime: Runtime | None = None,
) -> tuple[RunFolder, Summary]:
    runtime = runtime or line.runtime(played(line))
    return pipeline.compare(spec, runtime, view or console.view("quiet", io.StringIO()), reuse=not fresh)


@pytest.fixture(scope="module")
def walked(line: Line) -> tuple[RunFolder, Summary]:
    return explain(line)


def loss(summary: Summary) -> Attribution:
    assert summary.explanation is not None
    return summary.explanation.attributions[0]


def reused(summary: Summary) -> int:
    return sum(trial.reused_from is not None for trial in summary.trials)


def test_nine_cells_and_three_seeds_are_done(walked: tuple[RunFolder, Summary]) -> None:
    _, summary = walked
    assert [trial.status for trial in summary.trials] == [Status.DONE] * 27
    assert {found.id for found in summary.findings} == {"not-checked"}  # the stub leaves its test logits alone
    assert summary.comparison.kind == "walk"


def test_every_setting_carries_what_it_was_made_to_carry(walked: tuple[RunFolder, Summary]) -> None:
    carried = {each.setting: each.mean for each in loss(walked[1]).contributions}
    mean_noise = sum(SEEDS.values()) / len(SEEDS)
    assert carried == pytest.approx({**EFFECTS, "framework": FRAMEWORK + mean_noise}, abs=1e-9)


def test_the_shares_add_up_to_the_total_difference(walked: tuple[RunFolder, Summary]) -> None:
    assert walked[1].explanation is not None
    for each in walked[1].explanation.attributions:
        assert each.total is not None
        for at in range(3):
            values = [one.values[at] for one in each.contributions]
            assert sum(values) == pytest.approx(each.total.values[at], rel=1e-9, abs=1e-12)
    shares = [each.share for each in loss(walked[1]).contributions]
    assert sum(share for share in shares if share is not None) == pytest.approx(1)
    assert None not in shares


def test_the_answer_is_one_sentence(walked: tuple[RunFolder, Summary]) -> None:
    assert walked[1].explanation is not None
    assert walked[1].explanation.sentence == (
        "Of the difference of +0.502 nats in final validation loss (3 seeds) from article-tf in tf==2.21.0 to "
        "article-torch in torch==2.13.0, the framework carries −0.028 nats (−6 %, 95 % interval −11 % to −1 %); of "
        "the other settings batch size 32 → 512 carries the most, +0.320 nats (64 %, 95 % interval 61 % to 67 %)."
    )


def test_the_report_opens_with_the_answer_and_shows_the_figures(walked: tuple[RunFolder, Summary]) -> None:
    folder, summary = walked
    page = (folder.path / "report.md").read_text()
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    assert headings[0] == "## What explains the difference"
    assert len(page.splitlines()) <= 62
    assert "## The article's claims" not in headings
    assert page.index("the framework carries") < page.index("figures/waterfall.png") < page.index("## Results")
    assert {path.name for path in folder.path.glob("figures/*.png")} == {"waterfall.png", "walk.png"}
    html = MarkdownIt("gfm-like", {"linkify": False}).render(page)
    assert "<td><strong>framework</strong></td>" in html
    assert folder.id.endswith("explain-article-tf-article-torch")
    assert summary.comparison.command in page


def test_the_report_is_made_from_the_run_folder_alone(walked: tuple[RunFolder, Summary]) -> None:
    folder = walked[0].path
    before = (folder / "report.md").read_bytes()
    (folder / "report.md").unlink()
    report.write(folder)
    assert (folder / "report.md").read_bytes() == before


def test_orders_give_the_same_sum_and_show_their_range(line: Line, walked: tuple[RunFolder, Summary]) -> None:
    _, summary = explain(line, SPEC.replace(paths=3))
    found = loss(summary)
    assert summary.explanation is not None
    assert summary.explanation.orders == 3
    assert reused(summary) == 27
    by_name = {each.setting: each for each in found.contributions}
    assert by_name["batch"].mean == pytest.approx(EFFECTS["batch"])
    low, high = by_name["framework"].orders_range
    assert low < high
    assert sum(each.mean for each in found.contributions) == pytest.approx(loss(walked[1]).total.mean)  # type: ignore[union-attr]


def test_a_repeated_walk_runs_nothing(own_line: Line) -> None:
    first, before = explain(own_line)
    streams = {path.parent.name: path.read_bytes() for path in first.path.glob("trials/*/events.jsonl")}
    second, after = explain(own_line, runtime=own_line.runtime(unexpected))
    assert reused(after) == 27
    assert {trial.reused_from for trial in after.trials} == {first.id}
    assert loss(after) == loss(before)
    assert {path.parent.name: path.read_bytes() for path in second.path.glob("trials/*/events.jsonl")} == streams
    assert f"- {first.id}: 27 trials" in (second.path / "report.md").read_text().replace("\\", "")


def unexpected(launch: Launch) -> Script:
    raise AssertionError(f"{launch.trial_id} was started")


def test_the_third_walk_names_the_run_that_trained(own_line: Line) -> None:
    first, _ = explain(own_line, SHORT)
    explain(own_line, SHORT)
    _, third = explain(own_line, SHORT)
    assert {trial.reused_from for trial in third.trials} == {first.id}


def test_fresh_runs_every_trial(own_line: Line) -> None:
    explain(own_line, SHORT)
    assert reused(explain(own_line, SHORT, fresh=True)[1]) == 0


def test_cells_of_a_comparison_are_reused(own_line: Line) -> None:
    spec = Spec(profile="quick", device="cpu")
    pipeline.compare(spec, own_line.runtime(played(own_line)), console.view("quiet", io.StringIO()))
    _, summary = explain(own_line)
    assert [trial.id for trial in summary.trials if trial.reused_from] == [
        "tf-2.21.0.article-tf.s1",
        "tf-2.21.0.article-torch.s1",
        "torch-2.13.0.article-torch.s1",
    ]


def test_another_size_is_another_trial(own_line: Line) -> None:
    explain(own_line, SHORT)
    assert reused(explain(own_line, SHORT.replace(epochs=4))[1]) == 0


class Rebuilt(ScriptedEngine):
    """An engine whose images are of another content."""

    def prepare(self, *words: object) -> Prepared:
        return replace(super().prepare(*words), image="another image")  # type: ignore[arg-type]


class Loose(ScriptedEngine):
    """An engine that starts what somebody may have changed."""

    def prepare(self, *words: object) -> Prepared:
        return replace(super().prepare(*words), fixed=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [Rebuilt, Loose])
def test_what_may_have_changed_is_run_again(own_line: Line, kind: type[ScriptedEngine]) -> None:
    explain(own_line, SHORT)
    runtime = replace(own_line.runtime(), engine=kind(played(own_line)))
    assert reused(explain(own_line, SHORT, runtime=runtime)[1]) == 0


def test_another_processor_is_another_machine(own_line: Line) -> None:
    explain(own_line, SHORT)
    runtime = replace(own_line.runtime(played(own_line)), environment={"cpu": "another processor"})
    assert reused(explain(own_line, SHORT, runtime=runtime)[1]) == 0


def test_a_record_that_cannot_be_read_is_run_again(own_line: Line) -> None:
    folder, _ = explain(own_line, SHORT)
    (folder.path / "trials/tf-2.21.0.article-torch.s1/record.json").write_text("{}")
    assert reused(explain(own_line, SHORT)[1]) == 3


def test_ctrl_c_leaves_a_partial_report_and_the_next_walk_goes_on(own_line: Line) -> None:
    folder, summary = explain(own_line, view=Pressing(after=100))
    done = [trial for trial in summary.trials if trial.status is Status.DONE]
    assert summary.comparison.interrupted
    assert 9 < len(done) < 27
    assert loss(summary).seeds == (1,)
    assert loss(summary).missing[0].startswith("seed 2 has no final validation loss for ")
    page = (folder.path / "report.md").read_text()
    assert "Left out: seed 2" in page
    assert "was interrupted" in page
    assert "was skipped" not in page
    _, whole = explain(own_line)
    assert reused(whole) == len(done)
    assert loss(whole).seeds == (1, 2, 3)


def test_a_diverged_cell_takes_its_seed_out_and_says_so(own_line: Line) -> None:
    good = played(own_line)

    def failing(launch: Launch) -> Script:
        script = good(launch)
        return (
            replace(script, chunks=script.chunks[:4]) if trial_of(launch).id.endswith("max_pool2d-size.s2") else script
        )

    _, summary = explain(own_line, runtime=own_line.runtime(failing))
    assert loss(summary).seeds == (1, 3)
    assert loss(summary).missing == (
        "seed 2 has no final validation loss for article-tf.input.max_pool2d-size in tf==2.21.0",
    )


def test_a_walks_comparison_file_holds_what_was_asked(walked: tuple[RunFolder, Summary]) -> None:
    document = json.loads((walked[0].path / "comparison.json").read_text())
    assert ExplainSpec.model_validate(document["spec"]) == SPEC
    assert SPEC.command == (
        "bakeoff explain article-tf article-torch --from tf --to torch --profile quick --device cpu"
    )


def test_one_recipe_in_two_frameworks_is_a_walk_of_one_step(own_line: Line) -> None:
    _, summary = explain(own_line, SHORT)
    found = loss(summary)
    assert [each.setting for each in found.contributions] == ["framework"]
    assert found.start == pytest.approx(START + sum(EFFECTS.values()))


def test_a_walks_file_is_no_comparisons_and_names_the_command_to_repeat(
    walked: tuple[RunFolder, Summary],
) -> None:
    with pytest.raises(UsageError, match="of a walk") as refused:
        spec.read_spec(walked[0].path / "comparison.json")
    assert "bakeoff explain article-tf article-torch" in (refused.value.remedy or "")
