"""`run.json`, written before the first trial. `resume` refuses to continue where plan or images differ from it."""

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
from orchestrator.host.hardware import Hardware
from orchestrator.plan.plan import Plan, make_plan
from orchestrator.spec.resolve import ResolvedSpec, resolve
from orchestrator.spec.spec import ExplainSpec, Spec, validate
from orchestrator.values import Value
from shared.trial import to_json

CHANGED = "a recipe, or bakeoff itself, has changed since this run began"
ANEW = "start it anew: the command stands in its comparison.json"


class Host(Value):
    """A process that ran the plan, or a part of it."""

    name: str
    pid: int
    since: str  # UTC, ISO 8601


class Manifest(Value):
    """A run as its first host resolved it; later hosts add themselves."""

    schema_name: Literal["bakeoff/run/3"] = Field("bakeoff/run/3", alias="schema")
    lease: str  # stands on everything that the engine holds for the run: another run of this name has another
    kind: Literal["compare", "explain"]
    spec: dict[str, Any]  # with every "auto" resolved
    order_seed: int  # that the order within blocks was drawn from
    trials: tuple[str, ...]  # their ids, in the order of running
    plan_sha256: str
    images: dict[str, str]  # by contender, of those that could be prepared
    refused: dict[str, str]  # by contender, why it could not be prepared
    reuse: bool  # finished trials of earlier runs are reused
    turn_seconds: float | None = None  # that contenders of a recipe train by; None: whole trials one after another
    cores: int
    load: float | None  # None: not known, as of a machine that no container could be asked of
    hosts: tuple[Host, ...]

    model_config = Value.model_config | {"populate_by_name": True, "serialize_by_alias": True}

    @classmethod
    def create(
        cls,
        resolved: ResolvedSpec,
        plan: Plan,
        hardware: Hardware,
        *,
        engine: str,
        images: Mapping[str, str],
        refused: Mapping[str, str],
        reuse: bool,
    ) -> Manifest:
        """Write down what a later host must find unchanged; this process is the first host."""
        return cls(
            lease=secrets.token_hex(4),
            kind="explain" if isinstance(resolved.spec, ExplainSpec) else "compare",
            spec=resolved.pin(engine).model_dump(),
            order_seed=plan.drawn_from,
            trials=tuple(planned.id for planned in plan.trials),
            plan_sha256=plan_sha256(plan),
            images=dict(images),
            refused=dict(refused),
            reuse=reuse,
            cores=hardware.cores,
            load=hardware.load,
            hosts=(this_host(),),
        )

    @property
    def pinned_spec(self) -> Spec:
        """Return the spec in which nothing is "auto" any more. Raises UsageError where it was edited."""
        return validate(ExplainSpec if self.kind == "explain" else Spec, self.spec, "run.json")

    @property
    def resumed_at(self) -> tuple[str, ...]:
        return tuple(host.since for host in self.hosts[1:])

    def plan_again(self) -> tuple[ResolvedSpec, Plan]:
        """Plan the run again for a reader, who may be where none of its GPUs is: on the CPU, which asks for none.

        Trials, their order and a walk's cells are the same on every device. Raises UsageError where a trial of the run
        is not planned any more.
        """
        resolved = resolve(self.pinned_spec.replace(device="cpu", gpu=None), Hardware(cores=self.cores))
        plan = make_plan(resolved, self.order_seed)
        if not set(self.trials) <= {planned.id for planned in plan.trials}:
            raise UsageError(CHANGED, ANEW)
        return resolved, plan

    def extended(self, spec: Spec, plan: Plan) -> Manifest:
        """Return the manifest of the same run with more blocks, to be looked at from now on."""
        trials = tuple(planned.id for planned in plan.trials)
        return self.replace(spec=spec.model_dump(), trials=trials, plan_sha256=plan_sha256(plan))

    def check_plan(self, plan: Plan) -> None:
        """Raise UsageError where a plan is not the one that this run began with."""
        if plan_sha256(plan) != self.plan_sha256:
            raise UsageError(CHANGED, ANEW)

    def resumed(self, plan: Plan, images: Mapping[str, str]) -> Manifest:
        """Add this process as a host. Raises UsageError where it would run something else than the first one."""
        self.check_plan(plan)
        changed = [name for name, image in self.images.items() if images.get(name) != image]
        if changed:
            raise UsageError(f"what runs as {', '.join(changed)} has changed since this run began", ANEW)
        return self.replace(hosts=(*self.hosts, this_host()))


def this_host() -> Host:
    """Return this process, with the time now."""
    return Host(name=platform.node(), pid=os.getpid(), since=datetime.now(UTC).isoformat(timespec="seconds"))


def plan_sha256(plan: Plan) -> str:
    """Hash all that a plan's trials ask of their workers, in their order."""
    return hashlib.sha256("\n".join(to_json(planned.trial) for planned in plan.trials).encode()).hexdigest()
