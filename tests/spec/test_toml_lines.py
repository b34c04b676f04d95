"""On which line a key of a TOML file stands."""

from __future__ import annotations

import tomllib

import pytest

from orchestrator.spec import toml_lines
from orchestrator.spec.toml_lines import find_lines, line_of

FILE = '''# a comment
name = "a"
text = """
[name]
x = 1
"""

[data]
view.pixels = 8
train = { file = "train", start = 0 }
list = [
  1,
  { deep = 2 },
]
[[layers]]
type = "x"
[layers.inner]
key = 1
[[layers]]
type = "y"
[versions."2.13.0"]
pins = []
'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("name",), 2),
        (("text",), 3),
        (("data",), 8),
        (("data", "view", "pixels"), 9),
        (("data", "train", "start"), 10),
        (("data", "list", 1, "deep"), 11),
        (("layers", 0, "type"), 16),
        (("layers", 0, "inner", "key"), 18),
        (("layers", 1), 19),
        (("layers", 1, "type"), 20),
        (("versions", "2.13.0", "pins"), 22),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_key_has_the_line_that_it_stands_on(place: tuple[str | int, ...], line: int, newline: str) -> None:
    text = FILE.replace("\n", newline)
    tomllib.loads(text)
    assert find_lines(text)[place] == line


@pytest.mark.parametrize(
    ("place", "line"), [(("layers", 1, "units"), 19), (("data", "mean"), 8), (("training",), None), ((), None)]
)
def test_a_key_that_is_missing_has_the_line_of_its_section(place: tuple[str | int, ...], line: int | None) -> None:
    assert line_of(place, find_lines(FILE)) == line


def test_lines_after_a_value_of_endless_lines_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toml_lines, "LONGEST_STATEMENT", 3)
    assert find_lines("a = 1\nb = [\n" + 9 * "1,\n" + "]\nc = 2\n") == {("a",): 1}
