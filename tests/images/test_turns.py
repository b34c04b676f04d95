"""Both frameworks by turns, in their containers: losses as without to the last bit, and idle while they wait."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator import pipeline
from orchestrator import progress as console
from orchestrator.analyse.findings import IDLE_SHARE
from orchestrator.engines.engine import Engine
from orchestrator.host.hardware import Hardware
from orchestrator.record.record import Record, Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.runtime import Runtime
from orchestrator.spec.spec import Spec
from shared.leftovers import PREDICTIONS, STEPS, VALIDATION

pytestmark = [pytest.mark.docker, pytest.mark.frameworks, pytest.mark.slow]

SPEC = Spec(recipes=("matched-8x8",), epochs=2, train_images=6000, batch_size=32, parity=False, turn_seconds=0.05)


@pytest.fixture(scope="module")
def runs(engine: Engine, mnist_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, RunFolder]:
    """The same comparison by turns and as whole trials."""
    world = Runtime(
        engine=engine,
        engine_notice="",
        hardware=Hardware(cores=2),
        environment={},
        out=tmp_path_factory.mktemp("turns"),
        data=mnist_folder,
    )
    quiet = console.view("quiet", io.StringIO())
    return {
        "turns": pipeline.compare(SPEC, world, quiet)[0],
        "whole": pipeline.compare(SPEC.replace(relay=False), world, quiet)[0],
    }


def records(folder: RunFolder) -> list[Record]:
    return [folder.read_record(path.name) for path in sorted((folder.path / "trials").iterdir())]


def test_both_are_done_by_turns_and_have_many_rounds_in_common(runs: Mapping[str, RunFolder]) -> None:
    found = records(runs["turns"])
    assert [(record.status, record.by_turns) for record in found] == [(Status.DONE, True)] * 2
    one, other = ({turn.round for turn in record.turns if turn.round} for record in found)
    assert len(one & other) >= 5
    assert not any(record.by_turns for record in records(runs["whole"]))


def test_losses_answers_and_steps_are_the_same_to_the_last_bit(runs: Mapping[str, RunFolder]) -> None:
    for record in records(runs["turns"]):
        for name in (STEPS, PREDICTIONS, VALIDATION):
            one, other = ((run.path / "trials" / record.id / name).read_bytes() for run in runs.values())
            assert one == other, f"{record.id}: {name}"


def test_who_waits_uses_less_than_a_hundredth_of_a_core(runs: Mapping[str, RunFolder]) -> None:
    for record in records(runs["turns"]):
        waits = record.waits
        assert waits.sampled_seconds > 0
        assert waits.sampled_cpu_seconds < IDLE_SHARE * waits.sampled_seconds


def test_what_the_workers_say_of_their_turns_agrees_with_their_epochs_and_the_hosts_clock(
    runs: Mapping[str, RunFolder],
) -> None:
    for record in records(runs["turns"]):
        lines = {line.what: line.verdict for line in record.verified}
        assert (lines["turns"], lines["waited-seconds"]) == ("agrees", "agrees")
