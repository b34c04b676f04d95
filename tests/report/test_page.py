"""report.html as the elements that a browser makes of it: what it shows, that it loads nothing, that all is named."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from orchestrator.analyse.summary import Finding, Summary
from orchestrator.record.record import Status
from orchestrator.report.cells import by_cell
from orchestrator.report.figures import curves, draw
from orchestrator.report.figures.style import shade
from orchestrator.report.html.drawings import on_dark_paper
from orchestrator.report.html.page import render, write
from orchestrator.spec.contenders import offered_contenders
from tests.report.test_walk_figures import trials as walk_trials
from tests.report.test_walk_figures import walked
from tests.support.html import Element, parsed
from tests.support.summaries import TF, TORCH, crossover, failed, summary, trial

STYLE = Path(write.__code__.co_filename).parent / "templates" / "style.css"
FIVE = ([0.4, 0.3, 0.25, 0.2, 0.1], [0.3, 0.25, 0.22, 0.2, 0.15])
LOADING = {"src", "srcset", "data", "action", "poster", "background", "formaction"}


@pytest.fixture(scope="module")
def page() -> str:
    return render(crossover())


@pytest.fixture(scope="module")
def elements(page: str) -> list[Element]:
    return parsed(page)


def compared() -> Summary:
    """Six blocks, in which PyTorch is faster by a tenth or so."""
    speeds = (1100, 1110, 1120, 1130, 1140, 1150)
    return summary(
        *(
            trial(name, curves=FIVE, run=run, images_per_second=speed if name == TORCH else 1000)
            for run, speed in enumerate(speeds, start=1)
            for name in (TF, TORCH)
        ),
        runs=6,
        claim_command=None,
    )


def test_the_first_sentence_is_the_analysis_verdict_with_its_interval() -> None:
    found = compared()
    first = next(each for each in parsed(render(found)) if "verdict" in each.attributes.get("class", ""))
    assert found.ratios[0].verdict.words == "faster by 12.5 % [10.0, 15.0]"
    assert first.text.strip() == f"{TORCH} against {TF} on article-tf: faster by 12.5 % [10.0, 15.0]"


def test_verdict_curves_speed_trust_and_repetition_come_in_this_order(elements: list[Element]) -> None:
    titles = [each.text for each in elements if each.name == "h2"]
    assert titles == [
        "Verdict",
        "Curves",
        "Speed",
        "The article’s claims",
        "Time and memory",
        "Trials",
        "Environment",
        "How to repeat it",
        "What MNIST can and cannot show",
    ]


def test_errors_and_warnings_weaken_the_verdict_where_it_stands() -> None:
    findings = [
        Finding(id="a", severity="note", message="Two cores are few.", advice="Use more."),
        Finding(id="b", severity="error", message="The test accuracies disagree.", advice="Run it again."),
    ]
    text = render(summary(trial(TF), trial(TORCH), findings=findings))
    above = text.split('id="curves"')[0]
    assert "The test accuracies disagree." in above
    assert "Two cores are few." not in above
    assert text.count("The test accuracies disagree.") == 2


def test_a_trial_that_failed_is_counted_at_the_top_and_says_why_below() -> None:
    text = render(summary(trial(TF), failed(TORCH, log_tail=("Traceback", "MemoryError: <tensor>"))))
    assert "1 of 2 trials done." in text.split('id="curves"')[0]
    assert "the worker exited with 1: MemoryError" in text
    assert "MemoryError: &lt;tensor&gt;" in text


def test_a_run_without_any_trial_has_a_page() -> None:
    assert "No trial has run." in render(summary())


def test_every_trial_done_or_not_has_a_row() -> None:
    rows = [each.text.split() for each in parsed(render(summary(trial(TF), failed(TORCH)))) if each.name == "tr"]
    assert [row for row in rows if row[:2] == [TORCH, "article-tf"] and Status.FAILED in row]


def test_nothing_is_loaded_and_no_link_leaves_the_page(page: str, elements: list[Element]) -> None:
    loading = [each.attributes[name] for each in elements for name in LOADING & set(each.attributes)]
    assert all(value.startswith("data:image/png;base64,") for value in loading)
    assert all(value.startswith("#") for each in elements if (value := each.attributes.get("href")))
    assert not re.search(r"url\((?!#)|@import", page)
    assert not {"link", "iframe", "object", "embed", "base", "form"} & {each.name for each in elements}


def test_the_security_policy_allows_the_pages_own_script_and_nothing_else(elements: list[Element]) -> None:
    policy = next(each.attributes["content"] for each in elements if "http-equiv" in each.attributes)
    assert policy.startswith("default-src 'none'")
    assert re.search(r"script-src 'sha256-[\w+/]{43}='$", policy)
    assert [each.name for each in elements if each.name == "script"] == ["script"]


def test_no_id_stands_twice_and_every_reference_has_its_element(page: str, elements: list[Element]) -> None:
    ids = Counter(each.attributes["id"] for each in elements if "id" in each.attributes)
    assert {name for name, times in ids.items() if times > 1} == set()
    local = {each.attributes["href"][1:] for each in elements if each.attributes.get("href", "").startswith("#")}
    labels = {each.attributes["aria-labelledby"] for each in elements if "aria-labelledby" in each.attributes}
    assert (local | labels | set(re.findall(r"url\(#([^)]*)\)", page))) <= set(ids)


def test_headings_begin_with_one_h1_and_skip_no_level(elements: list[Element]) -> None:
    levels = [int(each.name[1]) for each in elements if re.fullmatch("h[1-6]", each.name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_figure_has_an_alternative_text_of_its_own(elements: list[Element]) -> None:
    drawn = [each for each in elements if each.name == "svg"]
    titles = [each.text for each in elements if each.name == "title" and "id" in each.attributes]
    assert len(drawn) == len(titles) == len(set(titles)) == 11
    assert all(each.attributes["role"] == "img" for each in drawn)


def test_every_table_has_a_caption_and_heads_and_every_row_its_own(elements: list[Element]) -> None:
    names = Counter(each.name for each in elements)
    assert names["table"] == names["caption"] == names["thead"] > 5
    scopes = Counter(each.attributes.get("scope") for each in elements if each.name == "th")
    assert scopes[None] == 0
    assert scopes["row"] == names["tr"] - names["thead"]


def test_long_tables_fold(elements: list[Element]) -> None:
    folded = [each.text for each in elements if each.name == "summary"]
    assert "Claims trial by trial (16 rows)" in folded
    assert "Epoch by epoch: the numbers of the curves (20 rows)" in folded


def test_the_commands_that_repeat_the_run_stand_in_it(elements: list[Element]) -> None:
    lines = [each.text for each in elements if each.name == "code"]
    assert {"bakeoff compare tf torch", "bakeoff compare --profile article"} <= set(lines)


def test_the_same_summary_gives_the_same_page(page: str) -> None:
    assert render(crossover()) == page


def test_a_page_of_four_cells_stays_small(page: str) -> None:
    assert len(page) < 400_000


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "card"])
@pytest.mark.parametrize("ink", ["ink", "muted", "link", "error", "warning"])
def test_every_text_colour_has_the_contrast_that_aa_asks_for(ink: str, ground: str, scheme: int) -> None:
    found = re.findall(r"--(\w+): light-dark\((#\w{6}), (#\w{6})\)", STYLE.read_text(encoding="utf-8"))
    colours = {name: pair for name, *pair in found}
    assert contrast(colours[ink][scheme], colours[ground][scheme]) >= 4.5


def contrast(one: str, other: str) -> float:
    """Return the ratio of relative luminances, as WCAG 2 defines it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", [file.colour for file in offered_contenders().values()])
@pytest.mark.parametrize("version", range(3))
def test_three_versions_of_a_framework_stand_out_from_light_and_from_dark_paper(colour: str, version: int) -> None:
    paper = re.search(r"--paper: light-dark\((#\w+), (#\w+)\)", STYLE.read_text())
    assert paper is not None
    drawn = shade(colour, version)
    assert contrast(drawn, paper[1]) >= 3
    assert contrast(on_dark_paper(drawn), paper[2]) >= 3


def test_black_on_white_has_a_contrast_of_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_every_point_of_a_curve_says_its_value_and_the_numbers_stand_in_a_folded_table_below() -> None:
    page = render(compared())
    told = [each.text for each in parsed(page) if each.name == "title" and "id" not in each.attributes]
    assert f"{TF.replace('==', '-')}.article-tf.s1, epoch 3: training 0.250" in told
    assert "median of 6 trials, epoch 5: validation 0.150" in told
    between = page.split('id="curves"')[1].split("<nav")[0]
    assert "<details><summary>Epoch by epoch: the numbers of the curves (60 rows)" in between


def test_the_panels_of_a_quantity_have_the_same_axis() -> None:
    found = by_cell(summary(trial(TF), trial(TORCH, curves=FIVE)))
    with draw.style():
        for quantity in (curves.LOSS, curves.ACCURACY):
            assert len({figure.axes[0].get_ylim() for figure in curves.draw_each(found, quantity)}) == 1


def test_a_walk_that_ran_to_its_end_is_answered_by_its_sentence_alone() -> None:
    page = render(walked(*walk_trials()))
    assert (
        page.count("What each setting carries, from start to end") == 3
    )  # caption, name of the group, alternative text
    assert "trials done." not in page
