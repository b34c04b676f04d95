"""`bakeoff bisect`."""

from __future__ import annotations

from typing import Annotated, Literal, NoReturn

import typer
from rich.text import Text

from orchestrator import report
from orchestrator.analyse.bisect_answer import Answer, Outcome
from orchestrator.analyse.summary import MetricName
from orchestrator.cli import bisect_plan, bisect_rounds
from orchestrator.cli.bisect_folder import BisectFolder
from orchestrator.cli.command_options import Only, command
from orchestrator.cli.outcome import shortest_path
from orchestrator.cli.output import emit, stdout
from orchestrator.cli.shared_options import HOW, SIZES, Display, Folders
from orchestrator.errors import DIFFERS, NO_INTERVAL, TRIAL_FAILED, Interrupted, UsageError
from orchestrator.report import bisect as listing
from orchestrator.runtime import detect
from orchestrator.spec.option import Option
from orchestrator.spec.spec import Spec
from orchestrator.text import printable
from orchestrator.values import Value

EXIT_CODES: dict[Outcome, int] = {
    "named": 0,
    "no-ends": TRIAL_FAILED,
    "no-difference": DIFFERS,
    "range": NO_INTERVAL,
    "not-decided": NO_INTERVAL,
}

Written = Literal["images_per_second", "throughput", "first_step_seconds", "start_up_seconds", "peak_memory_bytes"]
_METRICS: dict[Written, MetricName] = {
    "images_per_second": "throughput",
    "throughput": "throughput",
    "first_step_seconds": "first_step_seconds",
    "start_up_seconds": "start_up_seconds",
    "peak_memory_bytes": "peak_memory_bytes",
}


class Asked(Value):
    """What is looked for, or the bisect to go on with."""

    good: Annotated[str | None, Option("--good", "Version that the others are held against.", variable="")] = None
    bad: Annotated[str | None, Option("--bad", "A later version that is worse.", variable="")] = None
    metric: Annotated[Written, Option("--metric", "What got worse.", variable="")] = "images_per_second"
    resume: Annotated[
        str | None, Option("--resume", "Go on with a bisect that was cut off: its folder, or latest.", variable="")
    ] = None


_OPTIONS = Only("recipes", "margin", *SIZES, "profile", "stack", "precision", *HOW)


@command
def bisect(
    *,
    contender: Annotated[str | None, typer.Argument(help="torch, tf or tf[xla], without a version.")] = None,
    asked: Asked,
    spec: Annotated[Spec, _OPTIONS],
    folders: Folders,
    plan: Annotated[bool, typer.Option("--plan", help="Show versions, images and minutes, and stop.")] = False,
    display: Display,
) -> None:
    """Find the first version of a framework that is worse than a good one.

    The ends are compared first. If the bad one is not shown to be worse, that is the answer; else up to eight
    versions are run in one comparison until all are decided, further ones in a second one. A version is good only
    where its interval leaves out every difference of the margin or more: "not decided" is never read as good. A
    version that does not build or run is skipped.

    Exit codes: 0 the first version is named, 2 usage, 3 preflight, 4 an end does not build or run, 5 no difference
    of the margin or more between the ends, 6 a range or not decided, 130 interrupted.

    \b
    Examples:
      bakeoff bisect torch --good 2.9.1 --bad 2.14.1 --margin 5%
      bakeoff bisect tf --good 2.17.0 --bad 2.21.0 --plan
      bakeoff bisect tf --good 2.17.0 --bad 2.21.0 --metric start_up_seconds
      bakeoff bisect --resume latest
    """
    if asked.resume is not None:
        if contender or asked.good or asked.bad:
            raise UsageError("--resume goes on with what its folder asks", "leave contender, --good and --bad out")
        _run(BisectFolder.find(asked.resume, folders.out), folders, display)
    if contender is None or asked.good is None or asked.bad is None:
        fault = "a bisect needs a contender, a good and a bad version"
        raise UsageError(fault, "bakeoff bisect torch --good 2.9.1 --bad 2.14.1")
    question = bisect_rounds.ask(contender, (asked.good, asked.bad), _METRICS[asked.metric], spec)
    runtime = detect(question.spec, folders.out, folders.idx)
    question = bisect_rounds.pinned(question, runtime)
    if plan:
        bisect_plan.show(question, runtime, as_json=display.as_json)
        return
    _run(BisectFolder.create(folders.out, question), folders, display)


def _run(folder: BisectFolder, folders: Folders, display: Display) -> NoReturn:
    try:
        with display.view() as view:
            view.say(f"bisect: {folder.path.name}")
            found = bisect_rounds.run_all(folder, detect, folders.idx, view)
    except KeyboardInterrupt:
        raise Interrupted(*bisect_rounds.hint(folder)) from None
    figures = report.draw_bisect(found, folder.path / "bisect") if listing.has_evidence(found) else []
    _show(found, folder, display)
    if not display.as_json:
        for path in figures:
            stdout().print(Text(printable(f"figure: {shortest_path(path)}")), soft_wrap=True)
    raise typer.Exit(EXIT_CODES[found.outcome])


def _show(found: Answer, folder: BisectFolder, display: Display) -> None:
    if display.as_json:
        emit(found.model_dump(mode="json", by_alias=True))
        return
    stdout().print(listing.page(found))
    stdout().print(Text(printable(f"runs: {shortest_path(folder.path)}")), soft_wrap=True)
