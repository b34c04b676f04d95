"""What differs between contenders: the facts read inside each worker, side by side."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.analyse.confounders import (
    Confounders,
    Fact,
    Relevance,
    facts_by_contender,
    find_confounders,
    relevance,
)
from orchestrator.record.assemble import unstarted_record
from orchestrator.record.record import Record, Status
from tests.support.streams import PLANNED

TF, TORCH, NEWER = "tf==2.21.0", "torch==2.13.0", "torch==2.14.1"
FRAMEWORKS = {TF: ("TensorFlow", "2.21.0"), TORCH: ("PyTorch", "2.13.0+cpu"), NEWER: ("PyTorch", "2.14.1+cpu")}


def workers(**told: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return facts by contender, given by short names: each with framework, version and its own."""
    found = {}
    for short, facts in told.items():
        contender = {"tf": TF, "torch": TORCH, "newer": NEWER}[short]
        framework, version = FRAMEWORKS[contender]
        found[contender] = {"framework": framework, "framework_version": version, **facts}
    return found


def confounders(**told: dict[str, str]) -> Confounders:
    return find_confounders(workers(**told), list(FRAMEWORKS))


def differing(**told: dict[str, str]) -> list[str]:
    return [fact.name for fact in confounders(**told).differing]


def compared(**told: dict[str, str]) -> list[str]:
    return [fact.name for fact in confounders(**told).compared]


def record(**changes: Any) -> Record:
    base = {"framework": "PyTorch", "framework_version": "2.13.0+cpu", "image": "sha256:01", "device": "cpu"}
    return unstarted_record(PLANNED, "scripted", Status.DONE, "").model_copy(update={**base, **changes})


def test_differences_are_sorted_by_how_much_they_matter_and_then_by_name() -> None:
    found = confounders(
        tf={"package six": "1", "layout": "NHWC", "python_compiler": "GCC 12", "blas": "Eigen", "python": "3.12.4"},
        torch={"package six": "2", "layout": "NCHW", "python_compiler": "GCC 13", "blas": "mkl", "python": "3.12.4"},
    )
    assert [fact.name for fact in found.differing] == ["blas", "layout", "python_compiler", "package six"]
    assert [fact.name for fact in found.changing_results] == ["blas", "layout"]
    assert found.same == (Fact("python", ("3.12.4", "3.12.4")),)


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
    found = confounders(torch={"torch": "2.13.0+cpu", "cuda": "12.9"}, newer={"torch": "2.14.1+cpu", "cuda": "13.0"})
    assert [fact.name for fact in found.differing] == ["cuda"]


def test_a_package_of_the_frameworks_version_is_not_the_framework() -> None:
    assert differing(torch={"package pygments": "2.13.0+cpu"}, newer={}) == ["package pygments"]


def test_what_is_of_a_gpu_weighs_little_where_none_trained() -> None:
    cuda = {"package nvidia-cudnn-cu13": "9.1", "onednn_version": "3.4.2"}
    cpu, gpu = ({**cuda, "device": device} for device in ("cpu", "NVIDIA H200"))
    heaviest = [fact.name for fact in confounders(torch={"device": "cpu"}, newer=cpu).changing_results]
    assert heaviest == ["onednn_version"]
    heaviest = [fact.name for fact in confounders(torch={"device": "NVIDIA H200"}, newer=gpu).changing_results]
    assert heaviest == ["onednn_version", "package nvidia-cudnn-cu13"]


@pytest.mark.parametrize("name", ["variable OMP_NUM_THREADS", "package nvidia-cudnn-cu13"])
def test_to_have_no_such_variable_or_gpu_library_is_a_setting_too(name: str) -> None:
    assert differing(tf={}, torch={name: "1"}) == [name]


def test_a_contender_that_told_nothing_is_held_against_nobody() -> None:
    found = confounders(tf={"python": "3.12.4"}, torch={"python": "3.12.4"})
    assert found.contenders == (TF, TORCH)
    assert [fact.name for fact in found.differing] == []


def test_a_contender_whose_name_begins_anothers_keeps_its_own_facts() -> None:
    found = find_confounders({"tf": {"python": "1"}, TF: {"python": "2"}}, ("tf", TF))
    assert found.differing == (Fact("python", ("1", "2")),)


def test_facts_of_what_is_not_compared_are_left_out() -> None:
    found = find_confounders(workers(tf={"python": "3.12.4"}, torch={"python": "3.13.1"}), [TF])
    assert (found.contenders, found.differing) == ((TF,), ())
    assert Fact("python", ("3.12.4",)) in found.same


def test_a_contender_whose_facts_are_empty_is_one_that_told_nothing() -> None:
    assert find_confounders({TF: {"python": "3"}, TORCH: {}}, [TF, TORCH]).contenders == (TF,)


def test_contenders_that_are_alike_in_everything_still_tell_their_facts() -> None:
    found = find_confounders({"a": {"python": "3"}, "b": {"python": "3"}}, ["a", "b"])
    assert (found.contenders, found.same) == (("a", "b"), (Fact("python", ("3", "3")),))


def test_without_any_facts_there_is_nothing_to_compare() -> None:
    assert find_confounders({}, [TF, TORCH]) == Confounders((), (), (), ())


def test_versions_modes_facts_and_image_are_collected_and_a_package_is_told_once() -> None:
    facts = {"libc": "glibc 2.36", "package torch": "2.13.0+cpu", "package six": "1.17.0"}
    found = facts_by_contender([record(versions={"torch": "2.13.0+cpu"}, modes={"execution": "eager"}, facts=facts)])
    assert found[TORCH] == {
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
    assert facts_by_contender([record(framework=None)]) == {}


def test_trials_of_one_contender_that_disagree_show_both_values() -> None:
    found = facts_by_contender([record(modes={"threads": threads}) for threads in ("2", "4", "2")])
    assert found[TORCH]["threads"] == "2 or 4"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tf32_matmul", Relevance.CHANGES_RESULTS),
        ("threads_intra_op", Relevance.CHANGES_RESULTS),
        ("package nvidia-cublas-cu12", Relevance.CHANGES_RESULTS),
        ("library gomp", Relevance.CHANGES_RESULTS),
        ("package triton", Relevance.MAY_AFFECT_SPEED),
        ("variable MALLOC_ARENA_MAX", Relevance.MAY_AFFECT_SPEED),
        ("a fact that nobody foresaw", Relevance.MAY_AFFECT_SPEED),
        ("package six", Relevance.MINOR),
        ("python_build", Relevance.MINOR),
    ],
)
def test_a_fact_weighs_what_the_table_says(name: str, expected: Relevance) -> None:
    assert relevance(name) is expected
