"""The line, once: spec → plan → run → stream → record → analyse → report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from orchestrator import dataset, doctor, earlier, ledger, machine, report, store
from orchestrator.accuracy import answers_of
from orchestrator.analyse import analyse
from orchestrator.audit import Expected, expect
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
    """Contenders by their written name: prepared, or the reason why not."""

    prepared: Mapping[str, Prepared]
    refused: Mapping[str, str]


def compare(
    spec: Spec, world: World, view: View, *, needed_bytes: int = store.RUN_FOLDER_BYTES
) -> tuple[RunFolder, Summary]:
    """Run a comparison from what was asked for to the report of what happened.

    Ctrl-C during a trial stops it, skips the rest, and still writes the report. Raises
    UsageError and PreflightError before anything is started.
    """
    settings = resolve(spec, world.gpus, world.gives_gpus, world.cores)
    return conduct(settings, planned(settings), world, view, needed_bytes=needed_bytes)


def explain(asked: Asked, world: World, view: View, *, fresh: bool = False) -> tuple[RunFolder, Summary]:
    """Walk from one cell to another, setting by setting, and say what each carries of the difference.

    Trials of earlier runs are taken over unless `fresh`. Otherwise as `compare`.
    """
    settings, way = walked(asked, world)
    return conduct(settings, laid_out(settings, way), world, view, way=way, reuse=not fresh)


def conduct(
    settings: Settings,
    trials: Plan,
    world: World,
    view: View,
    *,
    needed_bytes: int = store.RUN_FOLDER_BYTES,
    way: Walk | None = None,
    reuse: bool = False,
) -> tuple[RunFolder, Summary]:
    """Run the trials of a plan, whatever it was made for, and report."""
    view.planned(trials, heading(settings))
    for line in filter(None, (surroundings(settings, world), world.engine_notice)):
        view.say(line)
    store.check(world.out, needed_bytes)
    doctor.preflight(settings, world, view.say)
    data = dataset.ensure(world.data, world.idx, view.say)
    ready = prepare(settings, world, view)
    doctor.check_built(settings, world, ready.prepared, view.say)
    folder = store.create(world.out, way.slug if way else slug(settings))
    comparison = describe(settings, trials, world, folder.id, way)
    folder.write_json("comparison.json", {**comparison.model_dump(), "spec": settings.spec.model_dump()})
    environment = {**world.environment, **world.engine.facts()}
    folder.write_json("environment.json", environment)  # for whoever takes over trials of a run that was killed
    expected = expectations(trials, data.folder, view)
    on = replace(bench(settings, world, folder, data, expected), say=view.say)
    records = measure(trials, ready, on, folder, view, reuse=reuse)
    ended = _ended(comparison, records)
    environment |= {**machine.at_end(), **ledger.inside(records)}
    folder.write_json("environment.json", environment)
    steps = [steps_of(record, folder.left(record.id, "steps.npz")) for record in records]
    answers = [answers_of(record, folder.left(record.id, "predictions.npy"), on.test_labels) for record in records]
    summary = analyse(
        ended,
        environment,
        records,
        cores=world.cores,
        load=world.load,
        steps=[each for each in steps if each],
        answers=[each for each in answers if each],
        way=way,
    )
    folder.write_summary(summary)
    report.write(folder.path)
    return folder, summary


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


def prepare(settings: Settings, world: World, view: View) -> Ready:
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
    return Ready(prepared, refused)


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


def measure(
    trials: Plan, ready: Ready, on: Bench, folder: RunFolder, view: View, *, reuse: bool = False
) -> list[Record]:
    """Run the trials one after another: two at a time would measure each other. `reuse` takes over earlier ones."""
    records: list[Record] = []
    interrupted = False
    for each in trials.trials:
        view.trial_started(each.id)
        if interrupted:
            record = _left_out(each, on, folder, Status.SKIPPED, "the comparison was interrupted before its turn")
        elif each.contender.written in ready.refused:
            record = _left_out(each, on, folder, Status.FAILED, ready.refused[each.contender.written], "not-prepared")
        elif reuse and (found := earlier.find(audited(on, each).trial, ready.prepared[each.contender.written], folder)):
            record = earlier.take_over(found, folder)
            view.say(f"{each.id} is taken over from {record.reused_from}; --fresh runs it again")
        else:
            record = run_trial(on, each, ready.prepared[each.contender.written], folder.trial(each.id), view.event)
        interrupted = interrupted or record.status is Status.INTERRUPTED
        records.append(record)
        view.trial_ended(record)
    return records


def expectations(trials: Plan, data: Path, view: View) -> dict[tuple[str, int], Expected]:
    """Compute what the audit expects, once a recipe and seed, of recipes whose contenders start alike."""
    expected: dict[tuple[str, int], Expected] = {}
    for trial in (each.trial for each in trials.trials if each.trial.recipe.initial.draw == "shared"):
        if (trial.recipe.name, trial.seed) not in expected:
            view.say(f"audit: computing the float64 reference of {trial.recipe.name}, seed {trial.seed}")
            loaded = mnist.load(data, trial.recipe.data.view)
            expected[trial.recipe.name, trial.seed] = expect(trial.recipe, trial.seed, loaded, trial.precision)
    return expected


def bench(
    settings: Settings,
    world: World,
    folder: RunFolder,
    data: dataset.Dataset,
    expected: Mapping[tuple[str, int], Expected],
) -> Bench:
    return Bench(
        engine=world.engine,
        run_id=folder.id,
        test_labels=mnist.load(data.folder, "8x8").test_labels,
        gpu=settings.gpu.uuid if settings.gpu else None,
        limits=Limits(trial_seconds=settings.spec.timeout_seconds),
        expected=expected,
        data_sha256=mnist.DATA_SHA256,
    )


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
    interrupted = any(record.status is Status.INTERRUPTED for record in records)
    ended_at = datetime.now(UTC).isoformat(timespec="seconds")
    return comparison.model_copy(update={"ended_at": ended_at, "interrupted": interrupted})
