"""`bakeoff gate`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator import pipeline
from orchestrator.analyse.gate import check_blocks, judge_gate
from orchestrator.analyse.gate_verdict import GateVerdict
from orchestrator.analyse.summary import Comparison, Summary
from orchestrator.cli.command_options import Only, command
from orchestrator.cli.outcome import gate_code, run_and_exit
from orchestrator.cli.output import emit, stdout
from orchestrator.cli.shared_options import HOW, SIZES, Detach, Folders, ReportDisplay
from orchestrator.errors import PreflightError, UsageError
from orchestrator.record.run_folder import RunFolder
from orchestrator.report.console import gate_table
from orchestrator.report.gate import junit, markdown
from orchestrator.runtime import detect
from orchestrator.spec import recipes
from orchestrator.spec.budget import EXAMPLE, Budget, read_budget
from orchestrator.spec.contenders import parse
from orchestrator.spec.interim_schedule import LOOKS
from orchestrator.spec.option import Option
from orchestrator.spec.spec import Spec
from orchestrator.values import Value

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""Names the file of a GitHub Actions step to which Markdown may be appended."""

_Spec = Annotated[Spec, Only(*SIZES, "profile", "stack", *HOW, "allow_foreign_image", "python")]


class Asked(Value):
    """What is asked of the gate itself. Switches of one command line have no variable."""

    example: Annotated[bool, Option("--example", "Print a budget file and stop.", variable="")] = False
    again: Annotated[str | None, Option("--again", "Judge this run, and run nothing.", variable="")] = None
    strict: Annotated[bool, Option("--strict", "Undecided is exit code 5 too.", variable="")] = False
    max_blocks: Annotated[
        int | None, Option("--max-blocks", f"Stop after so many: {', '.join(map(str, LOOKS))}.", variable="")
    ] = None
    junit: Annotated[Path | None, Option("--junit", "Write JUnit XML.", variable="")] = None
    markdown: Annotated[Path | None, Option("--markdown", "Write a summary in Markdown.", variable="")] = None


@command
def gate(
    *,
    file: Annotated[Path | None, typer.Argument(metavar="BUDGET", help="TOML file with the margins.")] = None,
    asked: Asked,
    spec: _Spec,
    detach: Detach = False,
    folders: Folders,
    display: ReportDisplay,
) -> None:
    """Judge a candidate against a reference, each metric by its own margin, until all are decided.

    A metric passes where its whole interval is on the good side of the margin, and fails where all of it is beyond;
    else it is undecided, which is no pass. In a step of GitHub Actions the summary goes to the job's page too.

    Exit codes: 0 pass, 5 fail, 6 undecided (5 with --strict); else those of compare: 4 where a trial failed.
    `bakeoff resume` goes on with an interrupted gate and ends with its verdict.

    \b
    Examples:
      bakeoff gate --example > budget.toml       a budget to begin with
      bakeoff gate budget.toml                   run until decided
      bakeoff gate budget.toml --junit gate.xml --markdown gate.md --strict
      bakeoff gate budget.toml --again latest    judge a run that has ended
    """
    if asked.example:
        sys.stdout.write(EXAMPLE)
        return
    budget = _budget(file, asked)
    exports = _Exports(asked, os.environ)
    if asked.again is not None:
        _judge_again(budget, RunFolder.find(asked.again, folders.out), exports, as_json=display.as_json)
    whole = _comparison(spec, budget)
    run_and_exit(
        lambda view: pipeline.compare(
            whole, detect(whole, folders.out, folders.idx), view, detach=detach, budget=budget
        ),
        display,
        lambda summary: exports.write(summary.gate),
    )


def _comparison(spec: Spec, budget: Budget) -> Spec:
    """Return the comparison that a budget asks for: each block trains a seed of its own, for the accuracies."""
    return spec.replace(
        contenders=(budget.reference, budget.candidate),
        recipes=(budget.recipe,),
        seeds=LOOKS[-1],
        until_decided=True,
        parity=False,
    )


class _Exports:
    """Files that a gate's verdict is written to. Raises UsageError beforehand where a folder is not there."""

    def __init__(self, asked: Asked, variables: Mapping[str, str]) -> None:
        self._junit, self._markdown = asked.junit, asked.markdown
        self._summary = variables.get(STEP_SUMMARY)
        for path in filter(None, (asked.junit, asked.markdown)):
            if not path.parent.is_dir() or path.is_dir():
                fault = f"{path} cannot be written: " + ("it is a folder" if path.is_dir() else "its folder is missing")
                raise UsageError(fault, "name a file in a folder that is there")

    def write(self, found: GateVerdict | None) -> None:
        """Write what was asked for. Raises PreflightError where a disk does not take it: the run stays."""
        if found is None:
            return
        texts = ((self._junit, junit), (self._markdown, lambda each: markdown(each) + "\n"))
        try:
            for path, text in texts:
                if path:
                    path.write_text(text(found), encoding="utf-8")
            if self._summary:
                with Path(self._summary).open("a", encoding="utf-8") as page:
                    page.write(markdown(found) + "\n")
        except OSError as error:
            remedy = "the run is kept: repeat with --again latest, once the file can be written"
            raise PreflightError(f"cannot write {error.filename}: {error.strerror}", remedy) from error


def _budget(file: Path | None, asked: Asked) -> Budget:
    """Read the budget and change what options say. Raises UsageError."""
    if file is None:
        raise UsageError("a gate needs a budget file", "`bakeoff gate --example > budget.toml` writes one")
    budget = read_budget(file)
    recipes.load(budget.recipe)
    max_blocks = asked.max_blocks
    if max_blocks is not None and max_blocks not in LOOKS:
        allowed = ", ".join(map(str, LOOKS))
        raise UsageError(f"--max-blocks {max_blocks} is no number at which a gate looks", f"one of {allowed}")
    changes: dict[str, Any] = {"max_blocks": max_blocks} if max_blocks is not None else {}
    budget = budget.replace(**changes, strict=budget.strict or asked.strict)
    check_blocks(budget)
    return budget


def _judge_again(budget: Budget, folder: RunFolder, exports: _Exports, *, as_json: bool) -> None:
    """Judge a run that has ended, at the number of its blocks, and leave."""
    summary = Summary.load(folder.path)
    comparison = summary.comparison
    _check_pair(budget, comparison)
    found = judge_gate(budget, comparison, summary.trials, summary.audits, summary.ratios)
    if as_json:
        emit(found.model_dump(mode="json"))
    else:
        stdout().print(gate_table(found))
    exports.write(found)
    raise typer.Exit(gate_code(found))


def _check_pair(budget: Budget, comparison: Comparison) -> None:
    """Raise UsageError where a run is of another pair or recipe than its budget."""
    asked = [(parse(name).written, recipes.load(budget.recipe).name) for name in (budget.reference, budget.candidate)]
    there = [(cell.contender, cell.recipe) for cell in comparison.cells]
    if comparison.kind == "walk" or sorted(asked) != sorted(there) or comparison.reference != asked[0][0]:
        has = ", ".join(f"{contender} on {recipe}" for contender, recipe in there)
        fault = f"{comparison.id} has {has}, divided by {comparison.reference}"
        raise UsageError(f"{fault}; the budget is of {asked[1][0]} against {asked[0][0]} on {asked[0][1]}", "run it")
