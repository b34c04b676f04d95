"""One line of an audit: a tensor beside its float64 reference.

Kept apart from the audit, so that reading a record does not load NumPy.
"""

from __future__ import annotations

from orchestrator.values import Value


class AuditLine(Value):
    """One tensor of a worker beside its float64 reference."""

    tensor: str  # "gradients.0.kernel"
    largest_absolute_error: float | None  # None: missing, of another shape, or not finite
    norm_relative_error: float | None  # of the reference's Euclidean norm
    agrees: bool
    tolerance: float = 1e-5  # of the norm-relative error
