"""Hostile lines through the gate: none may raise, none may vanish, none may be kept for ever.

A worker's own lines are made in order and most of them damaged by one of the ways below, joined to one
stream and cut into chunks anywhere, also within a character. Everything follows from the seed.
Of the whole stream it is asserted that

- no exception leaves the gate;
- every line is an event, a duplicate, or counted as refused, by a count made from the bytes alone;
- what the gate takes says what `json.loads` reads in the line;
- the record on disk reads back whole, each event once, and rejected.jsonl is bounded ASCII;
- memory does not grow with the stream.

    python -m tests.fuzz.lines                    # 1,000,000 lines
    python -m tests.fuzz.lines --lines 20000 --seed 7
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.record.trial_folder import TrialFolder
from orchestrator.stream.contract import RejectedLineError, decode
from orchestrator.stream.intake import KEPT_REFUSALS, Intake
from orchestrator.stream.lines import Lines
from shared.events import EpochEnded, Event, Failed, Heartbeat, PhaseEnded, RunEnded, Steps, Warned, WorkerReady, encode
from tests.support.gate import check_against_json

TRIAL = "torch-2.13.0.article-torch.s1"
FOREIGN = "tf-2.21.0.article-tf.s1"
GROWTH_LIMIT_BYTES = 64 * 2**20  # the events that a record is made from are kept, a bounded number
REJECTED_LIMIT_BYTES = KEPT_REFUSALS * 4096
ACCEPTED = "(an event of the contract)"

EVENTS: tuple[Event, ...] = (
    WorkerReady("PyTorch", "2.13.0", {"torch": "2.13.0"}, "cpu", {"execution": "eager"}, "6a" * 32, "8a" * 32, 29066),
    PhaseEnded("warm_up", 0.41),
    Steps(1, 1, [2.31, 2.29, None]),
    Steps(1, 4, [round(2.3 * 0.99**step, 7) for step in range(118)]),
    EpochEnded(1, 60000, 2.01, 0.14, 2.2, 0.31, 2.02, 0.57, False, "c6" * 32),
    Heartbeat("training", 1, 40, 118),
    Heartbeat("data"),
    Warned("one sentence: with a colon, ünïcode and a \N{SLIGHTLY SMILING FACE}"),
    Failed("RuntimeError", "why, in one sentence"),
    RunEnded(0.4, 0.89, 480_000_000, "resident", 12.0, ["predictions.npy", "facts.json"]),
)
WEIGHTS = (1, 2, 8, 2, 1, 60, 20, 2, 1, 1)

VALUES = (
    *b"NaN -Infinity 1e999 -1e999 1e300 1e41 1e-400 -1 -0 -0.0 0 1.0 01 +1 1. .5 0x10 1_0".split(),
    *b"9007199254740992 9007199254740993 -9007199254740993 4194303 4194304".split(),
    *b"true false null undefined [] {} [[]] /**/1 1, 'x'".split(),
    *rb'"" "1" "\ud800" "\udfff\ud800" "\ud83d\ude42" "\u0000" "\x41" "\u202e" "a\nb"'.split(),
    *b'"<script>alert(1)</script>" "=cmd|x" "$\\\\frac{1}{0}$" {"a":{"a":1}} ":::::" "../../etc/passwd"'.split(),
    *(b'"\xed\xa0\x80"', b'"\xc0\xaf"', b'"\xff"', b'"\x1b[2J\x1b]0;owned\x07"', b'"a\nb"', b""),
    *(b"9" * 400, b"1" + b"0" * 4000, b"[" * 300 + b"]" * 300, b"[" * 2000, b'{"a":' * 400 + b"1" + b"}" * 400),
)
NOISE = (
    *b'null [] 3 "text" {} { } {}{} \xef\xbb\xbf{} \xff\xfe 50%|##### Traceback'.split(),
    *(b"Epoch 1/5", b"\x1b[2K 50%", b"", b"   ", b"\r", b"\x0b", b"\x00" * 50, b"[" * 4000, b'{"a":' * 800),
)
_VALUE = re.compile(rb'(?<=":)("[^"]*"|[-+.\w]+|\[[^\]]*\])')
_MEMBER = re.compile(rb'"\w+":("[^"]*"|[-+.\w]+|\[[^\]]*\])')


@dataclass
class Worker:
    """A worker that lies: yields its lines, each with a newline unless damage took it."""

    dice: random.Random
    seq: int = 0
    sent: list[bytes] = field(default_factory=list)  # the last lines, to be sent again or mixed

    def line(self) -> bytes:
        whole = self._next()
        if self.dice.random() < 0.25:
            return whole + b"\n"
        damaged = self.dice.choice(DAMAGES)(self, whole)
        if self.dice.random() < 0.1:
            damaged = self.dice.choice(DAMAGES)(self, damaged)
        return damaged + b"\n"

    def _next(self) -> bytes:
        [event] = self.dice.choices(EVENTS, WEIGHTS)
        line = encode(event, trial=TRIAL, seq=self.seq, t=self.seq * 0.01).rstrip(b"\n")
        self.seq += 1
        self.sent = [*self.sent[-30:], line]
        return line

    def flip(self, line: bytes) -> bytes:
        flipped = bytearray(line or b"x")
        for _ in range(self.dice.randint(1, 3)):
            flipped[self.dice.randrange(len(flipped))] = self.dice.randrange(256)
        return bytes(flipped)

    def truncate(self, line: bytes) -> bytes:
        return line[: self.dice.randint(0, len(line))]

    def splice(self, line: bytes) -> bytes:
        other = self.dice.choice(self.sent)
        return line[: self.dice.randint(0, len(line))] + other[self.dice.randint(0, len(other)) :]

    def repeat_key(self, line: bytes) -> bytes:
        member = self._some(_MEMBER, line)
        if member is None:
            return line
        again = self.dice.choice((member[0], member[0].replace(b":", b" :"), member[0].replace(b'":', b'": ')))
        rest = line[member.end() :]
        # Now and then another member goes for it, so that the number of members stays right.
        return line[: member.end()] + b"," + again + (_MEMBER.sub(b"", rest, 1) if self.dice.random() < 0.3 else rest)

    def drop_key(self, line: bytes) -> bytes:
        member = self._some(_MEMBER, line)
        return line if member is None else line[: member.start()] + line[member.end() + 1 :]

    def add_key(self, line: bytes) -> bytes:
        return line.replace(
            b"{", b'{"%s":%s,' % (self.dice.choice((b"x", b"n" * 3000, b"\\u0073eq")), self._value()), 1
        )

    def change_value(self, line: bytes) -> bytes:
        value = self._some(_VALUE, line)
        return line if value is None else line[: value.start()] + self._value() + line[value.end() :]

    def jump(self, line: bytes) -> bytes:
        ahead = self.dice.choice((1, 2, 7, 10**6, 2**22, 2**53, 2**53 + 1, 10**30))
        return re.sub(rb'"seq":\d+', b'"seq":%d' % (self.seq + ahead), line)

    def replay(self, _line: bytes) -> bytes:
        return b"\n".join(self.dice.sample(self.sent, min(len(self.sent), self.dice.randint(1, 3))))

    def foreign(self, line: bytes) -> bytes:
        return line.replace(
            TRIAL.encode(), self.dice.choice((FOREIGN.encode(), b"", b"x" * 3000, b"../" + TRIAL.encode()))
        )

    def noise(self, _line: bytes) -> bytes:
        return self.dice.choice((*NOISE, self.dice.randbytes(self.dice.randint(0, 60))))

    def long(self, line: bytes) -> bytes:
        if self.dice.random() < 0.01:
            return b"x" * self.dice.choice((65_535, 65_536, 65_537, 200_000))
        size = self.dice.choice((4094, 4095, 4096, 5000))
        return line.replace(b'"phase":"', b'"phase":"' + b"x" * max(0, size - len(line)))

    def spaced(self, line: bytes) -> bytes:
        space = self.dice.choice((b" ", b"\t", b"\r", b"\x0c", b"\xc2\xa0"))
        return self.dice.choice((space + line, line + space, line.replace(b",", b"," + space), line + b"\r"))

    def _value(self) -> bytes:
        return self.dice.choice(VALUES)

    def _some(self, pattern: re.Pattern[bytes], line: bytes) -> re.Match[bytes] | None:
        found = list(pattern.finditer(line))
        return self.dice.choice(found) if found else None


_KEYS = (Worker.repeat_key, Worker.drop_key, Worker.add_key, Worker.change_value, Worker.change_value)
_BYTES = (Worker.flip, Worker.truncate, Worker.splice, Worker.noise, Worker.long, Worker.spaced)
DAMAGES: tuple[Callable[[Worker, bytes], bytes], ...] = (
    *_KEYS,
    *_BYTES,
    *(Worker.jump, Worker.replay, Worker.foreign),
)


@dataclass(frozen=True)
class Outcome:
    lines: int  # counted from the bytes, blank ones apart
    received: int
    duplicated: int
    rejected: int
    reasons: Counter[str]
    seconds: float
    growth_bytes: int  # of the process's peak, from the first tenth of the stream on


def fuzz(lines: int, seed: int, place: Path) -> Outcome:
    """Send about `lines` lines through; AssertionError where a promise is broken."""
    dice = random.Random(seed)
    intake, folder, splitter = Intake(TRIAL), TrialFolder(place / "trial"), Lines()
    sent, reasons, early_peak_bytes, start = 0, Counter[str](), 0, time.perf_counter()
    with folder.journal() as append:
        for block in _blocks(Worker(dice), lines):
            lines_of_block = [line for line in block.split(b"\n") if line.strip()]
            sent += len(lines_of_block)
            for line in lines_of_block:
                reasons[_decode_and_check(line.rstrip(b"\r"))] += 1
            for chunk in _chunks(block, dice):
                for line in splitter.feed(chunk):
                    if (numbered := intake.take(line)) is not None:
                        append(numbered)
            early_peak_bytes = early_peak_bytes or (_peak_bytes() if sent >= lines // 10 else 0)
    folder.write_leftovers({}, "", intake.refusals)
    counts = intake.counts()
    assert list(splitter.end()) == []
    assert counts.received + counts.duplicated + counts.rejected == sent, (counts, sent)
    growth = _peak_bytes() - early_peak_bytes
    _check_record(folder, counts.received)
    assert growth < GROWTH_LIMIT_BYTES, f"memory grew by {growth / 1e6:.0f} MB"
    seconds = time.perf_counter() - start
    return Outcome(sent, counts.received, counts.duplicated, counts.rejected, reasons, seconds, growth)


def _blocks(worker: Worker, lines: int) -> Iterator[bytes]:
    for first in range(0, lines, 1000):
        yield b"".join(worker.line() for _ in range(min(1000, lines - first)))


def _chunks(block: bytes, dice: random.Random) -> Iterator[bytes]:
    at = 0
    while at < len(block):
        size = dice.choice((1, 7, 300, 4096, 16_384, 60_000))
        yield block[at : at + size]
        at += size


def _decode_and_check(line: bytes) -> str:
    """Return the kind of the line's refusal; hold what is accepted to `json.loads`."""
    try:
        numbered = decode(line)
    except RejectedLineError as refusal:
        return _reason_kind(str(refusal))
    check_against_json(numbered)
    return ACCEPTED


def _reason_kind(reason: str) -> str:
    return re.sub(r"^[^:]*: ", "a field: ", reason) if ": " in reason else reason


def _check_record(folder: TrialFolder, received: int) -> None:
    """Read what is on disk as a stranger would: each event once, and no byte of a refused line but in ASCII."""
    seqs = []
    with (folder.path / "events.jsonl").open("rb") as file:
        for line in file:
            numbered = decode(line.removesuffix(b"\n"))
            assert line.endswith(b"\n")
            assert numbered.trial == TRIAL
            seqs.append(numbered.seq)
    assert len(set(seqs)) == len(seqs) == received
    rejected = (folder.path / "rejected.jsonl").read_bytes()
    assert rejected.isascii()
    assert len(rejected) < REJECTED_LIMIT_BYTES
    rows = [json.loads(row) for row in rejected.split(b"\n") if row]
    assert all(row.keys() == {"reason", "line"} and row["reason"] for row in rows)


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    options = _arguments()
    with tempfile.TemporaryDirectory() as place:
        found = fuzz(options.lines, options.seed, Path(place))
    for reason, count in found.reasons.most_common():
        print(f"{count:>10,}  {reason}")
    print(
        f"{found.lines:,} lines of seed {options.seed} in {found.seconds:.0f} s: {found.received:,} events, "
        f"{found.duplicated:,} duplicates, {found.rejected:,} refused and counted; "
        f"no exception; memory grew by {found.growth_bytes / 1e6:.1f} MB after the first tenth"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.lines", description=__doc__.split("\n\n")[0])
    parser.add_argument("--lines", type=int, default=1_000_000, help="how many (default 1,000,000)")
    parser.add_argument("--seed", type=int, default=1, help="from which everything follows (default 1)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
