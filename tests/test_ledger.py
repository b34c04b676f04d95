"""What differs between contenders: the facts read inside each worker, side by side."""

from __future__ import annotations

from orchestrator.ledger import Fact, facts, host, inside
from orchestrator.record import Status
from orchestrator.recording import unstarted
from tests.streams import PLANNED

ENVIRONMENT = {
    "cpu": "a processor",
    "tf==2.21.0: python": "3.11.2",
    "tf==2.21.0: keras": "3.13.2",
    "torch==2.13.0: python": "3.11.2",
    "torch==2.13.0: layout": "NCHW",
}
CONTENDERS = ("tf==2.21.0", "torch==2.13.0")


def test_what_differs_comes_first_and_a_missing_fact_differs_from_a_told_one() -> None:
    assert facts(ENVIRONMENT, CONTENDERS) == (
        Fact("keras", ("3.13.2", "")),
        Fact("layout", ("", "NCHW")),
        Fact("python", ("3.11.2", "3.11.2")),
    )


def test_the_hosts_facts_are_no_contenders() -> None:
    assert host(ENVIRONMENT, CONTENDERS) == {"cpu": "a processor"}


def test_a_contender_whose_name_begins_anothers_keeps_its_own_facts() -> None:
    environment = {"tf: keras": "1", "tf==2.21.0: keras": "2"}
    assert facts(environment, ("tf", "tf==2.21.0")) == (Fact("keras", ("1", "2")),)


def test_versions_and_modes_are_collected_from_the_records() -> None:
    record = unstarted(PLANNED, "scripted", Status.DONE, "").model_copy(
        update={"versions": {"python": "3.12.4"}, "modes": {"execution": "eager"}}
    )
    assert inside([record]) == {"torch==2.13.0: python": "3.12.4", "torch==2.13.0: execution": "eager"}
