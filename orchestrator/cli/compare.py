"""`bakeoff compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator import doctor, pipeline
from orchestrator.analyse.decide_plan import DecidePlan, one_recipe
from orchestrator.analyse.summary import Summary
from orchestrator.cli import plan_listing
from orchestrator.cli.command_options import command
from orchestrator.cli.outcome import run_and_exit
from orchestrator.cli.output import emit
from orchestrator.cli.shared_options import Detach, Folders, ReportDisplay
from orchestrator.errors import UsageError
from orchestrator.plan.plan import Plan, make_plan
from orchestrator.progress.view import View
from orchestrator.record.run_folder import RunFolder
from orchestrator.runtime import Runtime, detect
from orchestrator.spec.resolve import resolve
from orchestrator.spec.spec import DEFAULT_CONTENDERS, Spec, read_spec
from orchestrator.spec.tracks import track

Decide = Annotated[
    bool, typer.Option("--decide", help="The short way to an answer: 12 blocks at the smallest size that can be timed.")
]


@command
def compare(
    *,
    spec: Spec,
    decide: Decide = False,
    detach: Detach = False,
    file: Annotated[
        Path | None,
        typer.Option("--spec", help="A comparison file instead of the options above.", envvar="BAKEOFF_SPEC"),
    ] = None,
    folders: Folders,
    plan: Annotated[bool, typer.Option("--plan", help="Show the trials and stop.")] = False,
    display: ReportDisplay,
) -> None:
    """Train the same recipes in several contenders, each in its own container, and report.

    Exit codes: 0 ok, 2 usage, 3 preflight, 4 a trial failed (the report is written), 130 interrupted.
    `bakeoff resume` goes on with a run that was interrupted, killed, or lost its engine.

    \b
    Examples:
      bakeoff compare                             the article: two recipes, two frameworks
      bakeoff compare --profile article           the same at the published size
      bakeoff compare torch==2.13.0 torch==2.14.1 an upgrade
      bakeoff compare torch==2.13 torch==2.14     the newest offered version of each
      bakeoff compare tf torch --decide           which is faster, on the article's smaller recipe, in minutes
      bakeoff compare --recipe article-torch --runs 12   which is faster, with an interval or the reason why not
      bakeoff compare --recipe article-torch --until-decided   the same, with as many blocks as it takes
      bakeoff compare --recipe matched tf torch   same first weights and batches, held side by side at every step
      bakeoff compare --recipe mine.toml tf torch your own recipe
      bakeoff compare upgrade.toml                a comparison file, which `bakeoff init` writes
      bakeoff compare runs/latest/comparison.json what an earlier run did
    """
    file, spec = _file_among(spec, file)
    spec = spec if file is None else _spec_of_file(file, spec)
    spec = one_recipe(spec) if decide else spec
    if plan:
        folders.verify_idx()
        _show_plan(spec, folders, display.as_json, decide=decide)
        return
    run_and_exit(lambda view: _run(spec, folders, view, decide=decide, detach=detach), display)


def _run(spec: Spec, folders: Folders, view: View, *, decide: bool, detach: bool) -> tuple[RunFolder, Summary]:
    """Run, at the size of the short way where it was asked for, and say beforehand what that is."""
    runtime = detect(spec, folders.out, folders.idx)
    way = _way(spec, runtime, decide=decide)
    for line in way.lines:
        view.say(line)
    return pipeline.compare(way.spec, runtime, view, detach=detach)


def _way(spec: Spec, runtime: Runtime, *, decide: bool) -> DecidePlan:
    """Return what is run, and what is said of it before it starts."""
    if decide:
        return pipeline.find_decide_plan(spec, runtime)
    return DecidePlan(spec, None, pipeline.plan_ahead(spec, runtime))


def _file_among(spec: Spec, file: Path | None) -> tuple[Path | None, Spec]:
    """Take a comparison file that stands where contenders do; UsageError where it is not alone there."""
    named = [word for word in spec.contenders if Path(word).suffix in (".toml", ".json")]
    if not named:
        return file, spec
    if len(spec.contenders) > 1 or file:
        others = [*(word for word in spec.contenders if word != named[0]), *([f"--spec {file}"] if file else [])]
        fault = f"{named[0]} is a comparison file, and {', '.join(others)} was given too"
        raise UsageError(fault, "name the contenders in the file, under contenders = […]")
    return Path(named[0]), spec.replace(contenders=DEFAULT_CONTENDERS)


def _spec_of_file(file: Path, options: Spec) -> Spec:
    """Read the comparison file; UsageError where options are given too, which would leave unclear what wins."""
    changed = options.model_dump(exclude_defaults=True)
    if changed:
        fault = f"the comparison file {file} and {', '.join(changed)} were both given"
        raise UsageError(fault, "write everything into the file")
    return read_spec(file)


def _show_plan(spec: Spec, folders: Folders, as_json: bool, *, decide: bool) -> None:
    runtime = detect(spec, folders.out, folders.idx)
    way = _way(spec, runtime, decide=decide)
    resolved = resolve(way.spec, runtime.hardware)
    rows = _rows(make_plan(resolved, None))
    missing = doctor.to_build(resolved, runtime)
    if as_json:
        head = plan_listing.head(resolved)
        emit({**head, "expected": way.lines, "to_build_bytes": missing, "trials": rows})
    else:
        plan_listing.print_plan(resolved, runtime.engine, "", ("trial", "track"), rows)
        plan_listing.print_lot("the contenders of a block")
        plan_listing.print_lines([*plan_listing.builds(resolved, missing), *way.lines])


def _rows(plan: Plan) -> list[dict[str, str | int]]:
    return [
        {
            "trial": planned.id,
            "track": track(planned.trial.recipe),
            **plan_listing.sizes(planned.trial.recipe),
        }
        for planned in plan.trials
    ]
