"""Why a trial is not done: the table of causes. Their ids are stable, for programs; docs/verdicts.md shows them.

What happened is told with its likely cause and what to do next. What an id means never changes;
the words around it may.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.leftovers import PREDICTIONS


@dataclass(frozen=True)
class Cause:
    """One way in which a trial ends without being done."""

    happened: str  # with the likely cause; verdicts add a trial's own figures
    next_step: str


_LOG = "read the last lines of its log, below and whole in stderr.log of the trial's folder"

CAUSES: dict[str, Cause] = {
    # The kernel, the engine, somebody else
    "oom": Cause(
        "out of memory: the kernel killed the worker at its limit",
        "try a smaller --batch-size, or run where more memory is free",
    ),
    "oom-child": Cause(
        "the kernel killed one of the worker's children for want of memory",
        "try a smaller --batch-size, or run where more memory is free",
    ),
    "killed": Cause("killed from outside", "find out who stops containers on the engine's host, then run it again"),
    "killed-by-us": Cause(
        "it ignored SIGTERM and was killed after the grace", "let the worker end on SIGTERM, as the contract says"
    ),
    "killed-unknown": Cause(
        "killed (SIGKILL) by something that left no trace in the engine, often the host's out-of-memory killer",
        "look for its process in the host's kernel log (dmesg), then run it again",
    ),
    "engine-restart": Cause(
        "killed while no host watched or the engine did not answer: most likely the engine or the machine was"
        " restarted",
        "`bakeoff resume` runs it again; containers outlive an engine's restart where it is set to live-restore",
    ),
    "removed": Cause(
        "the worker was removed from outside before it ended",
        "find out who removes containers on the engine's host, then run it again",
    ),
    "engine-lost": Cause(
        "the engine stayed away, so what became of the worker is unknown; it may still train",
        "`bakeoff resume` takes it up again once the engine answers",
    ),
    "detached": Cause("left running by the user", "`bakeoff resume` takes it up again"),
    # Time and size
    "timed-out": Cause("not finished within its time", "allow more with --timeout"),
    "stalled": Cause(
        "no event, not even a heartbeat: the worker hangs",
        "a deadlock in the framework or its data loading is likely; " + _LOG,
    ),
    "paused": Cause("somebody paused its container and did not let it go on", "`docker unpause` it sooner next time"),
    "flooded": Cause(
        "flooded: the worker printed more than 256 MiB, which no metric stream is",
        "keep the live feed for events; everything else belongs on standard error",
    ),
    # The worker
    "gpu-lost": Cause(
        "the GPU was lost while it ran",
        "start it again in a new container; `systemctl daemon-reload` on the engine's host is known to take GPUs from"
        " running containers (NVIDIA Container Toolkit), and `nvidia-smi` there tells whether the GPU itself is well",
    ),
    "data-wrong": Cause(
        "the worker did not read the images that the host supplied",
        "remove the data with `bakeoff clean --data`, prepare them again and run it again",
    ),
    "failed": Cause("the worker gave up", _LOG),
    "no-predictions": Cause(
        "no test logits to count accuracy from", f"the worker must leave {PREDICTIONS} as shared/README.md says"
    ),
    "incomplete": Cause(
        "incomplete: the worker exited with code 0 but without its last word (run_ended)",
        "something in it ended the process early; " + _LOG,
    ),
    "crashed": Cause("the worker exited without saying why", _LOG),
    "illegal-instruction": Cause(
        "illegal instruction (SIGILL): this build of the framework needs a newer CPU",
        "use a build for this CPU, or another machine",
    ),
    "abort": Cause("aborted (SIGABRT): a failed assertion inside the framework", _LOG),
    "bus-error": Cause(
        "bus error (SIGBUS): usually shared memory that is too small",
        "let the worker use less of /dev/shm (1 GB), as fewer loading processes do",
    ),
    "arithmetic": Cause("arithmetic fault (SIGFPE) in native code", _LOG),
    "segfault": Cause("segmentation fault (SIGSEGV): a crash inside native code", _LOG),
    "terminated": Cause("terminated (SIGTERM) from outside", "run it again; the host may have been shutting down"),
    # Before or without a worker
    "interrupted": Cause("stopped by the user", "`bakeoff resume` runs it again"),
    "skipped": Cause("it was not its turn before the comparison ended", "`bakeoff resume` runs it"),
    "not-prepared": Cause("its image or environment could not be made", "correct what the reason names"),
    "not-started": Cause("could not start", "correct what the reason names, and see `bakeoff doctor`"),
}
"""By id; the texts are for people."""

SIGNALS = {
    132: "illegal-instruction",
    134: "abort",
    135: "bus-error",
    136: "arithmetic",
    137: "killed-unknown",
    139: "segfault",
    143: "terminated",
}
"""By exit code, 128 + signal, as a container's init and a shell number it."""


def next_step(cause: str) -> str:
    """Say what to do; nothing for a trial that is done, or recorded before causes were."""
    known = CAUSES.get(cause)
    return known.next_step if known else ""
