"""The arrays that pass between the parts of the reference: types only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

Arrays = list[tuple[str, Array]]
"""("0.kernel", array), ("0.bias", array), … as `shared.initial.Weights`, in float64."""

Named = Sequence[tuple[str, NDArray[np.floating[Any]]]]
"""The same in any precision, as the reference takes it. A float32 is a float64, so nothing is rounded on the way in."""

Images = NDArray[np.floating[Any]]

Labels = NDArray[np.integer[Any]]

Parameters = Mapping[str, Array]
"""A layer's own: "kernel" and "bias", or nothing."""

Backward = Callable[[Array], tuple[Array, dict[str, Array]]]
"""From the loss's gradient by a layer's outputs to that by its inputs and by its own weights."""

Applied = tuple[Array, Backward]
