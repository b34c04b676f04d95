"""Fixed sentences of a report: what its figures show, and what one run cannot."""

from __future__ import annotations

ONE_RUN = "One run: no interval, so no ranking is claimed."

CAPTIONS = {
    "loss": "Loss by epoch: training solid, validation dashed",
    "accuracy": "Validation accuracy by epoch",
    "throughput": "Training throughput, higher is faster",
    "phases": "Where the time goes, in seconds",
    "memory": "Peak memory",
    "divergence": "How far trainings of the same start and batches part, step by step",
}
"""Figure → what it shows, in the order of a report; also the alternative text."""

WALK_CAPTIONS = {
    "waterfall": "What each setting carries, from start to end",
    "walk": "Loss by epoch at every stop of the walk",
}
"""The same for the figures that only a walk has."""
