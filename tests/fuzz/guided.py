"""Bytes guided by coverage through the gate, with atheris: whatever they are, an event or refused.

With `files` as the first word they go through the readers of a worker's files and the escaping of words instead.

atheris is no dependency of the project: it has wheels for Linux alone and for some Pythons, and needs
clang elsewhere. Where `pip install atheris` works:

    python -m tests.fuzz.guided -runs=100000     # the options are libFuzzer's
    python -m tests.fuzz.guided files -runs=100000
"""

from __future__ import annotations

import random
import sys
import tempfile
import unicodedata
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["orchestrator"]):
    from orchestrator import text as words
    from orchestrator.stream.intake import Intake
    from orchestrator.stream.lines import Lines

from shared.events import encode
from tests.fuzz.files import Files, read_all
from tests.fuzz.lines import EVENTS, TRIAL
from tests.support.gate import check_against_json


def gate(stream: bytes) -> None:
    """Take a stream in two chunks: every line is an event as `json.loads` reads it, a duplicate or a refusal."""
    intake, splitter = Intake(TRIAL), Lines()
    half = len(stream) // 2
    lines = [*splitter.feed(stream[:half]), *splitter.feed(stream[half:]), *splitter.end()]
    for line in lines:
        if (numbered := intake.take(line)) is not None:
            check_against_json(numbered)
    counts = intake.counts()
    assert counts.received + counts.duplicated + counts.rejected == sum(1 for line in lines if line.strip())


def files(content: bytes) -> None:
    """Hand bytes to each reader of a worker's files, and as words to the escaping."""
    read_all(content)
    text = content.decode("utf-8", "ignore")
    for shown in (words.printable(text), words.markdown(text), words.code(text), words.shortened(text, 20)):
        assert not any(unicodedata.category(letter)[0] == "C" for letter in shown), text
    assert "<" not in words.markdown(text)


def main() -> None:
    target = files if "files" in sys.argv[1:2] else gate
    options = [option for option in sys.argv if option != "files"]
    with tempfile.TemporaryDirectory() as corpus:
        for name, content in _examples(target is files).items():
            (Path(corpus) / name).write_bytes(content)
        atheris.Setup([*options, "-max_len=5000", corpus], target)
        atheris.Fuzz()


def _examples(of_files: bool) -> dict[str, bytes]:
    if of_files:
        maker = Files(random.Random(1))
        return {f"file-{number}": maker.file() for number in range(300)}
    return {event.kind: encode(event, trial=TRIAL, seq=number, t=0.5) for number, event in enumerate(EVENTS)}


if __name__ == "__main__":
    main()
