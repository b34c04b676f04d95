"""Hostile words in every place that a container or a user's file can fill, through every surface as a whole."""

from __future__ import annotations

import base64
import io
import json
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from orchestrator import report
from orchestrator import text as words
from orchestrator.analyse.image_answers import Confusion, ImageAnswer, ShownImage
from orchestrator.analyse.summary import Audit, Environment, Finding, Summary
from orchestrator.cli import app
from orchestrator.report.console import conclusion
from orchestrator.report.figures import draw
from orchestrator.report.html import page as html_page
from orchestrator.report.markdown.page import render
from tests.support.html import Element, parsed
from tests.support.markdown import READER
from tests.support.summaries import failed, summary, trial

WORDS = (
    "\x1b[2J\x1b[31mred\x1b[0m",
    "\x1b]52;c;aGk=\x07clip",
    "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\",
    "\x9b31m\x9d0;title\x9c\x85\x7f\x00\x08\x0c",
    "\u202etxet\u202c\u2066\u200b\ufeff\u2028next\u2029",
    "\ud800\udfff\ufffe",
    "[red][/foo][link=http://x]y[/link]:skull:",
    "$\\frac{$ $x^2$ \\unknown",
    "_leading __under__ *star* ~~gone~~",
    "a|b||c\\|d`e``f",
    "line\none\r\ntwo\n\n# head\n- item\n| x | y |\n|---|---|",
    "<script>alert(1)</script><img src=x onerror=y>&lt;",
    "](javascript:alert(1)) ![i](http://x) <http://x> http://x www.x.com",
    '=cmd()|"/C calc"!A1',
    "x" * 5000,
    "हिन्दी עברית 漢字 👩‍🔬 e\u0301\u0301\u0301",
    "",
)
DRAWN = tuple(
    text for text in WORDS if any(part in text for part in ("31mred", "frac", "__under", "onerror", "one\r", "हि"))
)
DRAWN += ("",)
words_of_outside = st.one_of(
    st.sampled_from(WORDS), st.lists(st.sampled_from(WORDS), max_size=3).map("".join), st.text(max_size=40)
)
CALM = {"\n"}


def outside(text: str) -> Summary:
    """A comparison that failed in part, with `text` wherever it can come from a container or a file of the user's."""
    other = f"{text}=="
    names: dict[str, Any] = {
        "framework": text,
        "framework_version": text,
        "device": text,
        "image": text,
        "engine": text,
    }
    done = trial(text, text, phases={text: 1.0, "import": 2.0}, id=f"{text}.s1", **names)
    broken = failed(other, text, id=f"{text}.s2", reason=text, **{**names, "device": "cpu"})
    audit: dict[str, Any] = {
        "contender": text,
        "recipe": text,
        "tensors": 2,
        "agreeing": 1,
        "worst_norm_relative_error": None,
    }
    audits = (Audit(trial=text, worst_tensor=text, tolerance=1e-5, agrees=False, **audit),)
    finding = Finding(id="a", severity="error", message=text, advice=text, trials=(text,))
    told = ("title", "command", "profile_reason", "full_size_command", "engine_notice", "device", "started_at")
    found = summary(done, broken, findings=[finding], audits=audits, **dict.fromkeys(told, text))
    cells = tuple(
        each.model_copy(update={"colour": text, "title": text, "recipe_title": text, "not_stepwise": text})
        for each in found.comparison.cells
    )
    facts = {f"threads {text}": text, text: text, "framework": text, "device": text}
    workers = {text: facts, other: {name: f"{value}2" for name, value in facts.items()}}
    environment = Environment(host={text: text}, workers=workers)
    comparison = found.comparison.model_copy(update={"cells": cells})
    counts = ((1,) * 10,) * 10
    answers = (ImageAnswer(contender=text, digit=1, probability=0.5),)
    pixels = base64.b64encode(bytes(64)).decode()
    kind: dict[str, Any] = {"kind": "answered differently", "pixels": pixels, "answers": answers}
    updated = {
        "environment": environment,
        "comparison": comparison,
        "confusions": (Confusion(trial=text, contender=text, recipe=text, counts=counts),),
        "shown_images": (ShownImage(recipe=text, number=1, label=2, side=8, **kind),),
    }
    return found.model_copy(update=updated)


def steering(text: str) -> set[str]:
    """Return the characters of a text that a terminal or an editor would obey."""
    return {letter for letter in text if unicodedata.category(letter)[0] == "C"} - CALM


def rows(page: str) -> list[int]:
    """Count the cells of every row that a Markdown reader makes of a page."""
    html = READER.render(page)
    return [len(re.findall("<t[dh]", row)) for row in re.findall("<tr>.*?</tr>", html, re.DOTALL)]


@settings(max_examples=30)
@given(words_of_outside)
def test_no_word_from_outside_steers_the_terminal_at_the_end_of_a_comparison(text: str) -> None:
    for width in (60, 140):
        file = io.StringIO()
        console = Console(file=file, width=width, markup=False, emoji=False, highlight=False, color_system=None)
        console.print(conclusion(outside(text), width))
        assert steering(file.getvalue()) == set()


@settings(max_examples=30)
@given(words_of_outside)
def test_no_word_from_outside_makes_html_a_link_a_heading_or_a_cell_of_the_report(text: str) -> None:
    page = render(outside(text))
    html = READER.render(page)
    assert steering(page) == set()
    page.encode("utf-8")
    assert set(re.findall(r"<[a-z]\w*", html)) <= ALLOWED
    assert html.count("<img") == 2
    assert html.count("<h1>") == 1
    assert rows(page) == rows(render(outside("calm"))) or not words.printable(text)


ALLOWED = {
    f"<{name}"
    for name in ["h1", "h2", "h3", "p", "ul", "li", "strong", "code", "blockquote", "img", "details", "summary"]
}
ALLOWED |= {f"<{name}" for name in ["table", "thead", "tbody", "tr", "th", "td", "em"]}


@pytest.mark.parametrize("text", DRAWN)
def test_figures_are_drawn_whatever_a_contender_is_called_and_show_the_name_as_it_is(text: str, tmp_path: Path) -> None:
    paths = draw.draw(outside(text), tmp_path)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths if path.suffix == ".png")
    told = {path.stem: _text_of(path) for path in paths if path.suffix == ".svg"}
    assert all(steering(drawn) == set() for drawn in told.values())
    name = words.shortened(text, 30)
    assert all(_plain(name) in _plain(told[figure]) for figure in ("loss", "throughput", "memory"))


def _text_of(svg: Path) -> str:
    return "".join(ElementTree.fromstring(svg.read_bytes()).itertext())


def _plain(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("text", DRAWN)
def test_no_word_from_outside_makes_an_element_or_an_attribute_of_the_page(text: str) -> None:
    page = html_page.render(outside(text))
    assert steering(page) == set()
    page.encode("utf-8")
    elements, calm = parsed(page), calm_page()
    assert shape(elements) == shape(calm) or not words.printable(text)
    assert attributes(elements) <= attributes(calm)
    assert all(each.attributes["href"].startswith("#") for each in elements if "href" in each.attributes)


@cache
def calm_page() -> list[Element]:
    return parsed(html_page.render(outside("calm")))


def shape(elements: list[Element]) -> list[str]:
    """Return the elements outside of figures, whose own number hangs on what they draw."""
    drawn = {"svg", "g", "path", "use", "defs", "text", "tspan", "rect", "clippath", "title", "pattern"}
    return [each.name for each in elements if each.name not in drawn]


def attributes(elements: list[Element]) -> set[str]:
    return {name for each in elements for name in each.attributes}


def test_a_word_of_a_log_and_of_a_name_is_shown_in_the_page_as_it_is() -> None:
    page = "".join(each.text for each in parsed(html_page.render(outside("calm <b>word</b> &amp;")))[:1])
    assert page.count("calm <b>word</b> &amp;") > 30


@pytest.mark.parametrize("command", ["ls", "report"])
@pytest.mark.parametrize("text", WORDS)
def test_a_run_folder_of_hostile_words_steers_no_terminal(
    command: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "20261122-120000-x"
    folder.mkdir()
    (folder / "comparison.json").write_text("{}")
    found = outside(text).model_dump(mode="json", by_alias=True)
    (folder / "summary.json").write_text(json.dumps(found))
    monkeypatch.setattr(report, "write", lambda path: [path / text])
    for arguments in ([command], [command, "--json"]) if command == "ls" else ([command, "20261122-120000-x"],):
        with pytest.raises(SystemExit) as ended:
            app([*arguments, "--out", str(tmp_path)])
        assert ended.value.code == 0
        told = capsys.readouterr().out
        assert steering(told) == set()
        if "--json" in arguments:
            assert told.isascii()
            assert len(json.loads(told)) == 1


def test_a_calm_word_is_shown_everywhere_so_that_these_tests_look_at_something() -> None:
    file, found = io.StringIO(), outside("calmword [red] :skull:")
    Console(file=file, width=140, markup=False, emoji=False).print(conclusion(found, 140))
    assert file.getvalue().count("calmword [red] :skull:") > 5
    assert render(found).count("calmword") > 15
    assert html_page.render(found).count("calmword") > 30
