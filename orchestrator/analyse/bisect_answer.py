"""What a bisect asks, and what is found: as bisect.json and `bakeoff bisect --json` have it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import ConfigDict, Field

from orchestrator.analyse.summary import MetricName
from orchestrator.spec.spec import Spec
from orchestrator.values import Value

Standing = Literal["reference", "good", "bad", "not-decided", "skipped", "untested"]
"""good: shown not to be worse than the reference by the margin or more. bad: shown to be worse, and not shown good."""

Outcome = Literal["open", "named", "range", "no-difference", "not-decided", "no-ends"]


class Question(Value):
    """Which version is the first that is worse than the good one? `bisect.json` of a bisect's folder."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_name: Literal["bakeoff/bisect/1"] = Field("bakeoff/bisect/1", alias="schema")
    contender: str  # without a version: "torch", "tf[xla]"
    versions: tuple[str, ...] = Field(min_length=2)  # ascending: the good one first, the bad one last
    metric: MetricName
    spec: Spec  # everything but contenders and reference, resolved

    def written(self, version: str) -> str:
        return f"{self.contender}=={version}"

    def round_of(self, versions: tuple[str, ...]) -> Spec:
        """Return the comparison of these versions, of which the first is the reference."""
        contenders = tuple(map(self.written, versions))
        return self.spec.replace(contenders=contenders, reference=contenders[0])

    @property
    def good(self) -> str:
        return self.versions[0]

    @property
    def bad(self) -> str:
        return self.versions[-1]


class VersionFound(Value):
    """What is known of one version."""

    version: str
    standing: Standing
    words: str  # the verdict against the good version, or why there is none
    estimate: float | None = None  # of the metric's ratio to the good version
    interval: tuple[float, float] | None = None
    ratios: tuple[float, ...] = ()  # a block each
    run: str = ""  # the run folder that it comes from


class Answer(Value):
    """What the runs so far say."""

    question: Question
    outcome: Outcome
    words: str
    versions: tuple[VersionFound, ...]
    last_good: str | None = None  # the bracket: the first bad version lies after this one
    first_bad: str | None = None  # and is this one at the latest
    next_versions: tuple[str, ...] = ()  # what is to be compared next, the reference first; empty at the end
    runs: tuple[str, ...] = ()

    def with_words(self, outcome: Outcome, words: str) -> Self:
        return self.replace(outcome=outcome, words=words)
