"""Contenders against the reference within a recipe: a ratio a trial, and a ratio a block with one verdict. Pure.

A recipe of which an audit is red is left out: what does not compute the same is not ranked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from types import MappingProxyType

from orchestrator.analyse.claim_rule import ClaimRule
from orchestrator.analyse.metrics import FEWEST_EPOCHS, FEWEST_SECONDS, METRICS, Metric, counts, is_short
from orchestrator.analyse.ratio_verdict import RatioVerdict, estimate_only, judge, no_claim
from orchestrator.analyse.rounds import ratio_of_rounds
from orchestrator.analyse.summary import Audit, Cell, Comparison, MetricRatio, TrialSummary
from orchestrator.record.record import Status, Turn

Block = tuple[int, int]
"""Run and seed: sorted, they are in the order of running."""


def with_ratios(
    trials: Sequence[TrialSummary],
    reference: str,
    audits: Sequence[Audit],
    turns: Mapping[str, Sequence[Turn]] = MappingProxyType({}),
) -> tuple[TrialSummary, ...]:
    """Return the trials, each with its images/s over those of the reference's trial in the same recipe and block.

    It is the ratio that verdicts are made of: of rounds where both trained by turns, else of whole trials. A trial has
    none where either speed is absent, where an audit of its recipe is red, or where it is a parity trial, which keeps
    norms while it trains.
    """
    partners = {_place(each): each for each in trials if each.role == "measured" and each.contender == reference}
    red = {trial.recipe for trial in trials if not audits_agree(audits, trial.recipe)}
    return tuple(
        trial.replace(ratio_to_reference=_ratio(trial, partners.get(_place(trial)), turns))
        if trial.recipe not in red
        else trial
        for trial in trials
    )


def metric_ratios(
    comparison: Comparison,
    trials: Sequence[TrialSummary],
    audits: Sequence[Audit],
    turns: Mapping[str, Sequence[Turn]] = MappingProxyType({}),
) -> tuple[MetricRatio, ...]:
    """Compare each contender with the reference, block by block; what has no whole block is left out.

    `turns` are by trial, of those that trained by turns. A walk is not judged this way: its cells are not contenders of
    one recipe.
    """
    bench = _Bench(comparison.reference, trials, turns, claim_rule(comparison), block_seconds(trials))
    rows = (
        _row(metric, cell, bench)
        for cell in compared(comparison)
        if audits_agree(audits, cell.recipe)
        for metric in METRICS
    )
    return tuple(row for row in rows if row.ratios)


def short_trials(comparison: Comparison, trials: Sequence[TrialSummary]) -> tuple[str, ...]:
    """Name the trials of recipes with several contenders that trained too briefly for a claim."""
    recipes = {cell.recipe for cell in compared(comparison)}
    return tuple(trial.id for trial in trials if trial.recipe in recipes and counts(trial) and is_short(trial))


def audits_agree(audits: Sequence[Audit], recipe: str) -> bool:
    """Tell whether every audit of a recipe is green; a recipe without audits counts as green."""
    return all(audit.agrees for audit in audits if audit.recipe == recipe)


def claim_rule(comparison: Comparison) -> ClaimRule:
    """Return how this report is judged: its comparisons share the error, also those that come to nothing."""
    return ClaimRule(max(1, len(compared(comparison))), comparison.margin, comparison.until_decided)


def compared(comparison: Comparison) -> list[Cell]:
    """Return the cells that are held against the reference's of their recipe."""
    if comparison.kind == "walk":
        return []
    return [cell for cell in comparison.cells if cell.contender != comparison.reference]


@dataclass(frozen=True)
class _Bench:
    """What all rows of a report are made from."""

    reference: str
    trials: Sequence[TrialSummary]
    turns: Mapping[str, Sequence[Turn]]  # by trial
    rule: ClaimRule
    block_seconds: float | None

    def of(self, contender: str, recipe: str) -> list[TrialSummary]:
        place = (contender, recipe)
        return [trial for trial in self.trials if counts(trial) and (trial.contender, trial.recipe) == place]


def _row(metric: Metric, cell: Cell, bench: _Bench) -> MetricRatio:
    mine, theirs = bench.of(cell.contender, cell.recipe), bench.of(bench.reference, cell.recipe)
    by_turns = _ratios_by_turns(mine, theirs, bench.turns) if metric.name == "throughput" else {}
    by_block = {**_ratios(metric, mine, theirs), **by_turns}
    ratios = tuple(by_block[block] for block in sorted(by_block))
    return MetricRatio(
        metric=metric.name,
        contender=cell.contender,
        reference=bench.reference,
        recipe=cell.recipe,
        ratios=ratios,
        blocks_by_turns=len(by_turns),
        verdict=_verdict(metric, ratios, [*mine, *theirs], bench.rule, bench.block_seconds),
    )


def _verdict(
    metric: Metric, ratios: Sequence[float], trials: Sequence[TrialSummary], rule: ClaimRule, seconds: float | None
) -> RatioVerdict:
    if not metric.claimed:
        return estimate_only(ratios, rule)
    if any(map(is_short, trials)):
        return no_claim(ratios, rule, _too_short(trials))
    return judge(ratios, rule, block_seconds=seconds)


def _too_short(trials: Sequence[TrialSummary]) -> str:
    epochs = min(len(trial.epochs) for trial in trials)
    seconds = min(sum(epoch.seconds for epoch in trial.epochs) for trial in trials)
    took = f"{epochs} epoch{'s' * (epochs != 1)}, {seconds:.1f} s"
    return f"too short to time ({took}); a trial needs {FEWEST_EPOCHS} epochs and {FEWEST_SECONDS:.0f} s of training"


def _ratios(metric: Metric, mine: Sequence[TrialSummary], theirs: Sequence[TrialSummary]) -> dict[Block, float]:
    """Return a ratio a whole block, of whole trials."""
    ours, others = ({(trial.run, trial.seed): metric.value(trial) for trial in side} for side in (mine, theirs))
    pairs = {block: (ours[block], others[block]) for block in ours.keys() & others.keys()}
    return {block: one / other for block, (one, other) in pairs.items() if one and other}


def _ratios_by_turns(
    mine: Sequence[TrialSummary], theirs: Sequence[TrialSummary], turns: Mapping[str, Sequence[Turn]]
) -> dict[Block, float]:
    """Return a ratio for each block whose contenders had rounds enough together."""
    ours, others = ({(trial.run, trial.seed): turns.get(trial.id, ()) for trial in side} for side in (mine, theirs))
    ratios = {block: ratio_of_rounds(ours[block], others[block]) for block in ours.keys() & others.keys()}
    return {block: ratio for block, ratio in ratios.items() if ratio is not None}


def block_seconds(trials: Sequence[TrialSummary]) -> float | None:
    """Return what a block of this run took, all its contenders and recipes together; None where none is whole."""
    blocks: dict[Block, list[float | None]] = {}
    for trial in trials:
        if trial.role == "measured":
            blocks.setdefault((trial.run, trial.seed), []).append(_seconds(trial) if counts(trial) else None)
    whole = [sum(filter(None, seconds)) for seconds in blocks.values() if None not in seconds]
    return median(whole) if whole else None


def _seconds(trial: TrialSummary) -> float | None:
    """Return what a trial took of the machine's time: what it waited for its turns was another's."""
    return None if trial.wall_seconds is None else trial.wall_seconds - trial.waits.seconds


def _place(trial: TrialSummary) -> tuple[str, int, int]:
    return trial.recipe, trial.run, trial.seed


def _ratio(trial: TrialSummary, partner: TrialSummary | None, turns: Mapping[str, Sequence[Turn]]) -> float | None:
    if trial.role == "parity" or partner is None:
        return None
    ours, theirs = _speed(trial), _speed(partner)
    if ours is None or theirs is None:
        return None
    of_rounds = ratio_of_rounds(turns.get(trial.id, ()), turns.get(partner.id, ()))
    return ours / theirs if of_rounds is None else of_rounds


def _speed(trial: TrialSummary) -> float | None:
    return trial.images_per_second or None if trial.status is Status.DONE else None
