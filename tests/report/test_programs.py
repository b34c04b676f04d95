"""The section on how each recipe is written: counts that say what they are, and programs with their spaces."""

from __future__ import annotations

from orchestrator.analyse.programs import programs
from orchestrator.analyse.syntax_counts import make_program
from orchestrator.report.html import page
from orchestrator.report.html.blocks import Table
from orchestrator.report.html.programs import section
from orchestrator.spec import recipes
from tests.support.html import parsed
from tests.support.summaries import crossover

WRITTEN = crossover().replace(programs=programs([recipes.load("article-tf")], ["tf", "torch"]))


def test_both_programs_stand_side_by_side_as_they_are_printed() -> None:
    elements = parsed(page.render(WRITTEN))
    shown = [each.text.strip("\n") for each in elements if each.name == "pre" and "role" in each.attributes]
    assert shown == [program.text.strip("\n") for program in WRITTEN.programs]
    assert "How each is written" in [each.text for each in elements if each.name == "h2"]


def test_the_counts_are_the_analysis() -> None:
    found = next(block for block in section(WRITTEN).blocks if isinstance(block, Table))
    assert found.rows == tuple(
        (each.title, "article-tf", str(each.lines), str(len(each.names)), str(each.concepts))
        for each in WRITTEN.programs
    )


def test_a_run_without_programs_has_no_such_section() -> None:
    assert "How each is written" not in page.render(crossover())


def test_hostile_words_in_a_program_are_text() -> None:
    hostile = make_program("r", "tf", "<b>T", "a = '</pre><script>\u202e'\n").replace(
        text="  </pre><script>\u202ex\x1b[2J"
    )
    text = page.render(crossover().replace(programs=(hostile,)))
    assert "\n  &lt;/pre&gt;&lt;script&gt;x[2J\n" in text
    assert "<b>T" not in text
