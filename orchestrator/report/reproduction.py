"""Whether a run came out the same again, for `bakeoff repro`: a value in, rich renderables out.

Outside strings enter as `Text`, never as markup.
"""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from orchestrator import text as words
from orchestrator.analyse.recipe_difference import Change
from orchestrator.analyse.reproduction import Agreement, Reproduction
from orchestrator.report.run_difference import barrier, facts, image_id, losses, numbers_table

_STATES = {
    "agrees": ("✓ agrees", "green"),
    "differs": ("✗ differs", "bold red"),
    "no-interval": ("? no interval", "yellow"),
}


def page(found: Reproduction) -> Group:
    """Return the answer, result by result, then what differs around them, then all numbers."""
    difference = found.difference
    parts: list[RenderableType] = [Text(words.printable(found.sentence), _STATES[found.verdict][1])]
    parts += [_agreement(each) for each in found.agreements]
    parts += [_image(each) for each in found.images]
    parts += map(barrier, difference.barriers)
    parts += facts(difference.facts) or [Text("facts: none differs")]
    if difference.cells:
        parts += [numbers_table(difference), *losses(difference)]
    heads = f"original {difference.before.id}, repetition {difference.after.id}"
    return Group(*parts, Text(words.printable(heads)), Text(difference.meaning, "italic"))


def _agreement(each: Agreement) -> Text:
    glyph, style = _STATES[each.state]
    return Text.assemble((glyph, style), words.printable(f": {each.what}: {each.words}"))


def _image(each: Change) -> Text:
    """Say whether the very same image ran, or one that was built anew."""
    name = words.shortened(each.name, 44)
    if each.before == each.after:
        return Text(f"image of {name}: the same, {image_id(each.before)}")
    return Text(f"image of {name}: another, {image_id(each.before)} → {image_id(each.after)}")
