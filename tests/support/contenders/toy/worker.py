"""A worker that keeps the contract and plays what the recipe's title tells it: "finish", "hang", "many 9000" …

Standard library only, so that an image takes seconds and any interpreter runs it. It reads
no data and trains nothing; what it leaves in $BAKEOFF_OUT is what the host must cope with.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from shared.emitter import Emitter, private_stdout
from shared.events import EpochEnded, Event, PhaseEnded, RunEnded, Steps, Warned, WorkerReady
from shared.trial import data_folder, from_environment, out_folder
from shared.turns import Stretch, Turns

from . import faulty

DATA_SHA256 = "6a792682a379d67108e57bc1ffbcbd680234f5ae3c75d07722795b2f5094b46a"  # of the 8x8 view, as if it were read
IMAGES = 4  # the test labels are 0, 1, 2, 3, and the logits name them rightly

Script = Callable[[Emitter, int, str], int]  # emitter, the live feed's descriptor, argument → exit code


def main() -> int:
    trial = from_environment()
    scripts = trial.recipe.title.split(" then ")
    live = private_stdout()
    emitter = Emitter(trial.id, out_folder(), live, beat_seconds=beat_seconds(scripts[0]))
    faulty.count(emitter)
    signal.signal(signal.SIGTERM, lambda number, _: os._exit(128 + number))
    emitter.emit(ready())
    try:
        return play(emitter, live, scripts, trial.recipe.data.validation.images)
    except Exception as error:
        traceback.print_exc()
        emitter.close()
        emitter.failed(error)
        return 1


def beat_seconds(script: str) -> float:
    """A paced worker has no heart, so that every run of it sends the same events."""
    return {"beat": 0.1, "paced": 3600.0}.get(script.partition(" ")[0], 10.0)


def play(emitter: Emitter, live: int, scripts: list[str], images: int) -> int:
    """Play one script after another; the first that gives an exit code is the last."""
    for script in scripts:
        name, _, argument = script.partition(" ")
        if name in SCRIPTS:
            return SCRIPTS[name](emitter, live, argument)
        faulty.PLAYS[name](emitter, live, argument)
    for event in middle():
        emitter.emit(event)
    return end(emitter, images=images)


def ready() -> WorkerReady:
    return WorkerReady(
        framework="Toy",
        framework_version="1.0",
        versions={"python": sys.version.split()[0], "pid": str(os.getpid()), "out": str(out_folder())},
        device="cpu",
        modes={},
        data_sha256=DATA_SHA256,
        initial_weights_sha256="1" * 64,
        parameters=0,
    )


def middle() -> list[Event]:
    """What a training of one epoch says between its first word and its last."""
    return [
        PhaseEnded(phase="build", seconds=0.5),
        Steps(epoch=1, first_step=1, losses=[2.5, None, 1.5]),
        EpochEnded(
            epoch=1,
            images=8,
            seconds=0.25,
            evaluation_seconds=0.125,
            train_loss=2.0,
            train_accuracy=0.5,
            val_loss=1.75,
            val_accuracy=0.75,
        ),
    ]


def last_word(seconds: float = 1.0) -> RunEnded:
    return RunEnded(
        test_loss=0.5,
        test_accuracy=1.0,
        peak_memory_bytes=2**20,
        peak_memory_kind="resident",
        wall_seconds=seconds,
        files=["predictions.npy"],
    )


def predictions(images: int = IMAGES) -> bytes:
    """An .npy file of float32[images, 10], written by hand: the largest logit of image i is that of i modulo 10."""
    shape = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({images}, 10), }}"
    header = (shape.ljust(117) + "\n").encode("ascii")
    logits = [float(column == row % 10) for row in range(images) for column in range(10)]
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + struct.pack(f"<{len(logits)}f", *logits)


def finish(emitter: Emitter, live: int, argument: str) -> int:
    for event in middle():
        emitter.emit(event)
    return end(emitter, int(argument or 0))


def end(emitter: Emitter, code: int = 0, images: int = IMAGES) -> int:
    """Leave the predictions, unless something stands in their place, and say the last word."""
    predicted = out_folder() / "predictions.npy"
    if not os.path.lexists(str(predicted)):
        predicted.write_bytes(predictions(images))
    emitter.close()
    emitter.emit(last_word(time.perf_counter() - emitter.started))
    return code


def many(emitter: Emitter, live: int, argument: str) -> int:
    for number in range(int(argument)):
        emitter.emit(Steps(epoch=1, first_step=number + 1, losses=[0.123456789] * 10))
    return finish(emitter, live, "")


def crash(emitter: Emitter, live: int, argument: str) -> int:
    raise ValueError(argument or "the toy broke")


def die(emitter: Emitter, live: int, argument: str) -> int:
    """End by a signal of one's own: 11 is what a crash in native code looks like."""
    sys.stderr.write("the toy is about to die\n")
    sys.stderr.flush()
    os.kill(os.getpid(), int(argument))
    return 0


def hang(emitter: Emitter, live: int, argument: str) -> int:
    time.sleep(3600)
    return 0


def beat(emitter: Emitter, live: int, argument: str) -> int:
    """Work in silence for a while, the heart beating ten times a second."""
    time.sleep(float(argument))
    return finish(emitter, live, "")


def stubborn(emitter: Emitter, live: int, argument: str) -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    emitter.emit(Warned("SIGTERM is ignored"))
    return hang(emitter, live, argument)


def parent(emitter: Emitter, live: int, argument: str) -> int:
    """Start a child that outlives its parent, unless the whole group is ended."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    emitter.emit(Warned(f"child {child.pid}"))
    return finish(emitter, live, "") if argument == "finish" else hang(emitter, live, "")


def wordless(emitter: Emitter, live: int, argument: str) -> int:
    """Exit with code 0 and without a last word."""
    return 0


def noise(emitter: Emitter, live: int, argument: str) -> int:
    """Print as libraries do: through Python, through descriptor 1, from a child, with no newline."""
    for event in middle():
        sys.stdout.write("progress 17%\r")
        sys.stdout.flush()
        os.write(1, b'{"v":1,"looks":"like an event"}')
        subprocess.run(["echo", "a child prints"], check=True)
        emitter.emit(event)
    return end(emitter)


def rubbish(emitter: Emitter, live: int, argument: str) -> int:
    """Write what is no event to the live feed itself, as a foreign worker might."""
    for junk in (b"\x1b]52;c;aGk=\x07\n", b'{"v":NaN}\n', b"\xff\xfe\n", b"[" * 3000 + b"\n", b"x" * 2**20 + b"\n"):
        os.write(live, junk)
    return finish(emitter, live, "")


def flood(emitter: Emitter, live: int, argument: str) -> int:
    block = (b"x" * 60_000 + b"\n") * 16
    for _ in range(10_000):
        os.write(live, block)
    return 0


def leave(emitter: Emitter, live: int, argument: str) -> int:
    """Leave something else where predictions.npy should be."""
    predicted = out_folder() / "predictions.npy"
    secret = out_folder() / "elsewhere"
    secret.write_bytes(b"not for the host")
    if argument == "link":
        predicted.symlink_to(secret)
    elif argument == "pipe":
        os.mkfifo(str(predicted))
    elif argument == "folder":
        predicted.mkdir()
        (predicted / "inside").write_bytes(b"0")
    elif argument == "giant":
        with predicted.open("wb") as file:
            file.truncate(2**33)
    return finish(emitter, live, "")


def hungry(emitter: Emitter, live: int, argument: str) -> int:
    held = []
    while True:
        held.append(bytes([1]) * 2**24)


def echo(emitter: Emitter, live: int, argument: str) -> int:
    """Say what is read from standard input, so many lines of it."""
    for _ in range(int(argument)):
        emitter.emit(Warned(f"heard {sys.stdin.readline().strip()}"))
    return finish(emitter, live, "")


def busy(emitter: Emitter, live: int, argument: str) -> int:
    """Use so many seconds of CPU time, say so, and do nothing for as long."""
    while time.process_time() < float(argument):
        pass
    emitter.emit(Warned("tired"))
    time.sleep(float(argument))
    return finish(emitter, live, "")


def turns(emitter: Emitter, live: int, argument: str) -> int:
    """Train one epoch of so many steps, by turns where the trial asks for it; a step takes a hundredth of a second."""
    taken, at, steps = Turns(emitter) if from_environment().turns else None, 0, int(argument)
    emitter.emit(PhaseEnded(phase="build", seconds=0.5))
    while at < steps:
        until = at + taken.steps(steps - at) if taken else steps
        start = time.perf_counter()
        time.sleep((until - at) / 100)
        if taken:
            counted = until - at - 1
            taken.note(Stretch(1, until, counted, 8 * counted, (time.perf_counter() - start) * counted / (until - at)))
        at = until
        if taken and at < steps:
            taken.end()
    for event in middle()[1:]:
        emitter.emit(event)
    if taken:
        taken.end()
    return end(emitter, images=from_environment().recipe.data.validation.images)


def surroundings(emitter: Emitter, live: int, argument: str) -> int:
    """Tell what this worker may do, tried and not asked."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    found = {
        **{name: status[name].strip() for name in ("CapBnd", "NoNewPrivs", "Seccomp")},
        "uid": str(os.getuid()),
        "network": _tried(lambda: socket.create_connection(("192.0.2.1", 80), timeout=5)),
        "/": _tried(lambda: Path("/opt/bakeoff/x").write_text("x")),
        "/tmp": _tried(lambda: Path("/tmp/x").write_text("x")),
        "/data": _tried(lambda: (data_folder() / "x").write_text("x")),
        "/out": _tried(lambda: (out_folder() / "x").write_text("x")),
        "environment": " ".join(sorted(os.environ)),
        "home": str(Path.home()),
    }
    emitter.emit(Warned(json.dumps(found)))
    return finish(emitter, live, "")


def child(emitter: Emitter, live: int, argument: str) -> int:
    """Start a child that takes all memory, outlive it, and end with the exit code given."""
    hog = "held = []\nwhile True: held.append(bytes([1]) * 2**24)"
    subprocess.run([sys.executable, "-c", hog], check=False)
    return finish(emitter, live, argument)


def _tried(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return type(error).__name__ if error.errno is None else os.strerror(error.errno)
    return "done"


SCRIPTS: dict[str, Script] = {
    script.__name__: script
    for script in (
        finish,
        many,
        crash,
        die,
        hang,
        beat,
        stubborn,
        parent,
        wordless,
        noise,
        rubbish,
        flood,
        leave,
        hungry,
        surroundings,
        echo,
        busy,
        turns,
        child,
    )
}

if __name__ == "__main__":
    raise SystemExit(main())
