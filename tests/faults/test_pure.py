"""Rows 35, 39 and 41: what a person sees, a record cut anywhere, a clock that jumps."""

from __future__ import annotations

import contextlib
import datetime
import os
import pty
import random
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.run import one_trial
from orchestrator.stream.intake import Intake
from shared.events import encode
from tests.faults.evidence import Evidence, Outcome, Witness, accounted
from tests.faults.host import Host
from tests.faults.test_ends import both
from tests.faults.test_hostile import controls
from tests.support.contenders.toy import faulty
from tests.support.engines import Rig

Tally = Callable[[Outcome], None]

ID = "toy-1.0.play.s1"


@pytest.mark.row(39)
@pytest.mark.short
@pytest.mark.repeated(1)
def test_a_record_cut_at_any_byte_is_read_up_to_its_last_whole_line(chance: random.Random) -> None:
    lines = [encode(faulty.step(number + 1), trial=ID, seq=number, t=0.0) for number in range(12)]
    whole = b"".join(lines)
    for cut in range(len(whole) + 1):
        kept = whole[:cut]
        intake = Intake(ID)
        recalled = list(intake.recall(kept))
        assert len(recalled) == kept.count(b"\n")
        rest = list(intake.fill(whole))
        assert len(recalled) + len(rest) == 12
        assert (intake.counts().lost, intake.counts().rejected) == (0, 0)


class Jumping(datetime.datetime):
    """A wall clock that somebody sets while a trial runs: an hour forth or back at each look."""

    chance = random.Random(0)

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
        return datetime.datetime.now(tz) + datetime.timedelta(hours=cls.chance.choice([-1, 0, 1]))


@pytest.mark.row(41)
@both
def test_a_clock_that_jumps_changes_neither_order_nor_durations(
    rig: Rig, chance: random.Random, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    Jumping.chance = chance
    real = time.time
    monkeypatch.setattr(one_trial, "datetime", Jumping)
    monkeypatch.setattr(time, "time", lambda: real() + chance.choice([-3600, 0, 3600]))
    witness = Witness(rig.engine)
    start = time.monotonic()
    rig.run("paced 150 1.5")
    seconds = time.monotonic() - start
    monkeypatch.undo()
    evidence = Evidence(rig.folder / "trial")
    assert evidence.status == "done"
    assert 1.5 <= evidence.record["wall_seconds"] <= seconds
    assert evidence.numbers == sorted(evidence.numbers)
    outcome = accounted(evidence, witness.emitted)
    assert outcome.lost == 0
    tally(outcome)


def without_the_reports_link(seen: str, run: Path) -> str:
    """Take out the one sequence of this kind that is ours: the address in the last line."""
    address = (run / "report.html").resolve().as_uri()
    return re.sub(rf"\x1b\]8;id=\d+;{re.escape(address)}\x1b\\(.*?)\x1b\]8;;\x1b\\", r"\1", seen, count=1)


@pytest.mark.row(35)
@pytest.mark.repeated(1)
@pytest.mark.parametrize("host_engine", ["process", pytest.param("docker", marks=pytest.mark.docker)])
def test_spite_reaches_no_terminal_and_breaks_no_report(
    hosts: Callable[[str], Host], host_engine: str, chance: random.Random, tally: Tally
) -> None:
    host = hosts(host_engine)
    code, seen = on_terminal(
        host, [*host.comparison("spite", "spite then crash it"), "--verbose", "--progress", "rich"]
    )
    assert code == 4, seen
    seen = without_the_reports_link(seen, host.latest())
    for sequence in ("\x1b]", "\x9b", "\u202e", "\x07", "\x1b[2J"):
        assert sequence not in seen, f"{sequence!r} reached the terminal"
    report = (host.latest() / "report.md").read_text()
    assert controls(report) == []
    prose = [
        line for line in report.splitlines() if not line.startswith("    ")
    ]  # blocks of code show it as it was said
    assert not any("<script>" in line for line in prose)
    for evidence, emitted in zip(host.trials(), (1 + 1 + 4, 1 + 1 + 1), strict=True):
        tally(accounted(evidence, emitted))


def on_terminal(host: Host, words: list[str]) -> tuple[int, str]:
    """Run a command on a terminal of its own, and return its exit code and all that the terminal was sent."""
    ours, theirs = pty.openpty()
    command = host.command(words)
    process = subprocess.Popen(
        command, env={**host.variables, "TERM": "xterm-256color"}, cwd=host.folder, stdin=theirs, stdout=theirs,
        stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    with contextlib.suppress(OSError):  # a terminal that its last user left
        while chunk := os.read(ours, 65536):
            seen += chunk
    os.close(ours)
    return process.wait(60), seen.decode(errors="surrogateescape")
