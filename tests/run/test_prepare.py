"""Contenders are made ready before anything is measured; one that cannot be costs the others nothing."""

from __future__ import annotations

from pathlib import Path

from orchestrator.engines.engine import Prepared
from orchestrator.engines.scripted import Script, ScriptedEngine
from orchestrator.host.hardware import Hardware
from orchestrator.run.prepare import prepare_contenders
from orchestrator.runtime import Runtime
from orchestrator.spec.contenders import Contender
from orchestrator.values import Say
from tests.support.line import Pressing
from tests.support.plans import resolve_as
from tests.support.streams import SMALL, TORCH

UNKNOWN = Contender("torch", "0.1")


class Supplied(ScriptedEngine):
    """Notes for which contenders the data were put in place."""

    def __init__(self, **refused: str) -> None:
        super().__init__(lambda _: Script(), {f"torch=={version}": why for version, why in refused.items()})
        self.supplied: list[str] = []

    def supply(self, data: Path, prepared: Prepared, say: Say) -> None:
        self.supplied.append(prepared.contender.written)


def prepare(engine: Supplied, *contenders: Contender) -> tuple[dict[str, Prepared], dict[str, str]]:
    runtime = Runtime(engine, "", Hardware(2), {}, Path("runs"), Path("data"))
    return prepare_contenders(resolve_as(contenders, [SMALL]), runtime, Pressing(after=1))


def test_what_is_ready_is_named_as_written_and_the_data_are_supplied_once() -> None:
    engine = Supplied()
    prepared, refused = prepare(engine, TORCH, Contender("tf", "2.21.0"))
    assert (list(prepared), refused) == (["torch==2.13.0", "tf==2.21.0"], {})
    assert engine.supplied == ["torch==2.13.0"]


def test_a_version_that_is_not_offered_is_refused_with_those_that_are() -> None:
    prepared, refused = prepare(Supplied(**{"0.1": "no such version"}), UNKNOWN, TORCH)
    assert list(prepared) == ["torch==2.13.0"]
    reason = refused["torch==0.1"]
    assert reason.startswith("no such version. torch 0.1 is not among the versions offered: ")


def test_where_nothing_is_ready_no_data_are_supplied() -> None:
    engine = Supplied(**{"0.1": "no such version"})
    assert prepare(engine, UNKNOWN)[0] == {}
    assert engine.supplied == []


def test_an_offered_version_that_cannot_be_made_is_refused_with_the_reason_alone() -> None:
    assert prepare(Supplied(**{"2.13.0": "no network"}), TORCH)[1] == {"torch==2.13.0": "no network"}


def test_what_an_engine_tried_again_is_kept() -> None:
    class Tried(Supplied):
        def prepare(self, contender: Contender, variant: str, say: Say) -> Prepared:
            return Prepared(contender, "image", "handle", retries=("pulled again",))

    assert prepare(Tried(), TORCH)[0]["torch==2.13.0"].retries == ("pulled again",)
