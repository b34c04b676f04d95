"""Reuses finished trials of earlier runs whose trial document, image, engine, device and CPU are identical."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from orchestrator.engines.engine import Prepared
from orchestrator.record.record import Record, Status
from orchestrator.record.run_folder import COMPARISON, ENVIRONMENT, TRIALS, RunFolder
from orchestrator.record.trial_folder import ATTEMPTS, RECORD, TRIAL
from shared.trial import Trial, to_json


def find_reusable(trial: Trial, prepared: Prepared, run: RunFolder) -> Path | None:
    """Return the folder of the newest finished trial that is identical to this one, None where there is none.

    Identical are the trial's document to the letter, and image, relaxations, engine, device and processor. What is not
    `fixed`, an interpreter whose packages may have changed since, is never reused.
    """
    if not prepared.fixed:
        return None
    machine = _engine_and_machine(run.path)
    for path in sorted(run.path.parent.glob(f"*/{TRIALS}/{trial.id}"), reverse=True):
        earlier_run = path.parents[1]
        if earlier_run.is_symlink() or earlier_run == run.path or _read_text(path / TRIAL) != to_json(trial):
            continue
        record = RunFolder(earlier_run).trial(trial.id).record()
        if record is None or record.status is not Status.DONE:
            continue
        ran = (record.image, record.relaxations)
        if ran == (prepared.image, prepared.relaxations) and _engine_and_machine(earlier_run) == machine:
            return path
    return None


def reuse(earlier: Path, run: RunFolder) -> Record:
    """Copy an earlier trial into this run, which is then whole without the other; the record says whence."""
    record = RunFolder(earlier.parents[1]).read_record(earlier.name)
    reused = record.replace(reused_from=record.reused_from or earlier.parents[1].name)
    folder = run.trial(earlier.name)
    shutil.copytree(earlier, folder.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(RECORD, ATTEMPTS))
    folder.write_record(reused)  # last: a copy that was cut short has none, and is made again
    return reused


def _engine_and_machine(run: Path) -> tuple[str | None, ...]:
    """Return engine, device and processor of a run, which its trials' documents do not say; empty where unreadable."""
    try:
        comparison, environment = (json.loads(_read_text(run / name)) for name in (COMPARISON, ENVIRONMENT))
        return comparison.get("engine"), comparison.get("device"), environment.get("host", {}).get("cpu")
    except (ValueError, AttributeError, RecursionError):  # an edited file may be any JSON, or none
        return ()


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
