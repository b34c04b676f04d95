"""What changed from one run to another, and which ratios are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.analyse.confounders import Relevance
from orchestrator.analyse.finished_run import FinishedRun
from orchestrator.analyse.run_difference import Allowed, RunDifference, run_difference
from orchestrator.analyse.summary import Environment, TrialSummary
from orchestrator.errors import UsageError
from orchestrator.spec.recipes import apply_sizes, load
from shared.recipe import Sgd
from tests.support.run_folders import finished
from tests.support.summaries import TF, TORCH, summary, trial

RECIPE = load("article-torch")
HOST = {"cpu": "a made-up processor", "cpu_cores": "2", "memory": "4.0 GiB", "kernel": "Linux 6.1"}
LOSSES = ([0.9, 0.8, 0.7, 0.6, 0.5], [0.9, 0.8, 0.7, 0.6, 0.5])


def trials(ratio: float = 0.8, blocks: int = 8, **changes: Any) -> list[TrialSummary]:
    """Return a trial of each contender a block; PyTorch's speed is so many times TensorFlow's, and a little more."""
    given = {"curves": LOSSES, **changes}
    return [
        trial(
            contender,
            "article-torch",
            run=run,
            id=f"{contender[:2]}.{run}",
            images_per_second=speed * (1 + 0.001 * run),
            **given,
        )
        for run in range(1, blocks + 1)
        for contender, speed in ((TF, 1000.0), (TORCH, 1000.0 * ratio * (1 + 0.0005 * run)))
    ]


def run(identity: str, rows: list[TrialSummary] | None = None, **changes: Any) -> FinishedRun:
    host, workers = changes.pop("host", HOST), changes.pop("workers", {})
    recipes, given = changes.pop("recipes", {"article-torch": RECIPE}), changes.pop("manifest", {})
    environment = Environment(host=host, workers=workers)
    found = summary(*(rows or trials()), id=identity, environment=environment, runs=8, **changes)
    return finished(found, recipes, **given)


def difference(before: FinishedRun, after: FinishedRun, **allowed: bool) -> RunDifference:
    return run_difference(before, after, Allowed(**allowed))


def speed_of(found: RunDifference, cell: int = 0) -> float | None:
    return next(number.change for number in found.cells[cell].numbers if number.name == "throughput")


def test_two_runs_of_the_same_show_no_change_but_their_numbers() -> None:
    found = difference(run("a"), run("b", trials(0.9)))
    assert (found.spec, found.facts, found.barriers, found.unmatched) == ((), (), (), ())
    assert [cell.contenders[1] for cell in found.cells] == [TF, TORCH]
    assert speed_of(found) == pytest.approx(1)
    assert speed_of(found, 1) == pytest.approx(0.9 / 0.8)
    (ratio,) = found.ratios
    assert (ratio.contenders, ratio.references, ratio.verdict) == ((TORCH, TORCH), (TF, TF), "grew")


def test_no_difference_of_speeds_is_claimed_and_it_is_said_why() -> None:
    found = difference(run("a"), run("b"))
    assert "not paired" in found.meaning
    assert not any(hasattr(number, "interval") for cell in found.cells for number in cell.numbers)


def test_what_was_asked_for_is_compared_resolved() -> None:
    before, after = (run(name, manifest={"spec": {"runs": runs, "threads": 2}}) for name, runs in (("a", 8), ("b", 9)))
    assert [(each.name, each.before, each.after) for each in difference(before, after).spec] == [("runs", "8", "9")]


def test_facts_that_differ_stand_once_with_the_most_relevant_first() -> None:
    before = run("a", workers={name: {"numpy": "1.26", "blas": "mkl", "package pip": "23"} for name in (TF, TORCH)})
    after = run(
        "b",
        host={**HOST, "kernel": "Linux 6.2", "date": "later", "load_average": "9 9 9"},
        workers={name: {"numpy": "2.1", "blas": "openblas", "package pip": "24"} for name in (TF, TORCH)},
    )
    found = [(each.name, each.contenders, each.relevance) for each in difference(before, after).facts]
    assert found == [
        ("blas", (TF, TORCH), Relevance.CHANGES_RESULTS),
        ("kernel", (), Relevance.MAY_AFFECT_SPEED),
        ("numpy", (TF, TORCH), Relevance.MAY_AFFECT_SPEED),
        ("package pip", (TF, TORCH), Relevance.MINOR),
    ]


def test_another_machine_refuses_ratios_of_speeds_and_no_others() -> None:
    found = difference(run("a"), run("b", host={**HOST, "cpu": "another processor"}))
    (barrier,) = found.barriers
    assert (barrier.barrier, barrier.allowed) == ("machine", False)
    assert [each.name for each in barrier.changes] == ["cpu"]
    changed = {number.name: number.change for number in found.cells[0].numbers}
    assert (changed["throughput"], changed["first_step_seconds"], found.ratios) == (None, None, ())
    assert (changed["peak_memory_bytes"], changed["test_accuracy"]) == (1, 0)


def test_another_machine_is_labelled_where_it_is_allowed() -> None:
    found = difference(run("a"), run("b", host={**HOST, "cpu": "another processor"}), machine=True)
    assert found.barriers[0].allowed
    assert speed_of(found) == pytest.approx(1)
    assert len(found.ratios) == 1


def test_a_host_of_another_name_is_another_machine_where_workers_run_on_it() -> None:
    elsewhere = {"hosts": ({"name": "elsewhere", "pid": 1, "since": "2026-11-26T15:00:00+00:00"},)}
    found = difference(run("a"), run("b", manifest=elsewhere))
    assert [change.name for each in found.barriers for change in each.changes] == ["host name"]
    remote = {**HOST, "machine": "not the one that bakeoff ran on"}
    assert difference(run("a", host=remote), run("b", host=remote, manifest=elsewhere)).barriers == ()


@pytest.mark.parametrize(
    ("recipe", "kind"),
    [
        (apply_sizes(RECIPE, train_images=640), "size"),
        (replace(RECIPE, optimizer=Sgd(learning_rate=0.02)), "recipe"),
    ],
)
def test_another_size_or_recipe_refuses_every_ratio_and_compares_no_losses(recipe: Any, kind: str) -> None:
    other = run("b", recipes={"article-torch": recipe})
    found = difference(run("a"), other)
    assert [(each.barrier, each.recipe) for each in found.barriers] == [(kind, "article-torch")]
    assert {number.change for cell in found.cells for number in cell.numbers} == {None}
    assert found.ratios == ()
    assert found.cells[0].losses is None
    allowed = difference(run("a"), other, **{kind: True})
    assert speed_of(allowed) == pytest.approx(1)
    assert allowed.cells[0].losses is None


def test_losses_that_are_equal_to_the_last_bit_are_said_to_be() -> None:
    found = difference(run("a"), run("b")).cells[0].losses
    assert found is not None
    assert (found.seeds, found.largest, found.largest_within) == ((1,), 0.0, 0.0)


def test_the_largest_difference_of_a_loss_is_named_beside_that_of_repetitions() -> None:
    apart = trials(curves=([0.9, 0.8, 0.7, 0.6, 0.5 + 2e-6], LOSSES[1]))
    repeated = [*trials(blocks=1), *trials(blocks=2, curves=([0.9, 0.8, 0.7, 0.6 + 1e-6, 0.5], LOSSES[1]))[2:]]
    found = difference(run("a", repeated), run("b", apart)).cells[0].losses
    assert found is not None
    assert found.largest == pytest.approx(2e-6)
    assert found.largest_within == pytest.approx(1e-6)


def test_a_version_is_held_against_the_earlier_one() -> None:
    newer = [each.replace(contender="torch==2.14.1") if each.contender == TORCH else each for each in trials(0.9)]
    found = difference(run("a"), run("b", newer))
    assert [cell.contenders for cell in found.cells] == [(TF, TF), (TORCH, "torch==2.14.1")]
    assert found.ratios[0].contenders == (TORCH, "torch==2.14.1")


def test_a_cell_of_one_run_alone_is_named() -> None:
    alone = [each for each in trials() if each.contender == TF]
    found = difference(run("a"), run("b", alone))
    assert found.unmatched == (f"only a has {TORCH} on article-torch",)
    assert found.ratios == ()


def test_trials_that_are_not_done_do_not_count() -> None:
    rows = [each.replace(status="failed") if each.id == "tf.1" else each for each in trials()]
    assert difference(run("a"), run("b", rows)).cells[0].trials == (8, 7)


def test_a_run_held_against_itself_is_refused() -> None:
    with pytest.raises(UsageError, match="a was named twice") as refused:
        difference(run("a"), run("a"))
    assert "`bakeoff ls`" in refused.value.remedy
