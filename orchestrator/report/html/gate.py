"""The section on a gate: its verdict, a row a metric, and what the verdicts mean."""

from __future__ import annotations

from orchestrator.analyse.summary import Summary
from orchestrator.report import gate
from orchestrator.report.html.blocks import Paragraph, Section, table


def section(summary: Summary) -> Section:
    """Return the verdict of the run's gate; without blocks where it has none."""
    found = summary.gate
    if found is None:
        return Section("gate", "", ())
    rows = table(gate.headline(found), ["metric", "verdict", "margin", "found"], gate.rows(found), left=4)
    return Section("gate", f"Gate: {gate.WORDS[found.verdict]}", (rows, Paragraph(gate.MEANING)))
