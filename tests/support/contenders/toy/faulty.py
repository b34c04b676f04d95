"""What the toy plays for the fault suite: each script breaks one thing and goes on with the next.

`emitted`, beside events.jsonl, holds how many events were sent so far: what the suite holds
the host's record against, whatever became of the worker.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

from shared.emitter import Emitter
from shared.events import LINE_LIMIT_BYTES, Event, Steps, Warned, encode
from shared.trial import out_folder

EMITTED = "emitted"

Play = Callable[[Emitter, int, str], None]  # emitter, the live feed's descriptor, argument


def count(emitter: Emitter) -> None:
    """Let the emitter keep the number of its events in a file, written in place: a full volume still takes it."""
    descriptor = os.open(str(out_folder() / EMITTED), os.O_WRONLY | os.O_CREAT, 0o644)
    emit, said = emitter.emit, 0

    def counted(event: Event) -> None:
        nonlocal said
        emit(event)
        said += 1
        os.pwrite(descriptor, b"%8d" % said, 0)

    emitter.emit = counted  # type: ignore[method-assign]


def paced(emitter: Emitter, live: int, argument: str) -> None:
    """Send COUNT events over SECONDS: a training whose every word is known beforehand."""
    events, seconds = argument.split()
    start, pause = time.monotonic(), float(seconds) / int(events)
    for number in range(1, int(events) + 1):
        emitter.emit(step(number))
        time.sleep(max(0.0, start + number * pause - time.monotonic()))


def step(number: int) -> Steps:
    return Steps(epoch=1, first_step=number, losses=[1.0 / number])


def child(emitter: Emitter, live: int, argument: str) -> None:
    """Lose a child that takes all the memory, and go on, as a data loader's parent may."""
    code = "held = []\nwhile True: held.append(bytes([1]) * 2**24)"
    subprocess.run([sys.executable, "-c", code], check=False)


def noisy(emitter: Emitter, live: int, argument: str) -> None:
    """Print 64 KB of what libraries print before each event: bars, colours, no newline, bytes that are no text."""
    for number in range(1, int(argument) + 1):
        os.write(1, b"\r\x1b[32mepoch 1\x1b[0m [" + b"=" * 50_000 + b"]\r")
        os.write(2, b'\x1b]0;owned\x07{"v":1,"event":"run_ended"}' + bytes(range(256)) * 56)
        emitter.emit(step(number))


def endless(emitter: Emitter, live: int, argument: str) -> None:
    """Write a line of a megabyte to the live feed itself before each event, and once one that never ends."""
    for number in range(1, int(argument) + 1):
        os.write(live, b"x" * 2**20 + b"\n")
        emitter.emit(step(number))
    os.write(live, b"y" * 2**20)
    emitter.emit(Warned("the feed's copy of this is part of an endless line"))


def hostile(emitter: Emitter, live: int, argument: str) -> None:
    """Write what is no event between events, to the live feed and into the file."""
    with (out_folder() / "events.jsonl").open("ab", buffering=0) as file:
        for number, line in enumerate(corpus(), start=1):
            os.write(live, line + b"\n")
            file.write(line + b"\n")
            emitter.emit(step(number))


def corpus() -> list[bytes]:
    """Return lines that no honest worker sends; each is refused for a reason of its own."""
    head = '{"v":1,"trial":"toy-1.0.play.s1","seq":7,"t":0.1,"event":'
    lines = [
        head + '"steps","epoch":1,"first_step":1,"losses":[NaN]}',
        head + '"steps","epoch":1,"first_step":1,"losses":[1e999]}',
        head + '"steps","epoch":1,"epoch":2,"first_step":1,"losses":[]}',
        head + '"steps","epoch":' + "9" * 3000 + ',"first_step":1,"losses":[]}',
        head + '"steps","epoch":true,"first_step":1,"losses":[]}',
        head + '"warning","message":"\\ud800"}',
        head + '"warning","message":"\udfff","extra":1}',  # a log may have mended the bytes
        head + '"warning","message":"x","extra":1}',
        head + '"exec","message":"rm -rf"}',
        head + '"warning"}',
        "[" * (LINE_LIMIT_BYTES - 10),
        "\ufeff{}",
        '{"v":2}',
        "\x00\x01\x02",
        "null",
        "{",
    ]
    return [line.encode("utf-8", "surrogatepass") for line in lines]


def impostor(emitter: Emitter, live: int, argument: str) -> None:
    """Speak for another trial and for nobody, repeat numbers, and count where nobody can have counted to."""
    name, step_two = emitter._trial, encode(step(1), trial=emitter._trial, seq=1, t=0.0)
    paced(emitter, live, "10 0.1")
    for line in (
        encode(Warned("of another"), trial="torch-2.13.0.play.s1", seq=100, t=0.0),
        encode(Warned("of nobody"), trial="..", seq=101, t=0.0),
        encode(Warned("far ahead"), trial=name, seq=2**30, t=0.0),
        step_two,
        step_two,
    ):
        os.write(live, line)


def skipping(emitter: Emitter, live: int, argument: str) -> None:
    """Leave COUNT numbers out: what was never written anywhere is a loss that must be told."""
    paced(emitter, live, "20 0.2")
    emitter._seq += int(argument)
    paced(emitter, live, "20 0.2")


def swapped(emitter: Emitter, live: int, argument: str) -> None:
    """Send COUNT pairs of events, the second of each first."""
    for number in range(1, 2 * int(argument), 2):
        emitter._seq += 1
        emitter.emit(step(number + 1))
        emitter._seq -= 2
        emitter.emit(step(number))
        emitter._seq += 1


def spite(emitter: Emitter, live: int, argument: str) -> None:
    """Say it in control bytes, markup, right-to-left and TeX, on both ways."""
    emitter.emit(Warned(SPITE))
    sys.stderr.write(SPITE + "\n")
    sys.stderr.flush()


SPITE = (
    "\x1b]52;c;aGk=\x07\x1b[31m\x9b2J[red]x[/red] [/foo] [link=file:///etc/passwd]l[/link] :skull: "
    "\u202egnp.exe $\\frac{$ <script>alert(1)</script> | =1+1 `x` ![i](http://192.0.2.1/x.png)"
)


def journal(emitter: Emitter, live: int, argument: str) -> None:
    """Put something else where events.jsonl was; only the live feed has what follows."""
    path = out_folder() / "events.jsonl"
    path.unlink()
    if argument == "link":
        path.symlink_to("/etc/passwd")
    elif argument == "pipe":
        os.mkfifo(str(path))
    elif argument == "folder":
        path.mkdir()
    elif argument == "giant":
        with path.open("wb") as file:
            file.truncate(2**31)


def full(emitter: Emitter, live: int, argument: str) -> None:
    """Fill the output volume to the last byte."""
    with (out_folder() / "ballast").open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError as error:
            emitter.emit(Warned(f"the volume is full: {error.strerror}"))


def unplugged(emitter: Emitter, live: int, argument: str) -> None:
    """Play a GPU that is taken away: the words are NVIDIA's, no GPU is there."""
    sys.stderr.write("Failed to initialize NVML: Unknown Error\n")
    sys.stderr.flush()
    raise RuntimeError("CUDA error: no CUDA-capable device is detected")


PLAYS: dict[str, Play] = {
    play.__name__: play
    for play in (
        paced,
        child,
        noisy,
        endless,
        hostile,
        impostor,
        skipping,
        swapped,
        spite,
        journal,
        full,
        unplugged,
    )
}
