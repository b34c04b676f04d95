"""The sentences of a run: one a change of state, the same in every view that prints lines."""

from __future__ import annotations

from rich.text import Text

from orchestrator import text
from orchestrator.progress.format import clock, quote
from orchestrator.progress.state import TrialState
from orchestrator.record.cause_table import next_step
from orchestrator.record.record import Record, Status
from orchestrator.text import printable
from shared.events import EpochEnded, Event, PhaseEnded, Warned, WorkerReady

STDERR_LINES = 15


def trial_line(trial_id: str, sentence: str, style: str = "") -> Text:
    """Return a sentence behind the trial's prefix, which programs may filter by."""
    return Text.assemble((f"[{printable(trial_id)}] ", "dim"), (sentence, style))


def event_line(state: TrialState, event: Event, verbosity: int) -> Text | None:
    """Return the line for an event, None where it deserves none."""
    match event:
        case EpochEnded():
            return trial_line(state.planned.id, epoch_sentence(state, event))
        case Warned(message=message):
            return trial_line(state.planned.id, f"warning: {printable(message)}", "yellow")
        case WorkerReady() if verbosity > 0:
            return trial_line(state.planned.id, ready_sentence(event))
        case PhaseEnded() if verbosity > 0:
            return trial_line(state.planned.id, f"{text.phase(event.phase)}: {text.seconds(event.seconds)} s")
        case _:
            return None


def epoch_sentence(state: TrialState, event: EpochEnded) -> str:
    rate = event.images / event.seconds if event.seconds > 0 else None
    parts = [
        f"epoch {event.epoch}/{state.epochs_planned}",
        f"train loss {text.loss(event.train_loss)}",
        f"val loss {text.loss(event.val_loss)}",
        f"val acc {text.percent(event.val_accuracy)} %",
        f"{text.rate(rate)} images/s",
    ]
    return "  ".join([*parts, "diverged"] if event.diverged else parts)


def ready_sentence(event: WorkerReady) -> str:
    version = printable(f"{event.framework} {event.framework_version}")
    return f"{version} on {printable(event.device)}, {event.parameters:,} parameters"


def ended_lines(record: Record) -> list[Text]:
    """Say how a trial ended; of one that broke, the reason and its last words on standard error."""
    sentence = f"{text.status(record.status)}{_duration(record)}{_reason(record)}"
    lines = [trial_line(record.id, sentence, text.STATUS_STYLES[record.status])]
    if step := next_step(record.cause):
        lines.append(Text(f"    next: {step}", "italic"))
    if record.status.broken:
        lines += [Text(f"    │ {quote(line)}", "dim") for line in record.stderr_tail[-STDERR_LINES:]]
    return lines


def _duration(record: Record) -> str:
    return "" if record.wall_seconds is None else f" after {clock(record.wall_seconds)}"


def _reason(record: Record) -> str:
    if record.status is Status.DONE:
        return f"  test acc {text.percent(record.test_accuracy)} %"
    cause = f" ({printable(record.cause)})" if record.cause else ""
    return f"{cause}: {printable(record.reason)}" if record.reason else ""
