"""The waterfall and the curves along a walk, by what is handed to the axes and by their files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from orchestrator.analyse.attribution import make_explanation
from orchestrator.analyse.summary import Summary, TrialSummary
from orchestrator.plan.walk import make_walk
from orchestrator.report.figures import draw
from orchestrator.report.markdown.page import render
from orchestrator.spec import recipes
from orchestrator.spec.contenders import parse
from tests.report.test_figures import HOSTILE, drawn, shown, texts, x, y
from tests.support.summaries import COLOURS, TF, TORCH, failed, summary, trial
from tests.support.walks import EFFECTS, FRAMEWORK, START, final_loss

WAY = make_walk((parse("tf"), recipes.load("article-tf")), (parse("torch"), recipes.load("article-torch")))


def trials(seeds: int = 3) -> Iterator[TrialSummary]:
    for seed in range(1, seeds + 1):
        for contender, recipe in WAY.cells:
            last = final_loss(recipe, contender.written, seed)
            falling = [last + 0.2, last + 0.1, last]
            yield trial(contender.written, recipe.name, seed=seed, curves=(falling, falling))


def walked(*found: TrialSummary) -> Summary:
    plain = summary(*found, kind="walk")
    return plain.model_copy(update={"explanation": make_explanation(WAY, found)})


@pytest.fixture(scope="module")
def whole() -> dict[str, Figure]:
    return drawn(walked(*trials()))


def bar(panel: Axes, setting: str) -> Rectangle:
    found = [patch for patch in panel.patches if patch.get_gid() == setting]
    assert len(found) == 1
    assert isinstance(found[0], Rectangle)
    return found[0]


def test_a_walk_has_its_two_figures_as_png_and_svg(tmp_path: Path) -> None:
    paths = draw.draw(walked(*trials()), tmp_path)
    assert [path.name for path in paths] == ["waterfall.png", "waterfall.svg", "walk.png", "walk.svg"]
    page = render(walked(*trials()))
    assert "(figures/waterfall.png)" in page


def test_the_same_walk_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (draw.draw(walked(*trials()), tmp_path / name) for name in "ab")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_each_bar_begins_where_the_one_above_it_ended(whole: dict[str, Figure]) -> None:
    panel = whole["waterfall"].axes[0]
    level = START
    for setting, effect in EFFECTS.items():
        assert bar(panel, setting).get_x() == pytest.approx(level)
        assert bar(panel, setting).get_width() == pytest.approx(effect)
        level += effect
    assert bar(panel, "framework").get_x() == pytest.approx(level)


def test_the_waterfall_runs_from_the_start_to_the_end_in_their_contenders_colours(whole: dict[str, Figure]) -> None:
    start, end = (each for each in whole["waterfall"].axes[0].patches if not each.get_gid())
    assert start.get_width() == pytest.approx(START)  # type: ignore[attr-defined]
    assert end.get_width() == pytest.approx(START + sum(EFFECTS.values()) + FRAMEWORK + 0.005 / 3)  # type: ignore[attr-defined]
    assert start.get_facecolor() == pytest.approx((0xE8 / 255, 0x71 / 255, 0x0A / 255, 1))
    assert start.get_facecolor() != end.get_facecolor()


def test_the_frameworks_bar_has_a_colour_of_its_own_and_a_sign_is_a_hatch_too(whole: dict[str, Figure]) -> None:
    panel = whole["waterfall"].axes[0]
    colours = {setting: bar(panel, setting).get_facecolor() for setting in (*EFFECTS, "framework")}
    assert list(colours.values()).count(colours["framework"]) == 1
    assert bool(bar(panel, "max_pool2d-size").get_hatch())
    assert not bar(panel, "input").get_hatch()


def test_each_step_shows_its_sign_and_number(whole: dict[str, Figure]) -> None:
    assert "+0.250\n−0.060\n+0.110" in texts(whole["waterfall"].axes[0])


def test_an_interval_stands_at_the_far_end_of_its_bar(whole: dict[str, Figure]) -> None:
    panel = whole["waterfall"].axes[0]
    intervals = [x(line) for line in panel.get_lines() if line.get_gid() == "interval"]
    framework = bar(panel, "framework")
    assert len(intervals) == 8
    assert sum(intervals[-1]) / 2 == pytest.approx(framework.get_x() + framework.get_width())


def test_every_outcome_has_a_panel(whole: dict[str, Figure]) -> None:
    titles = [panel.get_title(loc="left") for panel in whole["waterfall"].axes]
    assert titles[:5] == [
        "final validation loss (nats)",
        "final validation accuracy (%)",
        "steepness (share)",
        "roughness (share)",
        "seconds per epoch (s)",
    ]


def test_the_curves_pass_every_stop_and_are_named_with_their_last_value(whole: dict[str, Figure]) -> None:
    panel = whole["walk"].axes[1]
    curves = [line for line in panel.get_lines() if line.get_marker() == "o"]
    assert len(curves) == 9
    assert y(curves[0]) == pytest.approx([START + 0.2, START + 0.1, START])
    assert (curves[0].get_color(), curves[-1].get_color()) == (COLOURS[TF], COLOURS[TORCH])
    assert "start 0.300" in texts(panel)
    assert "+ batch size 32 → 512 0.920" in texts(panel)
    assert "+ framework (end)" in texts(panel)


@pytest.mark.parametrize("name", ["waterfall", "walk"])
def test_no_text_leaves_its_figure(whole: dict[str, Figure], name: str) -> None:
    with draw.style():
        whole[name].draw_without_rendering()
    for text in shown(whole[name]):
        box = text.get_window_extent()
        assert box.x0 >= -1, text.get_text()
        assert box.x1 <= whole[name].bbox.width + 1, text.get_text()


@pytest.mark.parametrize(
    "found",
    [
        [failed(contender.written, recipe.name) for contender, recipe in WAY.cells],
        [trial(contender.written, recipe.name, curves=([0.4], [0.3])) for contender, recipe in WAY.cells],
        [trial(c.written, r.name, curves=([0.4, None], [0.3, None])) for c, r in WAY.cells],
        list(trials(1)),
    ],
    ids=["none done", "one epoch", "diverged", "one seed"],
)
def test_every_walk_gets_its_figures_and_its_page(found: list[TrialSummary], tmp_path: Path) -> None:
    assert len(draw.draw(walked(*found), tmp_path)) == 4
    assert "## What explains the difference" in render(walked(*found))


def test_names_from_outside_are_shown_and_never_interpreted(tmp_path: Path) -> None:
    found = walked(*trials())
    assert found.explanation is not None
    evil = found.explanation.attributions[0]
    one = evil.contributions[0].model_copy(update={"title": HOSTILE})
    evil = evil.model_copy(update={"sentence": HOSTILE, "contributions": (one, *evil.contributions[1:])})
    stops = tuple(stop.model_copy(update={"taken": HOSTILE}) for stop in found.explanation.stops)
    changed = {"sentence": HOSTILE, "attributions": (evil,), "stops": stops}
    hostile = found.model_copy(update={"explanation": found.explanation.model_copy(update=changed)})
    draw.draw(hostile, tmp_path)
    for name in ("waterfall", "walk"):
        ElementTree.parse(tmp_path / f"figures/{name}.svg")
    page = render(hostile)
    assert "<b>" not in page
    assert "\x1b" not in page
