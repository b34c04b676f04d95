"""bakeoff's host: spec → plan → run → stream → record → analyse → report."""
