"""What `bakeoff bisect --plan` shows: versions, whether their images are there, and about how long it takes."""

from __future__ import annotations

import math

from rich.text import Text

from orchestrator.analyse.bisect_answer import Question
from orchestrator.analyse.bisect_rule import MOST_VERSIONS, spread
from orchestrator.analyse.claim_rule import BLOCKS_OF_A_CLAIM, ClaimRule
from orchestrator.analyse.metrics import counts
from orchestrator.analyse.summary import Summary
from orchestrator.cli.output import emit, listing, stdout
from orchestrator.errors import UsageError
from orchestrator.record.run_folder import list_runs
from orchestrator.runtime import Runtime
from orchestrator.spec.contenders import parse
from orchestrator.spec.interim_schedule import LOOKS
from orchestrator.text import printable


def show(question: Question, runtime: Runtime, *, as_json: bool) -> None:
    """Print what a bisect would compare, and what of it is built."""
    sweep = _sweep(question)
    there = {version: _is_built(question, version, runtime) for version in question.versions}
    minutes = _minutes(question, runtime, len(sweep))
    if as_json:
        rows = [{"version": each, "in_first_sweep": each in sweep, "built": there[each]} for each in question.versions]
        emit({"question": question.model_dump(mode="json", by_alias=True), "versions": rows, "minutes": minutes})
        return
    table = listing("version", "compared", "image")
    for version in question.versions:
        table.add_row(Text(version), Text(_when(question, version, sweep)), "built" if there[version] else "to build")
    console = stdout()
    console.print(table)
    to_build = sum(not there[version] for version in sweep)
    console.print(Text(printable(f"{to_build} of {len(sweep)} images of the ends and the first sweep are to build")))
    console.print(Text(printable(_time(minutes))), soft_wrap=True)


def _sweep(question: Question) -> tuple[str, ...]:
    between = spread(range(1, len(question.versions) - 1), MOST_VERSIONS - 2)
    return tuple(question.versions[at] for at in (0, *between, len(question.versions) - 1))


def _when(question: Question, version: str, sweep: tuple[str, ...]) -> str:
    if version in (question.good, question.bad):
        return "first, as an end"
    return "in the sweep" if version in sweep else "in a second sweep, if it comes to that"


def _is_built(question: Question, version: str, runtime: Runtime) -> bool:
    """Tell whether the engine has an image or environment of a version, though perhaps one of earlier sources."""
    contender = parse(question.written(version))
    name = f"{contender.name}:{contender.version}-{question.spec.variant}"
    return any(name in owned.name for owned in runtime.engine.owned(images=True))


def _minutes(question: Question, runtime: Runtime, versions: int) -> tuple[int, int] | None:
    """Return the least and most minutes of ends and sweep, by the newest run here of a version on this recipe."""
    seconds = _trial_seconds(question, runtime)
    if seconds is None:
        return None
    sweep = versions if versions > 2 else 0
    if question.metric != "throughput":
        least = most = BLOCKS_OF_A_CLAIM * (2 + sweep)
    else:
        first = ClaimRule(max(1, versions - 1), until_decided=True).fewest_blocks
        least, most = 2 * LOOKS[0] + sweep * first, LOOKS[-1] * (2 + sweep)
    return math.ceil(least * seconds / 60), math.ceil(most * seconds / 60)


def _trial_seconds(question: Question, runtime: Runtime) -> float | None:
    named = {question.written(version) for version in question.versions}
    for folder in reversed(list_runs(runtime.out)):
        try:
            trials = Summary.load(folder.path).trials
        except UsageError:
            continue
        took = [
            each.wall_seconds - each.waits.seconds
            for each in trials
            if each.contender in named
            and counts(each)
            and each.wall_seconds is not None
            and each.recipe in question.spec.recipes
        ]
        if took:
            return max(took)
    return None


def _time(minutes: tuple[int, int] | None) -> str:
    if minutes is None:
        return "no earlier run of these versions tells how long a trial takes here; builds take minutes each"
    least, most = minutes
    long = f"{least} minutes" if least == most else f"{least} to {most} minutes"
    return f"about {long} of trials of the size that ran here last, and some minutes for each build"
