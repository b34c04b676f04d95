"""How machines and processes behave: nineteen kinds of noise for `benchmarks.calibration`.

A kind of noise is a sum of parts. A part gives the logarithm of the seconds that each of a session's trials takes,
(sessions, trials), in the order of running and whoever runs: what a contender adds comes on top.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Lots = np.random.Generator
Part = Callable[[Lots, int, int], Floats]


@dataclass(frozen=True)
class Scenario:
    """A machine, and processes that scatter on it."""

    name: str
    parts: tuple[Part, ...]

    def log_seconds(self, lots: Lots, sessions: int, trials: int) -> Floats:
        """Draw the logarithm of each trial's seconds: (sessions, trials)."""
        return np.asarray(np.sum([part(lots, sessions, trials) for part in self.parts], axis=0))


def normal(scatter: float) -> Part:
    """Trials scatter normally."""
    return lambda lots, sessions, trials: scatter * lots.standard_normal((sessions, trials))


def heavy_tails(scatter: float) -> Part:
    """Trials scatter as Student's t with three degrees of freedom, scaled to this standard deviation."""
    return lambda lots, sessions, trials: scatter / np.sqrt(3) * lots.standard_t(3, (sessions, trials))


def skewed(scatter: float) -> Part:
    """Trials are late by a log-normal share with this median; a factor of e beside it is one standard deviation."""
    return lambda lots, sessions, trials: np.log1p(scatter * lots.lognormal(0, 1, (sessions, trials)))


def drift(total: float) -> Part:
    """The machine gets slower by a constant rate, in all by this share."""
    return lambda _, sessions, trials: np.tile(np.linspace(0, np.log1p(total), trials), (sessions, 1))


def walk(step: float) -> Part:
    """The machine wanders: each trial starts where the last one left it."""
    return lambda lots, sessions, trials: step * lots.standard_normal((sessions, trials)).cumsum(axis=1)


def one_step(size: float) -> Part:
    """The machine gets slower once, before a trial drawn by lot."""

    def part(lots: Lots, sessions: int, trials: int) -> Floats:
        since = lots.integers(1, trials, (sessions, 1))
        return np.asarray(np.log1p(size) * (np.arange(trials) >= since))

    return part


def autocorrelated(scatter: float, correlation: float) -> Part:
    """The machine's speed remembers the trial before: a stationary autoregression of order one."""

    def part(lots: Lots, sessions: int, trials: int) -> Floats:
        state = lots.standard_normal((trials, sessions))
        for at in range(1, trials):
            state[at] = correlation * state[at - 1] + np.sqrt(1 - correlation**2) * state[at]
        return scatter * state.T

    return part


def neighbour(size: float, trials_at_a_time: int, share: float) -> Part:
    """Somebody else's work comes for this many trials on average and is there for this share of all trials."""

    def part(lots: Lots, sessions: int, trials: int) -> Floats:
        leaves = 1 / trials_at_a_time
        comes = leaves * share / (1 - share)
        there = lots.random(sessions) < share
        seen = []
        for chance in lots.random((trials, sessions)):
            seen.append(there)
            there = np.where(there, chance >= leaves, chance < comes)
        return np.asarray(np.log1p(size) * np.array(seen).T)

    return part


def outliers(share: float, least: float, most: float) -> Part:
    """Some trials are ruined: slower by anything between two shares."""

    def part(lots: Lots, sessions: int, trials: int) -> Floats:
        ruined = lots.random((sessions, trials)) < share
        return np.where(ruined, np.log1p(lots.uniform(least, most, (sessions, trials))), 0.0)

    return part


def two_modes(share: float, size: float) -> Part:
    """Some processes are slower from birth to death."""
    return lambda lots, sessions, trials: np.log1p(size) * (lots.random((sessions, trials)) < share)


def pattern(slow: tuple[bool, ...], size: float, *, in_step: bool = False) -> Part:
    """Trials are slower in a pattern that comes again and again, from a place drawn by lot unless it is in step."""

    def part(lots: Lots, sessions: int, trials: int) -> Floats:
        phase = 0 if in_step else lots.integers(0, len(slow), (sessions, 1))
        places = np.broadcast_to((np.arange(trials) + phase) % len(slow), (sessions, trials))
        return np.asarray(np.log1p(size) * np.asarray(slow)[places])

    return part


def slowing(size: float, warm_up_trials: float) -> Part:
    """The machine slows by this share in all as it gets warm; after these trials 1/e of it is still to come."""

    def part(_: Lots, sessions: int, trials: int) -> Floats:
        return np.tile(np.log1p(size) * -np.expm1(-np.arange(trials) / warm_up_trials), (sessions, 1))

    return part


_USUAL = normal(0.02)
_NEIGHBOUR = neighbour(0.10, 4, 1 / 3)
_WALK = walk(0.01)

SCENARIOS = (
    Scenario("steady, sd 1 %", (normal(0.01),)),
    Scenario("steady, sd 2 %", (_USUAL,)),
    Scenario("steady, sd 3 %", (normal(0.03),)),
    Scenario("steady, sd 4 %", (normal(0.04),)),
    Scenario("linear drift, 10 % over 60 trials", (_USUAL, drift(0.10))),
    Scenario("random walk, 1 % a trial", (_USUAL, _WALK)),
    Scenario("one step of 10 %", (_USUAL, one_step(0.10))),
    Scenario("autocorrelated machine, rho 0.8, sd 4 %", (_USUAL, autocorrelated(0.04, 0.8))),
    Scenario("neighbour, +10 % for 4 trials at a time, a third of the time", (_USUAL, _NEIGHBOUR)),
    Scenario("outliers: 5 % of trials +20 to 60 %", (_USUAL, outliers(0.05, 0.20, 0.60))),
    Scenario("outliers: 15 % of trials", (_USUAL, outliers(0.15, 0.20, 0.60))),
    Scenario("two modes: 30 % of trials +8 %", (_USUAL, two_modes(0.30, 0.08))),
    Scenario("heavy tails (t, 3 df)", (heavy_tails(0.02),)),
    Scenario("skewed (log-normal)", (skewed(0.022),)),
    Scenario("every second trial +4 %", (_USUAL, pattern((False, True), 0.04))),
    Scenario("two of four trials +4 %", (_USUAL, pattern((False, False, True, True), 0.04))),
    Scenario("second of a block +3 %", (_USUAL, pattern((False, True), 0.03, in_step=True))),
    Scenario("machine slows by 8 % at first", (_USUAL, slowing(0.08, 4))),
    Scenario(
        "walk, neighbour of 5 %, outliers", (_USUAL, _WALK, neighbour(0.05, 4, 1 / 3), outliers(0.05, 0.20, 0.60))
    ),
)
"""Trials of one contender scatter by 2 % (standard deviation) unless the name says otherwise."""


def scenario(beginning: str) -> Scenario:
    """Return the scenario whose name begins like this."""
    return next(each for each in SCENARIOS if each.name.startswith(beginning))
