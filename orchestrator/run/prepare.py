"""Makes contenders and the audit's expectations ready before the first trial, so that no build runs between trials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from orchestrator.audit.audit import Expected, compute_expected
from orchestrator.engines.engine import EngineLostError, Prepared, PrepareError
from orchestrator.engines.retry import Retry
from orchestrator.errors import PreflightError
from orchestrator.plan.plan import Plan
from orchestrator.progress.view import View
from orchestrator.runtime import Runtime
from orchestrator.spec.contenders import Contender, offered_contenders
from orchestrator.spec.resolve import ResolvedSpec
from shared import mnist

T = TypeVar("T")


def prepare_contenders(
    resolved: ResolvedSpec, runtime: Runtime, view: View
) -> tuple[dict[str, Prepared], dict[str, str]]:
    """Make every contender ready, and the data where its workers will read it.

    Returns, by the contender's written name, what is ready and why the others cannot be. Raises PreflightError where
    the engine stays away.
    """
    prepared: dict[str, Prepared] = {}
    refused: dict[str, str] = {}
    for contender in resolved.contenders:
        try:
            prepared[contender.written] = _prepare(contender, resolved, runtime, view)
        except PrepareError as error:
            refused[contender.written] = f"{error}; {error.remedy}" if error.remedy else f"{error}{_offer(contender)}"
            view.say(f"{contender.written} cannot be prepared: {refused[contender.written]}")
            for line in error.lines:
                view.say(f"  {line}")
    if prepared:
        any_of_them = next(iter(prepared.values()))
        _retry(Retry(view.say), lambda: runtime.engine.supply(runtime.data, any_of_them, view.say), "copying the data")
    return prepared, refused


def expectations(plan: Plan, data: Path, view: View) -> dict[tuple[str, int], Expected]:
    """Compute what the audit expects, by recipe and seed, of recipes whose contenders start alike."""
    expected: dict[tuple[str, int], Expected] = {}
    for trial in (planned.trial for planned in plan.trials if planned.trial.recipe.initial.draw == "shared"):
        recipe, seed = trial.recipe, trial.seed
        if (recipe.name, seed) not in expected:
            view.say(f"audit: computing the float64 reference of {recipe.name}, seed {seed}")
            expected[recipe.name, seed] = compute_expected(
                recipe, seed, mnist.load(data, recipe.data.view), trial.precision
            )
    return expected


def _prepare(contender: Contender, resolved: ResolvedSpec, runtime: Runtime, view: View) -> Prepared:
    retry = Retry(view.say)
    prepared = _retry(
        retry, lambda: runtime.engine.prepare(contender, resolved.variant, view.say), f"preparing {contender.written}"
    )
    return replace(prepared, retries=(*retry.kept, *prepared.retries))


def _retry(retry: Retry, attempt: Callable[[], T], what: str) -> T:
    """Try while the engine is away; PreflightError where it stays away, since nothing has been measured yet."""
    try:
        return retry.while_away(attempt, what)
    except EngineLostError as error:
        raise PreflightError(f"{what}: the engine stays away ({error})", "start it again, then repeat") from error


def _offer(contender: Contender) -> str:
    """Return the versions offered where this is none of them, else ""."""
    file = offered_contenders().get(contender.name)
    if file is None or contender.version in file.versions:
        return ""
    return f". {contender.name} {contender.version} is not among the versions offered: {', '.join(file.versions)}"
