"""What an image gets beside its framework: pinned, of today, or of the framework's release day."""

from __future__ import annotations

from datetime import date

import pytest

from orchestrator.errors import UsageError
from orchestrator.host.hardware import Hardware
from orchestrator.spec.resolve import engine_and_device, resolve
from orchestrator.spec.spec import ExplainSpec, Spec
from orchestrator.spec.stack import check_stack, dated, stack_of

TODAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("given", "written"),
    [("pinned", "pinned"), ("as-released", "as-released"), ("latest", "latest-2026-11-27")],
)
def test_latest_is_of_the_day_of_the_build(given: str, written: str) -> None:
    assert dated(given, TODAY) == written
    assert check_stack(written) == written


@pytest.mark.parametrize(
    ("argument", "stack"), [("", "pinned"), ("latest-2026-11-27", "latest"), ("2026-03-07T00:00:00Z", "as-released")]
)
def test_a_builds_argument_tells_its_stack(argument: str, stack: str) -> None:
    assert stack_of(argument) == stack


def test_a_day_that_is_written_down_stays_that_day() -> None:
    assert dated("latest-2026-11-20", TODAY) == "latest-2026-11-20"


@pytest.mark.parametrize("given", ["newest", "latest-soon", "", 3, "latest-2026-11-27 x", "latest-2026-02-30"])
def test_what_is_no_stack_is_refused_with_those_that_are(given: object) -> None:
    with pytest.raises(UsageError, match="is no stack") as refused:
        check_stack(given)
    assert refused.value.remedy == "one of: pinned, latest, as-released"


def test_all_contenders_get_the_stack_but_ready_images() -> None:
    resolved = resolve(Spec(contenders=("torch", "mine@example/mine:1"), stack="as-released"), Hardware(cores=2))
    assert [contender.stack for contender in resolved.contenders] == ["as-released", "pinned"]


@pytest.mark.parametrize("spec", [Spec(stack="latest"), ExplainSpec(stack="latest")])
def test_what_a_run_writes_down_is_the_day(spec: Spec) -> None:
    resolved = resolve(spec, Hardware(cores=2))
    (stack,) = {contender.stack for contender in resolved.contenders}
    assert stack.startswith("latest-20")
    assert resolved.pin("docker").stack == stack


def test_the_heading_names_a_stack_that_is_not_pinned() -> None:
    second = [
        engine_and_device(resolve(Spec(stack=stack), Hardware(cores=2)), "docker", restricts=True)
        for stack in ("pinned", "as-released")
    ]
    assert second == [f"docker engine, CPU with 2 threads{more}" for more in ("", ", stack as-released")]


def test_an_interpreter_that_is_there_has_its_own_stack() -> None:
    with pytest.raises(UsageError, match="--stack latest is of what bakeoff installs"):
        Spec(stack="latest", python=("torch=/usr/bin/python3",))
