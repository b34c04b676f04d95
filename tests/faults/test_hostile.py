"""Rows 20 to 22, 24, 31 to 35 and 37: logs, volumes and words that are not what they should be."""

from __future__ import annotations

import random
import time
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from docker.types import LogConfig

from orchestrator.engines.docker import DockerEngine
from orchestrator.engines.docker import engine as docker_module
from orchestrator.engines.engine import Launch
from tests.faults.evidence import Evidence, Outcome, Witness, accounted
from tests.faults.test_ends import both
from tests.support.contenders.toy import faulty
from tests.support.engines import DockerRig, Rig

Tally = Callable[[Outcome], None]


class Rotating(DockerEngine):
    """An engine whose logs hold next to nothing."""

    def arguments(self, launch: Launch, out_volume: str) -> dict[str, Any]:
        tiny = LogConfig(type=LogConfig.types.JSON, config={"max-size": "100k", "max-file": "2"})
        return {**super().arguments(launch, out_volume), "log_config": tiny}


class Mute(DockerEngine):
    """An engine that keeps no log."""

    def arguments(self, launch: Launch, out_volume: str) -> dict[str, Any]:
        return {**super().arguments(launch, out_volume), "log_config": LogConfig(type=LogConfig.types.NONE)}


@pytest.mark.row(20)
@pytest.mark.docker
@pytest.mark.short
def test_what_rotation_ate_is_filled_from_the_file(
    make: Callable[..., DockerRig], chance: random.Random, tally: Tally
) -> None:
    rig = make(kind=Rotating)
    witness = Witness(rig.engine)
    rig.run(f"many {chance.randrange(5000, 9000)}")
    evidence = Evidence(rig.folder / "trial")
    assert evidence.status == "done"
    outcome = accounted(evidence, witness.emitted)
    assert outcome.lost == 0
    tally(outcome)


@pytest.mark.row(21)
@pytest.mark.docker
def test_without_a_log_the_file_is_the_record(
    make: Callable[..., DockerRig], chance: random.Random, tally: Tally
) -> None:
    rig = make(kind=Mute)
    witness = Witness(rig.engine)
    rig.run(f"paced {chance.randrange(50, 200)} 1")
    evidence = Evidence(rig.folder / "trial")
    assert evidence.status == "done"
    assert any("live" in warning for warning in evidence.record["warnings"])
    outcome = accounted(evidence, witness.emitted)
    assert outcome.lost == 0
    tally(outcome)


@pytest.fixture
def small_volume(make: Callable[..., DockerRig], monkeypatch: pytest.MonkeyPatch) -> Iterator[DockerRig]:
    """A rig with output volumes of a megabyte, in memory: a holder keeps them mounted, or they would be empty."""
    rig = make()
    held: list[Any] = []

    def made(client: Any, image: str, name: str, labels: dict[str, str]) -> Any:
        options = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m,uid=10001,gid=10001"}
        volume = client.volumes.create(name, driver="local", driver_opts=options, labels=labels)
        at = {name: {"bind": "/out", "mode": "rw"}}
        held.append(
            client.containers.run(
                image,
                ["-c", "import time; time.sleep(600)"],
                entrypoint=["python3"],
                detach=True,
                volumes=at,
                network_mode="none",
            )
        )
        return volume

    monkeypatch.setattr(docker_module, "make_out", made)
    yield rig
    label: Any = {"label": f"bakeoff.run={rig.run_id}"}
    for each in held:
        each.remove(force=True)
    for volume in rig.client.volumes.list(filters=label):
        volume.remove()


@pytest.mark.row(22)
@pytest.mark.docker
def test_a_full_output_volume_is_named_and_the_live_copy_kept(
    small_volume: DockerRig, chance: random.Random, tally: Tally
) -> None:
    rig = small_volume
    witness = Witness(rig.engine)
    rig.run(f"paced {chance.randrange(10, 100)} 0.3 then full then paced 200 0.5")
    evidence = Evidence(rig.folder / "trial")
    assert (evidence.status, evidence.cause) == ("failed", "failed")
    assert "No space left on device" in evidence.reason
    assert len(witness.written()) < witness.emitted - 100, "the volume was not full"
    outcome = accounted(evidence, witness.emitted)
    assert outcome.lost == 0
    tally(outcome)


@pytest.mark.row(24)
@pytest.mark.docker
@pytest.mark.repeated(1)
def test_a_volume_that_belongs_to_root_is_given_to_the_worker(
    make: Callable[..., DockerRig], chance: random.Random, tally: Tally
) -> None:
    rig = make()
    witness = Witness(rig.engine)
    name = f"bakeoff-{rig.run_id}-toy-1.0.play.s1-out"
    rig.client.volumes.create(name, labels={"bakeoff.owner": "bakeoff", "bakeoff.run": rig.run_id})
    rig.client.containers.run(
        rig.prepared.handle,
        ["-c", "import os; os.chmod('/out', 0o700); open('/out/of-root', 'w')"],
        entrypoint=["python3"], user="0", remove=True, volumes={name: {"bind": "/out", "mode": "rw"}},
    )  # fmt: skip
    rig.run("paced 20 0.2")
    evidence = Evidence(rig.folder / "trial")
    assert (evidence.status, evidence.reason) == ("done", "")
    tally(accounted(evidence, witness.emitted))


@pytest.mark.row(31)
@both
def test_noise_of_libraries_costs_no_event(rig: Rig, chance: random.Random, tally: Tally) -> None:
    witness = Witness(rig.engine)
    rig.run(f"noisy {chance.randrange(100, 170)}")
    evidence = Evidence(rig.folder / "trial")
    assert evidence.status == "done"
    outcome = accounted(evidence, witness.emitted)
    assert (outcome.lost, outcome.rejected) == (0, 0)
    tally(outcome)


@pytest.mark.row(32)
@both
def test_lines_of_a_megabyte_are_counted_and_what_follows_is_read(
    rig: Rig, chance: random.Random, tally: Tally
) -> None:
    witness = Witness(rig.engine)
    lines = chance.randrange(2, 9)
    rig.run(f"endless {lines}")
    evidence = Evidence(rig.folder / "trial")
    assert evidence.status == "done"
    outcome = accounted(evidence, witness.emitted)
    assert outcome.lost == 0
    assert outcome.rejected == lines + 1
    tally(outcome)


@pytest.mark.row(33)
@both
@pytest.mark.short
def test_what_is_no_event_is_refused_with_its_reason(
    rig: Rig, chance: random.Random, tally: Tally, record_property: Callable[[str, object], None]
) -> None:
    record_property("invalid", 2 * len(faulty.corpus()))  # before they are sent: a crash counts too
    witness = Witness(rig.engine)
    rig.run(f"paced {chance.randrange(1, 50)} 0.1 then hostile")
    evidence = Evidence(rig.folder / "trial")
    assert evidence.status == "done"
    outcome = accounted(evidence, witness.emitted)
    assert outcome.lost == 0
    assert outcome.rejected == 2 * len(faulty.corpus())  # on the feed and in the file
    assert len(evidence.rejected) == outcome.rejected
    assert all(evidence.rejected)
    tally(outcome)


@pytest.mark.row(34)
@both
def test_an_impostor_is_refused(rig: Rig, chance: random.Random, tally: Tally) -> None:
    witness = Witness(rig.engine)
    rig.run(f"paced {chance.randrange(1, 50)} 0.1 then impostor")
    evidence = Evidence(rig.folder / "trial")
    assert evidence.status == "done"
    outcome = accounted(evidence, witness.emitted)
    assert (outcome.lost, outcome.rejected) == (0, 3)
    assert evidence.record["events"]["duplicated"] >= 2
    tally(outcome)


@pytest.mark.row(34)
@both
def test_numbers_that_never_came_are_declared_lost(rig: Rig, chance: random.Random, tally: Tally) -> None:
    witness = Witness(rig.engine)
    skipped = chance.randrange(1, 100)
    rig.run(f"skipping {skipped}")
    evidence = Evidence(rig.folder / "trial")
    outcome = accounted(evidence, witness.emitted + skipped)
    assert outcome.lost == skipped
    tally(outcome)


@pytest.mark.row(34)
@both
def test_events_out_of_order_are_all_kept(rig: Rig, chance: random.Random, tally: Tally) -> None:
    witness = Witness(rig.engine)
    rig.run(f"swapped {chance.randrange(1, 40)}")
    evidence = Evidence(rig.folder / "trial")
    assert evidence.status == "done"
    outcome = accounted(evidence, witness.emitted)
    assert outcome.lost == 0
    tally(outcome)


@pytest.mark.row(37)
@both
@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "giant"])
@pytest.mark.repeated(1)
def test_what_stands_where_the_file_was_is_refused_in_bounded_time(
    rig: Rig, chance: random.Random, tally: Tally, kind: str
) -> None:
    witness = Witness(rig.engine)
    start = time.monotonic()
    rig.run(f"paced {chance.randrange(1, 50)} 0.1 then journal {kind} then paced 20 0.2")
    evidence = Evidence(rig.folder / "trial")
    assert evidence.status == "done"
    assert any(warning.startswith("events.jsonl: ") for warning in evidence.record["warnings"])
    outcome = accounted(evidence, witness.emitted)
    assert outcome.lost == 0
    assert time.monotonic() - start < 20
    tally(outcome)


@pytest.mark.row(35)
@both
@pytest.mark.repeated(1)
def test_spite_is_kept_as_it_was_sent_and_shown_without_its_teeth(
    rig: Rig, chance: random.Random, tally: Tally
) -> None:
    witness = Witness(rig.engine)
    rig.run("paced 10 0.1 then spite")
    evidence = Evidence(rig.folder / "trial")
    assert faulty.SPITE in evidence.record["warnings"]
    for file in ("events.jsonl", "rejected.jsonl"):
        assert not controls((evidence.folder / file).read_text())
    tally(accounted(evidence, witness.emitted))


def controls(text: str) -> list[str]:
    """Return the control characters of a text but its newlines, and what turns its direction."""
    return [each for each in text if unicodedata.category(each) in ("Cc", "Cf") and each != "\n"]
