"""results.parquet by its rows, and the console's tables by their text."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console, RenderableType

from orchestrator import text as words
from orchestrator.analyse.summary import Finding, Summary
from orchestrator.record.files import write_model
from orchestrator.record.record import Status
from orchestrator.report import parquet
from orchestrator.report.console import claims_table, conclusion, results_table
from tests.support.summaries import TF, TORCH, crossover, failed, summary, trial


def test_there_is_one_row_a_trial_and_epoch(tmp_path: Path) -> None:
    rows = pq.read_table(parquet.write(crossover(), tmp_path)).to_pylist()
    assert len(rows) == 4 * 5
    row = next(row for row in rows if row["contender"] == TORCH and row["recipe"] == "article-tf" and row["epoch"] == 3)
    assert (row["train_loss"], row["val_loss"], row["final_val_loss"]) == (0.133, 0.116, 0.108)
    assert (row["median_images_per_second"], row["import_seconds"], row["status"]) == (561.0, 3.5, "done")


def test_a_trial_without_an_epoch_has_one_row_whose_epoch_is_null() -> None:
    row, *more = parquet.table(summary(failed())).to_pylist()
    assert more == []
    assert (row["epoch"], row["train_loss"], row["epoch_seconds"]) == (None, None, None)
    assert row["reason"] == "the worker exited with 1: MemoryError"


def test_every_field_is_filled_by_a_complete_trial() -> None:
    phases = dict.fromkeys((*words.PHASES, "own"), 1.0)
    blocks = [trial(name, seed=seed, phases=phases) for seed in range(1, 7) for name in (TF, TORCH)]
    full = trial(TORCH, seed=7, phases=phases, reused_from="20261122-081500-earlier")
    row = parquet.table(summary(*blocks, trial(TF, seed=7), full)).to_pylist()[-1]
    missing = {"throughput_ratio_low", "throughput_ratio_high"}  # its trials are too short for an interval
    assert {name for name, value in row.items() if value is None} == missing
    assert row["other_phases_seconds"] == 1.0


def test_a_contenders_rows_carry_what_was_judged_of_it_and_the_references_rows_nothing() -> None:
    five = [[0.5, 0.4, 0.3, 0.2, 0.1]] * 2
    trials = [
        trial(name, run=run, curves=(five[0], five[1]), images_per_second=1000 + (90 + 10 * run) * (name == TORCH))
        for run in range(1, 7)
        for name in (TF, TORCH)
    ]
    rows = {row["contender"]: row for row in parquet.table(summary(*trials, runs=6)).to_pylist()}
    ends = ("", "_low", "_high")
    assert [rows[TORCH][f"throughput_ratio{end}"] for end in ends] == pytest.approx([1.1249, 1.10, 1.15], abs=1e-6)
    assert (rows[TORCH]["throughput_verdict"], rows[TORCH]["throughput_blocks"]) == ("higher", 6)
    assert rows[TORCH]["throughput_words"] == "faster by 12.5 % [10.0, 15.0]"
    assert (rows[TORCH]["accuracy_difference"], rows[TORCH]["accuracy_verdict"]) == (0.0, "no-claim")
    assert {rows[TF][name] for name in rows[TF] if name.startswith(("throughput", "accuracy_diff"))} == {None}


def test_a_comparison_without_trials_is_an_empty_table_of_the_same_schema(tmp_path: Path) -> None:
    read = pq.read_table(parquet.write(summary(), tmp_path))
    assert (read.num_rows, read.schema.names) == (0, parquet.SCHEMA.names)


def test_the_same_summary_gives_the_same_file(tmp_path: Path) -> None:
    first = parquet.write(crossover(), tmp_path).read_bytes()
    assert parquet.write(crossover(), tmp_path).read_bytes() == first


def test_text_and_numbers_that_parquet_cannot_hold_do_not_stop_the_report() -> None:
    row = parquet.table(summary(trial(reason="a\ud800b", parameters=2**70))).to_pylist()[0]
    assert (row["reason"], row["parameters"]) == ("a?b", None)


def test_a_loss_that_is_no_number_is_null_in_the_summary_and_in_the_table(tmp_path: Path) -> None:
    """JSON has no NaN; a worker's own is refused by the gate, so only an analysis of ours could make one."""
    found = summary(trial(curves=([0.4, math.nan], [math.inf, -math.inf])))
    write_model(tmp_path / "summary.json", found)
    document = json.loads((tmp_path / "summary.json").read_text(), parse_constant=pytest.fail)
    first, last = document["trials"][0]["epochs"]
    assert [first["val_loss"], last["train_loss"], last["val_loss"]] == [None, None, None]
    rows = pq.read_table(parquet.write(found, tmp_path)).to_pylist()
    assert [rows[0]["val_loss"], rows[1]["train_loss"], rows[1]["final_val_loss"]] == [None, None, None]


def rendered(renderable: RenderableType, width: int) -> str:
    console = Console(width=width, color_system=None, file=io.StringIO(), force_terminal=True)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def _results(found: Summary, width: int = 80) -> RenderableType:
    return results_table(found, "as written", found.trials, width)


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_at_80_columns_the_summary_shows_what_decides() -> None:
    assert lines(rendered(_results(crossover(), 80), 80)) == [
        "As-written track",
        "contender       recipe          status   val loss   test %   images/s   ratio",
        "─" * 77,
        "tf==2.21.0      article-tf      ✓ done     0.1210    97.12        648   1.00×",
        "torch==2.13.0   article-tf      ✓ done     0.1080    97.12        561   0.87×",
        "tf==2.21.0      article-torch   ✓ done     0.4630    97.12     45,210   1.00×",
        "torch==2.13.0   article-torch   ✓ done     0.4810    97.12     30,105   0.67×",
    ]


def test_at_120_columns_the_summary_shows_memory_and_time_too() -> None:
    _, head, _, first, *_ = lines(rendered(_results(crossover(), 120), 120))
    assert head.split("  ")[-1].strip() == "wall s"
    assert first == (
        "tf==2.21.0      article-tf      ✓ done       0.0810     0.1210    97.12        648   1.00×       912     58.4"
    )


def test_the_claims_are_a_row_a_cell() -> None:
    text = lines(rendered(claims_table(crossover()), 80))
    at = next(at for at, line in enumerate(text) if line.startswith("torch==2.13.0"))
    assert text[at].split() == ["torch==2.13.0", "0.830", "-0.008", "0.031", "0.025"]
    assert text[at + 1].split("  ")[0] == "article-tf"


def seeded(count: int) -> Summary:
    return summary(*(trial(seed=seed, curves=([0.4 + seed / 100, 0.2], [0.3, 0.2])) for seed in range(1, count + 1)))


def test_a_cell_of_few_seeds_decides_nothing() -> None:
    text = rendered(claims_table(seeded(3)), 120)
    assert "not decided with 3 seeds" in text


def test_a_cell_of_six_seeds_shows_the_median_with_its_interval() -> None:
    text = rendered(claims_table(seeded(6)), 120)
    assert "0.888 [0.876, 0.900]" in text
    assert "holds" in text


def test_a_cell_of_several_runs_of_one_seed_shows_how_far_they_are_apart() -> None:
    runs = summary(*(trial(seed=1, curves=([0.4, 0.2], [0.3, 0.2])) for _ in range(3)), runs=3)
    text = rendered(claims_table(runs), 120)
    assert "0.905 to 0.905" in text
    assert "3 runs" in text


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_is_wider_than_the_console_whatever_the_names(width: int) -> None:
    long = "mine@registry.example.org/a/very/long/path/to/an/image:2026.11.22-cuda13"
    wide = summary(trial(long, "a-recipe-with-a-rather-long-name"), failed(TORCH, status=Status.TIMED_OUT))
    assert max(map(len, rendered(conclusion(wide, width), width).splitlines())) <= width


def test_a_status_is_a_glyph_and_a_word() -> None:
    text = rendered(_results(summary(trial(TF), failed(TORCH, status=Status.TIMED_OUT))), 80)
    assert "✓ done" in text
    assert "◷ timed out" in text


def test_names_from_outside_are_no_markup_and_no_control_sequences() -> None:
    evil = "[bold red]x[/] \x1b[2J\u202e"
    finding = Finding(id="a", severity="warning", message=evil, advice=evil)
    text = rendered(conclusion(summary(trial(evil, evil), findings=[finding]), 120), 120)
    assert "[bold red]x[/]" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_errors_stand_before_the_table_and_warnings_after_it() -> None:
    found = [
        Finding(id="a", severity="warning", message="Two cores are few.", advice="Use more."),
        Finding(id="b", severity="error", message="Accuracies disagree.", advice="Run again."),
    ]
    text = rendered(conclusion(summary(trial(), findings=found), 80), 80)
    places = [text.index(part) for part in ("error: Accuracies", "contender", "warning: Two cores are few. Use more.")]
    assert places == sorted(places)


def test_the_console_says_of_each_comparison_what_is_claimed_and_what_a_claim_takes() -> None:
    text = " ".join(rendered(conclusion(crossover()), 80).split())
    no_claim = "no claim: 1 block; an exact 97.5 % interval needs 7"
    assert f"{TORCH} against {TF} on article-tf: {no_claim}" in text
    assert "A claim takes 12 blocks, about 47 minutes here: bakeoff compare tf torch --runs 12" in text
    assert "claim:" not in rendered(conclusion(summary(trial(TF))), 80)


def test_the_console_says_whether_accuracies_are_equal_over_seeds() -> None:
    two = summary(*(trial(name, seed=seed) for seed in (1, 2) for name in (TF, TORCH)))
    text = " ".join(rendered(conclusion(two), 80).split())
    assert f"test accuracy of {TORCH} − {TF} on article-tf: no claim: 2 seeds; an interval needs 3" in text


def test_the_console_loads_no_drawing_library() -> None:
    asked = "import sys, orchestrator.report.console; print([name for name in sys.modules if name in sys.argv])"
    command = [sys.executable, "-c", asked, "matplotlib", "pyarrow"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
