"""report.md as text, and as the HTML that a Markdown reader makes of it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from orchestrator import text as words
from orchestrator.analyse.summary import Audit, Finding, Summary
from orchestrator.errors import UsageError
from orchestrator.record.record import Status
from orchestrator.report import write
from orchestrator.report.console import conclusion
from orchestrator.report.html.page import render as html_page
from orchestrator.report.markdown.page import render
from orchestrator.stream.intake import EventCounts
from tests.support.html import parsed
from tests.support.markdown import READER
from tests.support.summaries import TF, TORCH, crossover, failed, summary, trial


def test_the_page_opens_with_its_title_and_the_verdicts_and_then_says_the_size() -> None:
    lines = [line for line in render(crossover()).splitlines() if line]
    assert lines[0] == "# The article's two programs, crossed"
    assert lines[1] == f"**{TORCH} against {TF} on article-tf: no claim: 1 block; an exact 97.5 % interval needs 7**"
    size = "Profile **quick**: 2 cores and no GPU. For the full size: `bakeoff compare --profile article`"
    assert lines.index(size) == 4


def test_four_trials_take_a_screen_and_a_half() -> None:
    assert len(render(crossover()).splitlines()) <= 62


def test_many_trials_are_a_row_a_cell() -> None:
    trials = [trial(name, run=run, images_per_second=100.0 * run) for run in range(1, 6) for name in (TF, TORCH)]
    page = render(summary(*trials, runs=5))
    assert "| torch==2.13.0 | article-tf | 5 of 5 | 0.1500 | 97.12 | 300 | 912 |" in page.splitlines()
    assert len(page.splitlines()) <= 60


def test_findings_beyond_the_sixth_are_counted_and_errors_never_left_out() -> None:
    notes = [Finding(id=f"n{number}", severity="note", message=f"Note {number}.", advice="") for number in range(8)]
    errors = [Finding(id=f"e{number}", severity="error", message=f"Fault {number}.", advice="") for number in range(7)]
    page = render(summary(trial(), findings=notes))
    assert "Note 5." in page
    assert "Note 6." not in page
    assert "- and 2 more findings in report.html" in page.splitlines()
    page = render(summary(trial(), findings=[*notes, *errors]))
    assert "Fault 6." in page
    assert "- and 8 more findings in report.html" in page.splitlines()


FIVE = ([0.4, 0.3, 0.25, 0.2, 0.1], [0.3, 0.25, 0.22, 0.2, 0.15])
"""Curves of as many epochs as a claim takes."""


def test_the_full_size_names_no_other_command() -> None:
    assert "full size" not in render(summary(trial()))


def test_a_trials_row_has_its_numbers_and_its_ratio_within_the_recipe() -> None:
    assert (
        "| torch==2.13.0 | article-torch | 1 | ✓ done | 0.5240 | 0.4810 | 97.12 | 30,105 | 0.67× | 912 | 58.4 |"
        in render(crossover()).splitlines()
    )


def test_absent_numbers_are_dashes_and_the_reason_follows_the_table() -> None:
    page = render(summary(trial(TF), failed(TORCH, wall_seconds=None)))
    assert "| torch==2.13.0 | article-tf | 1 | ✗ failed | – | – | – | – | – | – | – |" in page
    assert "- torch-2.13.0.article-tf.s1: the worker exited with 1: MemoryError" in page


def test_without_a_done_reference_there_is_no_ratio() -> None:
    page = render(summary(failed(TF), trial(TORCH)))
    assert "| 1,000 | – | 912 |" in page


def test_one_run_claims_nothing_and_says_what_a_claim_would_take() -> None:
    page = render(summary(trial(TF, curves=FIVE), trial(TORCH, curves=FIVE)))
    assert "| no claim: 1 block; an exact 95 % interval needs 6 | 1 | 1.000× | – |" in page
    assert "A claim takes 12 blocks, about 23 minutes here: `bakeoff compare tf torch --runs 12`" in page


def test_a_verdict_stands_with_its_blocks_ratio_and_interval() -> None:
    speeds = (1100, 1110, 1120, 1130, 1140, 1150)
    trials = [
        trial(name, curves=FIVE, run=run, images_per_second=speed if name == TORCH else 1000)
        for run, speed in enumerate(speeds, start=1)
        for name in (TF, TORCH)
    ]
    page = render(summary(*trials, runs=6, claim_command=None))
    assert (
        "| torch==2.13.0 | article-tf | faster by 12.5 % \\[10.0, 15.0\\] | 6 | 1.125× | [1.100, 1.150] |"
        in page.splitlines()
    )
    assert "**torch==2.13.0 against tf==2.21.0 on article-tf: faster by 12.5 % \\[10.0, 15.0\\]**" in page
    assert "A claim takes" not in page


def test_accuracies_over_seeds_come_with_their_verdict() -> None:
    trials = [
        trial(name, seed=seed, test_accuracy=0.97 + seed / 1e4 + (0.001 if name == TORCH else 0))
        for seed in (1, 2, 3)
        for name in (TF, TORCH)
    ]
    row = "| torch==2.13.0 | article-tf | equal within 0.5 points \\[+0.10, +0.10\\] | 3 | +0.10 | +0.10 to +0.10 |"
    assert row in render(summary(*trials)).splitlines()
    assert "Test accuracy over seeds" not in render(summary(trial(TF), trial(TORCH)))


def test_findings_come_before_the_results_errors_first() -> None:
    findings = [
        Finding(id="a", severity="error", message="The test accuracies disagree.", advice="Run it again."),
        Finding(id="b", severity="note", message="Two cores are few.", advice="Use more."),
    ]
    page = render(summary(trial(), findings=findings))
    places = [page.index(text) for text in ("test accuracies disagree", "Two cores are few", "## Results")]
    assert places == sorted(places)


def test_claims_are_a_row_a_cell_with_their_reading_and_the_single_seed_note() -> None:
    page = render(crossover())
    row = "| tf==2.21.0 | article-tf | 0.833 (+0.333) | 0.009 (+0.009) | 0.074 (+0.024) | 0.040 (+0.040) |"
    assert row in page.splitlines()
    assert "- Steepness: its number (share) differs by 0.0183 between frameworks" in page
    assert "With one seed" in page


def test_the_page_says_how_the_metric_streams_fared_by_their_sums() -> None:
    first = trial(events=EventCounts(received=1040, lost=1, duplicated=2, rejected=3), reconnects=4)
    second = trial(contender=TORCH, events=EventCounts(received=41))
    told = "- Metric events: 1,081 received, 1 lost, 2 duplicated, 3 rejected, 4 reconnects."
    assert told in render(summary(first, second)).splitlines()


def test_the_page_says_what_mnist_cannot_show_and_which_engine_ran() -> None:
    page = render(crossover())
    assert "It cannot show how fast a large model trains" in page
    assert "> **Note.** No container engine answered" in page


def test_an_empty_comparison_still_makes_a_page() -> None:
    assert "# A made-up comparison" in render(summary())


HOSTILE = "a|b`c`\n\n# big <script>alert(1)</script> [x](javascript:1) *bold* \x1b[31m\u202e &amp; ![i](http://x)\ud800"


def test_hostile_text_makes_no_html_link_heading_or_cell() -> None:
    one = trial(HOSTILE, HOSTILE, status=Status.FAILED, reason=HOSTILE, phases={HOSTILE: 1.0}, id=HOSTILE)
    finding = Finding(id="a", severity="error", message=HOSTILE, advice=HOSTILE, trials=(HOSTILE,))
    names = ("title", "command", "profile_reason", "full_size_command", "engine_notice", "device", "started_at")
    changes: dict[str, Any] = dict.fromkeys(names, HOSTILE)
    page = render(summary(one, findings=[finding], kind="crossover", **changes))
    calm = trial(status=Status.FAILED, reason="calm")
    html, expected = READER.render(page), READER.render(render(summary(calm, findings=[finding], kind="crossover")))
    assert "<script" not in html
    assert "<a " not in html
    assert "<strong>bold" not in html
    assert "<em>" not in html
    assert html.count("<img") == 2
    assert html.count("<h1>") == 1
    assert html.count("<th") == expected.count("<th")
    assert "\x1b" not in page
    assert "\u202e" not in page


@given(st.text())
def test_escaped_text_is_one_cell_that_reads_as_it_was_written(text: str) -> None:
    html = READER.render(f"| a | b |\n| --- | --- |\n| {words.markdown(text)} | end |\n")
    shown = words.printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert f"<td>{shown}</td>\n<td>end</td>" in html


@given(st.text(min_size=1))
def test_escaped_text_opens_no_block_at_the_start_of_a_list_item(text: str) -> None:
    html = READER.render(f"- {words.markdown(text)} end\n")
    assert html.count("<li>") == 1
    assert all(tag not in html for tag in ("<h", "<pre", "<blockquote", "<ol", "<table"))


@given(st.text())
@example("0\r\x1a 0")
def test_printable_text_is_one_line_without_controls_and_stays_itself(text: str) -> None:
    plain = words.printable(text)
    assert plain.splitlines() in ([plain], [])
    assert words.printable(plain) == plain
    plain.encode("utf-8")


def test_terminal_sequences_go_as_a_whole() -> None:
    assert words.printable("a\x1b[1;31mred\x1b[0m\x1b]0;title\x07 b\x9b2Jc\td\x1b") == "ared bc d"


def test_bidirectional_overrides_and_zero_widths_go() -> None:
    assert words.printable("a\u202eb\u2066c\u200bd\ufeff") == "abcd"


@pytest.mark.parametrize(("text", "width", "short"), [("abc", 3, "abc"), ("abcdefgh", 5, "ab…gh"), ("abcd", 2, "…d")])
def test_a_shortened_name_keeps_both_ends(text: str, width: int, short: str) -> None:
    assert words.shortened(text, width) == short


def test_a_command_with_backticks_stays_one_code_span() -> None:
    html = READER.render(words.code("bakeoff `compare` ``x"))
    assert html == "<p><code>bakeoff `compare` ``x</code></p>\n"


def test_a_report_is_made_from_the_run_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text(crossover().model_dump_json(by_alias=True), encoding="utf-8")
    names = {path.name for path in write(tmp_path)}
    assert {"loss.png", "memory.svg", "report.md", "results.parquet"} <= names
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == render(crossover())


def test_a_folder_without_a_summary_is_a_usage_error_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no summary\.json: its comparison did not end") as caught:
        write(tmp_path)
    assert caught.value.remedy == f"`bakeoff resume {tmp_path.name}` ends it"


@pytest.mark.parametrize("text", ["", "{}", "[1]", "\x00", '{"schema": "bakeoff/summary/1"}'])
def test_a_damaged_summary_is_a_usage_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        Summary.load(tmp_path)


def test_a_summary_of_another_schema_is_a_usage_error(tmp_path: Path) -> None:
    text = crossover().model_dump_json(by_alias=True).replace("bakeoff/summary/3", "bakeoff/summary/9")
    (tmp_path / "summary.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="it is of the format bakeoff/summary/9, not bakeoff/summary/3"):
        Summary.load(tmp_path)


def audited(*, red: bool) -> Summary:
    """A comparison of one recipe in both contenders, each audited; `red` is PyTorch's."""
    audits = tuple(
        Audit(
            trial=f"{contender}.matched",
            contender=contender,
            recipe="matched",
            tensors=22,
            agreeing=3 if wrong else 22,
            worst_tensor="logits",
            worst_norm_relative_error=0.4 if wrong else 2e-7,
            tolerance=1e-5,
            agrees=not wrong,
        )
        for contender, wrong in ((TF, False), (TORCH, red))
    )
    trials = [trial(contender, "matched") for contender in (TF, TORCH)]
    return summary(*trials, audits=audits)


def test_what_the_audits_found_is_a_line_and_its_table_stands_in_the_html() -> None:
    found = audited(red=False)
    line = "- Audit: 2 of 2 trials compute what their recipe says, to 2e-07 of every tensor's norm."
    assert line in render(found).splitlines()
    assert "1.00×" in render(found)
    rows = [each.text.split("\n") for each in parsed(html_page(found)) if each.name == "tr"]
    assert ["", "tf==2.21.0.matched", "✓ green", "22 of 22", "logits", "2.0e-07", ""] in rows


def test_where_an_audit_is_red_no_speed_of_its_recipe_is_compared() -> None:
    page = render(audited(red=True))
    assert "Audit: 1 of 2 trials compute what their recipe says" in page
    assert "×" not in page.split("## Results")[1].split("Loss: mean")[0].replace("ratio", "")


@pytest.mark.parametrize(("red", "told"), [(False, "2 of 2"), (True, "1 of 2")])
def test_the_console_says_in_a_line_what_the_audits_found(red: bool, told: str) -> None:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    console.print(conclusion(audited(red=red), 100))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert f"✓ audit: {told} trials compute what their recipe says, to 2e-07 of every tensor's norm." in shown


def test_a_recipe_that_cannot_be_compared_step_by_step_says_why() -> None:
    found = summary(trial(TF, "matched"), trial(TORCH, "matched"))
    why = "dropout draws other masks in each framework"
    cells = tuple(cell.model_copy(update={"not_stepwise": why}) for cell in found.comparison.cells)
    page = render(found.model_copy(update={"comparison": found.comparison.model_copy(update={"cells": cells})}))
    assert f"Not compared step by step: matched, because {why}." in page


def test_equal_starts_are_said_and_unequal_ones_are_not_called_equal() -> None:
    trials = [trial(TF, "matched"), trial(TORCH, "matched")]
    assert "equal hashes of their first weights" in render(summary(*trials))
    differs = Finding(id="start-differs", severity="error", message="They differ.", advice="")
    assert "equal hashes" not in render(summary(*trials, findings=[differs]))
    assert "equal hashes" not in render(crossover())


def test_a_broken_trial_says_its_cause_what_to_do_and_its_last_words() -> None:
    log = ("Traceback:", "  </details> ```", HOSTILE)
    text = render(summary(failed(cause="oom", log_tail=log), trial(TORCH)))
    assert "(`oom`): the worker exited with 1: MemoryError. **Next:** try a smaller --batch-size" in text
    block = text[text.index("<details><summary>The last lines of the log of") :]
    lines = block[: block.index("\n</details>")].split("\n\n", 1)[1].rstrip().splitlines()
    assert len(lines) == 3
    assert all(line.startswith("    ") for line in lines)
