"""docs/architecture.md is true of the code: its picture, its table, and the line that it quotes."""

from __future__ import annotations

import inspect
import re
import runpy
import textwrap
from collections.abc import Callable

import pytest

from orchestrator import pipeline
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


page: Callable[[str], str] = runpy.run_path(str(ROOT / "docs" / "package_map.py"))["page"]
"""What `make map` makes of a page."""


def test_the_picture_of_the_packages_is_the_codes() -> None:
    assert page(PAGE) == PAGE, "run `make map`"


def test_a_page_without_a_place_for_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for the picture"):
        page("# Architecture\n")


def test_every_package_says_what_it_is_for() -> None:
    described = dict(re.findall(r"^\| \[`([a-z_]+)[/.a-z]*`\].*? \| (.*) \|$", PAGE, re.MULTILINE))
    names = {path.stem for path in (ROOT / "orchestrator").iterdir() if not path.name.startswith("_")}
    assert {name for name, purpose in described.items() if purpose} == names


def test_the_line_that_the_page_quotes_is_the_pipelines() -> None:
    (quoted,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    source = textwrap.dedent(inspect.getsource(pipeline.compare).rpartition('"""\n')[2])
    assert quoted == source


def test_the_line_is_short_enough_to_read_aloud() -> None:
    body = inspect.getsource(pipeline.compare).rpartition('"""\n')[2]
    assert len(body.splitlines()) <= 15
