"""Files as no honest worker leaves them, through their readers: NumPy arrays, archives of them, facts.

Whole files are damaged: bytes flipped, cut, spliced; headers that tell of another shape, order or type;
archives with two members of one name, of another packing, nested, or of sizes that are not true. Each must be read
or refused by its reader's own error, and what is read must be what the reader promises.

    python -m tests.fuzz.files --files 100000 --seed 1
"""

from __future__ import annotations

import argparse
import io
import json
import random
import resource
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from orchestrator.stream import facts, npy, predictions

LABELS = np.arange(20, dtype=np.uint8) % 10
GROWTH_LIMIT_BYTES = 300 * 10**6

SHAPES: tuple[str, ...] = (
    "()",
    "(20,)",
    "(20, 10)",
    "(10, 20)",
    "(200,)",
    "(0,)",
    "(2**62,)",
    "(99999999999999999999,)",
    "(-1,)",
)
SHAPES += ("(4294967296, 4294967296)", "(1, 200)", "(True, 200)", "('20', 10)", "20", "None", "(20.0, 10)")
KINDS = (
    "<f4",
    "<f8",
    ">f4",
    ">f8",
    "<f2",
    "|O",
    "|V4",
    "<U8",
    "<M8[s]",
    "<c8",
    "|i1",
    "<i8",
    "|b1",
    "<f16",
    "|S0",
    "V0",
)
NAMES = (
    "losses.npy",
    "logits.npy",
    "logits",
    "/etc/passwd",
    "../x.npy",
    "a\x1b[31m.npy",
    "",
    "x" * 3000,
    "é\u202e.npy",
)
TEXTS = ("", "2.21.0", "\x1b[2J", "\ud800", "x" * 70_000, "a\nb", "\u202e", "NaN")


class Files:
    """Makes damaged files; everything follows from the dice."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice

    def file(self) -> bytes:
        content = self.dice.choice((self.array, self.lying_header, self.archive, self.archive, self.facts))()
        for damage in self.dice.choices((self.flip, self.cut, self.splice), k=self.dice.choice((0, 0, 1, 3))):
            content = damage(content)
        return content

    def array(self) -> bytes:
        kind = self.dice.choice(("<f4", "<f8", ">f8", "<f2", "|i1", "<i8"))
        numbers = np.frombuffer(self.dice.randbytes(200 * np.dtype(kind).itemsize), kind)  # NaN, infinities, denormals
        shaped = numbers.reshape(self.dice.choice(((20, 10), (10, 20), (200,), (1, 200, 1))))
        return _npy(np.asfortranarray(shaped) if self.dice.random() < 0.3 else shaped)

    def lying_header(self) -> bytes:
        """Return an array behind a header that need not be true of it."""
        head = f"{{'descr': '{self.dice.choice(KINDS)}', 'fortran_order': {self.dice.choice(('True', 'False', '1'))}, "
        head += f"'shape': {self.dice.choice(SHAPES)}}}"
        head = self.dice.choice((head, head, head, "(" * 5000, "{" + "[" * 200, head + " " * 20_000)) + "\n"
        version = self.dice.choice((b"\1\0", b"\2\0", b"\3\0", b"\7\0"))
        size = self.dice.choice((len(head), len(head), len(head), 65_535)).to_bytes(
            2 if version[0] == 1 else 4, "little"
        )
        return b"\x93NUMPY" + version + size + head.encode() + self.dice.randbytes(self.dice.choice((0, 800, 1600)))

    def archive(self) -> bytes:
        packed = io.BytesIO()
        with warnings.catch_warnings(), zipfile.ZipFile(packed, "w") as archive:
            warnings.simplefilter("ignore")  # of two members of one name
            for _ in range(self.dice.choice((0, 1, 2, 5))):
                make = self.dice.choice((self.array, self.array, self.array, self.lying_header, self.zeros))
                packing = self.dice.choice((0, 8, 8, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
                archive.writestr(zipfile.ZipInfo(self.dice.choice(NAMES)), make(), packing)
        return self.lie(packed.getvalue()) if self.dice.random() < 0.3 else packed.getvalue()

    def zeros(self) -> bytes:
        """Return what packs a thousandfold, or an archive within the archive."""
        return _npy(np.zeros(self.dice.choice((10, 100_000)))) if self.dice.random() < 0.8 else self.archive()

    def lie(self, content: bytes) -> bytes:
        """Change a size, a packing or a flag where the directory tells of a member."""
        at = content.rfind(b"PK\x01\x02")
        if at < 0:
            return content
        offset = self.dice.choice((8, 10, 16, 20, 24, 28, 42))
        value = self.dice.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\1\0\0\0", self.dice.randbytes(4)))
        return content[: at + offset] + value + content[at + offset + 4 :]

    def facts(self) -> bytes:
        names = self.dice.sample((*NAMES, *TEXTS), self.dice.randint(0, 5))
        members: dict[str, object] = {name: self.dice.choice((*TEXTS, 1, None, {}, [])) for name in names}
        return json.dumps(members, ensure_ascii=self.dice.random() < 0.5).encode("utf-8", "surrogatepass")

    def flip(self, content: bytes) -> bytes:
        at = self.dice.randrange(max(1, len(content)))
        return content[:at] + self.dice.randbytes(1) + content[at + 1 :]

    def cut(self, content: bytes) -> bytes:
        return content[: self.dice.randint(0, len(content))]

    def splice(self, content: bytes) -> bytes:
        at = self.dice.randint(0, len(content))
        return content[:at] + self.dice.randbytes(self.dice.randint(1, 30)) + content[at + self.dice.randint(0, 30) :]


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def read_all(content: bytes) -> Counter[str]:
    """Hand one file to each reader; AssertionError where what is read is not what was promised."""
    counts: Counter[str] = Counter()
    for name, (read, own, holds) in READERS.items():
        try:
            found = read(content)
        except own:
            counts[f"{name} refused"] += 1
        else:
            assert holds(found), (name, content)
            counts[f"{name} read"] += 1
    return counts


def _is_archive(found: dict[str, np.ndarray]) -> bool:
    return sum(each.nbytes for each in found.values()) <= npy.UNPACKED_BYTES and all(
        each.dtype == np.float64 for each in found.values()
    )


READERS: dict[str, tuple[Callable[[bytes], object], type[ValueError], Callable[..., bool]]] = {
    "array": (npy.read_array, npy.ArrayError, lambda found: found.dtype.kind in "fiu"),
    "archive": (npy.read_archive, npy.ArrayError, _is_archive),
    "predictions": (
        lambda content: predictions.accuracy(content, LABELS),
        predictions.PredictionsError,
        lambda found: 0 <= found <= 1,
    ),
    "facts": (facts.read, facts.FactsError, lambda found: all(isinstance(value, str) for value in found.values())),
}


@dataclass(frozen=True)
class Outcome:
    files: int
    counts: Counter[str]  # "archive refused" → files
    seconds: float
    slowest_seconds: float  # all readers of one file
    growth_bytes: int  # of the process's peak, from the first tenth of the files on


def fuzz(files: int, seed: int) -> Outcome:
    """Read about `files` damaged files; AssertionError or a reader's foreign error where a promise is broken."""
    maker, counts, early, slowest, start = Files(random.Random(seed)), Counter[str](), 0, 0.0, time.perf_counter()
    for number in range(files):
        content, began = maker.file(), time.perf_counter()
        counts += read_all(content)
        slowest = max(slowest, time.perf_counter() - began)
        early = early or (_peak_bytes() if number >= files // 10 else 0)
    growth = _peak_bytes() - early
    assert growth < GROWTH_LIMIT_BYTES, f"memory grew by {growth / 1e6:.0f} MB"
    return Outcome(files, counts, time.perf_counter() - start, slowest, growth)


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.files", description=__doc__.split("\n\n")[0])
    parser.add_argument("--files", type=int, default=100_000, help="how many (default 100,000)")
    parser.add_argument("--seed", type=int, default=1, help="from which everything follows (default 1)")
    options = parser.parse_args()
    warnings.simplefilter("error")  # a reader that warns writes to the user's terminal
    found = fuzz(options.files, options.seed)
    for name, count in sorted(found.counts.items()):
        print(f"{count:>10,}  {name}")
    print(
        f"{found.files:,} files of seed {options.seed}, each to four readers, in {found.seconds:.0f} s: no foreign "
        f"exception, {1000 * found.slowest_seconds:.0f} ms for the slowest file, "
        f"memory grew by {found.growth_bytes / 1e6:.1f} MB after the first tenth"
    )


if __name__ == "__main__":
    main()
