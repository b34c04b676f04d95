"""The benchmark of turns: a number a block, or the reason why there is none."""

from __future__ import annotations

import pytest

from benchmarks.turn_length import table, throughput
from tests.support.summaries import TF, TORCH, failed, summary, trial


def test_a_block_is_the_seconds_speed_over_the_firsts() -> None:
    block = summary(trial(TF, images_per_second=1000.0), trial(TORCH, images_per_second=1100.0))
    assert throughput(block).ratios == pytest.approx((1.1,))


def test_a_trial_that_failed_ends_it_with_its_reason() -> None:
    with pytest.raises(SystemExit) as told:
        throughput(summary(trial(TF), failed(TORCH)))
    lines = str(told.value).splitlines()
    assert lines == [
        "no ratio came of a block",
        "torch-2.13.0.article-tf.s1 failed: the worker exited with 1: MemoryError",
    ]


def test_each_length_has_a_row() -> None:
    rows = table({"whole": [0.1, -0.1], "0.2": [0.0]})
    assert rows[2:] == ["| whole | 2 | 0.141 | 1.000 | 1.000 |", "| 0.2 | 1 | – | 1.000 | 1.000 |"]
