"""What a reader can take in: names in a listing, lines in a module, lines in a function."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.support.paths import ROOT

NAMES = 20
MODULE_LINES = 300
FUNCTION_LINES = 40

SOURCES = [
    path for folder in ("orchestrator", "shared", "images", "benchmarks") for path in (ROOT / folder).rglob("*.py")
]


def long_functions(source: str, limit: int) -> Iterator[str]:
    """Name the functions of more lines than `limit`, from `def` to the last line; docstrings count."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > limit:
                yield node.name


def test_the_listing_of_the_host_is_an_outline() -> None:
    names = {path.stem for path in (ROOT / "orchestrator").iterdir() if not path.name.startswith((".", "__"))}
    assert len(names) <= NAMES, sorted(names)


def test_no_module_is_too_long() -> None:
    lines = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name for name, count in lines.items() if count > MODULE_LINES} == set()


def test_no_function_is_too_long() -> None:
    assert {
        f"{path.relative_to(ROOT)}: {name}"
        for path in SOURCES
        for name in long_functions(path.read_text(), FUNCTION_LINES)
    } == set()


@pytest.mark.parametrize(("lines", "found"), [(3, []), (4, ["f"])])
def test_a_long_function_is_found(lines: int, found: list[str]) -> None:
    body = "\n".join("    pass" for _ in range(lines - 1))
    assert list(long_functions(f"def f():\n{body}\n", 3)) == found


def test_a_long_method_of_a_class_is_found() -> None:
    assert list(long_functions("class C:\n    async def g(self):\n        pass\n        pass\n", 2)) == ["g"]
