"""What a run was begun with: `run.json`, which holds all that a later host must find unchanged to go on with it."""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field

from orchestrator.errors import UsageError
from orchestrator.plan.plan import Plan
from orchestrator.spec.resolve import ResolvedSpec
from orchestrator.spec.spec import ExplainSpec, Spec, validated
from orchestrator.values import Value
from shared.trial import to_json


class Host(Value):
    """A process that conducted the run, or a part of it."""

    name: str
    pid: int
    since: str  # UTC, ISO 8601


class Manifest(Value):
    """The run as its first host resolved it; later hosts add themselves."""

    schema_name: Literal["bakeoff/run/1"] = Field("bakeoff/run/1", alias="schema")
    lease: str  # stands on everything that the engine holds for the run: another run of this name has another
    kind: Literal["compare", "explain"]
    spec: dict[str, Any]  # with every "auto" resolved
    plan_sha256: str
    images: dict[str, str]  # by contender, of those that could be prepared
    refused: dict[str, str]  # and the reason, of those that could not
    reuse: bool  # earlier runs' trials are taken over
    cores: int
    load: float
    hosts: tuple[Host, ...]

    model_config = Value.model_config | {"populate_by_name": True, "serialize_by_alias": True}

    @property
    def pinned(self) -> Spec:
        return validated(ExplainSpec if self.kind == "explain" else Spec, self.spec, "run.json")

    @property
    def resumed_at(self) -> tuple[str, ...]:
        return tuple(host.since for host in self.hosts[1:])

    def again(self, trials: Plan, images: Mapping[str, str]) -> Manifest:
        """Add the host that this is. Raises UsageError where it would run something else than the first."""
        anew = "start it anew: the command stands in its comparison.json"
        if sha256(trials) != self.plan_sha256:
            raise UsageError("a recipe, or bakeoff itself, has changed since this run began", anew)
        changed = [name for name, image in self.images.items() if images.get(name) != image]
        if changed:
            raise UsageError(f"what runs as {', '.join(changed)} has changed since this run began", anew)
        return self.model_copy(update={"hosts": (*self.hosts, this_host())})


def beginning_of(
    settings: ResolvedSpec,
    trials: Plan,
    engine: str,
    cores: int,
    load: float,
    images: Mapping[str, str],
    refused: Mapping[str, str],
    *,
    reuse: bool,
) -> Manifest:
    """Write down what a later host must find unchanged."""
    return Manifest(
        lease=secrets.token_hex(4),
        kind="explain" if isinstance(settings.spec, ExplainSpec) else "compare",
        spec=settings.pinned(engine).model_dump(),
        plan_sha256=sha256(trials),
        images=dict(images),
        refused=dict(refused),
        reuse=reuse,
        cores=cores,
        load=load,
        hosts=(this_host(),),
    )


def this_host() -> Host:
    return Host(name=platform.node(), pid=os.getpid(), since=datetime.now(UTC).isoformat(timespec="seconds"))


def sha256(trials: Plan) -> str:
    """Name a plan by all that its trials ask of their workers, in their order."""
    return hashlib.sha256("\n".join(to_json(each.trial) for each in trials.trials).encode()).hexdigest()
