"""What a report says of the matched track alone: audits, how far trainings part, and whether accuracies differ."""

from __future__ import annotations

from orchestrator import text as words
from orchestrator.analyse.parity import EARLY_STEPS
from orchestrator.analyse.summary import AccuracyDifference, StepDifference, Summary
from orchestrator.record.record import Status


def sections(summary: Summary) -> list[str]:
    """Return the sections as Markdown blocks; nothing for a comparison without such a recipe."""
    return [*_start(summary), *_audits(summary), *_step_differences(summary), *_accuracies(summary)]


def _start(summary: Summary) -> list[str]:
    """Say that contenders started alike and saw the same batches; where they did not, an error stands above."""
    done = [trial for trial in summary.trials if trial.track == "matched" and trial.status is Status.DONE]
    differing = {"start-differs", "order-differs"} & {finding.id for finding in summary.findings}
    if not done or differing:
        return []
    pairs = dict.fromkeys((trial.recipe, trial.seed, trial.initial_weights_sha256 or "") for trial in done)
    starts = [
        f"{words.markdown(recipe)}, seed {seed}: {words.code(digest[:12])}" for recipe, seed, digest in pairs if digest
    ]
    if not starts:
        return []
    text = "Within each recipe and seed all trials had equal hashes of their first weights and of every epoch's order."
    return ["## Start (matched track)", f"{text} First weights: {'; '.join(starts)}."]


def _audits(summary: Summary) -> list[str]:
    audits = summary.audits
    if not audits:
        return []
    rows = [
        [
            words.markdown(audit.trial),
            "✓ green" if audit.agrees else "✗ red",
            f"{audit.agreeing} of {audit.tensors}",
            words.markdown(audit.worst_tensor),
            "missing or not finite"
            if audit.worst_norm_relative_error is None
            else f"{audit.worst_norm_relative_error:.1e}",
        ]
        for audit in audits
    ]
    text = (
        "Before it trained, each worker computed logits, loss, gradients, and the weights after one and two steps on"
        " two small batches; the host held them against its own float64 reference. Errors are relative to a tensor's"
        f" norm; the tolerance is {audits[0].tolerance:.0e}, behind a batch norm more where rounding takes more. Where"
        " an audit is red, no speed of its recipe is compared."
    )
    return ["## Audit", words.table(["trial", "audit", "tensors", "worst tensor", "its error"], rows, left=4), text]


def _step_differences(summary: Summary) -> list[str]:
    pairs = summary.step_differences
    left_out = _left_out(summary)
    if not pairs:
        return ["## Parity (matched track)", *left_out] if left_out else []
    heads = ["trials", "what", "precision", "steps", f"first {EARLY_STEPS}", "all steps", "parts at step"]
    text = (
        "Every contender had the same first weights and the same batches. Shown is the largest difference of a step's"
        " training loss, in nats. The floor is the same container twice: a difference below it means nothing."
        f" Trainings part where they differ by more than the tolerance ({pairs[0].tolerance:.0e}) and more than either"
        " contender has parted from itself; float sums round differently in every library and training amplifies what"
        " it starts from, so what counts is the beginning. A gradient's norm jumps where an image lies at a kink"
        " (a relu's zero, two equal maxima) and rounding chooses its side."
    )
    return ["## Parity (matched track)", words.table(heads, map(_step_difference, pairs), left=3), text, *left_out]


def _left_out(summary: Summary) -> list[str]:
    """Say which recipes of the track are not compared step by step, and why."""
    cells = [cell for cell in summary.comparison.cells if cell.track == "matched" and cell.not_stepwise]
    reasons = dict.fromkeys((cell.recipe, cell.not_stepwise) for cell in cells)
    return [
        f"Not compared step by step: {words.markdown(recipe)}, because {words.markdown(reason)}."
        for recipe, reason in reasons
    ]


def _step_difference(pair: StepDifference) -> list[str]:
    return [
        " and ".join(map(words.markdown, pair.trials)),
        "floor" if pair.kind == "floor" else "**between contenders**",
        pair.precision,
        str(pair.steps),
        words.scientific(pair.largest_early),
        words.scientific(pair.largest),
        words.ABSENT if pair.kind == "floor" else "never" if pair.first_beyond is None else str(pair.first_beyond),
    ]


def _accuracies(summary: Summary) -> list[str]:
    accuracies = summary.accuracies
    if not accuracies:
        return []
    heads = ["contender", "against", "recipe", "seed", "verdict"]
    heads += ["difference (points)", "95 % interval", "answered differently", "floor (images)"]
    text = (
        "Test accuracy minus the reference's, in percentage points, over the same images. The interval is that of"
        " Bonett and Price (2012) for paired proportions: what other test images could show, not what other"
        " seeds could. The floor is the most images that one contender answers differently when it runs twice."
    )
    table = words.table(heads, map(_accuracy, accuracies), left=5)
    return ["## Test accuracy side by side (matched track)", table, text]


def _accuracy(difference: AccuracyDifference) -> list[str]:
    return [
        *map(words.markdown, (difference.contender, difference.reference, difference.recipe)),
        str(difference.seed),
        difference.verdict,
        words.points(difference.difference),
        f"{words.points(difference.low)} to {words.points(difference.high)}",
        f"{difference.gained + difference.lost} of {difference.images:,}",
        words.ABSENT if difference.floor_images is None else str(difference.floor_images),
    ]
