"""A budget file for tests, and workers that keep it or not."""

from __future__ import annotations

import random
from collections.abc import Callable

from orchestrator.engines.engine import Launch
from orchestrator.engines.scripted import Script
from tests.support.line import TORCH, Line, trial_of

BUDGET = """\
reference = "tf"
candidate = "torch"
recipe = "article-torch"

[throughput]
margin = "-3%"

[accuracy]
margin = "-0.5 points"
"""


def timed(line: Line, slower: float, scatter: float = 0.002, wrong: int = 0) -> Callable[[Launch], Script]:
    """Play workers whose epochs take 3 s, the candidate's `slower` times that; it gets `wrong` images wrong."""

    def script(launch: Launch) -> Script:
        trial = trial_of(launch)
        candidate = trial.contender == TORCH
        off = random.Random(trial.id).gauss(0, scatter)
        seconds = 3.0 * (slower if candidate else 1.0) * (1 + off)
        many = wrong if candidate else 0
        return line.good(launch, wrong=many, claims_wrong=many, epoch_seconds=seconds)

    return script
