"""What can go wrong, by exit code. Every message says what to do next.

BakeoffError
├── UsageError       2  the command line, a recipe or a comparison file
├── PreflightError   3  no engine, no GPU, no disk, bad data, no image
└── Interrupted    130  Ctrl-C or SIGTERM before there was anything to report
"""

from __future__ import annotations


class BakeoffError(Exception):
    """Shown to the user as one sentence and a way out, never as a traceback."""

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(BakeoffError):
    exit_code = 2


class PreflightError(BakeoffError):
    exit_code = 3


class Interrupted(BakeoffError):  # noqa: N818 - a wish of the user, not an error
    exit_code = 130


TRIAL_FAILED = 4
"""The exit code of a comparison that ended with a report and a trial that is not done."""
