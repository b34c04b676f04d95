"""The report sums up which claims were checked, row by row, and why others were not."""

from __future__ import annotations

from orchestrator.analyse.summary import Summary
from orchestrator.record.verify.line import CLAIMS, OF_TURNS, Verified
from orchestrator.report.html.blocks import Paragraph, Table
from orchestrator.report.html.trust import TITLES, section
from orchestrator.report.markdown import page
from tests.support.summaries import summary, trial

AGREES = Verified(what="training-loss", verdict="agrees", claimed=0.5, counted=0.5, tolerance=1e-5, epoch=1)
DIFFERS = Verified(what="training-loss", verdict="differs", claimed=0.5, counted=0.6, tolerance=1e-5, epoch=1)
DROPOUT = Verified(what="first-losses", verdict="not checked", reason="dropout draws *other* masks")


def idle(told: float, passed: float) -> Verified:
    return Verified(what="time-in-no-phase", verdict="agrees", claimed=told, counted=passed)


def told(of: Summary) -> tuple[dict[str, list[str]], str]:
    """Return the rows of the section by their title, and its text."""
    blocks = section(of).blocks
    found = next(block for block in blocks if isinstance(block, Table) and "claims" in block.caption)
    text = next(block.text for block in reversed(blocks) if isinstance(block, Paragraph))
    return {row[0]: list(row[1:]) for row in found.rows}, text


def test_each_number_has_a_row_with_its_verdicts_and_reasons() -> None:
    rows, _ = told(summary(trial(verified=(AGREES, DROPOUT)), trial(seed=2, verified=(DIFFERS, DROPOUT))))
    assert rows["training loss of each epoch, from its steps"] == ["1", "1", "0"]
    assert rows["losses of the first steps, by the float64 reference"] == ["0", "0", "2: dropout draws *other* masks"]
    assert {title for what, title in TITLES.items() if what not in OF_TURNS} <= set(rows)


def test_rows_about_turns_stand_where_trials_trained_by_turns() -> None:
    whole, _ = told(summary(trial(verified=(AGREES,))))
    by_turns, _ = told(summary(trial(verified=(AGREES,)).replace(by_turns=True)))
    assert [TITLES["turns"] in rows for rows in (whole, by_turns)] == [False, True]


def test_the_share_of_time_that_stands_in_no_phase_is_told_from_the_least_to_the_most() -> None:
    _, text = told(summary(trial(verified=(idle(0.99, 1.0),)), trial(seed=2, verified=(idle(1.9, 2.0),))))
    assert text.endswith("In no phase stand 1.0% to 5.0% of the epochs' wall time.")


def test_a_run_in_which_no_trial_is_done_has_no_such_section() -> None:
    assert section(summary(trial(verified=()))).blocks == ()


def test_the_markdown_counts_them_in_a_line() -> None:
    line = "- Workers' claims by the host's own count: 1 agree, 1 differ, 2 could not be checked."
    found = summary(trial(verified=(AGREES, DROPOUT)), trial(seed=2, verified=(DIFFERS, DROPOUT)))
    assert line in page.render(found).splitlines()


def test_every_number_has_a_title() -> None:
    assert list(TITLES) == list(CLAIMS)
