"""Outcomes of the cells on a walk → what each setting carries. Pure.

On one order a setting's contribution is the outcome after taking it minus the outcome before. Over several
orders it is the mean, which estimates the Shapley value (Shapley 1953, "A value for n-person games"; sampled as in
Castro, Gómez & Tejada 2009, "Polynomial calculation of the Shapley value based on sampling") and is it where
all orders are walked. Either way contributions add up to the total, seed by seed.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Any

from orchestrator.analyse.attribution_text import explain_in_a_sentence
from orchestrator.analyse.explanation import Attribution, Contribution, Estimate, Explanation, Stop
from orchestrator.analyse.intervals import mean_interval, ratio_interval
from orchestrator.analyse.outcomes import OUTCOMES, Outcome
from orchestrator.analyse.summary import TrialSummary
from orchestrator.plan.factors import Cell
from orchestrator.plan.walk import Order, Walk

SUM_TOLERANCE = 1e-9

Place = tuple[str, str]  # contender, recipe
Values = Mapping[Place, float]  # an outcome in every cell, for one seed


class AttributionError(ArithmeticError):
    """Contributions do not add up to the total: a fault of this module."""


def make_explanation(walk: Walk, trials: Sequence[TrialSummary]) -> Explanation:
    """Explain every outcome from the trials of a walk."""
    attributions = tuple(_attribution(walk, outcome, trials) for outcome in OUTCOMES)
    titles = {setting.name: setting.title for setting in walk.factors}
    first = walk.orders[0]
    return Explanation(
        stops=tuple(
            Stop(contender=contender.written, recipe=recipe.name, taken=taken)
            for (contender, recipe), taken in zip(
                walk.stops(first), ("", *(titles[name] for name in first)), strict=True
            )
        ),
        orders=len(walk.orders),
        exhaustive=walk.exhaustive,
        attributions=attributions,
        sentence=attributions[0].sentence,
    )


def contributions(orders: Sequence[Order], path: Mapping[Order, Sequence[float]]) -> dict[str, float]:
    """Return each setting's mean contribution over the orders, for one seed.

    `path` holds the outcome at every stop of an order, one more than it has settings. The contributions add
    up to the last stop minus the first, which all orders share.
    """
    steps = [_steps(order, path[order]) for order in orders]
    means = {name: fmean(step[name] for step in steps) for name in orders[0]}
    _check_sum(means, [path[order] for order in orders])
    return means


def _steps(order: Order, outcomes: Sequence[float]) -> dict[str, float]:
    return dict(zip(order, (after - before for before, after in pairwise(outcomes)), strict=True))


def _check_sum(contributions: Mapping[str, float], paths: Sequence[Sequence[float]]) -> None:
    """Check that contributions add up to the total, as closely as the largest number that was rounded allows.

    Numbers below the smallest normal one, 2.2e-308, have no relative precision: a difference of that size is none.
    """
    total, size = paths[0][-1] - paths[0][0], max(abs(outcome) for path in paths for outcome in path)
    tolerance = max(SUM_TOLERANCE * size, sys.float_info.min)
    if not math.isclose(sum(contributions.values()), total, rel_tol=SUM_TOLERANCE, abs_tol=tolerance):
        raise AttributionError(f"contributions add up to {sum(contributions.values())!r}, the total is {total!r}")


def _attribution(walk: Walk, outcome: Outcome, trials: Sequence[TrialSummary]) -> Attribution:
    by_seed = {seed: _values(outcome, trials, seed) for seed in dict.fromkeys(trial.seed for trial in trials)}
    missing = {seed: _missing(outcome, walk.cells, values, seed) for seed, values in by_seed.items()}
    whole = {seed: values for seed, values in by_seed.items() if not missing[seed]}
    paths = [{order: _path(walk, order, values) for order in walk.orders} for values in whole.values()]
    fields: dict[str, Any] = {
        "outcome": outcome.id,
        "title": outcome.title,
        "unit": outcome.unit,
        "seeds": tuple(whole),
        "missing": tuple(filter(None, missing.values())),
        **(_numbers(walk, paths) if paths else {"start": None, "end": None, "total": None, "contributions": ()}),
    }
    sentence = explain_in_a_sentence(Attribution(**fields, sentence=""), walk)
    return Attribution(**fields, sentence=sentence)


def _numbers(walk: Walk, paths: Sequence[Mapping[Order, Sequence[float]]]) -> dict[str, object]:
    """Sum up one outcome over the seeds of `paths`."""
    first = walk.orders[0]
    totals = [path[first][-1] - path[first][0] for path in paths]
    by_seed = [contributions(walk.orders, path) for path in paths]
    ranges = _ranges(walk.orders, paths)
    return {
        "start": fmean(path[first][0] for path in paths),
        "end": fmean(path[first][-1] for path in paths),
        "total": Estimate(**_estimate(totals)),
        "contributions": tuple(
            _contribution(setting.name, setting.title, [seed[setting.name] for seed in by_seed], totals, ranges)
            for setting in walk.factors
        ),
    }


def _contribution(
    name: str, title: str, values: Sequence[float], totals: Sequence[float], ranges: Mapping[str, tuple[float, float]]
) -> Contribution:
    shares = ratio_interval(values, totals)
    return Contribution(
        **_estimate(values),
        setting=name,
        title=title,
        orders_range=ranges[name],
        share=fmean(values) / fmean(totals) if shares else None,
        share_interval=shares,
    )


def _estimate(values: Sequence[float]) -> dict[str, object]:
    return {"values": tuple(values), "mean": fmean(values), "interval": mean_interval(values)}


def _ranges(
    orders: Sequence[Order], paths: Sequence[Mapping[Order, Sequence[float]]]
) -> dict[str, tuple[float, float]]:
    """Return each setting's smallest and largest contribution over the orders, each the mean over the seeds."""
    steps = [[_steps(order, path[order]) for path in paths] for order in orders]
    means = {name: [fmean(seed[name] for seed in seeds) for seeds in steps] for name in orders[0]}
    return {name: (min(values), max(values)) for name, values in means.items()}


def _values(outcome: Outcome, trials: Iterable[TrialSummary], seed: int) -> dict[Place, float]:
    outcomes = {(trial.contender, trial.recipe): outcome.value(trial) for trial in trials if trial.seed == seed}
    return {place: value for place, value in outcomes.items() if value is not None}


def _path(walk: Walk, order: Order, values: Values) -> list[float]:
    return [values[_place(cell)] for cell in walk.stops(order)]


def _missing(outcome: Outcome, row: Sequence[Cell], values: Values, seed: int) -> str:
    absent = [cell for cell in row if _place(cell) not in values]
    if not absent:
        return ""
    others = f" and {len(absent) - 1} more cells" if len(absent) > 1 else ""
    return f"seed {seed} has no {outcome.title} for {absent[0][1].name} in {absent[0][0].written}{others}"


def _place(cell: Cell) -> Place:
    return cell[0].written, cell[1].name
