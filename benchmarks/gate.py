"""How many events a second pass the gate and stand in the record, on one core, beside `json.loads` alone.

The path is that of `run/one_trial.py`: chunks as an engine hands them over → lines → the gate → the trial's
intake → `events.jsonl` in a folder. Each round takes every subject once, the gate and
`json.loads` over the same lines in turn, so that a busy machine is busy for both. Seconds are the
process's own, since another's turn on the core says nothing of the gate; the wall's stand beside.
Kinds of line are taken each alone and mixed, with their sizes: a line with an epoch's losses is ten
heartbeats long, and counted as one event.

    taskset -c 1 python -m benchmarks.gate
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from orchestrator.record.trial_folder import TrialFolder
from orchestrator.stream.intake import Intake
from orchestrator.stream.lines import Lines
from shared.events import EpochEnded, Event, Heartbeat, Steps, encode

TRIAL = "torch-2.13.0.article-torch.s1"
CHUNK_BYTES = 16 * 1024  # Docker's
REQUIRED_EVENTS_PER_SECOND = 20_000  # mixed, into the record, on one core; a trial sends some dozens a minute
FLAT_BYTES_PER_EVENT = 4  # of growth: a byte for each number seen, and the spare room of a growing array

HEARTBEAT = Heartbeat("training", epoch=3, step=71, steps=118)
EPOCH = EpochEnded(
    3, 60000, 2.0130874510001, 0.14210998899, 1.27311123, 0.6561333333, 1.1234567801, 0.7012, False, "c6b2" * 16
)
LOSSES = Steps(3, 1, [float(f"{2.3 * 0.995**step:.9g}") for step in range(118)])

KINDS: dict[str, tuple[Event, ...]] = {
    "heartbeat": (HEARTBEAT,),
    "epoch_ended": (EPOCH,),
    "steps of 118 losses": (LOSSES,),
    "mixed": (*[HEARTBEAT] * 8, EPOCH, LOSSES),
}


@dataclass(frozen=True)
class Clocks:
    wall_seconds: float
    cpu_seconds: float  # of this process, the kernel's part included: what a core of its own would take


@dataclass(frozen=True)
class Sample:
    gate: Clocks
    json: Clocks


def main() -> None:
    options = _arguments()
    streams = {kind: _lines(events, options.lines) for kind, events in KINDS.items()}
    rounds = [{kind: _sample(lines, number) for kind, lines in streams.items()} for number in range(options.rounds)]
    _show(streams, {kind: [each[kind] for each in rounds] for kind in streams}, options.lines)


def _lines(events: Sequence[Event], count: int) -> list[bytes]:
    return [encode(events[seq % len(events)], trial=TRIAL, seq=seq, t=seq * 0.01) for seq in range(count)]


def _sample(lines: Sequence[bytes], number: int) -> Sample:
    """Time both over the same lines; every other round starts with the other."""
    takes: list[Callable[[Sequence[bytes]], Clocks]] = [_gate, _json]
    taken = {take: take(lines) for take in (takes if number % 2 == 0 else takes[::-1])}
    return Sample(taken[_gate], taken[_json])


@contextmanager
def _timed() -> Iterator[list[Clocks]]:
    clocks: list[Clocks] = []
    wall, cpu = time.perf_counter(), time.process_time()
    yield clocks
    clocks.append(Clocks(time.perf_counter() - wall, time.process_time() - cpu))


def _gate(lines: Sequence[bytes]) -> Clocks:
    """Take the lines from chunks to disk; the chunks are cut before the clock starts."""
    chunks = list(_chunks(lines))
    with tempfile.TemporaryDirectory() as place:
        folder = TrialFolder(Path(place) / "trial")
        with _timed() as clocks:
            received = record(chunks, folder)
        if received != len(lines) or (folder.path / "events.jsonl").read_bytes() != b"".join(lines):
            raise SystemExit("the record is not what was sent, so nothing was measured")
    return clocks[0]


def record(chunks: Sequence[bytes], folder: TrialFolder) -> int:
    """Take a stream into the folder as `runner` and `watch` do; return how many events were received."""
    intake, splitter = Intake(TRIAL), Lines()
    with folder.journal() as append:
        for chunk in chunks:
            for line in splitter.feed(chunk):
                if (numbered := intake.take(line)) is not None:
                    append(numbered)
    return intake.counts().received


def _json(lines: Sequence[bytes]) -> Clocks:
    with _timed() as clocks:
        for line in lines:
            json.loads(line)
    return clocks[0]


def _chunks(lines: Sequence[bytes]) -> Iterator[bytes]:
    whole = b"".join(lines)
    return (whole[at : at + CHUNK_BYTES] for at in range(0, len(whole), CHUNK_BYTES))


def _peak_bytes(count: int) -> int:
    """Return the most that a stream of beats and losses holds at a time, by Python's own account of its allocations.

    Epochs and phases are what a record is made from: they are held, and are as many as the recipe has.
    """
    chunks = list(_chunks(_lines((*[HEARTBEAT] * 9, LOSSES), count)))
    with tempfile.TemporaryDirectory() as place:
        folder = TrialFolder(Path(place) / "trial")
        tracemalloc.start()
        record(chunks, folder)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def _show(streams: dict[str, list[bytes]], samples: dict[str, list[Sample]], count: int) -> None:
    rows = {kind: _row(streams[kind], taken) for kind, taken in samples.items()}
    print(
        f"{len(samples['mixed'])} rounds of {count:,} lines of each kind: medians, a second being one of a core's own"
    )
    print(f"{'':>20}{'bytes a line':>14}{'events/s':>12}{'json.loads/s':>14}{'ratio':>8}{'events/s by the wall':>22}")
    for kind, row in rows.items():
        print(
            f"{kind:>20}{row['line_bytes']:>14,.0f}{row['events_per_second']:>12,.0f}"
            f"{row['json_loads_per_second']:>14,.0f}{row['ratio']:>8.2f}{row['events_per_wall_second']:>22,.0f}"
        )
    peaks = {lines: _peak_bytes(lines) for lines in (count, 10 * count)}
    print(_speed_sentence(rows["mixed"]["events_per_second"]))
    print(_memory_sentence(peaks))
    document: dict[str, Any] = {
        "lines": count,
        "rounds": len(samples["mixed"]),
        "kinds": {kind: {name: round(value, 3) for name, value in row.items()} for kind, row in rows.items()},
        "peak_bytes": {str(lines): peak for lines, peak in peaks.items()},
        "machine": {"cores": len(os.sched_getaffinity(0)), "load": round(os.getloadavg()[0], 2)},
        "python": platform.python_version(),
    }
    print(json.dumps(document))


def _speed_sentence(events_per_second: float) -> str:
    enough = "enough" if events_per_second >= REQUIRED_EVENTS_PER_SECOND else "TOO FEW"
    return (
        f"mixed, into the record: {events_per_second:,.0f} events/s of a core "
        f"({enough}: at least {REQUIRED_EVENTS_PER_SECOND:,})"
    )


def _memory_sentence(peaks: dict[int, int]) -> str:
    """Say whether memory grows with the stream; `peaks` are bytes by the number of lines, the shorter stream first."""
    (few, least), (many, most) = peaks.items()
    growth = (most - least) / (many - few)
    flat = "flat" if growth < FLAT_BYTES_PER_EVENT else "IT GROWS"
    return (
        f"most memory held over {few:,} and {many:,} beats and lines of losses: "
        f"{least / 1e6:.2f} and {most / 1e6:.2f} MB ({flat}: {growth:.1f} bytes an event)"
    )


def _row(lines: Sequence[bytes], taken: Sequence[Sample]) -> dict[str, float]:
    """Sum up one kind; the ratio is the median of the rounds' own, gate over `json.loads`."""
    return {
        "line_bytes": sum(map(len, lines)) / len(lines),
        "events_per_second": len(lines) / median(sample.gate.cpu_seconds for sample in taken),
        "json_loads_per_second": len(lines) / median(sample.json.cpu_seconds for sample in taken),
        "ratio": median(sample.gate.cpu_seconds / sample.json.cpu_seconds for sample in taken),
        "events_per_wall_second": len(lines) / median(sample.gate.wall_seconds for sample in taken),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__.split("\n\n")[0])
    parser.add_argument("--lines", type=int, default=10_000, help="lines of each kind a round (default 10,000)")
    parser.add_argument("--rounds", type=int, default=15, help="rounds, of which medians are shown (default 15)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
