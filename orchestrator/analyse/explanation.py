"""What explains the difference between two cells, as summary.json has it."""

from __future__ import annotations

from orchestrator.values import Value


class Estimate(Value):
    """A difference in one outcome: one value a seed, their mean, and its 95 % interval (Student's t; None for one)."""

    values: tuple[float, ...]
    mean: float
    interval: tuple[float, float] | None


class Contribution(Estimate):
    """What one setting carries: the outcome after it minus the outcome before it, the mean over the orders."""

    setting: str  # its name: "framework"
    title: str
    orders_range: tuple[float, float]  # smallest and largest over the orders, each a mean over the seeds
    share: float | None  # of the total; None where the total's interval holds 0 or is absent
    share_interval: tuple[float, float] | None  # 95 %, Fieller's


class Attribution(Value):
    """One outcome from start to end. Without a seed that has a number in every cell there is no total."""

    outcome: str  # "val-loss", "val-accuracy", "steepness", "smoothness", "epoch-seconds"
    title: str
    unit: str
    seeds: tuple[int, ...]  # with a number in every cell
    missing: tuple[str, ...]  # what the other seeds lack, a sentence each
    start: float | None  # means over the seeds
    end: float | None
    total: Estimate | None  # end minus start
    contributions: tuple[Contribution, ...]  # they add up to the total, seed by seed
    sentence: str


class Stop(Value):
    """One cell of the first order, and what was taken from the end to come here."""

    contender: str
    recipe: str
    taken: str  # the setting's title, "" at the start


class Explanation(Value):
    """What explains the difference between two cells, setting by setting."""

    stops: tuple[Stop, ...]  # from start to end
    orders: int
    exhaustive: bool  # whether these are all orders
    attributions: tuple[Attribution, ...]
    sentence: str  # the answer, for the first outcome
