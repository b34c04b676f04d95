"""A page as its elements, read by the standard library's parser."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "img", "link", "input", "hr", "base", "embed"}


@dataclass
class Element:
    """An element with the text of all that stands within it."""

    name: str
    attributes: dict[str, str]
    text: str = field(default="")


def parsed(page: str) -> list[Element]:
    """Return the elements of a page in its order; AssertionError where an end tag closes another than the last."""
    parser = _Parser()
    parser.feed(page)
    parser.close()
    assert not parser.open, [each.name for each in parser.open]
    return parser.elements


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(self.elements[-1])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop().name == tag, tag

    def handle_data(self, data: str) -> None:
        for each in self.open:
            each.text += data
