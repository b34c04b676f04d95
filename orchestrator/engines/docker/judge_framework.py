"""Whether a contender's framework works in its own container: its probe's answer, read as hostile input."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, ValidationError

from orchestrator.engines.check import Check, State
from orchestrator.engines.docker.one_off import CommandResult
from orchestrator.spec.contenders import Contender
from orchestrator.values import Value

WHY = "a driver, a GPU generation or a processor that a wheel does not know fails at the first real operation"

PLACES = {"cpu": "CPU", "cuda": "GPU"}


class Step(Value):
    """One line of `images.<name>.probe`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    step: Annotated[str, Field(max_length=40)]
    ok: bool
    needed: bool
    seconds: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
    found: Annotated[str, Field(max_length=300)]


def read(result: CommandResult) -> tuple[Step, ...] | None:
    """Read the lines; None where one does not fit or none came."""
    try:
        return tuple(Step.model_validate_json(line) for line in result.stdout.splitlines()) or None
    except ValidationError:
        return None


def judge(contender: Contender, device: str, result: CommandResult) -> Check:
    """Hold the probe's steps together; the exit code has the last word."""
    steps = read(result)
    if steps is None or result.code is None:
        late = "did not end in time" if result.code is None else f"ended with {result.code} and no answer"
        return _check(contender, State.FAILED, f"its probe on the {PLACES[device]} {late}: {_last(result.stderr)}")
    failed = [step for step in steps if step.needed and not step.ok]
    if failed or result.code != 0:
        fault = f"{failed[0].step}: {failed[0].found}" if failed else f"exit code {result.code}: {_last(result.stderr)}"
        return _check(contender, State.FAILED, f"fails on the {PLACES[device]}: {fault}")
    names = ", ".join(step.step for step in steps[1:] if step.ok)
    found = f"{steps[0].found}: {names} right, {sum(step.seconds for step in steps):.1f} s"
    without = "; ".join(f"cannot {step.step}, which nothing here needs ({step.found})" for step in steps if not step.ok)
    return _check(contender, State.OK, f"{found}; {without}" if without else found)


def unprobed(contender: Contender, reason: str) -> Check:
    return _check(contender, State.SKIPPED, reason)


def refused(contender: Contender, error: Exception) -> Check:
    """Tell of a container that did not start: a GPU that the engine lists and cannot hand on shows only here."""
    return _check(contender, State.FAILED, f"its container does not start: {error}")


def _check(contender: Contender, state: State, found: str) -> Check:
    return Check(
        id=f"framework.{contender.slug}",
        title=contender.written,
        state=state,
        found=found,
        why=WHY,
        fix="name another version, update the driver, or use --device cpu" if state is State.FAILED else "",
    )


def _last(stderr: str) -> str:
    return next((line.strip() for line in reversed(stderr.splitlines()) if line.strip()), "nothing on standard error")
