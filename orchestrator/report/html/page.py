"""`report.html`: puts sections and figures into the template. Whatever stands in a block is escaped here, once.

Two things hold for every value that the template writes: it passes `text.printable`, and what is not our own
markup is escaped. The page loads nothing; its security policy forbids it to, and allows its own script alone.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from orchestrator import text as words
from orchestrator.analyse.summary import Comparison, Summary
from orchestrator.record.run_folder import PAGE
from orchestrator.report import cells
from orchestrator.report.captions import CAPTIONS, LIMITS, count, outcome, stacks, verdicts
from orchestrator.report.html import answers, circumstances, claims, gate, programs, speed, trust, walk
from orchestrator.report.html.blocks import Block, Drawings, Notice, Section
from orchestrator.report.html.drawings import ON_LIGHT_PAPER, draw_all, names_of_cells

_GRAVE = ("error", "warning")


def write(summary: Summary, folder: Path) -> Path:
    """Write `folder`/report.html and return its path."""
    path = folder / PAGE
    path.write_text(render(summary), encoding="utf-8", newline="\n")
    return path


def render(summary: Summary) -> str:
    """Return the page's text."""
    drawn, environment = draw_all(summary), _environment()
    script = _resource(environment, "script.js")
    found = findings(summary)
    return environment.get_template("report.html.jinja").render(
        comparison=summary.comparison,
        about=about(summary.comparison),
        verdicts=verdicts(summary),
        outcome=outcome(summary),
        stacks=stacks(summary),
        cautions=[notice for notice in found if notice.severity in _GRAVE],
        single_seed_note=summary.single_seed_note,
        curves=_curves(summary),
        sections=sections(summary, found),
        drawings=drawn.elements,
        light=ON_LIGHT_PAPER,
        limits=LIMITS,
        colours=drawn.colours,
        style=_resource(environment, "style.css"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def sections(summary: Summary, found: list[Notice]) -> list[Section]:
    """Return what stands below the curves, in the order in which it is asked: what came out, may I believe it, how."""
    compared = [speed.section(summary)] if not summary.explanation else []
    every = [
        gate.section(summary),
        walk.section(summary),
        *compared,
        claims.section(summary) if not summary.explanation else Section("claims", "", ()),
        claims.accuracy_over_seeds(summary),
        trust.section(summary),
        circumstances.costs(summary),
        Section("findings", "Findings", tuple(found)),
        programs.section(summary),
        answers.section(summary),
        speed.results(summary),
        circumstances.environment(summary),
        circumstances.repeating(summary),
    ]
    return [section for section in every if section.blocks]


def findings(summary: Summary) -> list[Notice]:
    """Return the findings, the gravest first."""
    shown = cells.without_skipped(summary).findings if summary.explanation else summary.findings
    order = {"error": 0, "warning": 1, "note": 2}
    ranked = sorted(shown, key=lambda finding: order[finding.severity])
    return [Notice(finding.severity, finding.message, finding.advice) for finding in ranked]


def about(comparison: Comparison) -> str:
    """Say in a line when, where and how large."""
    size = f"{count(len(comparison.seeds), 'seed')}, {count(comparison.runs, 'run')} a seed"
    resumed = f" Its host ended before it did; resumed on {', '.join(comparison.resumed_at)}."
    return (
        f"{comparison.started_at} · engine {comparison.engine} · device {comparison.device} · {size} · profile "
        f"{comparison.profile}: {comparison.profile_reason}.{resumed if comparison.resumed_at else ''}"
    )


def _curves(summary: Summary) -> list[Block]:
    """Return the curves, and their numbers in a folded table; a walk's stand in its own section."""
    if summary.explanation:
        return []
    captions = (("loss", CAPTIONS["loss"]), ("accuracy", CAPTIONS["accuracy"]))
    drawn = [Drawings(names_of_cells(summary, name), caption, small=True) for name, caption in captions]
    return [*drawn, *speed.epochs(summary)]


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("orchestrator.report.html"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["program_line"] = _program_line
    return environment


def _program_line(line: str) -> Markup:
    """Show a line of a program with its spaces."""
    return Markup(escape(words.program_line(line)))


def _shown(value: Any) -> Any:
    """Let our own markup through, and make a line of anything else that steers nothing."""
    return value if isinstance(value, Markup) else words.printable(str(value))


def _resource(environment: jinja2.Environment, name: str) -> Markup:
    """Return a file of the templates as it stands."""
    assert environment.loader is not None
    source, _, _ = environment.loader.get_source(environment, name)
    return Markup(source)  # ours
