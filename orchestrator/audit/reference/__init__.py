"""What a recipe computes, in float64 and NumPy alone: the audit compares each framework with it.

Weights, images and labels go in; logits, loss, gradients and the weights after each step come out,
named and laid out as in `shared.initial`. No framework is imported, nothing is drawn at random, no
tolerance is set (the audit does that), and nothing here is meant to be fast.

A new layer is one function and one entry in `layers.LAYERS`, a new optimiser one in `optimizers.OPTIMIZERS`. Dropout
drops nothing here.
"""

from __future__ import annotations

from orchestrator.audit.reference.arrays import Arrays, Named
from orchestrator.audit.reference.margins import margins
from orchestrator.audit.reference.metrics import evaluate
from orchestrator.audit.reference.network import forward
from orchestrator.audit.reference.tensor_error import Agreement, compare_all
from orchestrator.audit.reference.training import train

__all__ = ["Agreement", "Arrays", "Named", "compare_all", "evaluate", "forward", "margins", "train"]
