"""What is said of a run with --until-decided: how intervals narrow, and how long it is to the next look."""

from __future__ import annotations

import math

from rich.text import Text

from orchestrator.analyse.gate_verdict import MetricVerdict
from orchestrator.analyse.interim_look import Look, LookedAt
from orchestrator.progress.format import time_left
from orchestrator.progress.state import Board
from orchestrator.spec.interim_schedule import LOOKS, next_look
from orchestrator.text import printable


def look_lines(look: Look) -> list[Text]:
    """Say what a look showed, a line a comparison, and what follows."""
    end = _last(look) if look.next_blocks is None else f"the next look is after {look.next_blocks}"
    blocks = f"{look.blocks} block{'s' * (look.blocks != 1)}"
    metrics = map(_metric, look.gate.metrics) if look.gate else ()
    return [Text(f"look after {blocks}: {end}", "bold"), *map(_comparison, look.comparisons), *metrics]


def remaining(board: Board, now: float) -> str:
    """Say how long it still takes: to the end, or to the next look and at most to the end."""
    whole = time_left(board.remaining_seconds(now))
    if whole and _is_due(board):
        return f"the look after {board.blocks_ended} blocks is due, at most {whole.removeprefix('about ')}"
    blocks = next_look(board.blocks_ended) if board.plan.until_decided else None
    if not whole or blocks is None or (board.look and board.look.next_blocks is None):
        return whole
    seconds = board.remaining_seconds(now, blocks)
    near = time_left(seconds).removesuffix(" left")
    return f"{near} to the look after {blocks} blocks, at most {whole.removeprefix('about ')}"


def _is_due(board: Board) -> bool:
    """Tell whether blocks for a look have ended at which nobody has looked yet."""
    looked = board.look.blocks if board.look else 0
    return board.plan.until_decided and board.blocks_ended in LOOKS and looked < board.blocks_ended


def _last(look: Look) -> str:
    """Say why no look follows: of a gate that can be because no more blocks are allowed, or help."""
    undecided = look.gate is not None and look.gate.verdict == "undecided"
    return "it is the last one" if undecided else "nothing is left to decide"


def _metric(each: MetricVerdict) -> Text:
    return Text(f"  gate, {each.metric.replace('_', ' ')}: {each.verdict}, {printable(each.words)}")


def _comparison(each: LookedAt) -> Text:
    names = f"{printable(each.contender)} against {printable(each.reference)} on {printable(each.recipe)}"
    narrowing = " → ".join(f"±{_half_width(*interval.bounds)} %" for interval in each.intervals)
    shown = f" ({narrowing})" if len(each.intervals) > 1 else ""
    return Text(f"  {names}: {printable(each.verdict.words)}{shown}")


def _half_width(low: float, high: float) -> str:
    return f"{100 * math.expm1(math.log(high / low) / 2):.1f}"
