"""Contenders of two runs are told to be the same by the parts of their names."""

from __future__ import annotations

import pytest

from orchestrator.analyse.contender_names import is_one_of, without_version


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("torch==2.13.0", "torch"),
        ("torch[cudnn-autotune]==2.13.0", "torch[cudnn-autotune]"),
        ("mine@registry/image:tag@sha256:ab", "mine"),
        ("torch", "torch"),
    ],
)
def test_a_version_or_an_image_is_left_out(written: str, left: str) -> None:
    assert without_version(written) == left


def test_a_contender_is_named_by_all_its_words_or_by_fewer() -> None:
    offered = ["tf==2.21.0", "torch[cudnn-autotune]==2.13.0"]
    assert is_one_of("torch", offered)
    assert is_one_of("torch[cudnn-autotune]", offered)
    assert is_one_of("tf==2.21.0", offered)
    assert not is_one_of("tf==2.20.0", offered)
    assert not is_one_of("t", offered)
