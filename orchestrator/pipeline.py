"""The line, once: spec → plan → run → stream → record → analyse → report."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from orchestrator import doctor, report
from orchestrator.analyse.analyse import analyse, look_at_records
from orchestrator.analyse.confounders import facts_by_contender
from orchestrator.analyse.decide_plan import Cost, DecidePlan, costs, decide_plan
from orchestrator.analyse.describe import describe, mark_ended, mark_extended, mark_resumed
from orchestrator.analyse.finished_run import FinishedRun, load_finished
from orchestrator.analyse.interim_look import Look
from orchestrator.analyse.load import in_order_asked_for, load_run
from orchestrator.analyse.machine_floor import Place, expectation, floor_costs, nearest_floor
from orchestrator.analyse.planning import planning_lines, rule_of
from orchestrator.analyse.reproduction import Reproduction, check_recipes, reproduction
from orchestrator.analyse.summary import Comparison, Environment, Summary
from orchestrator.data import dataset
from orchestrator.errors import UsageError
from orchestrator.host import machine
from orchestrator.host.throttle import throttle_facts
from orchestrator.plan.plan import Plan, draw_seed, make_plan
from orchestrator.progress.view import View
from orchestrator.record.floor import Floor, read_floors
from orchestrator.record.manifest import Manifest
from orchestrator.record.record import Record
from orchestrator.record.run_folder import (
    BUDGET,
    COMPARISON,
    ENVIRONMENT,
    REPRODUCTION,
    SUMMARY,
    RunFolder,
    ensure_space,
    list_runs,
)
from orchestrator.record.sentinel import ELSEWHERE, SentinelSeries
from orchestrator.run.all_trials import run_all
from orchestrator.run.one_trial import TrialSetup
from orchestrator.run.prepare import expectations, prepare_contenders
from orchestrator.run.turn_choice import choose_turns
from orchestrator.run.watchdog import Limits
from orchestrator.runtime import Runtime
from orchestrator.spec import recipes
from orchestrator.spec.budget import Budget, gate_command
from orchestrator.spec.contenders import prefix_lines
from orchestrator.spec.interim_schedule import LOOKS
from orchestrator.spec.resolve import ResolvedSpec, engine_and_device, heading, resolve
from orchestrator.spec.spec import Spec, extended
from orchestrator.spec.variables import FACT, ignored_variables
from shared import mnist


def compare(
    spec: Spec,
    runtime: Runtime,
    view: View,
    *,
    reuse: bool = False,
    detach: bool = False,
    budget: Budget | None = None,
) -> tuple[RunFolder, Summary]:
    """Run what is asked for and report what happened: a comparison, or a walk where the spec asks to explain.

    With `reuse`, finished trials of earlier runs are taken over. Ctrl-C during a trial stops it, or leaves it running
    where `detach` says so, skips the rest, and still writes the report. With a `budget` the run is a gate: it ends once
    every metric of it is decided. Raises UsageError and PreflightError before anything is started.
    """
    resolved = resolve(spec, runtime.hardware)
    plan = make_plan(resolved, draw_seed())
    setup = prepare(resolved, plan, runtime, view, detach=detach)
    folder = RunFolder.create(runtime.out, plan.slug)
    with folder.lock():
        begin(folder, resolved, plan, setup, runtime, reuse=reuse, budget=budget)
        return folder, run_and_conclude(folder, plan, setup, runtime, view)


def resume(
    folder: RunFolder, runtime: Runtime, view: View, *, detach: bool = False, until_decided: bool = False
) -> tuple[RunFolder, Summary]:
    """Continue a run whose host ended before it did: adopt what still runs, start what has not run, report.

    With `until_decided` a run of a fixed number of blocks gets more of them, and is judged by looks from then on.
    Raises PreflightError where another host is at it, UsageError where it cannot be the same run any more.
    """
    with folder.lock():
        manifest = folder.read_manifest()
        resolved = resolve(manifest.pinned_spec, runtime.hardware)
        if until_decided:
            manifest, resolved = extend(manifest, resolved, runtime)
        plan = make_plan(resolved, manifest.order_seed)
        setup = prepare(resolved, plan, runtime, view, detach=detach)
        folder.write_manifest(manifest.resumed(plan, setup.images))
        comparison = mark_resumed(Comparison.load(folder.path))
        folder.write_model(COMPARISON, mark_extended(comparison, resolved) if until_decided else comparison)
        return folder, run_and_conclude(folder, plan, setup, runtime, view)


def find_decide_plan(spec: Spec, runtime: Runtime, costs_as: str = "") -> DecidePlan:
    """Choose size and blocks of a comparison of one recipe by what trials took on this machine.

    With `costs_as`, the name of a contender, all of them cost what that one did.
    """
    resolved = resolve(spec, runtime.hardware)
    recipe = recipes.load(spec.recipes[0])
    names = [contender.written for contender in resolved.contenders]
    known = _known_costs(resolved, recipe.name, runtime)
    if costs_as in known:
        known = dict.fromkeys(names, known[costs_as])
    way, floor = decide_plan(spec, recipe, names, known), _floor(resolved, runtime)
    expected = expectation(floor, rule_of(resolved), way.spec.blocks) if floor and not costs_as else ""
    return replace(way, lines=(*way.lines, *filter(None, (expected,))))


def plan_ahead(spec: Spec, runtime: Runtime) -> tuple[str, ...]:
    """Say what a comparison is expected to take and to find here, by earlier runs and calibrations."""
    resolved = resolve(spec, runtime.hardware)
    if spec.blocks == 1:
        return ()
    known = {recipe.name: _known_costs(resolved, recipe.name, runtime) for recipe in resolved.recipes}
    return planning_lines(resolved, known, _floor(resolved, runtime))


def _known_costs(resolved: ResolvedSpec, recipe: str, runtime: Runtime) -> dict[str, Cost]:
    """Return what contenders cost here: by their last run, else by a calibration."""
    names, place = [contender.written for contender in resolved.contenders], _place(resolved, runtime)
    calibrated = floor_costs(read_floors(runtime.data.parent), place, recipe)
    seen = costs(_summaries(runtime.out), names, recipe, runtime.environment.get("cpu", ""))
    return {**calibrated, **seen}


def _floor(resolved: ResolvedSpec, runtime: Runtime) -> Floor | None:
    contenders = [contender.written for contender in resolved.contenders]
    trained = [recipe.name for recipe in resolved.recipes]
    return nearest_floor(read_floors(runtime.data.parent), _place(resolved, runtime), contenders, trained)


def _place(resolved: ResolvedSpec, runtime: Runtime) -> Place:
    device = resolved.gpu.name if resolved.gpu else "cpu"
    return Place(runtime.environment, runtime.engine.name, device)


def _summaries(out: Path) -> Iterator[Summary]:
    """Yield the summaries of a machine's runs, newest first; those that cannot be read are left out."""
    for folder in reversed(list_runs(out)):
        with contextlib.suppress(UsageError):
            yield Summary.load(folder.path)


def extend(manifest: Manifest, resolved: ResolvedSpec, runtime: Runtime) -> tuple[Manifest, ResolvedSpec]:
    """Let a run go on until all is decided. Raises UsageError where it is no run of that kind, or has changed."""
    plan = make_plan(resolved, manifest.order_seed)
    manifest.check_plan(plan)
    spec = extended(resolved.spec)
    resolved = resolve(spec, runtime.hardware)
    return manifest.extended(spec, make_plan(resolved, manifest.order_seed)), resolved


def run_and_conclude(folder: RunFolder, plan: Plan, setup: TrialSetup, runtime: Runtime, view: View) -> Summary:
    """Run what is to be run, to its end or until all is decided, and report."""
    if not plan.until_decided:
        return conclude(folder, run_all(plan, setup, folder, view), runtime)
    shown: list[Look] = []

    def decided(records: Sequence[Record]) -> bool:
        found = look_at_records(comparison, in_order_asked_for(records, comparison))
        if found not in shown and (found.next_blocks is None or found.blocks in LOOKS):
            shown.append(found)
            view.looked(found)
        return found.next_blocks is None

    comparison = Comparison.load(folder.path)
    records = run_all(plan, setup, folder, view, decided)
    decided(records)  # after the last block nobody asked
    folder.write_manifest(folder.read_manifest().replace(trials=tuple(record.id for record in records)))
    return conclude(folder, records, runtime)


def repeat(
    original: FinishedRun, spec: Spec, runtime: Runtime, view: View, *, detach: bool = False
) -> tuple[RunFolder, Summary]:
    """Run again what an archived run asked for. Raises UsageError where that would be another recipe by now."""
    check_recipes(original, resolve(spec, runtime.hardware).recipes)
    return compare(spec, runtime, view, detach=detach)


def hold_against(original: FinishedRun, folder: RunFolder) -> Reproduction:
    """Hold a repetition that ended against its original, and write down in its folder what came of it."""
    found = reproduction(original, load_finished(folder))
    folder.write_model(REPRODUCTION, found)
    return found


def prepare(resolved: ResolvedSpec, plan: Plan, runtime: Runtime, view: View, *, detach: bool) -> TrialSetup:
    """Check what the machine must have, then make data, contenders and the audit's expectations ready."""
    view.plan_made(plan, heading(resolved))
    surroundings = engine_and_device(resolved, runtime.engine.name, restricts=runtime.engine.restricts)
    for line in filter(None, (*prefix_lines(resolved.spec.contenders), surroundings, runtime.engine_notice)):
        view.say(line)
    for name, value in ignored_variables(resolved.contenders, runtime.variables).items():
        view.say(f"{name} is set to {value}")
    ensure_space(runtime.out)
    doctor.preflight(resolved, runtime, view.say)
    data = dataset.ensure(runtime.data, runtime.idx, view.say).folder
    prepared, refused = prepare_contenders(resolved, runtime, view)
    doctor.check_built(resolved, runtime, prepared, view.say)
    labels = mnist.load(data, "8x8")  # the same in every view
    return TrialSetup(
        engine=runtime.engine,
        run_id="",
        data=data,
        test_labels=labels.test_labels,
        train_labels=labels.train_labels,
        gpu=resolved.gpu.uuid if resolved.gpu else None,
        limits=Limits(trial_seconds=resolved.spec.timeout_seconds),
        expected=expectations(plan, data, view),
        data_sha256=mnist.DATA_SHA256,
        say=view.say,
        detach=detach,
        prepared=prepared,
        refused=refused,
        sentinel=runtime.sentinel,
    )


def begin(
    folder: RunFolder,
    resolved: ResolvedSpec,
    plan: Plan,
    setup: TrialSetup,
    runtime: Runtime,
    *,
    reuse: bool,
    budget: Budget | None = None,
) -> None:
    """Write what a later host needs to resume the run, before anything is started."""
    engine = runtime.engine
    turns = choose_turns(resolved, plan, setup, runtime.hardware.memory_bytes)
    if turns.notice:
        setup.say(turns.notice)
    manifest = Manifest.create(
        resolved,
        plan,
        runtime.hardware,
        engine=engine.name,
        images=setup.images,
        refused=setup.refused,
        reuse=reuse,
    ).replace(turn_seconds=turns.seconds)
    comparison = describe(resolved, plan, engine, runtime.engine_notice, folder.id, turns.seconds)
    ignored = ignored_variables(resolved.contenders, runtime.variables)
    counts = throttle_facts() if runtime.hardware.here else {}
    told = {f"{FACT}{name}": value for name, value in ignored.items()}
    host = {**runtime.environment, **counts, **engine.facts(), **told}
    if not runtime.hardware.here:
        folder.write_sentinel(SentinelSeries(note=ELSEWHERE))
    if budget:
        folder.write_budget(budget)
        comparison = comparison.replace(budget=budget, command=gate_command(BUDGET, resolved.spec))
    folder.begin(manifest, Environment(host=host), comparison)


def conclude(folder: RunFolder, records: Sequence[Record], runtime: Runtime) -> Summary:
    """Write down how a run ended, then analyse and report it."""
    at_end = machine.environment_at_end() if runtime.hardware.here else {}
    comparison = Comparison.load(folder.path)
    workers = facts_by_contender(in_order_asked_for(records, comparison))
    environment = Environment(host=Environment.load(folder.path).host | at_end, workers=workers)
    folder.write_model(ENVIRONMENT, environment)
    folder.write_model(COMPARISON, mark_ended(comparison, folder.read_manifest(), records))
    summary = summarise(folder, runtime.data)
    report.write(folder.path)
    return summary


def summarise(folder: RunFolder, data: Path) -> Summary:
    """Analyse a run that has ended, from its folder alone, and write summary.json.

    Raises UsageError where the folder does not hold such a run, PreflightError where the disk does not take the file.
    """
    summary = analyse(load_run(folder, data))
    folder.write_model(SUMMARY, summary)
    return summary
