"""Runs the comparisons of a bisect, one after another, each chosen by what the earlier ones show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from orchestrator import pipeline
from orchestrator.analyse.bisect_answer import Answer, Question
from orchestrator.analyse.bisect_rule import answer
from orchestrator.analyse.claim_rule import BLOCKS_OF_A_CLAIM
from orchestrator.analyse.decide_plan import RECIPE
from orchestrator.analyse.summary import MetricName
from orchestrator.cli.bisect_folder import BisectFolder
from orchestrator.errors import Interrupted, UsageError
from orchestrator.progress.view import View
from orchestrator.runtime import Runtime
from orchestrator.spec.contenders import parse
from orchestrator.spec.resolve import resolve
from orchestrator.spec.spec import DEFAULT_RECIPES, Spec
from orchestrator.spec.version_range import versions_between

Detect = Callable[[Spec, Path, Path | None], Runtime]
"""`runtime.detect`."""


def ask(contender: str, ends: tuple[str, str], metric: MetricName, spec: Spec) -> Question:
    """Make the question of what a user wrote. Raises UsageError."""
    versions = versions_between(contender, *ends)
    named = parse(contender)
    modes = f"[{','.join(named.modes)}]" if named.modes else ""
    recipes = (RECIPE,) if spec.recipes == DEFAULT_RECIPES else spec.recipes
    if len(recipes) > 1:
        raise UsageError(f"a bisect answers for one recipe, not for {len(recipes)}", "name one with --recipe")
    ways = {"until_decided": True} if metric == "throughput" else {"runs": BLOCKS_OF_A_CLAIM}
    contenders = tuple(f"{named.name}{modes}=={version}" for version in (versions[0], versions[-1]))
    asked = spec.replace(recipes=recipes, contenders=contenders, parity=False, **ways)
    return Question(contender=f"{named.name}{modes}", versions=versions, metric=metric, spec=asked)


def pinned(question: Question, runtime: Runtime) -> Question:
    """Return the question with what this machine decides written out, so that every comparison is of the same size."""
    spec = resolve(question.spec, runtime.hardware).pin(runtime.engine.name)
    return question.replace(spec=spec)


def answer_so_far(folder: BisectFolder) -> Answer:
    return answer(folder.question(), folder.ended())


def run_all(folder: BisectFolder, detect: Detect, idx: Path | None, view: View) -> Answer:
    """Go on with a comparison that was cut off, then run what is to be compared next until nothing is.

    Raises Interrupted where a comparison was: what it has is kept, and `--resume` goes on there.
    """
    question = folder.question()
    if (run := folder.open_run()) is not None:
        view.say(f"going on with {run.id}")
        _, summary = pipeline.resume(run, detect(run.read_manifest().pinned_spec, folder.path, idx), view)
        _stop_where_cut_off(folder, interrupted=summary.comparison.interrupted)
    while (found := answer_so_far(folder)).next_versions:
        spec = question.round_of(found.next_versions)
        view.say(f"comparing {', '.join(found.next_versions)}")
        _, summary = pipeline.compare(spec, detect(spec, folder.path, idx), view)
        _stop_where_cut_off(folder, interrupted=summary.comparison.interrupted)
    return found


def _stop_where_cut_off(folder: BisectFolder, *, interrupted: bool) -> None:
    if interrupted or folder.open_run() is not None:
        raise Interrupted(*hint(folder))


def hint(folder: BisectFolder) -> tuple[str, str]:
    """Return what is said of a bisect that was cut off."""
    return "interrupted; what ran is kept", f"go on with: bakeoff bisect --resume {folder.path.name}"
