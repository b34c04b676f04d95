"""The optimisers that a recipe can name, each with every constant that its formula has.

One formula for all contenders, with its source in docs/recipes.md. A new optimiser is one class here, one mapping in
each `optimizer.py` and one function in `orchestrator.audit.reference.optimizers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Literal, Type, Union


@dataclass(frozen=True)
class Sgd:
    """v ← momentum · v + g; w ← w − learning_rate · v, with nesterov w ← w − learning_rate · (g + momentum · v)."""

    learning_rate: float
    type: Literal["sgd"] = "sgd"
    momentum: float = 0.0
    nesterov: bool = False


@dataclass(frozen=True)
class Adam:
    """Kingma & Ba 2015, algorithm 1: epsilon is added to the root of the corrected second moment."""

    learning_rate: float
    beta_1: float
    beta_2: float
    epsilon: float
    type: Literal["adam"] = "adam"


@dataclass(frozen=True)
class AdamW:
    """Adam, and w ← w − learning_rate · weight_decay · w of every weight before it (Loshchilov & Hutter 2019)."""

    learning_rate: float
    beta_1: float
    beta_2: float
    epsilon: float
    weight_decay: float
    type: Literal["adamw"] = "adamw"


@dataclass(frozen=True)
class RmsProp:
    """v ← rho · v + (1 − rho) · g²; w ← w − learning_rate · g / (√v + epsilon) (Tieleman & Hinton 2012)."""

    learning_rate: float
    rho: float
    epsilon: float
    type: Literal["rmsprop"] = "rmsprop"


Optimizer = Union[Sgd, Adam, AdamW, RmsProp]

OPTIMIZER_TYPES: Dict[str, Type[Any]] = {"sgd": Sgd, "adam": Adam, "adamw": AdamW, "rmsprop": RmsProp}
