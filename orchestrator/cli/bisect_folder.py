"""The folder of a bisect: the question, a run folder for each comparison, and the figure of the evidence.

It keeps no progress: what is known is read from its runs each time, so whatever ends the host, nothing is lost.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from orchestrator.analyse.bisect_answer import Question
from orchestrator.analyse.summary import Summary
from orchestrator.errors import PreflightError, UsageError
from orchestrator.record.files import make_unique_folder, write_model
from orchestrator.record.run_folder import SUMMARY, RunFolder, list_runs, read
from orchestrator.run.all_trials import RESUMABLE
from orchestrator.spec.contenders import parse

QUESTION = "bisect.json"
LATEST = "latest"


class BisectFolder:
    """One bisect on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, out: Path, question: Question) -> BisectFolder:
        """Make `<out>/<UTC>-bisect-<contender>/` with the question in it; PreflightError where that cannot be."""
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        name = f"{stamp}-bisect-{parse(question.written(question.good)).name}"
        try:
            out.mkdir(parents=True, exist_ok=True)
            path = make_unique_folder(out, name)
        except OSError as error:
            raise PreflightError(
                f"cannot write to {out}: {error.strerror}", "name another folder with --out"
            ) from error
        write_model(path / QUESTION, question)
        return cls(path)

    @classmethod
    def find(cls, name: str, out: Path) -> BisectFolder:
        """Find one by path, name or unique beginning, or the newest by "latest"; UsageError where there is none."""
        for path in (Path(name), out / name):
            if (path / QUESTION).is_file():
                return cls(path.resolve())
        known = [path.parent for path in sorted(out.glob(f"*/{QUESTION}"))]
        matching = known[-1:] if name == LATEST else [path for path in known if path.name.startswith(name)]
        if len(matching) == 1:
            return cls(matching[0].resolve())
        fault = f"{name!r} begins {len(matching)} bisects" if matching else f"no bisect {name!r}"
        listed = ", ".join(path.name for path in (matching or known)[-5:]) or "none"
        raise UsageError(f"{fault} in {out}", f"newest bisects: {listed}")

    def question(self) -> Question:
        """Read what is asked; UsageError where that cannot be read."""
        return read(self.path / QUESTION, Question)

    def ended(self) -> list[Summary]:
        """Read the comparisons that ran to their end, the oldest first."""
        return [Summary.load(run.path) for run in list_runs(self.path) if not is_open(run)]

    def open_run(self) -> RunFolder | None:
        """Return the comparison that did not run to its end, None where there is none."""
        return next((run for run in list_runs(self.path) if is_open(run)), None)


def is_open(run: RunFolder) -> bool:
    """Tell whether a comparison has trials to run: interrupted, or without a summary."""
    if not (run.path / SUMMARY).is_file():
        return True
    summary = Summary.load(run.path)
    return summary.comparison.interrupted or any(trial.status in RESUMABLE for trial in summary.trials)
