"""What changed between two runs, for `bakeoff diff`: a value in, rich renderables out.

Outside strings enter as `Text`, never as markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator import text as words
from orchestrator.analyse.cell_difference import CellDifference, LossDifference, NumberChange
from orchestrator.analyse.confounders import Relevance
from orchestrator.analyse.ratio_change import RatioChange
from orchestrator.analyse.recipe_difference import Change
from orchestrator.analyse.run_difference import BarrierChange, FactChange, RunDifference

MOST_MINOR = 8
"""Facts that rarely matter: of more than these the count is given."""

_VERSION = "framework_version"
_TITLES: dict[str, str] = {
    "throughput": "images/s",
    "first_step_seconds": "first step s",
    "start_up_seconds": "start-up s",
    "peak_memory_bytes": "peak MB",
    "test_accuracy": "test %",
    "val_loss": "val loss",
}
_WRITTEN: dict[str, Callable[[float], str]] = {
    "throughput": words.rate,
    "peak_memory_bytes": lambda value: words.megabytes(round(value)),
    "test_accuracy": words.percent,
    "val_loss": words.loss,
}


def difference(found: RunDifference) -> Group:
    """Return all that the console says of two runs: what was asked, what differs around it, then the numbers."""
    parts: list[RenderableType] = [_head(found)]
    parts += _changes("asked for", found.spec) or [Text("asked for: the same")]
    parts += facts(found.facts) or [Text("facts: none differs")]
    parts += map(barrier, found.barriers)
    parts += _unmatched(found)
    parts += [_ratio(each, _label(found.barriers)) for each in found.ratios]
    if found.cells:
        parts += [numbers_table(found), *losses(found), Text(found.meaning, "italic")]
    return Group(*parts)


def facts(changed: Sequence[FactChange]) -> list[RenderableType]:
    """Return a line a fact that differs; of those that rarely matter the first ones.

    The framework's version under a second name, as its package's, is left out.
    """
    versions = {(change.before, change.after) for change in changed if change.name == _VERSION}
    distinct = [each for each in changed if each.name == _VERSION or (each.before, each.after) not in versions]
    minor = [change for change in distinct if change.relevance is Relevance.MINOR]
    shown = [change for change in distinct if change not in minor[MOST_MINOR:]]
    lines = [Text.assemble(("facts that differ", "bold"), f": {len(distinct)}")] if changed else []
    for change in shown:
        whose = ", ".join(change.contenders) or "host"
        style = "bold" if change.relevance is Relevance.CHANGES_RESULTS else ""
        lines.append(Text(f"  {_changed(change)} ({words.shortened(whose, 60)})", style))
    more = len(minor) - MOST_MINOR
    return [*lines, *([Text(f"  and {more} more that rarely matter: --json has them")] if more > 0 else [])]


def numbers_table(found: RunDifference) -> Table:
    """Return a row a quantity of each cell: before, after, and the change where one may be given."""
    label = _label(found.barriers)
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, title=f"Changes {label}" if label else None, title_justify="left"
    )
    table.add_column("cell", overflow="fold")
    table.add_column("median\nleast–most", no_wrap=True)
    for head in ("before", "after", "change"):
        table.add_column(head, justify="right", no_wrap=True)
    for cell in found.cells:
        known = [number for number in cell.numbers if number.before is not None or number.after is not None]
        for at, number in enumerate(known):
            name = Text(_name(cell)) if at == 0 else Text("")
            table.add_row(
                name,
                title_of(number.name),
                *_sides(number),
                change_of(number.change, number.kind == "score", number.unit),
                end_section=at == len(known) - 1,
            )
    return table


def losses(found: RunDifference) -> list[Text]:
    """Return a line a cell whose trainings can be held against each other."""
    return [line for line in map(_losses, found.cells) if line]


def _head(found: RunDifference) -> Group:
    rows = (("before", found.before), ("after", found.after))
    return Group(*(Text(words.printable(f"{when}: {run.id}, {run.title}"), "bold") for when, run in rows))


def _unmatched(found: RunDifference) -> list[RenderableType]:
    """Name the cells that only one run has, or say that all are such."""
    if found.cells or not found.unmatched:
        return [Text(words.printable(line)) for line in found.unmatched]
    return [
        Text(
            "no contender on a recipe is in both runs, so there are no numbers to lay side by side; runs of one "
            "recipe each are compared all the same with --allow-different-recipe"
        )
    ]


def _changes(title: str, changed: Sequence[Change]) -> list[RenderableType]:
    if not changed:
        return []
    return [Text(title, "bold"), *(Text(f"  {_changed(change)}") for change in changed)]


def _changed(change: Change) -> str:
    write = image_id if change.name == "image" else _value
    before, after = write(change.before), write(change.after)
    return f"{words.printable(change.name)}: {before} → {after}"


def _value(value: str) -> str:
    return words.shortened(value, 70) or words.ABSENT


def image_id(image: str) -> str:
    """Write what ran: of a digest twelve letters, which tell it; a process's environment by its name."""
    digest = re.fullmatch("(sha256:[0-9a-f]{12})[0-9a-f]+", image)
    return digest[1] if digest else words.shortened(image, 48) or words.ABSENT


def barrier(each: BarrierChange) -> Text:
    """Say why there is no ratio of speeds, or that there is one all the same."""
    what = "; ".join(map(_changed, each.changes[:4])) + (" …" if len(each.changes) > 4 else "")
    where = f" of {words.printable(each.recipe)}" if each.recipe else ""
    if each.allowed:
        return Text(f"different {each.barrier}{where}, as allowed: {what}", "yellow")
    option = f"--allow-different-{each.barrier} gives them, labelled"
    return Text(f"no ratios of {_refused(each)}: the {each.barrier}{where} differs ({what}); {option}", "yellow")


def _refused(each: BarrierChange) -> str:
    return "speeds" if each.barrier == "machine" else "numbers"


def _label(barriers: Sequence[BarrierChange]) -> str:
    """Name what ratios are given across, "" where they are of one machine, recipe and size."""
    crossed = [each.barrier for each in barriers if each.allowed]
    return f"across different {' and '.join(f'{name}s' for name in dict.fromkeys(crossed))}" if crossed else ""


def _name(cell: CellDifference) -> str:
    contender, recipe = (" → ".join(dict.fromkeys(side)) for side in (cell.contenders, cell.recipes))
    trials = f"{cell.trials[0]} and {cell.trials[1]} trials"
    return f"{words.shortened(contender, 44)}\n{words.printable(recipe)}\n{trials}"


def _sides(number: NumberChange) -> tuple[str, str]:
    return (
        _side(number.name, number.before, number.before_range),
        _side(number.name, number.after, number.after_range),
    )


def title_of(quantity: str) -> str:
    """Return a quantity's heading, with its unit."""
    return _TITLES[quantity]


def written(quantity: str, value: float) -> str:
    """Write a quantity's value in the unit of its heading."""
    return _WRITTEN.get(quantity, words.seconds)(value)


def change_of(change: float | None, score: bool, unit: str) -> str:
    """Write a change: a score's as a difference, any other as a ratio in percent."""
    if change is None:
        return words.ABSENT
    if not score:
        return f"{100 * (change - 1):+.1f} %".replace("-", "−")
    return (words.points(change) if unit == "fraction" else f"{change:+.4f}").replace("-", "−")


def _side(name: str, middle: float | None, ends: tuple[float, float] | None) -> str:
    if middle is None:
        return words.ABSENT
    spread = "" if ends is None or ends[0] == ends[1] else f"\n{written(name, ends[0])}–{written(name, ends[1])}"
    return f"{written(name, middle)}{spread}"


def _losses(cell: CellDifference) -> Text | None:
    """Say whether both runs trained the same numbers."""
    if cell.losses is None:
        return None
    where = f"{' → '.join(dict.fromkeys(cell.contenders))} on {cell.recipes[1]}"
    return Text(words.printable(f"losses of {where}: {_apart(cell.losses)}"))


def _apart(found: LossDifference) -> str:
    seeds = f"{len(found.seeds)} seed{'s' * (len(found.seeds) != 1)}"
    within = "" if found.largest_within is None else f"; repetitions within a run {_nats(found.largest_within)}"
    return f"{_nats(found.largest)} ({seeds}){within}"


def _nats(largest: float) -> str:
    return f"at most {words.scientific(largest)} nats apart" if largest else "equal to the last bit"


def _ratio(each: RatioChange, label: str) -> Text:
    """Say of a ratio to the reference what both runs found, and whether it changed."""
    contender, reference = (" → ".join(dict.fromkeys(side)) for side in (each.contenders, each.references))
    found = " → ".join(words.ratio(estimate, 3) for estimate in each.estimates)
    told = f"{contender} against {reference} on {each.recipes[1]}: {found}: {each.words}"
    return Text(words.printable(f"{told} ({label})" if label else told), "bold")
