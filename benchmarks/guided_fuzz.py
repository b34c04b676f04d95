"""Bytes guided by coverage through the gate, with atheris: whatever they are, an event or refused.

atheris is no dependency of the project: it has wheels for Linux alone and for some Pythons, and needs
clang elsewhere. Where `pip install atheris` works:

    python -m benchmarks.guided_fuzz -runs=100000     # the options are libFuzzer's
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["orchestrator.contract", "orchestrator.stream"]):
    from orchestrator import shortcut
    from orchestrator.contract import long_way
    from orchestrator.stream import Intake, Lines

from benchmarks.fuzz import EVENTS, TRIAL
from shared.events import encode


def gate(stream: bytes) -> None:
    """Take a stream in two chunks: every line an event, a duplicate or a refusal, and both ways of one mind."""
    intake, splitter = Intake(TRIAL), Lines()
    half = len(stream) // 2
    lines = [*splitter.feed(stream[:half]), *splitter.feed(stream[half:]), *splitter.end()]
    for line in lines:
        intake.take(line)
        found = shortcut.read(line)
        if found is not None and b"\r" not in line:
            assert repr(sorted(found.items())) == repr(sorted(long_way(line).items()))
    counts = intake.counts()
    assert counts.received + counts.duplicated + counts.rejected == sum(1 for line in lines if line.strip())


def main() -> None:
    with tempfile.TemporaryDirectory() as corpus:
        for number, event in enumerate(EVENTS):
            (Path(corpus) / event.kind).write_bytes(encode(event, trial=TRIAL, seq=number, t=0.5))
        atheris.Setup([*sys.argv, "-max_len=5000", corpus], gate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
