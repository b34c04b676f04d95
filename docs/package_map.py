"""Draws the packages of `orchestrator/` and their imports into docs/architecture.md: `make map`.

Read from the code each time: one box a package or module with the first line of its docstring, one arrow an import.
Arrows that other arrows imply are left out (the transitive reduction), so that the picture stays readable.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- made by `make map` -->\n", "<!-- end of what `make map` makes -->\n"

Arrows = Mapping[str, frozenset[str]]


def arrows() -> dict[str, frozenset[str]]:
    """Return what each top-level name of `orchestrator` imports of the others."""
    graph = grimp.build_graph("orchestrator", cache_dir=None)
    found: dict[str, set[str]] = {}
    for module in graph.modules - {"orchestrator"}:
        name = module.split(".")[1]
        imported = {target.split(".")[1] for target in graph.find_modules_directly_imported_by(module) if "." in target}
        found.setdefault(name, set()).update(imported - {name})
    return {name: frozenset(imported) for name, imported in found.items()}


def reduced(direct: Arrows) -> dict[str, frozenset[str]]:
    """Leave out every arrow that a longer way implies. Imports have no circle."""
    reach: dict[str, frozenset[str]] = {}

    def reachable(name: str) -> frozenset[str]:
        if name not in reach:
            reach[name] = direct[name].union(*(reachable(target) for target in direct[name]))
        return reach[name]

    return {
        name: frozenset(target for target in targets if not any(target in reachable(via) for via in targets - {target}))
        for name, targets in direct.items()
    }


def depth(direct: Arrows) -> dict[str, int]:
    """Return how many imports lie at most below each name."""
    found: dict[str, int] = {}

    def below(name: str) -> int:
        if name not in found:
            found[name] = 1 + max((below(target) for target in direct[name]), default=-1)
        return found[name]

    return {name: below(name) for name in direct}


def purpose(name: str) -> str:
    """Return the first line of the docstring of a package or module."""
    folder = ROOT / "orchestrator" / name
    file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def drawn() -> str:
    """Return the picture and the table, as Markdown."""
    direct = arrows()
    order = sorted(direct, key=lambda name: (-depth(direct)[name], name))
    lines = ["```mermaid", "flowchart TD"]
    lines += [f"  {name} --> {target}" for name in order for target in sorted(reduced(direct)[name])]
    lines += ["```", "", "| where | what |", "|---|---|"]
    for name in order:
        shown = f"{name}/" if (ROOT / "orchestrator" / name).is_dir() else f"{name}.py"
        lines.append(f"| [`{shown}`](../orchestrator/{shown.rstrip('/')}) | {purpose(name)} |")
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """Return the text of docs/architecture.md with the picture made anew. Raises ValueError where its place is gone."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE.name} has no place for the picture: {BEGIN.strip()} and {END.strip()}")
    return f"{before}{BEGIN}\n{drawn()}\n{END}{after}"


def main() -> None:
    """Write the picture into docs/architecture.md."""
    sys.path.insert(0, str(ROOT))
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
