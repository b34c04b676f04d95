"""What commands write to standard output: tables, text, and the one JSON object of --json."""

from __future__ import annotations

import json
import re
import sys

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table


def listing(first: str, *others: str) -> Table:
    """Return a table whose first column is a name to be copied, and so never cut."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for column in others:
        table.add_column(column, overflow="fold")
    return table


def stdout() -> Console:
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)


def emit(document: object) -> None:
    """Write one JSON object to standard output."""
    emit_text(json.dumps(document, indent=2))


def emit_text(text: str) -> None:
    """Write a JSON text to standard output in ASCII without controls: outside of its strings it has no other letters.

    JSON lets DEL, C1 controls and bidirectional overrides stand, and a terminal obeys them.
    """
    sys.stdout.write(re.sub(r"[^\n -~]", lambda letter: json.dumps(letter[0])[1:-1].replace("\x7f", "\\u007f"), text))
    sys.stdout.write("" if text.endswith("\n") else "\n")
