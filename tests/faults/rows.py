"""The fault matrix: each row a fault, what must come of it, and what of it is not injected here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One fault. `declared` says why it is not injected at all, `limits` what of it is not."""

    number: int
    fault: str
    survived: str
    limits: str = ""
    declared: str = ""


ROWS = (
    Row(1, "the host is killed at random moments", "adopted or started again; the summary but for times is the same"),
    Row(2, "Ctrl-C or SIGTERM", "worker stopped, report of what there is, 130; resumed to its end"),
    Row(3, "Ctrl-C twice", "away within 2 s with the commands that go on and clean up; nothing left after `clean`"),
    Row(4, "the host sleeps", "training unaffected, nothing lost", "1 to 6 s, not 30"),
    Row(5, "connection ends with FIN", "reconnected, nothing lost"),
    Row(6, "connection ends with RST", "reconnected, nothing lost"),
    Row(
        7,
        "connection goes dark",
        "noticed, reconnected, nothing lost",
        "0.3 to 2.5 s dark, not 30; a question asked meanwhile is given up after 10 s",
    ),
    Row(8, "the engine refuses for a while", "goes on when it answers again, nothing lost", "0.5 to 3 s, not 60"),
    Row(9, "the engine is gone for good", "`unknown`, exit code 3; resumed to its end when it is back"),
    Row(
        10,
        "the engine restarts, with live-restore and without",
        "with: done, nothing lost; without: failed, and what was written is kept",
        "a second engine, in namespaces of its own",
    ),
    Row(11, "the worker is killed", "failed, and what it wrote is kept"),
    Row(12, "the worker runs out of memory", "out of memory, and what it wrote is kept"),
    Row(13, "a child runs out of memory", "done, with a warning"),
    Row(14, "the container is paused", "goes on where it stood"),
    Row(15, "the worker hangs", "stopped at the limit of silence: timed out"),
    Row(16, "the worker ignores SIGTERM", "killed after the grace: timed out"),
    Row(17, "exit code 0 without a last word", "incomplete, failed"),
    Row(18, "an exit code after the last word", "failed, its numbers kept"),
    Row(19, "segfault, abort, bus error", "failed, told by the signal"),
    Row(20, "the engine's log rotates too fast", "holes filled from the worker's file"),
    Row(21, "the engine keeps no log", "the worker's file is the record"),
    Row(22, "the output volume is full", "failed by name; the live copy of the events kept"),
    Row(
        23,
        "the data are damaged and cannot be had",
        "exit code 3 before anything starts",
        "the engine's copy is compared and made again: `tests/engines/docker/test_engine.py`",
    ),
    Row(24, "the output volume belongs to root", "given to the worker"),
    Row(
        25,
        "no GPU can be given",
        "exit code 3, or a trial failed with the toolkit's name; nothing left, no training on the CPU",
        "a GPU that is given takes a GPU host",
    ),
    Row(
        26,
        "an image is missing, refused, too often asked for, or its registry is away for a while",
        "tried again where that may help, and recorded; else failed by name; other contenders go on",
        "an image of another platform is not among them",
    ),
    Row(27, "a foreign container has our name", "refused, and left alone"),
    Row(28, "somebody removes the container", "failed by name; what it wrote is read from its volume"),
    Row(29, "no socket, a forbidden one, a wrong context", "exit code 3, three messages"),
    Row(30, "the engine's API is too old or too new", "exit code 3 with both versions"),
    Row(31, "megabytes of noise", "no event lost, none refused"),
    Row(32, "lines of a megabyte", "refused and counted, what follows is read"),
    Row(33, "lines that are no events", "refused, each with its reason", "`make fuzz` sends a million"),
    Row(34, "another trial's name, numbers twice, missing, out of order", "refused, counted once, or declared lost"),
    Row(35, "control bytes, markup, TeX in every text", "none reaches the terminal or the report"),
    Row(36, "names that are paths or options", "exit code 2, nothing made"),
    Row(37, "a link, a pipe, a folder, 2 GB where events.jsonl was", "refused with a warning, in bounded time"),
    Row(38, "the host's disk is full", "stops with exit code 3; resumed on a larger one, nothing lost"),
    Row(39, "the record is cut at any byte", "read up to its last whole line"),
    Row(40, "a second host takes the same run", "refused, the first undisturbed"),
    Row(41, "the host's clock jumps by an hour", "order and durations unaffected"),
    Row(
        42,
        "the GPU is lost",
        "failed, and what it wrote is kept",
        "the stub says what NVIDIA's library says; losing one takes a GPU host. Nothing is measured a second time",
    ),
    Row(
        43,
        "the host of trials that take turns is killed, interrupted or stopped for a while",
        "adopted, or started again; all done by turns, nothing lost",
    ),
    Row(44, "one of those that take turns is killed or paused", "it fails, or goes on; the others are done"),
)
