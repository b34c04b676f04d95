"""`bakeoff compare`."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from orchestrator import pipeline
from orchestrator.analyse.summary import Summary
from orchestrator.cli.options import (
    RUNS,
    TIMEOUT_SECONDS,
    Detach,
    DeviceOption,
    EngineOption,
    Epochs,
    ForeignOption,
    GpuOption,
    Idx,
    Json,
    Out,
    PrecisionOption,
    ProfileOption,
    PythonOption,
    Quiet,
    Show,
    Threads,
    Timeout,
    TrainImages,
    VariantOption,
    Verbose,
    emit,
    emit_text,
    listing,
    stdout,
    verbosity,
)
from orchestrator.errors import TRIAL_FAILED, Interrupted, PreflightError, UsageError
from orchestrator.plan.plan import Plan, make_plan
from orchestrator.progress import view
from orchestrator.record.record import Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.report.console import conclusion
from orchestrator.report.markdown.explanation import conclusion as explained
from orchestrator.run.schedule import OPEN
from orchestrator.runtime import detect
from orchestrator.spec.resolve import engine_and_device, heading, relaxations_by_contender, resolve
from orchestrator.spec.spec import DEFAULT_CONTENDERS, DEFAULT_RECIPES, Spec, read, spec_from
from orchestrator.spec.tracks import track
from orchestrator.text import printable

_EXAMPLES = """
\b
Examples:
  bakeoff compare                             the article: two recipes, two frameworks
  bakeoff compare --profile article           the same at the published size
  bakeoff compare torch==2.13.0 torch==2.14.1 an upgrade
  bakeoff compare --recipe matched tf torch   same first weights and batches, held side by side at every step
  bakeoff compare --recipe mine.toml tf torch your own recipe
  bakeoff compare --spec runs/latest/comparison.json   what an earlier run did
"""


def compare(
    contenders: Annotated[
        list[str] | None, typer.Argument(help="torch, torch==2.14.1, mine@registry/image:tag; default: tf torch.")
    ] = None,
    recipe: Annotated[
        list[str] | None, typer.Option(help="Name or TOML file; may be given twice.", envvar="BAKEOFF_RECIPE")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Seeds 1 to N.", envvar="BAKEOFF_SEEDS")] = 1,
    runs: Annotated[int, typer.Option(help="Repetitions of each seed.", envvar="BAKEOFF_RUNS_PER_SEED")] = 1,
    epochs: Epochs = None,
    train_images: TrainImages = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Instead of the recipe's.", envvar="BAKEOFF_BATCH_SIZE")
    ] = None,
    profile: ProfileOption = "auto",
    engine: EngineOption = "auto",
    device: DeviceOption = "auto",
    variant: VariantOption = "auto",
    gpu: GpuOption = None,
    threads: Threads = None,
    precision: PrecisionOption = "float32",
    parity: Annotated[
        bool,
        typer.Option(
            help="Train each matched cell twice more, to compare it step by step with others and itself.",
            envvar="BAKEOFF_PARITY",
        ),
    ] = True,
    timeout: Timeout = TIMEOUT_SECONDS,
    allow_foreign_image: ForeignOption = False,
    python: PythonOption = None,
    detach: Detach = False,
    spec: Annotated[
        Path | None, typer.Option(help="A comparison file instead of the options above.", envvar="BAKEOFF_SPEC")
    ] = None,
    out: Out = RUNS,
    idx: Idx = None,
    plan: Annotated[bool, typer.Option("--plan", help="Show the trials and stop.")] = False,
    as_json: Json = False,
    progress: Show = "auto",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Train the same recipes in several contenders, each in its own container, and report.

    Exit codes: 0 ok, 2 usage, 3 preflight, 4 a trial failed (the report is written), 130 interrupted.
    `bakeoff resume` goes on with a run that was interrupted, killed, or lost its engine.
    """
    given: dict[str, object] = {
        "contenders": contenders or DEFAULT_CONTENDERS,
        "recipes": recipe or DEFAULT_RECIPES,
        "seeds": seeds,
        "runs": runs,
        "epochs": epochs,
        "train_images": train_images,
        "batch_size": batch_size,
        "profile": profile,
        "engine": engine,
        "device": device,
        "variant": variant,
        "gpu": gpu,
        "threads": threads,
        "precision": precision,
        "parity": parity,
        "timeout_seconds": timeout,
        "allow_foreign_image": allow_foreign_image,
        "python": python or (),
    }
    asked = _asked(spec, given)
    if plan:
        _show_plan(asked, out, idx, as_json)
        return
    try:
        with view(progress, verbosity=verbosity(quiet, verbose)) as watching:
            folder, summary = pipeline.compare(asked, detect(asked, out, idx), watching, detach=detach)
    except KeyboardInterrupt:
        raise Interrupted(*HASTY) from None
    show(folder, summary, as_json)
    raise typer.Exit(ended(folder, summary))


def _asked(file: Path | None, given: dict[str, object]) -> Spec:
    """Take the comparison file or the options; both at once would leave unclear which wins."""
    options = spec_from(given, "command line")
    if file is None:
        return options
    changed = options.model_dump(exclude_defaults=True)
    if changed:
        raise UsageError(f"--spec and {', '.join(changed)} were both given", "write everything into the file")
    return read(file)


HASTY = (
    "interrupted",
    "`bakeoff resume` goes on where it was; `bakeoff clean` removes what a hasty end left running",
)


def ended(folder: RunFolder, summary: Summary) -> int:
    """Return the exit code; where the run can be resumed, say so on standard error."""
    code = exit_code(summary)
    if any(trial.status in OPEN for trial in summary.trials):
        line = f"not all has run; to go on: bakeoff resume {folder.id}"
        Console(stderr=True, markup=False, highlight=False, soft_wrap=True).print(line)
    return code


def exit_code(summary: Summary) -> int:
    if summary.comparison.interrupted:
        return Interrupted.exit_code
    statuses = {trial.status for trial in summary.trials}
    if Status.UNKNOWN in statuses:
        return PreflightError.exit_code
    return 0 if statuses <= {Status.DONE} else TRIAL_FAILED


def show(folder: RunFolder, summary: Summary, as_json: bool) -> None:
    """Print the summary as it stands on disk, or what a person wants to know of it."""
    if as_json:
        emit_text((folder.path / "summary.json").read_text(encoding="utf-8"))
        return
    console = stdout()
    console.print(explained(summary) if summary.explanation else conclusion(summary, console.width))
    console.print(Text(printable(f"report: {near(folder.path / 'report.md')}")), soft_wrap=True)


def near(path: Path) -> Path:
    here = Path.cwd()
    return path.absolute().relative_to(here) if path.absolute().is_relative_to(here) else path


def _show_plan(asked: Spec, out: Path, idx: Path | None, as_json: bool) -> None:
    around = detect(asked, out, idx)
    settings = resolve(asked, around.hardware)
    trials = make_plan(settings)
    if as_json:
        emit({"heading": heading(settings), "relaxed": relaxations_by_contender(settings), "trials": _rows(trials)})
        return
    console = stdout()
    console.print(
        *map(Text, map(printable, (heading(settings), engine_and_device(settings, around.engine.name)))),
        sep="\n",
        soft_wrap=True,
    )
    table = listing("trial", "track", "epochs", "batch", "training\nimages", "validation\nimages")
    for row in _rows(trials):
        table.add_row(*(Text(printable(str(value))) for value in row.values()))
    console.print(table)


def _rows(trials: Plan) -> list[dict[str, str | int]]:
    return [
        {
            "trial": each.id,
            "track": track(each.trial.recipe),
            "epochs": each.trial.recipe.training.epochs,
            "batch_size": each.trial.recipe.training.batch_size,
            "train_images": each.trial.recipe.data.train.images,
            "validation_images": each.trial.recipe.data.validation.images,
        }
        for each in trials.trials
    ]


compare.__doc__ = f"{inspect.cleandoc(compare.__doc__ or '')}\n{_EXAMPLES}"
