"""The line, once: spec → plan → run → stream → record → analyse → report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from orchestrator import doctor, report
from orchestrator.analyse import confounders as ledger
from orchestrator.analyse.accuracy import read_answers
from orchestrator.analyse.analyse import analyse
from orchestrator.analyse.describe import describe
from orchestrator.analyse.parity import read_steps
from orchestrator.analyse.summary import Comparison, Summary, read_comparison
from orchestrator.audit.audit import Expected, expect
from orchestrator.data import dataset
from orchestrator.host import machine
from orchestrator.plan.plan import Plan, lay_out, make_plan, with_parity
from orchestrator.plan.walk import Walk, make_walk
from orchestrator.progress.view import View
from orchestrator.record import run_folder as store
from orchestrator.record.manifest import beginning_of
from orchestrator.record.record import Record, Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.run.prepare import Ready, prepare
from orchestrator.run.runner import TrialSetup
from orchestrator.run.schedule import Run, run_all
from orchestrator.run.watch import Limits
from orchestrator.runtime import Runtime
from orchestrator.spec.resolve import ResolvedSpec, engine_and_device, heading, resolve, slug
from orchestrator.spec.spec import ExplainSpec, Spec
from shared import mnist


def compare(
    spec: Spec, world: Runtime, view: View, *, needed_bytes: int = store.RUN_FOLDER_BYTES, detach: bool = False
) -> tuple[RunFolder, Summary]:
    """Run a comparison from what was asked for to the report of what happened.

    Ctrl-C during a trial stops it, or leaves it running where `detach` says so, skips the rest, and still writes the
    report. Raises UsageError and PreflightError before anything is started.
    """
    settings = _resolved(spec, world)
    return begin(settings, planned(settings), world, view, needed_bytes=needed_bytes, detach=detach)


def explain(
    asked: ExplainSpec, world: Runtime, view: View, *, fresh: bool = False, detach: bool = False
) -> tuple[RunFolder, Summary]:
    """Walk from one cell to another, setting by setting, and say what each carries of the difference.

    Trials of earlier runs are taken over unless `fresh`. Otherwise as `compare`.
    """
    settings, way = walked(asked, world)
    return begin(settings, laid_out(settings, way), world, view, way=way, reuse=not fresh, detach=detach)


def begin(
    settings: ResolvedSpec,
    trials: Plan,
    world: Runtime,
    view: View,
    *,
    needed_bytes: int = store.RUN_FOLDER_BYTES,
    way: Walk | None = None,
    reuse: bool = False,
    detach: bool = False,
) -> tuple[RunFolder, Summary]:
    """Make everything ready for a plan, give it a run folder, and conduct it."""
    ready = made_ready(settings, trials, world, view, needed_bytes)
    folder = store.create(world.out, way.slug if way else slug(settings))
    with folder.held():
        comparison = describe(settings, trials, world.engine, world.engine_notice, folder.id, way)
        beginning = beginning_of(
            settings, trials, world.engine.name, world.cores, world.load, ready.images, ready.refused, reuse=reuse
        )
        # All three for whoever goes on with a run that was killed, or takes over trials of it. The last makes it a run.
        folder.write_beginning(beginning)
        folder.write_json("environment.json", {**world.environment, **world.engine.facts()})
        folder.write_json("comparison.json", {**comparison.model_dump(), "spec": settings.spec.model_dump()})
        run = Run(settings, trials, ready, folder, comparison, beginning, way, detach)
        return folder, conduct(run, world, view)


def resume(folder: RunFolder, world: Runtime, view: View, *, detach: bool = False) -> tuple[RunFolder, Summary]:
    """Go on with a run whose host ended before it did: adopt what still runs, start what has not run, report.

    Raises PreflightError where another host is at it, UsageError where it cannot be the same run any more.
    """
    with folder.held():
        beginning = folder.read_beginning()
        pinned = beginning.pinned
        settings, way = walked(pinned, world) if isinstance(pinned, ExplainSpec) else (_resolved(pinned, world), None)
        trials = laid_out(settings, way) if way else planned(settings)
        found = made_ready(settings, trials, world, view, store.RUN_FOLDER_BYTES)
        beginning = beginning.again(trials, found.images)
        folder.write_beginning(beginning)
        ready = replace(found, refused=beginning.refused)
        comparison = read_comparison(folder).model_copy(update={"resumed_at": beginning.resumed_at})
        then = replace(world, cores=beginning.cores, load=beginning.load)
        return folder, conduct(Run(settings, trials, ready, folder, comparison, beginning, way, detach), then, view)


def made_ready(settings: ResolvedSpec, trials: Plan, world: Runtime, view: View, needed_bytes: int) -> Ready:
    """Check what the world must have, and make data and contenders ready."""
    view.planned(trials, heading(settings))
    for line in filter(None, (engine_and_device(settings, world.engine.name), world.engine_notice)):
        view.say(line)
    store.check(world.out, needed_bytes)
    doctor.preflight(settings, world, view.say)
    data = dataset.ensure(world.data, world.idx, view.say)
    prepared, refused = prepare(settings, world, view)
    doctor.check_built(settings, world, prepared, view.say)
    return Ready(prepared, refused, data.folder)


def conduct(run: Run, world: Runtime, view: View) -> Summary:
    """Run the trials of a plan, whatever it was made for, and report."""
    on = bench(run, world, view, expectations(run.trials, run.ready.data, view))
    records = run_all(run, on, view)
    environment = {**run.folder.read_json("environment.json"), **machine.at_end(), **ledger.inside(records)}
    run.folder.write_json("environment.json", environment)
    left = run.folder.left
    steps = [read_steps(record, left(record.id, "steps.npz")) for record in records]
    answers = [read_answers(record, left(record.id, "predictions.npy"), on.test_labels) for record in records]
    summary = analyse(
        _ended(run.comparison, records),
        environment,
        records,
        cores=world.cores,
        load=world.load,
        steps=[each for each in steps if each],
        answers=[each for each in answers if each],
        way=run.way,
    )
    run.folder.write_summary(summary)
    report.write(run.folder.path)
    return summary


def planned(settings: ResolvedSpec) -> Plan:
    """Lay out what a comparison measures and, unless it was declined, the parity trials of its matched cells."""
    measured = make_plan(
        settings.contenders,
        settings.recipes,
        seeds=settings.spec.seeds,
        runs=settings.spec.runs,
        device=settings.device,
        threads=settings.threads,
        precision=settings.spec.precision,
    )
    return with_parity(measured) if settings.spec.parity else measured


def walked(asked: ExplainSpec, world: Runtime) -> tuple[ResolvedSpec, Walk]:
    """Resolve what is asked for and plan the walk between its ends, sizes applied; both may share an end's name."""
    ends = asked.model_copy(update={"contenders": _once(asked.contenders), "recipes": _once(asked.recipes)})
    settings = replace(resolve(ends, world.gpus, world.gives_gpus, world.cores), spec=asked)
    contenders, recipes = settings.contenders, settings.recipes
    return settings, make_walk((contenders[0], recipes[0]), (contenders[-1], recipes[-1]), asked.paths)


def laid_out(settings: ResolvedSpec, way: Walk) -> Plan:
    """Lay out a walk's cells as one row, so that each seed starts it with another cell."""
    return lay_out(
        [way.row],
        seeds=settings.spec.seeds,
        runs=1,
        device=settings.device,
        threads=settings.threads,
        precision=settings.spec.precision,
    )


def expectations(trials: Plan, data: Path, view: View) -> dict[tuple[str, int], Expected]:
    """Compute what the audit expects, once a recipe and seed, of recipes whose contenders start alike."""
    expected: dict[tuple[str, int], Expected] = {}
    for trial in (each.trial for each in trials.trials if each.trial.recipe.initial.draw == "shared"):
        if (trial.recipe.name, trial.seed) not in expected:
            view.say(f"audit: computing the float64 reference of {trial.recipe.name}, seed {trial.seed}")
            loaded = mnist.load(data, trial.recipe.data.view)
            expected[trial.recipe.name, trial.seed] = expect(trial.recipe, trial.seed, loaded, trial.precision)
    return expected


def bench(run: Run, world: Runtime, view: View, expected: Mapping[tuple[str, int], Expected]) -> TrialSetup:
    return TrialSetup(
        engine=world.engine,
        run_id=run.folder.id,
        test_labels=mnist.load(run.ready.data, "8x8").test_labels,
        gpu=run.settings.gpu.uuid if run.settings.gpu else None,
        limits=Limits(trial_seconds=run.settings.spec.timeout_seconds),
        expected=expected,
        data_sha256=mnist.DATA_SHA256,
        lease=run.beginning.lease,
        detach=run.detach,
        say=view.say,
    )


def _resolved(spec: Spec, world: Runtime) -> ResolvedSpec:
    return resolve(spec, world.gpus, world.gives_gpus, world.cores)


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _ended(comparison: Comparison, records: Sequence[Record]) -> Comparison:
    interrupted = any(record.status is Status.INTERRUPTED or record.cause == "detached" for record in records)
    ended_at = datetime.now(UTC).isoformat(timespec="seconds")
    return comparison.model_copy(update={"ended_at": ended_at, "interrupted": interrupted})
