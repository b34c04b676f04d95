"""One quantity across runs, for `bakeoff history`: a value in, rich renderables out.

Outside strings enter as `Text`, never as markup.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator import text as words
from orchestrator.analyse.recipe_difference import Change
from orchestrator.analyse.run_history import History, Point, Series
from orchestrator.report.run_difference import change_of, title_of, written

MOST_CHANGES = 3
MARK = "▲"
_STAMP = 15
"""Letters of a run's name that are its time: enough for a command to find it by."""
_UNITS = {"cpu_cores": " cores"}

NOTE = "Runs of different hours are not paired: a step between two rows is no proof. `bakeoff diff` says what is known."


def history(found: History) -> Group:
    """Return a table a contender and recipe, each with the changes of its stack below it."""
    names = ("cpu", "cpu_cores", "memory", "device")
    facts = [f"{found.machine[name]}{_UNITS.get(name, '')}" for name in names if name in found.machine]
    runs = f"{found.runs} run{'s' * (found.runs != 1)}"
    head = f"{title_of(found.metric)} across {runs} of this machine: {', '.join(facts)}"
    parts: list[RenderableType] = [Text(words.printable(head), "bold")]
    for each in found.series:
        parts += [table(found, each), *_changes(each)]
    if found.elsewhere:
        count = len(found.elsewhere)
        parts.append(Text(f"left out: {count} run{'s' * (count != 1)} of other machines"))
    return Group(*parts, Text(NOTE, "italic"))


def table(found: History, series: Series) -> Table:
    """Return a row a run; those before which the stack changed are marked."""
    title = f"{series.contender} on {series.recipe}, {series.size}"
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=words.printable(title), title_justify="left")
    shown.add_column("run", no_wrap=True)
    shown.add_column("version", overflow="fold")
    for head in ("trials", "median", "least–most", "change"):
        shown.add_column(head, justify="right", no_wrap=True)
    for point in series.points:
        shown.add_row(*_row(found, series, point))
    return shown


def _row(found: History, series: Series, point: Point) -> Sequence[str | Text]:
    version = words.shortened(point.contender.removeprefix(series.contender).lstrip("=@"), 24)
    ends = [written(found.metric, end) for end in (point.least, point.most)]
    spread = "" if point.least == point.most else "–".join(ends)
    change = change_of(point.change, found.metric in ("test_accuracy", "val_loss"), found.unit)
    name = Text(f"{words.printable(point.run)[:_STAMP]}{f' {MARK}' if point.stack else ''}")
    return name, Text(version), str(point.trials), written(found.metric, point.value), spread, change


def _changes(series: Series) -> list[RenderableType]:
    """Return a line a run before which the stack changed."""
    return [
        Text(f"{MARK} before {words.printable(point.run)[:_STAMP]}: {_stack(point.stack)}", "yellow")
        for point in series.points
        if point.stack
    ]


def _stack(changed: Sequence[Change]) -> str:
    told = [
        f"{words.printable(each.name)} {words.shortened(each.before, 24) or words.ABSENT} → "
        f"{words.shortened(each.after, 24) or words.ABSENT}"
        for each in changed[:MOST_CHANGES]
    ]
    more = len(changed) - MOST_CHANGES
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")
