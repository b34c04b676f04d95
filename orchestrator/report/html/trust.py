"""The section on whether the numbers may be believed: equal starts, audits, parity, and claims checked by the host."""

from __future__ import annotations

from orchestrator import text as words
from orchestrator.analyse.parity import EARLY_STEPS
from orchestrator.analyse.summary import AccuracyDifference, Audit, StepDifference, Summary
from orchestrator.analyse.verified_findings import idle_share
from orchestrator.record.verify.line import CLAIMS, OF_TURNS, What
from orchestrator.report import checks
from orchestrator.report.captions import CAPTIONS
from orchestrator.report.html.blocks import Block, Bullets, Drawings, Heading, Paragraph, Section, table

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


def section(summary: Summary) -> Section:
    """Return what was checked; nothing where nothing could be."""
    start = checks.equal_starts(summary)
    blocks = [
        *([Paragraph(start)] if start else []),
        *_audits(summary),
        *_parity(summary),
        *_accuracies(summary),
        *_verified(summary),
    ]
    return Section("trust", "May I believe it", tuple(blocks))


def _audits(summary: Summary) -> list[Block]:
    audits = summary.audits
    if not audits:
        return []
    text = (
        "Before it trained, each worker computed logits, loss, gradients, and the weights after one and two steps on"
        " two small batches; the host held them against its own float64 reference. Errors are relative to a tensor's"
        f" norm; the tolerance is {audits[0].tolerance:.0e}, behind a batch norm more where rounding takes more. Where"
        " an audit is red, no speed of its recipe is compared."
    )
    heads = ["trial", "audit", "tensors", "worst tensor", "its error"]
    return [Heading("Audit"), table("Audits", heads, map(_audit, audits), left=4), Paragraph(text)]


def _audit(audit: Audit) -> list[str]:
    error = audit.worst_norm_relative_error
    told = "missing or not finite" if error is None else f"{error:.1e}"
    colour = "✓ green" if audit.agrees else "✗ red"
    return [audit.trial, colour, f"{audit.agreeing} of {audit.tensors}", audit.worst_tensor, told]


def _parity(summary: Summary) -> list[Block]:
    left_out = checks.not_stepwise(summary)
    pairs = summary.step_differences
    reasons = [Bullets(tuple(left_out))] if left_out else []
    if not pairs:
        return [Heading("Parity"), *reasons] if reasons else []
    heads = ["trials", "what", "precision", "steps", f"first {EARLY_STEPS}", "all steps", "parts at step"]
    text = (
        "Every contender had the same first weights and the same batches. Shown is the largest difference of a step's"
        " training loss, in nats. The floor is the same container twice: a difference below it means nothing."
        f" Trainings part where they differ by more than the tolerance ({pairs[0].tolerance:.0e}) and more than either"
        " contender has parted from itself; float sums round differently in every library and training amplifies what"
        " it starts from, so what counts is the beginning. A gradient's norm jumps where an image lies at a kink"
        " (a relu's zero, two equal maxima) and rounding chooses its side."
    )
    rows = table("How far trainings part", heads, map(_step_difference, pairs), left=3)
    drawing = Drawings(("divergence",), CAPTIONS["divergence"])
    return [Heading("Parity"), rows, drawing, Paragraph(text), *reasons]


def _step_difference(pair: StepDifference) -> list[str]:
    beyond = "never" if pair.first_beyond is None else str(pair.first_beyond)
    return [
        " and ".join(pair.trials),
        "floor" if pair.kind == "floor" else "between contenders",
        pair.precision,
        str(pair.steps),
        words.scientific(pair.largest_early),
        words.scientific(pair.largest),
        words.ABSENT if pair.kind == "floor" else beyond,
    ]


def _accuracies(summary: Summary) -> list[Block]:
    if not summary.accuracies:
        return []
    heads = ["contender", "against", "recipe", "seed", "verdict"]
    heads += ["difference (points)", "95 % interval", "answered differently", "floor (images)"]
    text = (
        "Test accuracy minus the reference's, in percentage points, over the same images. The interval is that of"
        " Bonett and Price (2012) for paired proportions: what other test images could show, not what other"
        " seeds could. The floor is the most images that one contender answers differently when it runs twice."
    )
    rows = table("Test accuracy image by image", heads, map(_accuracy, summary.accuracies), left=5)
    return [Heading("Test accuracy side by side"), rows, Paragraph(text)]


def _accuracy(difference: AccuracyDifference) -> list[str]:
    return [
        difference.contender,
        difference.reference,
        difference.recipe,
        str(difference.seed),
        difference.verdict,
        words.points(difference.difference),
        f"{words.points(difference.low)} to {words.points(difference.high)}",
        f"{difference.gained + difference.lost} of {difference.images:,}",
        words.ABSENT if difference.floor_images is None else str(difference.floor_images),
    ]


def _verified(summary: Summary) -> list[Block]:
    lines = [line for trial in summary.trials for line in trial.verified]
    if not lines:
        return []
    by_turns = any(trial.by_turns for trial in summary.trials)
    shown = [what for what in CLAIMS if by_turns or what not in OF_TURNS]
    rows = []
    for what in shown:
        verdicts = [line.verdict for line in lines if line.what == what]
        unchecked = [line.reason for line in lines if line.what == what and line.verdict == "not checked"]
        reasons = f"{len(unchecked)}: {'; '.join(dict.fromkeys(unchecked))}" if unchecked else "0"
        rows.append([TITLES[what], str(verdicts.count("agrees")), str(verdicts.count("differs")), reasons])
    heads = ["number", "agrees", "differs", "not checked"]
    told = table("Workers’ claims, by the host’s own count", heads, rows, left=1)
    shares = [idle_share(line) for line in lines if line.what == "time-in-no-phase" and line.counted]
    idle = f" In no phase stand {min(shares):.1%} to {max(shares):.1%} of the epochs' wall time." if shares else ""
    return [Heading("Claims checked"), told, Paragraph(EXPLANATION + idle)]
