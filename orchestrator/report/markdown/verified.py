"""What a report says of the workers' claims: which the host could check, in how many trials, and why not in others."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator import text as words
from orchestrator.analyse.summary import Summary
from orchestrator.analyse.verified_findings import idle_share
from orchestrator.record.verify.line import CLAIMS, OF_TURNS, Verified, What

TITLES: dict[What, str] = {
    "test-loss": "test loss, from the logits",
    "validation-loss": "validation loss of the last epoch, from the logits",
    "validation-accuracy": "validation accuracy of the last epoch, from the logits",
    "training-loss": "training loss of each epoch, from its steps",
    "training-accuracy": "training accuracy of each epoch, from its steps",
    "epochs": "number of epochs",
    "steps": "number of steps",
    "images": "images of each epoch",
    "first-weights": "first weights, by their hash",
    "order": "order of the images in each epoch, by its hash",
    "first-losses": "losses of the first steps, by the float64 reference",
    "epoch-seconds": "no epoch longer than the time between its events",
    "time-in-no-phase": "no large share of the epochs' time outside of training and evaluation",
    "clock": "the worker's clock no slower than the host's",
    "turns": "speed in turns, by that of whole epochs",
    "waited-seconds": "time waited for turns, by the host's count",
}

EXPLANATION = (
    "What a worker claims, held against the host's own count of what it left. Where they differ, a finding stands "
    "above. What stays on trust: docs/methodology.md."
)


def section(summary: Summary) -> list[str]:
    """Return the section as Markdown blocks; nothing where no trial is done."""
    lines = [line for trial in summary.trials for line in trial.verified]
    if not lines:
        return []
    by_turns = any(trial.by_turns for trial in summary.trials)
    shown = [what for what in CLAIMS if by_turns or what not in OF_TURNS]
    rows = [_row(what, [line for line in lines if line.what == what]) for what in shown]
    heads = ["number", "agrees", "differs", "not checked"]
    shares = [idle_share(line) for line in lines if line.what == "time-in-no-phase" and line.counted]
    idle = f"In no phase stand {min(shares):.1%} to {max(shares):.1%} of the epochs' wall time." if shares else ""
    return ["## Claims checked", words.table(heads, rows, left=1), f"{EXPLANATION} {idle}".rstrip()]


def _row(what: What, lines: Sequence[Verified]) -> list[str]:
    verdicts = [line.verdict for line in lines]
    reasons = dict.fromkeys(line.reason for line in lines if line.verdict == "not checked")
    unchecked = f"{verdicts.count('not checked')}: {'; '.join(map(words.markdown, reasons))}" if reasons else "0"
    return [TITLES[what], str(verdicts.count("agrees")), str(verdicts.count("differs")), unchecked]
