"""What is known of a trial that trains by turns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.progress.state import TrialState, after
from shared.events import Heartbeat, TurnEnded
from shared.turns import WAITING
from tests.progress.test_progress import RECIPE, epoch, planned

TURN = TurnEnded(round=1, epoch=1, step=94, images=3000, seconds=0.2, waited_seconds=0.2)


def training(*epochs: int) -> TrialState:
    """A trial that has begun its next epoch of 188 steps, at second 10."""
    state = TrialState(planned().trials[0], started=0.0, epochs=tuple(epoch(number) for number in epochs))
    return after(state, Heartbeat("train", epoch=len(epochs) + 1, step=0, steps=188), 10.0)


def test_a_turn_tells_how_far_the_epoch_is() -> None:
    state = after(training(), TURN, 11.0)
    assert state.phase == "train"
    assert state.epoch_share(11.0) == pytest.approx(0.5)


def test_a_trial_that_says_that_it_waits_gets_no_further_by_that() -> None:
    state = after(after(training(1), replace(TURN, epoch=2), 11.0), Heartbeat(WAITING), 20.0)
    assert state.phase == WAITING
    assert state.epoch_share(99.0) == pytest.approx(0.5)


def test_the_end_of_the_last_epochs_turn_leaves_the_trial_at_its_predictions() -> None:
    last = RECIPE.training.epochs
    state = after(training(*range(1, last)), epoch(last), 12.0)
    assert after(state, replace(TURN, epoch=last, step=188), 12.1).phase == "predict"
