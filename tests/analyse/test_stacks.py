"""In which parts of its stack each framework's versions differ."""

from __future__ import annotations

import pytest

from orchestrator.analyse.stacks import StackPart, stack_differences
from orchestrator.report import captions
from tests.support.summaries import summary

OLD = {"framework": "PyTorch", "framework_version": "2.13.0", "numpy": "1.26.4", "python": "3.11.2", "blas": "mkl"}
NEW = {**OLD, "framework_version": "2.14.1", "numpy": "2.1.0", "cuda_build": "12.8"}
OTHER = {"framework": "TensorFlow", "framework_version": "2.21.0", "keras": "3.13.2"}


def test_the_parts_that_differ_have_the_version_of_each_contender() -> None:
    (found,) = stack_differences({"torch==2.13.0": OLD, "torch==2.14.1": NEW})
    assert found.contenders == ("torch==2.13.0", "torch==2.14.1")
    assert found.differing == (
        StackPart(name="framework", versions=("2.13.0", "2.14.1")),
        StackPart(name="CUDA", versions=("", "12.8")),
        StackPart(name="NumPy", versions=("1.26.4", "2.1.0")),
    )
    assert found.same == ("BLAS", "Python")


def test_two_frameworks_are_no_versions_of_one() -> None:
    assert stack_differences({"torch": OLD, "tf": OTHER}) == ()


def test_each_framework_of_several_is_compared_with_itself() -> None:
    found = stack_differences({"torch==2.13.0": OLD, "tf==2.21.0": OTHER, "torch==2.14.1": NEW})
    assert [(each.framework, each.contenders) for each in found] == [("PyTorch", ("torch==2.13.0", "torch==2.14.1"))]


def test_workers_that_told_no_fact_are_left_out() -> None:
    assert stack_differences({"torch==2.13.0": OLD, "mine": {}}) == ()


def test_the_sentence_names_what_differs_from_what_to_what_and_then_what_does_not() -> None:
    (said,) = captions.stacks(summary(stacks=stack_differences({"a": OLD, "b": NEW})))
    assert said == (
        "The 2 contenders of PyTorch differ in their stack: framework 2.13.0 → 2.14.1, CUDA none → 12.8, "
        "NumPy 1.26.4 → 2.1.0; the same in all: BLAS, Python."
    )


@pytest.mark.parametrize(
    ("stack", "said"),
    [
        ("latest", "what pip picked on the day of the build"),
        ("latest-2026-11-27", "what pip picked"),
        ("as-released", "day of its release"),
    ],
)
def test_packages_that_are_not_pinned_are_told_first(stack: str, said: str) -> None:
    found = summary(stacks=stack_differences({"tf": OTHER, "tf[xla]": OTHER}))
    asked = found.comparison.replace(spec={**found.comparison.spec, "stack": stack})
    first, second = captions.stacks(found.replace(comparison=asked))
    assert said in first
    assert [second] == captions.stacks(found)


def test_modes_of_one_version_have_the_same_stack() -> None:
    (said,) = captions.stacks(summary(stacks=stack_differences({"tf": OTHER, "tf[xla]": OTHER})))
    assert said == "The 2 contenders of TensorFlow have the same stack, in 2 parts of it."
