"""Two stacks of layers side by side: which layer of one is which of the other, and which only one has. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from shared.recipe import Layer

Slots = tuple[Layer | None, ...]
"""A stack with a gap where only the other one has a layer."""

_MEET = 1.0
_ALL_KEYS_EQUAL = 2.0
"""Scores: of two layers of a kind that meet, and how much more where their keys are equal."""


def align(layers: Sequence[Layer], others: Sequence[Layer]) -> tuple[Slots, Slots]:
    """Lay two stacks side by side, in their order, so that layers meet their like.

    Layers of a kind meet, best those with the most keys in common (Needleman & Wunsch 1970). Pools are of one kind.
    """
    scores = _scores(layers, others)
    mine: list[Layer | None] = []
    theirs: list[Layer | None] = []
    at = other = 0
    while at < len(layers) or other < len(others):
        meet = _likeness(layers[at], others[other]) if at < len(layers) and other < len(others) else 0.0
        meets = meet > 0 and scores[at][other] == meet + scores[at + 1][other + 1]
        mine_alone = not meets and at < len(layers) and scores[at][other] == scores[at + 1][other]
        mine.append(layers[at] if meets or mine_alone else None)
        theirs.append(None if mine_alone else others[other])
        at, other = at + (meets or mine_alone), other + (not mine_alone)
    return tuple(mine), tuple(theirs)


def kind(layer: Layer) -> str:
    return "pool" if "pool" in layer.type else layer.type


def _scores(layers: Sequence[Layer], others: Sequence[Layer]) -> list[list[float]]:
    """Return the best score of what follows each place in one stack and each in the other."""
    scores = [[0.0] * (len(others) + 1) for _ in range(len(layers) + 1)]
    for at in reversed(range(len(layers))):
        for other in reversed(range(len(others))):
            meet = _likeness(layers[at], others[other])
            together = meet + scores[at + 1][other + 1] if meet else 0.0
            scores[at][other] = max(together, scores[at + 1][other], scores[at][other + 1])
    return scores


def _likeness(layer: Layer, other: Layer) -> float:
    """Return what it is worth that two layers meet, 0 where they cannot."""
    if kind(layer) != kind(other):
        return 0.0
    keys = [field.name for field in dataclasses.fields(layer)]
    equal = [key for key in keys if getattr(layer, key) == getattr(other, key)]
    return _MEET + _ALL_KEYS_EQUAL * len(equal) / len(keys)
