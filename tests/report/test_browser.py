"""report.html in a real browser: nothing overflows, the answer stands above the fold, nothing is loaded or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.analyse.programs import programs
from orchestrator.analyse.summary import Summary
from orchestrator.report.html.page import render
from orchestrator.spec import recipes
from tests.report.test_answers import answered, image
from tests.report.test_walk_figures import trials as walk_trials
from tests.report.test_walk_figures import walked
from tests.support import browser
from tests.support.summaries import TF, TORCH, crossover, failed, summary, trial

WRITTEN = programs([recipes.load("article-tf")], ["tf", "torch"])
LONG = "mine@registry.example.org/a/very/long/path/to/an/image:2026.11.22-cuda13"
PAGES: dict[str, Summary] = {
    "comparison": answered(image(), image(number=9999, label=8)).replace(programs=WRITTEN),
    "failed": summary(trial(TF), failed(TORCH, cause="oom", log_tail=("Traceback:", "x" * 400))),
    "walk": walked(*walk_trials()),
    "long names": summary(trial(LONG), trial(TORCH), trial(LONG, "a-recipe-with-a-long-name-" * 3)),
}

BEYOND = """
for (const each of document.querySelectorAll("details")) each.open = true;
const edge = document.documentElement.clientWidth;
const scrolls = ".scroll, .drawings, pre, .skip";
const beyond = [...document.querySelectorAll("body *")].filter(
  (each) => !each.closest(scrolls) && each.getBoundingClientRect().right > edge + 1);
return {page: document.documentElement.scrollWidth <= edge, beyond: beyond.map((each) => each.outerHTML.slice(0, 80))};
"""
PRINTED = (182, BEYOND.replace(".scroll, .drawings, pre, .skip", "svg, .skip"))
"""What is left of A4's width between the margins, in mm; on paper nothing scrolls."""

BOTTOMS = """
return ["#verdict", ".verdict", ".drawings"].map((name) => document.querySelector(name).getBoundingClientRect().bottom);
"""
COLOURS = "const shown = getComputedStyle(document.body); return [shown.backgroundColor, shown.color];"


@pytest.fixture(scope="module")
def chromium() -> str:
    found = browser.find()
    if found is None:
        pytest.skip("no Chromium is installed: Debian's package is chromium-headless-shell")
    return found


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest) -> str:
    return render(PAGES[request.param])


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_reaches_beyond_the_edge_of_a_page_whose_folds_are_open(
    chromium: str, page: str, width: int, tmp_path: Path
) -> None:
    found = browser.measure(chromium, page, BEYOND, tmp_path, size=(width, 900))
    assert found == {"page": True, "beyond": []}


def test_a_block_that_is_too_wide_is_seen(chromium: str, tmp_path: Path) -> None:
    wide = render(crossover()).replace("<main ", '<div style="width: 2000px">wide</div><main ')
    found = browser.measure(chromium, wide, BEYOND, tmp_path, size=(1280, 900))
    assert not found["page"]
    assert found["beyond"][0].startswith("<div style=")


def test_no_table_and_no_figure_is_cut_on_paper(chromium: str, page: str, tmp_path: Path) -> None:
    millimetres, script = PRINTED
    printed = page.replace("@media screen ", "@media speech ").replace("@media print {", "@media all {")
    assert "@media all {" in printed
    found = browser.measure(chromium, printed, script, tmp_path, size=(round(millimetres / 25.4 * 96), 900))
    assert found == {"page": True, "beyond": []}


def test_a_page_says_nothing_on_its_console(chromium: str, page: str, tmp_path: Path) -> None:
    assert browser.console(chromium, page, tmp_path) == []


def test_what_the_policy_refuses_is_seen_on_the_console(chromium: str, tmp_path: Path) -> None:
    loading = render(crossover()).replace("<main ", '<img src="https://example.invalid/a.png" alt=""><main ')
    assert "Content Security Policy" in browser.console(chromium, loading, tmp_path)[0]


def test_verdict_and_loss_curves_stand_above_the_fold(chromium: str, tmp_path: Path) -> None:
    bottoms = browser.measure(chromium, render(crossover()), BOTTOMS, tmp_path, size=(1280, 800))
    assert bottoms == sorted(bottoms)
    assert bottoms[-1] <= 800


def test_a_page_follows_the_scheme_that_its_reader_prefers(chromium: str, tmp_path: Path) -> None:
    schemes = [
        browser.measure(chromium, render(crossover()), COLOURS, tmp_path, size=(1280, 800), dark=dark)
        for dark in (False, True)
    ]
    assert schemes == [["rgb(255, 255, 255)", "rgb(29, 32, 36)"], ["rgb(21, 24, 29)", "rgb(231, 233, 236)"]]
