"""Links in Markdown, offline: files exist, and headings that are pointed at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.support.paths import ROOT

PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(page for top in ROOT.glob("[!.]*/") for page in top.rglob("*.md"))]
    if path.relative_to(ROOT).parts[0] not in {"runs", "dist"}
) + sorted((ROOT / ".github").rglob("*.md"))
MARKDOWN = MarkdownIt("gfm-like", {"linkify": False})


def tokens(page: Path) -> Iterator[Token]:
    for token in MARKDOWN.parse(page.read_text(encoding="utf-8")):
        yield token
        yield from token.children or ()


def links(page: Path) -> Iterator[str]:
    """Yield where a page's links and images point, but for other hosts."""
    for token in tokens(page):
        target = token.attrs.get("href") or token.attrs.get("src")
        if target and not re.match(r"[a-z]+:", str(target)):
            yield str(target)


def anchors(page: Path) -> set[str]:
    """Return the names that GitHub gives a page's headings."""
    found: set[str] = set()
    parsed = list(tokens(page))
    for opened, inline in pairwise(parsed):
        if opened.type == "heading_open":
            text = "".join(part.content for part in inline.children or ())
            name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            numbered = (f"{name}-{count}" if count else name for count in range(len(found) + 1))
            found.add(next(each for each in numbered if each not in found))
    return found


def broken(page: Path) -> list[str]:
    """Name the links of a page that lead nowhere, and those that leave the repository."""
    wrong = []
    for link in links(page):
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        inside = target.is_relative_to(ROOT) or not page.is_relative_to(ROOT)
        if not target.exists() or not inside or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_the_pages_are_found() -> None:
    names = {str(path.relative_to(ROOT)) for path in PAGES}
    assert {"README.md", "shared/README.md", "docs/architecture.md", "docs/decisions/README.md"} <= names
    assert not any(name.startswith(".venv") for name in names)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[a](other.md)", []),
        ("[a](other.md#the-second-one)", []),
        ("[a](#here--there)\n\n# Here & there\n", []),
        ("[a](other.md#twice-1)", []),
        ("[a](https://example.org/missing)", []),
        ("`[a](missing.md)`", []),
        ("[a](missing.md)", ["missing.md"]),
        ("![a](missing.png)", ["missing.png"]),
        ("[a](other.md#third)", ["other.md#third"]),
        ("[a](#third)", ["#third"]),
        ("| [a](missing.md) |\n|---|\n", ["missing.md"]),
    ],
)
def test_a_link_that_leads_nowhere_is_found(tmp_path: Path, text: str, wrong: list[str]) -> None:
    (tmp_path / "other.md").write_text("# First\n\n## The `second` one\n\n## Twice\n\n## Twice\n")
    (tmp_path / "page.md").write_text(text)
    assert broken(tmp_path / "page.md") == wrong
