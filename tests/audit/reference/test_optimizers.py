"""Two steps of each optimiser by hand, with gradients 1 and then 3, from a weight of 1."""

from __future__ import annotations

import math

import numpy as np
import pytest

from orchestrator.audit.reference.optimizers import State, step
from shared.recipe import Adam, AdamW, Optimizer, RmsProp, Sgd


def two_steps(optimizer: Optimizer) -> list[float]:
    weight, found, state = np.array([1.0]), [], dict[str, np.ndarray]()
    remembered: State = state
    for gradient in (1.0, 3.0):
        weight, remembered = step(optimizer, weight, np.array([gradient]), remembered)
        found.append(float(weight[0]))
    return found


def test_momentum() -> None:
    assert two_steps(Sgd(0.5, momentum=0.5)) == [1 - 0.5, 0.5 - 0.5 * (0.5 + 3)]


def test_nesterov_looks_ahead() -> None:
    assert two_steps(Sgd(0.5, momentum=0.5, nesterov=True)) == [1 - 0.5 * 1.5, 0.25 - 0.5 * (3 + 0.5 * 3.5)]


def test_adams_first_step_is_its_rate_but_for_epsilon() -> None:
    """Moments by hand: m = 1/2 · 1/2 + 1/2 · 3 over 1 − 1/4; v = 3/4 · 1/4 + 1/4 · 9 over 1 − 9/16."""
    first = 1 - 0.5 * 1 / (1 + 0.25)
    mean, square = (0.25 + 1.5) / 0.75, (0.1875 + 2.25) / 0.4375
    assert two_steps(Adam(0.5, 0.5, 0.75, 0.25)) == pytest.approx(
        [first, first - 0.5 * mean / (math.sqrt(square) + 0.25)], rel=1e-15
    )


def test_adamw_decays_the_weight_and_not_the_gradient() -> None:
    plain, decayed = two_steps(Adam(0.5, 0.5, 0.75, 0.25)), two_steps(AdamW(0.5, 0.5, 0.75, 0.25, 0.125))
    assert decayed[0] == pytest.approx(plain[0] - 0.5 * 0.125 * 1, rel=1e-15)
    assert decayed[1] == pytest.approx(plain[1] - 0.5 * 0.125 * (1 + decayed[0]), rel=1e-14)


def test_rmsprop_adds_epsilon_to_the_root() -> None:
    first = 1 - 0.5 * 1 / (0.5 + 0.25)  # v = 1/4 · 1
    second = first - 0.5 * 3 / (math.sqrt(0.75 * 0.25 + 0.25 * 9) + 0.25)
    assert two_steps(RmsProp(0.5, 0.75, 0.25)) == pytest.approx([first, second], rel=1e-15)
