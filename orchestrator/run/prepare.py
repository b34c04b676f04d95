"""Makes contenders ready before the first trial, so that no build runs between measurements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from orchestrator.engines.engine import EngineLostError, Prepared, PrepareError
from orchestrator.engines.retry import Retry
from orchestrator.errors import PreflightError
from orchestrator.progress.view import View
from orchestrator.runtime import Runtime
from orchestrator.spec.contenders import Contender, offered_contenders
from orchestrator.spec.resolve import ResolvedSpec

T = TypeVar("T")


@dataclass(frozen=True)
class Ready:
    """Contenders by their written name: prepared, or the reason why not; and the data set."""

    prepared: Mapping[str, Prepared]
    refused: Mapping[str, str]
    data: Path

    @property
    def images(self) -> dict[str, str]:
        return {name: each.image for name, each in self.prepared.items()}


def prepare(settings: ResolvedSpec, world: Runtime, view: View) -> tuple[dict[str, Prepared], dict[str, str]]:
    """Make every contender ready before the first trial, so that no build runs between measurements."""
    prepared: dict[str, Prepared] = {}
    refused: dict[str, str] = {}
    for contender in settings.contenders:
        try:
            prepared[contender.written] = _prepared(contender, settings, world, view)
        except PrepareError as error:
            refused[contender.written] = f"{error}{_offer(contender)}"
            view.say(f"{contender.written} cannot be prepared: {refused[contender.written]}")
    if prepared:
        any_of_them = next(iter(prepared.values()))
        _while_away(Retry(view.say), lambda: world.engine.supply(world.data, any_of_them, view.say), "copying the data")
    return prepared, refused


def _prepared(contender: Contender, settings: ResolvedSpec, world: Runtime, view: View) -> Prepared:
    retry = Retry(view.say)
    found = _while_away(
        retry, lambda: world.engine.prepare(contender, settings.variant, view.say), f"preparing {contender.written}"
    )
    return replace(found, retries=(*retry.kept, *found.retries))


def _while_away(retry: Retry, attempt: Callable[[], T], what: str) -> T:
    """Try while the engine is away; PreflightError where it stays away, since nothing has been measured yet."""
    try:
        return retry.while_away(attempt, what)
    except EngineLostError as error:
        raise PreflightError(f"{what}: the engine stays away ({error})", "start it again, then repeat") from error


def _offer(contender: Contender) -> str:
    file = offered_contenders().get(contender.name)
    if file is None or contender.version in file.versions:
        return ""
    return f". {contender.name} {contender.version} is not among the versions offered: {', '.join(file.versions)}"
