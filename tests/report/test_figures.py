"""Figures by what is handed to the axes and by their files; pixels are for eyes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from PIL import Image

from orchestrator.analyse.summary import Curve, StepDifference, Summary
from orchestrator.record.record import Status
from orchestrator.report.captions import CAPTIONS
from orchestrator.report.figures import draw, style
from tests.support.summaries import COLOURS, TF, TORCH, crossover, failed, summary, trial

NAMES = ("loss", "accuracy", "throughput", "phases", "memory")


@pytest.fixture(scope="module")
def crossed() -> dict[str, Figure]:
    return drawn(crossover())


def drawn(what: Summary) -> dict[str, Figure]:
    with draw.style():
        return draw.figures(what)


def x(line: Line2D) -> list[float]:
    return [float(value) for value in np.asarray(line.get_xdata())]


def y(line: Line2D) -> list[float]:
    return [float(value) for value in np.asarray(line.get_ydata())]


def shown(figure: Figure) -> list[Text]:
    """All texts but tick labels along x, some of which stand outside the axis and are not drawn."""
    hidden = {id(tick) for axes in figure.axes for tick in axes.get_xticklabels()}
    return [
        text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text() and id(text) not in hidden
    ]


def texts(axes: Axes) -> str:
    return "\n".join([*(text.get_text() for text in axes.texts), axes.get_title(loc="left")])


def test_every_figure_is_written_as_png_and_as_svg_whose_text_stays_text(tmp_path: Path) -> None:
    paths = draw.draw(crossover(), tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in paths} == {
        f"figures/{name}.{ending}" for name in NAMES for ending in ("png", "svg")
    }
    assert all(path.stat().st_size > 0 for path in paths)
    assert tuple(CAPTIONS) == (*NAMES, "divergence")
    root = ElementTree.parse(tmp_path / "figures/throughput.svg").getroot()
    assert "45,210" in "".join(root.itertext())


def test_the_same_summary_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (draw.draw(summary(trial(), failed(TORCH)), tmp_path / name) for name in "ab")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_each_cell_has_a_panel_with_its_own_training_and_validation_losses(crossed: dict[str, Figure]) -> None:
    panels = crossed["loss"].axes
    training, validation = panels[1].get_lines()
    assert [panel.get_title(loc="left") for panel in panels] == [
        "tf==2.21.0\narticle-tf · as written",
        "torch==2.13.0\narticle-tf · as written",
        "tf==2.21.0\narticle-torch · as written",
        "torch==2.13.0\narticle-torch · as written",
    ]
    assert x(training) == [1, 2, 3, 4, 5]
    assert y(training) == [0.461, 0.197, 0.133, 0.103, 0.083]
    assert y(validation) == [0.229, 0.152, 0.116, 0.104, 0.108]
    assert (training.get_linestyle(), validation.get_linestyle()) == ("-", "--")


def test_lines_carry_their_name_and_last_value(crossed: dict[str, Figure]) -> None:
    assert "training 0.081" in texts(crossed["loss"].axes[0])
    assert "validation 0.121" in texts(crossed["loss"].axes[0])


def test_all_panels_share_their_axes(crossed: dict[str, Figure]) -> None:
    panels = crossed["loss"].axes
    assert len({(panel.get_xlim(), panel.get_ylim(), panel.get_yscale()) for panel in panels}) == 1


def test_a_framework_has_its_colour_in_every_figure(crossed: dict[str, Figure]) -> None:
    assert [line.get_color() for line in crossed["loss"].axes[1].get_lines()] == [COLOURS[TORCH]] * 2
    assert crossed["memory"].axes[0].patches[0].get_facecolor() == pytest.approx(
        (0xE8 / 255, 0x71 / 255, 0x0A / 255, 1)
    )


def test_versions_of_one_colour_differ_by_hatch_and_marker() -> None:
    found = drawn(summary(trial("torch==2.10.0"), trial("torch==2.14.1")))
    first, second = found["throughput"].axes[0].patches
    assert first.get_hatch() != second.get_hatch()
    assert found["loss"].axes[0].get_lines()[0].get_marker() != found["loss"].axes[1].get_lines()[0].get_marker()


def test_a_recipe_has_a_panel_whose_axis_starts_at_zero(crossed: dict[str, Figure]) -> None:
    panels = crossed["throughput"].axes[:2]  # those of images/s come before those of the ratio
    assert [panel.get_title(loc="left") for panel in panels] == [
        "article-tf · as written",
        "article-torch · as written",
    ]
    assert [panel.get_xlim()[0] for panel in panels] == [0, 0]
    assert [round(bar.get_width()) for bar in panels[1].patches] == [45210, 30105]  # type: ignore[attr-defined]


def test_versions_of_one_framework_have_shades_of_its_colour_and_modes_too() -> None:
    names = ("torch==2.10.0", "torch==2.14.1", TF)
    found = drawn(summary(*(trial(name, run=run) for run in (1, 2) for name in names)))
    first, second, other = (to_rgb(bar.get_facecolor()) for bar in found["throughput"].axes[0].patches)
    assert to_hex(first) == "#2b7a78"
    assert second == pytest.approx(tuple(0.6 * part for part in first), abs=0.005)
    assert to_hex(other) == COLOURS[TF]
    lines = [panel.get_lines()[0].get_color() for panel in found["loss"].axes[:3]]
    assert [to_hex(colour) for colour in lines] == [to_hex(each) for each in (first, second, other)]


def test_no_module_but_style_names_a_colour() -> None:
    folder = Path(style.__file__).parent
    texts = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.py")}
    named = {name for name, text in texts.items() if re.search(r'"#[0-9a-f]{6}"|"(white|black|red|grey|gray)"', text)}
    assert named == {"style.py"}


def six_blocks() -> Summary:
    """PyTorch is faster in each of six blocks."""
    speeds, five = (1100.0, 1110.0, 1120.0, 1130.0, 1140.0, 1150.0), [0.5, 0.4, 0.3, 0.2, 0.1]
    return summary(
        *(
            trial(name, curves=(five, five), run=run, images_per_second=speed if name == TORCH else 1000.0)
            for run, speed in enumerate(speeds, start=1)
            for name in (TF, TORCH)
        ),
        runs=6,
        claim_command=None,
    )


def test_throughput_shows_every_run_and_beside_it_every_block_the_interval_and_the_estimate() -> None:
    found = six_blocks()
    rates, ratios = drawn(found)["throughput"].axes
    assert [len(x(line)) for line in rates.get_lines()] == [6, 6]
    by_name = {str(line.get_gid()): x(line) for line in ratios.get_lines()}
    verdict = found.ratios[0].verdict
    assert by_name["blocks"] == [pytest.approx(speed / 1000) for speed in (1100, 1110, 1120, 1130, 1140, 1150)]
    assert (by_name["interval"], by_name["estimate"]) == (list(verdict.interval or ()), [verdict.estimate])
    assert rates.get_ylim() == ratios.get_ylim()
    assert "1.125×\n[1.100, 1.150]" in texts(ratios)
    assert "the reference" in texts(ratios)
    assert ratios.get_xlabel() == "ratio of images/s: right of 1 is faster"


def test_ratios_far_from_one_stand_on_a_log_axis_that_says_so() -> None:
    far = drawn(summary(trial(TF, images_per_second=100.0), trial(TORCH, images_per_second=900.0)))
    ratios = far["throughput"].axes[1]
    assert (ratios.get_xscale(), ratios.get_xlabel()) == ("log", "ratio of images/s, log scale: right of 1 is faster")


def test_a_comparison_of_one_contender_has_no_axis_of_ratios() -> None:
    assert len(drawn(summary(trial(TF)))["throughput"].axes) == 1


@pytest.mark.parametrize(("cells", "rows"), [(4, 1), (5, 2), (8, 2), (12, 3)])
def test_panels_wrap_on_further_rows_and_keep_their_size(cells: int, rows: int) -> None:
    names = [f"torch==2.{number}.0" for number in range(cells)]
    figure = drawn(summary(*(trial(name) for name in names)))["loss"]
    assert figure.get_size_inches()[1] == pytest.approx(rows * 2.6 + 0.6)
    assert figure.get_size_inches()[0] == 12


def test_a_png_has_two_dots_a_pixel_of_the_page(tmp_path: Path) -> None:
    with draw.style():
        png, _ = draw.saved(Figure(figsize=(2, 1)), tmp_path / "figure")
    with Image.open(png) as image:
        assert image.size == (2 * 2 * 96, 2 * 96)


def test_contenders_more_than_twenty_times_apart_stand_on_a_log_axis_that_says_so() -> None:
    one, other = trial(TF, images_per_second=10), trial(TORCH, images_per_second=900)
    panel = drawn(summary(one, other))["throughput"].axes[0]
    assert panel.get_xscale() == "log"
    assert panel.get_title(loc="left") == "article-tf · as written (log scale)"


def test_every_seed_is_drawn_and_the_numbers_are_medians() -> None:
    trials = [trial(seed=seed, images_per_second=speed) for seed, speed in ((1, 100), (2, 300), (3, 200))]
    found = drawn(summary(*trials))
    lines = found["loss"].axes[0].get_lines()
    medians = [line for line in lines if str(line.get_gid()).startswith("median")]
    assert (len(lines), len(medians)) == (8, 2)
    assert min(line.get_linewidth() for line in medians) > max(
        line.get_linewidth() for line in lines if line not in medians
    )
    assert x(found["throughput"].axes[0].get_lines()[0]) == [100, 300, 200]
    assert found["throughput"].axes[0].patches[0].get_width() == 200  # type: ignore[attr-defined]
    assert found["memory"].get_suptitle().endswith("(numbers: medians)")


@pytest.mark.parametrize(("cause", "told"), [("stalled", "× stalled (partial)"), ("", "× timed out (partial)")])
def test_a_failed_trials_partial_curve_ends_in_a_cross_with_its_cause(cause: str, told: str) -> None:
    broken = trial(curves=([0.5, 0.3], [0.4, 0.2]), status=Status.TIMED_OUT, cause=cause, reason="no event for 60 s")
    panel = drawn(summary(broken, trial(TORCH)))["loss"].axes[0]
    assert [x(line) for line in panel.get_lines() if line.get_marker() == "x"] == [[2]]
    assert told in texts(panel)


def test_a_diverged_trial_leaves_a_gap_and_says_so() -> None:
    panel = drawn(summary(trial(curves=([0.5, None, None], [0.4, 0.6, None]))))["loss"].axes[0]
    assert "× diverged" in texts(panel)


def test_a_trial_without_an_epoch_says_why_in_its_panel() -> None:
    panel = drawn(summary(failed(), trial(TORCH)))["loss"].axes[0]
    assert "MemoryError" in texts(panel)


def test_a_missing_measurement_is_told_apart_from_a_failed_trial() -> None:
    found = drawn(summary(trial(peak_memory_bytes=None), failed(TORCH)))["memory"]
    assert "not measured" in texts(found.axes[0])
    assert "✗ failed" in texts(found.axes[0])


def test_memory_says_what_it_counts() -> None:
    on_cpu, on_gpu = (drawn(summary(trial(device=name)))["memory"] for name in ("cpu", "A GPU's name"))
    assert "resident" in on_cpu.axes[-1].get_xlabel()
    assert "allocator" in on_gpu.axes[-1].get_xlabel()


def test_phases_that_are_too_short_for_their_name_are_listed_below_the_bar() -> None:
    found = drawn(summary(trial(phases={"import": 0.1, "training": 90.0, "own_phase": 0.2})))["phases"]
    assert "import 0.10 · own phase 0.20" in texts(found.axes[0])
    assert "training 90.0" in texts(found.axes[0])


@pytest.mark.parametrize(
    "trials",
    [
        [],
        [failed(TF), failed(TORCH, status=Status.SKIPPED, reason="no GPU")],
        [trial(curves=([0.4], [0.3]))],
        [trial(curves=([None, None], [None, None])), trial(TORCH, curves=([1e3, 1e12], [0.0, 1e30]))],
        [trial(f"torch==2.{minor}.0", recipe) for minor in range(6) for recipe in ("a", "b")],
        [trial(phases={}, images_per_second=None, peak_memory_bytes=None)],
    ],
    ids=["nothing", "none done", "one epoch", "diverged", "twelve cells", "unmeasured"],
)
def test_every_comparison_gets_all_its_figures(trials: Sequence, tmp_path: Path) -> None:  # type: ignore[type-arg]
    assert len(draw.draw(summary(*trials), tmp_path)) == 2 * len(NAMES)


def test_a_comparison_without_a_done_trial_says_so_in_every_title() -> None:
    found = drawn(summary(failed()))
    assert all(figure.get_suptitle().endswith("(no trial is done)") for figure in found.values())


HOSTILE = "evil\x1b[31m\u202e $\\frac{1}{0}$ <b>&\x00\ud800 中"


def test_names_from_outside_are_shown_and_never_interpreted(tmp_path: Path) -> None:
    one = trial(HOSTILE, HOSTILE, status=Status.FAILED, reason=HOSTILE, phases={HOSTILE: 1.0})
    draw.draw(summary(one, trial(TORCH, phases={HOSTILE: 1.0})), tmp_path)
    for name in NAMES:
        ElementTree.parse(tmp_path / f"figures/{name}.svg")
    text = (tmp_path / "figures/loss.svg").read_text(encoding="utf-8")
    assert "$\\frac{1}{0}$ &lt;b&gt;&amp;" in text


def test_a_colour_that_cannot_be_drawn_becomes_grey() -> None:
    plain = summary(trial())
    cell = plain.comparison.cells[0].model_copy(update={"colour": "no colour"})
    comparison = plain.comparison.model_copy(update={"cells": (cell,)})
    odd: Summary = plain.model_copy(update={"comparison": comparison})
    assert drawn(odd)["loss"].axes[0].get_lines()[0].get_color() == "#666666"


def test_no_text_leaves_its_figure() -> None:
    long = "mine@registry.example.org/a/very/long/path/to/an/image:2026.11.22-cuda13"
    for figure in drawn(summary(trial(long, "a recipe with a long name " * 3), trial(TORCH))).values():
        with draw.style():
            figure.draw_without_rendering()
        for text in shown(figure):
            box = text.get_window_extent()
            assert box.x0 >= -1, text.get_text()
            assert box.x1 <= figure.bbox.width + 1, text.get_text()


def test_divergences_are_drawn_on_a_log_axis_beside_their_floors_and_a_floor_of_nothing_is_said() -> None:
    curve = Curve(steps=(1, 2, 3), loss=(0.0, 1e-7, 4e-6), gradient_norm=(), weight_norm=())
    flat = Curve(steps=(1, 2, 3), loss=(0.0, 0.0, 0.0), gradient_norm=(), weight_norm=())
    fields: dict[str, Any] = {"recipe": "matched", "seed": 1, "precision": "float32", "tolerance": 1e-5, "steps": 3}
    fields |= {"largest_early": 0.0, "largest": 0.0, "first_beyond": None, "trials": ("a", "b")}
    found = [
        StepDifference(kind="floor", contenders=(TF, TF), curve=flat, **fields),
        StepDifference(kind="floor", contenders=(TORCH, TORCH), curve=curve, **fields),
        StepDifference(kind="between", contenders=(TF, TORCH), curve=curve, **fields),
    ]
    (panel,) = drawn(summary(trial(TF, "matched"), trial(TORCH, "matched"), step_differences=found))["divergence"].axes
    assert panel.get_yscale() == "log"
    assert [line.get_gid() for line in panel.lines] == ["floor 1", "between 1"]
    assert f"{TF} twice: 0 at every step" in texts(panel)
    assert panel.get_title(loc="left") == f"matched · float32 · beside {TF}"
    (same,) = drawn(summary(trial(TF, "matched"), step_differences=found[:1]))["divergence"].axes
    assert "0 at every step, bit for bit" in texts(same)
