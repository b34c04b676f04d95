"""The line, once: spec → plan → run → stream → record → analyse → report."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from orchestrator import dataset, doctor, earlier, ledger, machine, report, store
from orchestrator.accuracy import answers_of
from orchestrator.analyse import analyse
from orchestrator.audit import Expected, expect
from orchestrator.beginning import Beginning, beginning_of
from orchestrator.contenders import Contender, offered
from orchestrator.description import describe, heading, slug, surroundings
from orchestrator.engine import EngineLost, Prepared, PrepareError
from orchestrator.errors import PreflightError
from orchestrator.explain.asked import Asked
from orchestrator.explain.walk import Walk, walk
from orchestrator.parity import steps_of
from orchestrator.plan import Plan, PlannedTrial, lay_out, plan, with_parity
from orchestrator.record import Record, Status
from orchestrator.recording import unstarted
from orchestrator.retry import Retry
from orchestrator.runner import Bench, audited, run_trial
from orchestrator.settings import Settings, resolve
from orchestrator.spec import Spec
from orchestrator.store import RunFolder
from orchestrator.summary import Comparison, Summary
from orchestrator.view import View
from orchestrator.watch import Limits
from orchestrator.world import World
from shared import mnist

T = TypeVar("T")


@dataclass(frozen=True)
class Ready:
    """Contenders by their written name: prepared, or the reason why not; and the data set."""

    prepared: Mapping[str, Prepared]
    refused: Mapping[str, str]
    data: Path

    @property
    def images(self) -> dict[str, str]:
        return {name: each.image for name, each in self.prepared.items()}


@dataclass(frozen=True)
class Run:
    """A plan on its way: what `conduct` needs beside the world, from a first host or a later one."""

    settings: Settings
    trials: Plan
    ready: Ready
    folder: RunFolder
    comparison: Comparison
    beginning: Beginning
    way: Walk | None
    detach: bool


def compare(
    spec: Spec, world: World, view: View, *, needed_bytes: int = store.RUN_FOLDER_BYTES, detach: bool = False
) -> tuple[RunFolder, Summary]:
    """Run a comparison from what was asked for to the report of what happened.

    Ctrl-C during a trial stops it, or leaves it running where `detach` says so, skips the rest, and still writes the
    report. Raises UsageError and PreflightError before anything is started.
    """
    settings = _resolved(spec, world)
    return begin(settings, planned(settings), world, view, needed_bytes=needed_bytes, detach=detach)


def explain(
    asked: Asked, world: World, view: View, *, fresh: bool = False, detach: bool = False
) -> tuple[RunFolder, Summary]:
    """Walk from one cell to another, setting by setting, and say what each carries of the difference.

    Trials of earlier runs are taken over unless `fresh`. Otherwise as `compare`.
    """
    settings, way = walked(asked, world)
    return begin(settings, laid_out(settings, way), world, view, way=way, reuse=not fresh, detach=detach)


def begin(
    settings: Settings,
    trials: Plan,
    world: World,
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
        comparison = describe(settings, trials, world, folder.id, way)
        beginning = beginning_of(settings, trials, world, ready.images, ready.refused, reuse=reuse)
        # All three for whoever goes on with a run that was killed, or takes over trials of it. The last makes it a run.
        folder.write_beginning(beginning)
        folder.write_json("environment.json", {**world.environment, **world.engine.facts()})
        folder.write_json("comparison.json", {**comparison.model_dump(), "spec": settings.spec.model_dump()})
        run = Run(settings, trials, ready, folder, comparison, beginning, way, detach)
        return folder, conduct(run, world, view)


def resume(folder: RunFolder, world: World, view: View, *, detach: bool = False) -> tuple[RunFolder, Summary]:
    """Go on with a run whose host ended before it did: adopt what still runs, start what has not run, report.

    Raises PreflightError where another host is at it, UsageError where it cannot be the same run any more.
    """
    with folder.held():
        beginning = folder.read_beginning()
        pinned = beginning.pinned
        settings, way = walked(pinned, world) if isinstance(pinned, Asked) else (_resolved(pinned, world), None)
        trials = laid_out(settings, way) if way else planned(settings)
        found = made_ready(settings, trials, world, view, store.RUN_FOLDER_BYTES)
        beginning = beginning.again(trials, found.images)
        folder.write_beginning(beginning)
        ready = replace(found, refused=beginning.refused)
        comparison = folder.read_comparison().model_copy(update={"resumed_at": beginning.resumed_at})
        then = replace(world, cores=beginning.cores, load=beginning.load)
        return folder, conduct(Run(settings, trials, ready, folder, comparison, beginning, way, detach), then, view)


def made_ready(settings: Settings, trials: Plan, world: World, view: View, needed_bytes: int) -> Ready:
    """Check what the world must have, and make data and contenders ready."""
    view.planned(trials, heading(settings))
    for line in filter(None, (surroundings(settings, world), world.engine_notice)):
        view.say(line)
    store.check(world.out, needed_bytes)
    doctor.preflight(settings, world, view.say)
    data = dataset.ensure(world.data, world.idx, view.say)
    prepared, refused = prepare(settings, world, view)
    doctor.check_built(settings, world, prepared, view.say)
    return Ready(prepared, refused, data.folder)


def conduct(run: Run, world: World, view: View) -> Summary:
    """Run the trials of a plan, whatever it was made for, and report."""
    on = bench(run, world, expectations(run.trials, run.ready.data, view))
    records = measure(run, replace(on, say=view.say), view)
    environment = {**run.folder.read_json("environment.json"), **machine.at_end(), **ledger.inside(records)}
    run.folder.write_json("environment.json", environment)
    left = run.folder.left
    steps = [steps_of(record, left(record.id, "steps.npz")) for record in records]
    answers = [answers_of(record, left(record.id, "predictions.npy"), on.test_labels) for record in records]
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


def planned(settings: Settings) -> Plan:
    """Lay out what a comparison measures and, unless it was declined, the parity trials of its matched cells."""
    measured = plan(
        settings.contenders,
        settings.recipes,
        seeds=settings.spec.seeds,
        runs=settings.spec.runs,
        device=settings.device,
        threads=settings.threads,
        precision=settings.spec.precision,
    )
    return with_parity(measured) if settings.spec.parity else measured


def walked(asked: Asked, world: World) -> tuple[Settings, Walk]:
    """Resolve what is asked for and plan the walk between its ends, sizes applied; both may share an end's name."""
    ends = asked.model_copy(update={"contenders": _once(asked.contenders), "recipes": _once(asked.recipes)})
    settings = replace(resolve(ends, world.gpus, world.gives_gpus, world.cores), spec=asked)
    contenders, recipes = settings.contenders, settings.recipes
    return settings, walk((contenders[0], recipes[0]), (contenders[-1], recipes[-1]), asked.paths)


def laid_out(settings: Settings, way: Walk) -> Plan:
    """Lay out a walk's cells as one row, so that each seed starts it with another cell."""
    return lay_out(
        [way.row],
        seeds=settings.spec.seeds,
        runs=1,
        device=settings.device,
        threads=settings.threads,
        precision=settings.spec.precision,
    )


def prepare(settings: Settings, world: World, view: View) -> tuple[dict[str, Prepared], dict[str, str]]:
    """Make every contender ready before the first trial, so that no build runs between measurements."""
    prepared: dict[str, Prepared] = {}
    refused: dict[str, str] = {}
    for contender in settings.contenders:
        try:
            prepared[contender.written] = _prepared(contender, settings, world, view)
        except PrepareError as error:
            refused[contender.written] = f"{error}{_offer(contender)}"
            view.say(f"{contender.written} cannot be prepared: {refused[contender.written]}")
    if prepared:
        any_of_them = next(iter(prepared.values()))
        _while_away(Retry(view.say), lambda: world.engine.supply(world.data, any_of_them, view.say), "copying the data")
    return prepared, refused


def _prepared(contender: Contender, settings: Settings, world: World, view: View) -> Prepared:
    retry = Retry(view.say)
    found = _while_away(
        retry, lambda: world.engine.prepare(contender, settings.variant, view.say), f"preparing {contender.written}"
    )
    return replace(found, retries=(*retry.kept, *found.retries))


def _while_away(retry: Retry, attempt: Callable[[], T], what: str) -> T:
    """Try while the engine is away; PreflightError where it stays away, since nothing has been measured yet."""
    try:
        return retry.while_away(attempt, what)
    except EngineLost as error:
        raise PreflightError(f"{what}: the engine stays away ({error})", "start it again, then repeat") from error


def measure(run: Run, on: Bench, view: View) -> list[Record]:
    """Run the trials one after another: two at a time would measure each other. Those of an earlier host are kept."""
    records: list[Record] = []
    ended = ""  # why the rest is left out
    for each in run.trials.trials:
        view.trial_started(each.id)
        record = _settled(run, each) or _measured(run, each, on, view, ended)
        ended = ended or _ENDS.get(record.status, "")
        records.append(record)
        view.trial_ended(record)
    if not ended:
        with contextlib.suppress(EngineLost):  # then it is `bakeoff clean` that removes it
            on.engine.sweep(on.run_id, on.lease)
    return records


_ENDS = {
    Status.INTERRUPTED: "the comparison was interrupted before its turn",
    Status.UNKNOWN: "the comparison ended before its turn; `bakeoff resume` runs it",
}

OPEN = (Status.UNKNOWN, Status.INTERRUPTED, Status.SKIPPED)
"""What a resumed run takes up again, beside what an engine's restart ended. What failed has been measured, and is not
tried until it passes."""


def _settled(run: Run, each: PlannedTrial) -> Record | None:
    """Return what an earlier host recorded of a trial, None where it is still to be run, or to its end."""
    record = run.folder.trial(each.id).record()
    return None if record is None or record.status in OPEN or record.cause == "engine-restart" else record


def _measured(run: Run, each: PlannedTrial, on: Bench, view: View, ended: str) -> Record:
    written, ready = each.contender.written, run.ready
    if ended:
        return run.folder.trial(each.id).record() or _left_out(each, on, run.folder, Status.SKIPPED, ended)
    if written in ready.refused:
        return _left_out(each, on, run.folder, Status.FAILED, ready.refused[written], "not-prepared")
    if run.beginning.reuse and (found := earlier.find(audited(on, each).trial, ready.prepared[written], run.folder)):
        record = earlier.take_over(found, run.folder)
        view.say(f"{each.id} is taken over from {record.reused_from}; --fresh runs it again")
        return record
    folder = run.folder.trial(each.id)
    if (since := folder.started_at()) is not None:
        view.say(f"{each.id} was started by an earlier bakeoff at {since:%Y-%m-%d %H:%M:%S} UTC: looking for it")
    return run_trial(on, each, ready.prepared[written], folder, view.event)


def expectations(trials: Plan, data: Path, view: View) -> dict[tuple[str, int], Expected]:
    """Compute what the audit expects, once a recipe and seed, of recipes whose contenders start alike."""
    expected: dict[tuple[str, int], Expected] = {}
    for trial in (each.trial for each in trials.trials if each.trial.recipe.initial.draw == "shared"):
        if (trial.recipe.name, trial.seed) not in expected:
            view.say(f"audit: computing the float64 reference of {trial.recipe.name}, seed {trial.seed}")
            loaded = mnist.load(data, trial.recipe.data.view)
            expected[trial.recipe.name, trial.seed] = expect(trial.recipe, trial.seed, loaded, trial.precision)
    return expected


def bench(run: Run, world: World, expected: Mapping[tuple[str, int], Expected]) -> Bench:
    return Bench(
        engine=world.engine,
        run_id=run.folder.id,
        test_labels=mnist.load(run.ready.data, "8x8").test_labels,
        gpu=run.settings.gpu.uuid if run.settings.gpu else None,
        limits=Limits(trial_seconds=run.settings.spec.timeout_seconds),
        expected=expected,
        data_sha256=mnist.DATA_SHA256,
        lease=run.beginning.lease,
        detach=run.detach,
    )


def _resolved(spec: Spec, world: World) -> Settings:
    return resolve(spec, world.gpus, world.gives_gpus, world.cores)


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _offer(contender: Contender) -> str:
    file = offered().get(contender.name)
    if file is None or contender.version in file.versions:
        return ""
    return f". {contender.name} {contender.version} is not among the versions offered: {', '.join(file.versions)}"


def _left_out(each: PlannedTrial, on: Bench, folder: RunFolder, status: Status, reason: str, cause: str = "") -> Record:
    record = unstarted(each, on.engine.name, status, reason, cause)
    folder.trial(each.id).write_record(record)
    return record


def _ended(comparison: Comparison, records: Sequence[Record]) -> Comparison:
    interrupted = any(record.status is Status.INTERRUPTED or record.cause == "detached" for record in records)
    ended_at = datetime.now(UTC).isoformat(timespec="seconds")
    return comparison.model_copy(update={"ended_at": ended_at, "interrupted": interrupted})
