"""The files that a worker leaves in $BAKEOFF_OUT, by name; `shared/README.md`, "The files", says what they hold."""

from __future__ import annotations

EVENTS = "events.jsonl"
PREDICTIONS = "predictions.npy"  # logits of the test images
VALIDATION = "validation.npy"  # and of the validation images
STEPS = "steps.npz"
AUDIT = "audit.npz"
FACTS = "facts.json"

LEFTOVERS = (EVENTS, PREDICTIONS, VALIDATION, STEPS, AUDIT, FACTS)
"""All of them: no file of another name is collected."""

STEP_SERIES = ("losses", "correct", "gradient_norms", "weight_norms")
"""The arrays of steps.npz, in the order in which a training step returns their scalars."""
