"""Hashes and first losses are those that recipe and seed give."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from orchestrator.record.verify.line import Verified
from orchestrator.record.verify.start import verify_first_losses, verify_first_weights, verify_order
from shared.initial import digest, shared_weights
from shared.order import sequential, shuffled
from shared.recipe import Dropout, Flatten
from shared.trial import Trial
from tests.support.streams import PLANNED, SMALL, epoch, ready

MATCHED = replace(
    SMALL,
    initial=replace(SMALL.initial, draw="shared"),
    training=replace(SMALL.training, order="shared"),
)


def trial(recipe: Any = MATCHED, **changes: Any) -> Trial:
    return replace(PLANNED.trial, recipe=recipe, **changes)


def verdict(lines: list[Verified]) -> tuple[str, int | None]:
    (line,) = lines
    return line.verdict, line.epoch


def test_first_weights_are_held_by_their_hash() -> None:
    right = ready(initial_weights_sha256=digest(shared_weights(MATCHED, 1)))
    assert verdict(verify_first_weights(trial(), right)) == ("agrees", None)
    assert verdict(verify_first_weights(trial(seed=2), right)) == ("differs", None)
    (line,) = verify_first_weights(trial(SMALL), right)
    assert (line.verdict, line.reason) == ("not checked", "each framework draws first weights of its own")


def test_an_order_is_held_by_its_hash_epoch_by_epoch() -> None:
    epochs = [epoch(number, order_sha256=shuffled(600, 1, number).sha256) for number in (1, 2)]
    assert verdict(verify_order(trial(), epochs)) == ("agrees", None)
    assert verdict(verify_order(trial(), [epochs[0], replace(epochs[0], epoch=2)])) == ("differs", 2)
    assert verdict(verify_order(trial(), [epoch(1, order_sha256="ff" * 32)])) == ("differs", 1)
    assert verdict(verify_order(trial(), [epoch(1)])) == ("not checked", None)
    in_order = [epoch(1, order_sha256=sequential(600).sha256)]
    assert verdict(verify_order(trial(SMALL), in_order)) == ("agrees", None)
    shuffled_anew = replace(MATCHED, training=replace(MATCHED.training, order="framework"))
    assert verdict(verify_order(trial(shuffled_anew), in_order)) == ("not checked", None)


def test_first_losses_are_held_one_by_one_against_the_reference() -> None:
    losses = np.array([2.3, 2.2, 2.1, 2.0, 1.9])
    assert verdict(verify_first_losses(trial(), losses, (2.30001, 2.2, 2.1))) == ("agrees", None)
    (line,) = verify_first_losses(trial(), losses, (2.3, 2.2, 2.11))
    assert (line.verdict, line.step, line.claimed, line.counted) == ("differs", 3, 2.1, 2.11)
    (exact,) = verify_first_losses(trial(precision="float64"), losses, (2.30001, 2.2))
    assert (exact.verdict, exact.step) == ("differs", 1)
    assert verify_first_losses(trial(), np.array([np.nan]), (2.3,))[0].verdict == "differs"


def test_where_losses_cannot_be_known_the_reason_says_why() -> None:
    def reason(recipe: Any) -> str:
        (line,) = verify_first_losses(trial(recipe), np.ones(3), ())
        assert line.verdict == "not checked"
        return line.reason

    with_dropout = replace(MATCHED, layers=[Flatten(), Dropout(0.5), *MATCHED.layers[1:]])
    assert reason(with_dropout) == "dropout draws other masks in each framework"
    assert reason(SMALL) == "each framework draws first weights of its own"
    assert reason(MATCHED) == "its float64 reference was not computed"
