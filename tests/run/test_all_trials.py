"""Trials one after another: which run, which are kept, which are left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.engines.engine import Launch, Prepared
from orchestrator.engines.scripted import Script, ScriptedEngine
from orchestrator.host.hardware import Hardware
from orchestrator.plan.plan import make_plan
from orchestrator.record.assemble import unstarted_record
from orchestrator.record.manifest import Manifest
from orchestrator.record.record import Record, Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.run.all_trials import run_all
from orchestrator.run.one_trial import TrialSetup
from orchestrator.spec.contenders import Contender
from tests.support.line import Pressing
from tests.support.plans import resolve_as
from tests.support.streams import LABELS, READY, SMALL, TORCH, lines

TF = Contender("tf", "2.21.0")
RESOLVED = resolve_as([TF, TORCH], [SMALL], seeds=2)
PLAN = make_plan(RESOLVED, order_seed=403)
NEVER = 10**9


class Swept(ScriptedEngine):
    """Notes what was started, and of which run the rest was removed; its workers stand ready and end at once."""

    def __init__(self) -> None:
        super().__init__(self._script)
        self.launched: list[str] = []
        self.swept: list[tuple[str, str]] = []

    def _script(self, launch: Launch) -> Script:
        self.launched.append(launch.trial_id)
        return Script(lines(READY, trial=launch.trial_id))

    def sweep(self, run_id: str, lease: str) -> None:
        self.swept.append((run_id, lease))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def run(engine: Swept, folder: RunFolder, *, pressed_after: int = NEVER, **refused: str) -> list[Record]:
    names = {contender.written: contender for contender in (TF, TORCH) if contender.name not in refused}
    manifest = Manifest.create(
        RESOLVED,
        PLAN,
        Hardware(2),
        engine=engine.name,
        images=dict.fromkeys(names, "image"),
        refused={f"{name}==2.21.0": reason for name, reason in refused.items()},
        reuse=False,
    )
    folder.write_manifest(manifest)
    prepared = {name: Prepared(contender, "image", contender.name) for name, contender in names.items()}
    return run_all(PLAN, TrialSetup(engine, "", LABELS, prepared=prepared), folder, Pressing(pressed_after))


def test_trials_run_in_the_order_of_the_plan_and_what_is_left_of_the_run_is_swept(folder: RunFolder) -> None:
    engine = Swept()
    records = run(engine, folder)
    assert [record.id for record in records] == engine.launched == [planned.id for planned in PLAN.trials]
    assert {record.cause for record in records} == {"incomplete"}
    assert engine.swept == [(folder.id, folder.read_manifest().lease)]


def test_a_trial_that_an_earlier_host_recorded_is_not_run(folder: RunFolder) -> None:
    first, *others = PLAN.trials
    folder.trial(first.id).write_record(unstarted_record(first, "scripted", Status.FAILED, "no image"))
    engine = Swept()
    kept, *_ = run(engine, folder)
    assert kept.reason == "no image"
    assert engine.launched == [planned.id for planned in others]


def test_a_contender_that_could_not_be_prepared_fails_without_a_worker(folder: RunFolder) -> None:
    engine = Swept()
    records = run(engine, folder, tf="pip found no such version")
    assert [(record.contender, record.cause) for record in records] == [
        ("tf==2.21.0", "not-prepared"),
        ("torch==2.13.0", "incomplete"),
        ("tf==2.21.0", "not-prepared"),
        ("torch==2.13.0", "incomplete"),
    ]
    assert len(engine.launched) == 2


def test_after_ctrl_c_the_rest_is_skipped_and_nothing_is_swept(folder: RunFolder) -> None:
    engine = Swept()
    records = run(engine, folder, pressed_after=1)
    assert [record.status for record in records] == [Status.INTERRUPTED, *[Status.SKIPPED] * 3]
    assert (len(engine.launched), engine.swept) == (1, [])
    assert [record.status for record in run(engine, folder)] == [Status.FAILED] * 4  # they are open, and run now
