"""A matplotlib figure as an SVG element that may stand in a page among others, in its light and its dark colours."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from xml.etree import ElementTree

from markupsafe import Markup
from matplotlib.figure import Figure

from orchestrator.report.figures.style import GRID, INK, PAPER

PAGE_COLOURS = {
    INK: "var(--ink)",
    "#000000": "var(--ink)",  # what matplotlib draws in by itself
    PAPER: "var(--paper)",
    GRID: "var(--grid)",
}
"""What the figures draw in → what the page draws that in."""

_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_REFERENCE = re.compile(r"url\(#([^)]*)\)")


def element(
    figure: Figure,
    name: str,
    title: str,
    colours: Mapping[str, str],
    points: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Markup:
    """Return a figure as markup: `name` keeps its ids apart from other figures', `title` is its alternative text.

    `colours` maps further colours, as #rrggbb in lower case, to what the page calls them. `points` has a text a point
    of lines that the figure names, which a browser shows under the pointer. Call it within `draw.style`.
    """
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    root = ElementTree.fromstring(drawn.getvalue())
    _without_what_is_the_pages(root)
    _name_points(root, points)
    told, used = {**PAGE_COLOURS, **colours}, _referred_to(root)
    for each in root.iter():
        each.tag = _local(each.tag)
        each.attrib = {
            _local(key): _rewritten(_local(key), value, name, told)
            for key, value in each.attrib.items()
            if key != "id" or value in used
        }
    return Markup(ElementTree.tostring(_described(root, name, title), encoding="unicode"))


def _referred_to(root: ElementTree.Element) -> set[str]:
    """Return the ids that something in the figure needs; the others are matplotlib's names of parts, some twice."""
    values = [value for each in root.iter() for value in each.attrib.values()]
    links = {value[1:] for value in values if value.startswith("#")}
    return links | {found for value in values for found in _REFERENCE.findall(value)}


def _without_what_is_the_pages(root: ElementTree.Element) -> None:
    """Drop metadata, and the style sheet that would hold for the whole page."""
    for parent in list(root.iter()):
        for child in list(parent):
            if _local(child.tag) in ("metadata", "style"):
                parent.remove(child)


def _name_points(root: ElementTree.Element, points: Mapping[str, Sequence[str]]) -> None:
    """Give the marks of a line their texts; a line whose points have no marks keeps none."""
    for group in root.iter():
        texts = points.get(group.get("id", ""), ())
        marks = [each for each in group.iter() if _local(each.tag) == "use"] if texts else []
        for mark, text in zip(marks, texts, strict=False):
            ElementTree.SubElement(mark, "title").text = text


def _rewritten(key: str, value: str, name: str, colours: Mapping[str, str]) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key == "href":
        return f"#{name}-{value.removeprefix('#')}"
    inner = _REFERENCE.sub(rf"url(#{name}-\1)", value)
    return _COLOUR.sub(lambda found: colours.get(found[0], found[0]), inner) if key in ("style", "fill") else inner


def _described(root: ElementTree.Element, name: str, title: str) -> ElementTree.Element:
    """Give the element its alternative text, and let it shrink with the page."""
    width, height = root.attrib.pop("width").removesuffix("pt"), root.attrib.pop("height").removesuffix("pt")
    points_to_pixels = 4 / 3
    root.set("style", f"max-width: {float(width) * points_to_pixels:.0f}px")
    root.set("viewBox", f"0 0 {width} {height}")
    root.attrib.pop("version", None)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title")
    described = ElementTree.Element("title", {"id": f"{name}-title"})
    described.text = title
    root.insert(0, described)
    return root


def _local(name: str) -> str:
    return name.rpartition("}")[2]
