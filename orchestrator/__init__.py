"""The host: spec → plan → run → stream → record → analyse → report. `pipeline` reads it aloud."""
