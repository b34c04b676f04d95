"""All exceptions of bakeoff, and the exit codes.

Those that reach the user: a sentence, a way out, and the exit code. They are raised anywhere and caught by `cli`,
which prints them; `doctor` and `bakeoff clean` catch some to show them and go on.

BakeoffError            1
├── UsageError          2  the command line, a recipe or a comparison file
│   └── OtherFormatError   a file of a run folder is of another format: `show` says so before it looks at more
├── PreflightError      3  no engine, no GPU, no disk, bad data, no image
└── Interrupted       130  Ctrl-C or SIGTERM before there was anything to report

Those that stay inside: whoever asked catches them and makes one of the above of them, or a line of a record.

Exception
├── engines.engine      raised by every engine
│   ├── PrepareError        no image or environment came of a contender; caught by run.prepare and `bakeoff images`
│   ├── StartError          a worker did not start; run.one_trial makes it a failed trial
│   ├── EngineLostError     no answer for the moment; engines.retry tries again, run.watchdog reconnects; where that
│   │                       does not help run.one_trial ends the trial as unknown and `cli` the command with 3
│   └── NoFeedError         no live log; run.feed goes on without, and the worker's own file is the record
└── data
    ├── idx.DamagedFileError   not the bytes of MNIST; data.sources makes it a SourceError
    └── sources.SourceError    this source has no data; data.sources asks the next, then raises PreflightError
ValueError              content from outside that is not what it should be
├── stream              raised by the readers of what a worker left, and nothing else is
│   ├── contract.RejectedLineError      no event of the contract; stream.intake counts it
│   ├── facts.FactsError                facts.json; record.assemble makes it a warning of the record
│   ├── npy.ArrayError                  .npy and .npz; audit and analyse.parity take the array for missing
│   └── predictions.PredictionsError    predictions.npy; record.assemble fails the trial by it,
│                                       analyse.load makes it a UsageError
└── engines.docker
    └── files.MemberRefusedError        a path in a container that is no readable file; engines.docker notes it, goes on

ArithmeticError         a fault of ours, caught nowhere
└── analyse.attribution.AttributionError    contributions that do not add up to their total

`shared` has three of its own, for containers know nothing of this package: LayerError, DataError, TrialError.
"""

from __future__ import annotations

from collections.abc import Sequence


class BakeoffError(Exception):
    """Shown to the user as a sentence and a way out, never as a traceback.

    Where there are several faults, each has one of `lines` below the sentence. A line break within a text is not ours,
    and what prints it takes it out.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "", lines: Sequence[str] = ()) -> None:
        super().__init__("\n  ".join((message, *lines)))
        self.message = message
        self.remedy = remedy
        self.lines = tuple(lines)

    @property
    def one_line(self) -> str:
        """The message with its lines, for a place that has room for one line."""
        return f"{self.message}: {'; '.join(self.lines)}" if self.lines else self.message


class UsageError(BakeoffError):
    exit_code = 2


class OtherFormatError(UsageError):
    """A file of a run folder is of an earlier or a newer format than this version of bakeoff reads."""


class PreflightError(BakeoffError):
    exit_code = 3


class Interrupted(BakeoffError):  # noqa: N818 - a wish of the user, not an error
    exit_code = 130


def engine_lost(error: Exception) -> PreflightError:
    """Make the error of a command whose engine went away; the text of `error` says how that was noticed."""
    return PreflightError(f"the engine stopped answering: {error}", "see that it runs and can be reached, then repeat")


TRIAL_FAILED = 4
"""The exit code of a comparison that ended with a report and a trial that is not done."""

DIFFERS = 5
"""The exit code of a repetition that did not come out as its original did."""

NO_INTERVAL = 6
"""The exit code of a repetition of which not every result has an interval to tell by."""

GATE_FAILED = 5
"""The exit code of a gate of which a metric is beyond its margin; with --strict of one that is undecided too."""

GATE_UNDECIDED = 6
"""The exit code of a gate of which no metric failed and not all passed."""
