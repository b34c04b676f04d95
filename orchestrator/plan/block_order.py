"""The order of running within each block, drawn by lot: pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def draw_order(cells: Sequence[T], blocks: int, seed: int) -> tuple[tuple[T, ...], ...]:
    """Return the cells once for each block, in an order that a fair shuffle draws anew for every block.

    The same seed draws the same orders on every version of Python. A fixed order that rotates would follow a machine
    whose speed comes and goes in step with it; a drawn one cannot, whatever the machine does.
    """
    # Sorted by lots: `random.shuffle` may change between versions of Python, `random.random` is promised not to.
    lots = random.Random(seed)
    return tuple(tuple(sorted(cells, key=lambda _: lots.random())) for _ in range(blocks))
