"""The report's section "Environment", as text, and the console's one sentence of it."""

from __future__ import annotations

import io

from rich.console import Console

from orchestrator.analyse.confounders import confounders_of
from orchestrator.analyse.summary import Environment, Summary
from orchestrator.report.console import conclusion
from orchestrator.report.html import circumstances
from orchestrator.report.html.blocks import Table
from orchestrator.report.markdown import environment
from orchestrator.report.markdown.page import render
from tests.support.summaries import TF, TORCH, crossover, summary, trial


def between(tf: dict[str, str], torch: dict[str, str], every: dict[str, str] | None = None) -> Summary:
    """Return a summary whose two contenders told these facts, and `every` the same ones."""
    every = every or {"libc": "glibc 2.36", "python": "3"}
    workers = {TF: {**tf, **every}, TORCH: {**torch, **every}}
    return crossover().model_copy(
        update={"environment": Environment(host={"cpu": "a made-up processor"}, workers=workers)}
    )


def headline(summary: Summary) -> str:
    return environment.headline(confounders_of(summary))


FRAMEWORKS = ({"framework": "TensorFlow", "keras": "3.13.2"}, {"framework": "PyTorch"})
DIFFERENT = between(
    {**FRAMEWORKS[0], "layout": "NHWC", "package six": "1", "variable MALLOC_CONF": "<path>|`x`"},
    {**FRAMEWORKS[1], "layout": "NCHW", "package six": "2"},
)


def test_where_nothing_else_differs_the_report_says_so() -> None:
    assert headline(between(*FRAMEWORKS)) == (
        "Nothing but the framework differs: 2 facts are the same in every contender."
    )


def test_between_versions_of_one_framework_the_version_is_what_differs() -> None:
    versions = ({"framework_version": "2.13.0"}, {"framework_version": "2.14.1"})
    assert headline(between(*versions)).startswith("Nothing but the version differs: 2 facts")


def test_the_sentence_counts_the_differences_and_names_the_heavy_ones() -> None:
    assert headline(DIFFERENT) == (
        "3 of 5 facts differ besides the framework, 1 of them in what changes results or speed: layout."
    )


def test_a_single_difference_that_hardly_matters_is_said_as_such() -> None:
    told = [{**framework, "package six": version} for framework, version in zip(FRAMEWORKS, "12", strict=True)]
    assert headline(between(told[0], told[1])) == (
        "1 of 3 facts differs besides the framework, none of them known to change results or speed."
    )


def test_many_heavy_differences_are_counted_beyond_the_sixth() -> None:
    tf, torch = ({**FRAMEWORKS[at], **{f"tf32_{name}": str(at) for name in "abcdefgh"}} for at in (0, 1))
    assert headline(between(tf, torch)).endswith(
        "8 of them in what changes results or speed: tf32_a, tf32_b, tf32_c, tf32_d, tf32_e, tf32_f and 2 more."
    )


def rows(of: Summary, caption: str) -> list[list[str]]:
    """Return the rows of the table of report.html with this caption, its head first."""
    blocks = circumstances.environment(of).blocks
    found = next(block for block in blocks if isinstance(block, Table) and block.caption == caption)
    return [list(found.heads), *map(list, found.rows)]


def test_the_table_shows_the_heaviest_difference_first_and_a_dash_for_what_is_not_set() -> None:
    assert rows(DIFFERENT, "What differs besides what is compared") == [
        ["fact", "what that means", "tf==2.21.0", "torch==2.13.0"],
        ["layout", "changes results or speed", "NHWC", "NCHW"],
        ["variable MALLOC_CONF", "may change speed", "<path>|`x`", "–"],
        ["package six", "rarely matters", "1", "2"],
    ]


def test_the_rest_is_folded_away() -> None:
    folded = {
        each.caption for each in circumstances.environment(DIFFERENT).blocks if isinstance(each, Table) and each.folded
    }
    assert {"What is compared, and what comes with it", "The same in every contender"} <= folded
    assert len(rows(DIFFERENT, "What is compared, and what comes with it")) == 3


def test_the_markdown_says_it_in_one_sentence() -> None:
    assert "- 3 of 5 facts differ besides the framework" in render(DIFFERENT)


def test_one_contenders_facts_are_shown_without_a_comparison() -> None:
    told = Environment(host={}, workers={TORCH: {"libc": "glibc 2.36"}})
    alone = summary(trial(TORCH)).model_copy(update={"environment": told})
    assert headline(alone) == ""
    assert ["libc", "glibc 2.36"] in rows(alone, "The same in every contender")


def test_the_console_says_it_in_one_sentence_and_nothing_where_there_is_nothing_to_compare() -> None:
    assert "environment: 3 of 5 facts differ besides the framework" in shown(DIFFERENT)
    assert "environment:" not in shown(crossover())


def shown(of: Summary) -> str:
    console = Console(width=200, file=io.StringIO(), color_system=None)
    console.print(conclusion(of, 200))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
