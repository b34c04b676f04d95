"""What a look at a run with --until-decided shows: intervals, how they narrowed, and what is to come. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from orchestrator.analyse import gate
from orchestrator.analyse.claim_rule import ClaimRule
from orchestrator.analyse.interim_look import Interval, Look, LookedAt
from orchestrator.analyse.ratio_verdict import RatioVerdict, judge
from orchestrator.analyse.ratios import claim_rule, compared, metric_ratios, short_trials
from orchestrator.analyse.summary import Audit, Comparison, MetricRatio, TrialSummary
from orchestrator.record.record import Turn
from orchestrator.spec.interim_schedule import LOOKS, next_look


def look(
    comparison: Comparison,
    trials: Sequence[TrialSummary],
    audits: Sequence[Audit],
    turns: Mapping[str, Sequence[Turn]] = MappingProxyType({}),
) -> Look:
    """Look at the blocks so far. It is right to ask at any time: what was run after the last look does not count.

    `turns` are by trial, of those that trained by turns.
    """
    rule, short = claim_rule(comparison), set(short_trials(comparison, trials))
    all_rows = metric_ratios(comparison, trials, audits, turns)
    rows = [row for row in all_rows if row.metric == "throughput"]
    hopeless = {trial.recipe for trial in trials if trial.id in short} | {
        audit.recipe for audit in audits if not audit.agrees
    }
    blocks = len({(trial.run, trial.seed) for trial in trials if trial.role == "measured"})
    wanted = [cell for cell in compared(comparison) if cell.recipe not in hopeless]
    verdicts = {(row.contender, row.recipe): row.verdict for row in rows}
    open_ones = [cell for cell in wanted if _is_open(verdicts.get((cell.contender, cell.recipe)), blocks, rule)]
    to_come = next_look(blocks) if open_ones else None
    found = None
    if budget := comparison.budget:
        found = gate.judge_gate(budget, comparison, trials, audits, all_rows)
        to_come = gate.next_blocks(found, budget, comparison, trials, audits, blocks)
    return Look(
        blocks=blocks,
        comparisons=tuple(_looked_at(row, rule) for row in rows),
        gate=found,
        next_blocks=to_come,
    )


def _is_open(verdict: RatioVerdict | None, blocks: int, rule: ClaimRule) -> bool:
    """Tell whether further blocks may decide; where no block was whole by the first look, none will be."""
    if verdict is None:
        return blocks < rule.fewest_blocks
    return verdict.verdict in ("no-claim", "not-decided")


def _looked_at(row: MetricRatio, rule: ClaimRule) -> LookedAt:
    counted = rule.counted(len(row.ratios))
    looks = [blocks for blocks in LOOKS if rule.fewest_blocks <= blocks <= counted]
    intervals = {blocks: judge(row.ratios[:blocks], rule).interval for blocks in looks}
    return LookedAt(
        contender=row.contender,
        reference=row.reference,
        recipe=row.recipe,
        verdict=row.verdict,
        intervals=tuple(Interval(blocks=blocks, bounds=found) for blocks, found in intervals.items() if found),
    )
