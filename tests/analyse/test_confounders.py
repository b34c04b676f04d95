"""What differs between contenders: the facts read inside each worker, side by side."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.analyse.confounders import Fact, Ledger, Weight, folded, inside, ledger, weigh
from orchestrator.record.assemble import not_started
from orchestrator.record.record import Record, Status
from tests.support.streams import PLANNED

TF, TORCH, NEWER = "tf==2.21.0", "torch==2.13.0", "torch==2.14.1"
FRAMEWORKS = {TF: ("TensorFlow", "2.21.0"), TORCH: ("PyTorch", "2.13.0+cpu"), NEWER: ("PyTorch", "2.14.1+cpu")}


def environment(**told: dict[str, str]) -> dict[str, str]:
    """Return an expanded environment: contenders by short names, each with framework, version and its facts."""
    long = {"tf": TF, "torch": TORCH, "newer": NEWER}
    found = {"cpu": "a processor", "python": "3.13.1"}
    for short, facts in told.items():
        framework, version = FRAMEWORKS[long[short]]
        every = {"framework": framework, "framework_version": version, **facts}
        found.update({f"{long[short]}: {name}": value for name, value in every.items()})
    return found


def opened(**told: dict[str, str]) -> Ledger:
    return ledger(environment(**told), list(FRAMEWORKS))


def differing(**told: dict[str, str]) -> list[str]:
    return [fact.name for fact in opened(**told).differing]


def compared(**told: dict[str, str]) -> list[str]:
    return [fact.name for fact in opened(**told).compared]


def record(**changes: Any) -> Record:
    base = {"framework": "PyTorch", "framework_version": "2.13.0+cpu", "image": "sha256:01", "device": "cpu"}
    return not_started(PLANNED, "scripted", Status.DONE, "").model_copy(update={**base, **changes})


def test_differences_are_sorted_by_how_much_they_matter_and_then_by_name() -> None:
    book = opened(
        tf={"package six": "1", "layout": "NHWC", "python_compiler": "GCC 12", "blas": "Eigen", "python": "3.12.4"},
        torch={"package six": "2", "layout": "NCHW", "python_compiler": "GCC 13", "blas": "mkl", "python": "3.12.4"},
    )
    assert [fact.name for fact in book.differing] == ["blas", "layout", "python_compiler", "package six"]
    assert [fact.name for fact in book.heaviest] == ["blas", "layout"]
    assert book.same == (Fact("python", ("3.12.4", "3.12.4")),)


def test_the_hosts_facts_are_no_contenders() -> None:
    assert opened(tf={"python": "3.12.4"}).host == {"cpu": "a processor", "python": "3.13.1"}


def test_the_framework_itself_is_no_difference() -> None:
    tf, torch = {"tensorflow": "2.21.0", "image": "sha256:01"}, {"torch": "2.13.0+cpu", "image": "sha256:02"}
    assert differing(tf=tf, torch=torch) == []
    assert compared(tf=tf, torch=torch) == ["framework", "framework_version", "image", "tensorflow", "torch"]


def test_what_only_one_framework_has_comes_with_it() -> None:
    tf = {"package gast": "0.7.0", "keras": "3.13.2", "flag jit": "off"}
    assert compared(tf=tf, torch={}, newer={}) == [
        "flag jit",
        "framework",
        "framework_version",
        "keras",
        "package gast",
    ]


def test_what_only_one_version_of_a_framework_has_is_a_difference() -> None:
    assert differing(torch={}, newer={"package cuda-bindings": "13.0"}) == ["package cuda-bindings"]


def test_what_only_one_framework_has_and_its_versions_do_not_share_is_a_difference() -> None:
    assert differing(tf={}, torch={"onednn_version": "3.11.0"}, newer={"onednn_version": "3.12.0"}) == [
        "onednn_version"
    ]


def test_versions_of_one_framework_do_not_differ_in_their_version_under_its_own_name() -> None:
    book = opened(torch={"torch": "2.13.0+cpu", "cuda": "12.9"}, newer={"torch": "2.14.1+cpu", "cuda": "13.0"})
    assert [fact.name for fact in book.differing] == ["cuda"]


def test_a_package_of_the_frameworks_version_is_not_the_framework() -> None:
    assert differing(torch={"package pygments": "2.13.0+cpu"}, newer={}) == ["package pygments"]


def test_what_is_of_a_gpu_weighs_little_where_none_trained() -> None:
    cuda = {"package nvidia-cudnn-cu13": "9.1", "onednn_version": "3.4.2"}
    cpu, gpu = ({**cuda, "device": device} for device in ("cpu", "NVIDIA H200"))
    heaviest = [fact.name for fact in opened(torch={"device": "cpu"}, newer=cpu).heaviest]
    assert heaviest == ["onednn_version"]
    heaviest = [fact.name for fact in opened(torch={"device": "NVIDIA H200"}, newer=gpu).heaviest]
    assert heaviest == ["onednn_version", "package nvidia-cudnn-cu13"]


@pytest.mark.parametrize("name", ["variable OMP_NUM_THREADS", "package nvidia-cudnn-cu13"])
def test_to_have_no_such_variable_or_gpu_library_is_a_setting_too(name: str) -> None:
    assert differing(tf={}, torch={name: "1"}) == [name]


def test_a_contender_that_told_nothing_is_held_against_nobody() -> None:
    book = opened(tf={"python": "3.12.4"}, torch={"python": "3.12.4"})
    assert book.contenders == (TF, TORCH)
    assert [fact.name for fact in book.differing] == []


def test_a_contender_whose_name_begins_anothers_keeps_its_own_facts() -> None:
    book = ledger({"tf: python": "1", "tf==2.21.0: python": "2"}, ("tf", TF))
    assert book.differing == (Fact("python", ("1", "2")),)


FACTS = {"tf": {"python": "3.12.4", "layout": "NHWC"}, "torch": {"python": "3.12.4", "layout": "NCHW"}}


def test_what_every_worker_tells_alike_is_written_once_and_the_hosts_fact_of_that_name_stays() -> None:
    found = folded(environment(**FACTS), [TF, TORCH])
    assert found["every worker: python"] == "3.12.4"
    assert found["python"] == "3.13.1"
    assert (found[f"{TF}: layout"], found[f"{TORCH}: layout"]) == ("NHWC", "NCHW")
    assert f"{TF}: python" not in found


def test_the_ledger_of_a_folded_environment_is_that_of_the_whole_one() -> None:
    contenders = [TF, TORCH, NEWER]
    whole = environment(**FACTS)
    assert ledger(folded(whole, contenders), contenders) == ledger(whole, contenders)


def test_one_contender_is_not_called_every_worker() -> None:
    whole = environment(torch={"python": "3.12.4"})
    assert folded(whole, [TF, TORCH]) == whole


def test_contenders_that_are_alike_in_everything_still_tell_their_facts() -> None:
    whole = {"a: python": "3", "b: python": "3"}
    assert folded(whole, ["a", "b"]) == {"every worker: python": "3"}
    assert ledger(folded(whole, ["a", "b"]), ["a", "b"]) == ledger(whole, ["a", "b"])


def test_versions_modes_facts_and_image_are_collected_and_a_package_is_told_once() -> None:
    facts = {"libc": "glibc 2.36", "package torch": "2.13.0+cpu", "package six": "1.17.0"}
    found = inside([record(versions={"torch": "2.13.0+cpu"}, modes={"execution": "eager"}, facts=facts)])
    assert {key.removeprefix(f"{TORCH}: "): value for key, value in found.items()} == {
        "framework": "PyTorch",
        "framework_version": "2.13.0+cpu",
        "image": "sha256:01",
        "device": "cpu",
        "torch": "2.13.0+cpu",
        "execution": "eager",
        "libc": "glibc 2.36",
        "package six": "1.17.0",
    }


def test_a_worker_that_never_stood_ready_told_nothing() -> None:
    assert inside([record(framework=None)]) == {}


def test_trials_of_one_contender_that_disagree_show_both_values() -> None:
    found = inside([record(modes={"threads": threads}) for threads in ("2", "4", "2")])
    assert found[f"{TORCH}: threads"] == "2 or 4"


@pytest.mark.parametrize(
    ("name", "weight"),
    [
        ("tf32_matmul", Weight.FIRST),
        ("threads_intra_op", Weight.FIRST),
        ("package nvidia-cublas-cu12", Weight.FIRST),
        ("library gomp", Weight.FIRST),
        ("package triton", Weight.SECOND),
        ("variable MALLOC_ARENA_MAX", Weight.SECOND),
        ("a fact that nobody foresaw", Weight.SECOND),
        ("package six", Weight.THIRD),
        ("python_build", Weight.THIRD),
    ],
)
def test_a_fact_weighs_what_the_table_says(name: str, weight: Weight) -> None:
    assert weigh(name) is weight
