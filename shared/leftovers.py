"""The files that a worker leaves in $BAKEOFF_OUT, by name; `shared/README.md`, "The files", says what they hold."""

from __future__ import annotations

EVENTS = "events.jsonl"
PREDICTIONS = "predictions.npy"
STEPS = "steps.npz"
AUDIT = "audit.npz"
FACTS = "facts.json"

LEFTOVERS = (EVENTS, PREDICTIONS, STEPS, AUDIT, FACTS)
"""All of them: no file of another name is collected."""

STEP_SERIES = ("losses", "gradient_norms", "weight_norms")
"""The arrays of steps.npz, in the order in which a training step returns their scalars."""
