"""Whether two summaries say the same but for times: what may differ is listed by name, so that nothing else hides."""

from __future__ import annotations

import copy
from typing import Any

TIMES = {
    "comparison": ("id", "started_at", "ended_at", "resumed_at", "order_seed"),
    "trials": ("started_at", "wall_seconds", "waits"),
    "host": ("date", "load_average", "load_average_at_end", "memory_available", "memory_available_at_end"),
}
"""Fields of summary.json that name a moment, a time span, the lots that were drawn, or what else the machine did."""

TRAINING_TIMES = {
    "trials": ("images_per_second", "ratio_to_reference", "peak_memory_bytes", "events"),
    "epochs": ("seconds", "evaluation_seconds", "images_per_second"),
    "ratios": ("ratios", "blocks_by_turns", "verdict"),
    "claim_forecast": ("minutes",),
}
"""Speeds and memory: what differs between two trainings of one container also where nobody disturbs them.

Events too: how many turns a training takes depends on its speed. The stub's are constants. A name that is no field is a
fault: it would leave out nothing, and hide that.
"""

OF_A_WORKER = ("pid", "out", "load_average", "memory_available")
"""What the stub tells of its own process."""

OF_A_CLOCK = ("epoch-seconds", "time-in-no-phase", "clock", "turns", "waited-seconds")
"""What is verified of a trial by its clock: seconds, and whether its host saw its events arrive."""

FINDINGS = ("busy-machine", "epoch-longer-than-its-clock", "time-in-no-phase", "clock-slow")
"""Findings about the machine and the clocks at that moment, which no kill of a host can bring or take."""

TRAINING_FINDINGS = (*FINDINGS, "uneven-speed")


def but_for_times(summary: dict[str, Any], *, trained: bool = False) -> dict[str, Any]:
    """Return the summary without its times; of real trainings without their speeds too."""
    left = copy.deepcopy(summary)
    _drop(left["comparison"], TIMES["comparison"])
    _drop_if_told(left["environment"]["host"], TIMES["host"])
    for facts in left["environment"]["workers"].values():
        _drop_if_told(facts, OF_A_WORKER)
    of_the_moment = TRAINING_FINDINGS if trained else FINDINGS
    left["findings"] = [finding for finding in left["findings"] if finding["id"] not in of_the_moment]
    if trained:
        for ratio in left["ratios"]:
            _drop(ratio, TRAINING_TIMES["ratios"])
        _drop(
            left["claim_forecast"] or dict.fromkeys(TRAINING_TIMES["claim_forecast"]), TRAINING_TIMES["claim_forecast"]
        )
    for trial in left["trials"]:
        _drop(trial, TIMES["trials"])
        trial["verified"] = [line for line in trial["verified"] if line["what"] not in OF_A_CLOCK]
        if trained:
            _drop(trial, TRAINING_TIMES["trials"])
            trial["phases"] = list(trial["phases"])  # which they were, not how long they took
            for epoch in trial["epochs"]:
                _drop(epoch, TRAINING_TIMES["epochs"])
    return left


def differences(one: Any, other: Any, at: str = "") -> list[str]:
    """Name every place where two documents differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(one.keys() | other.keys())
        return [each for key in keys for each in differences(one.get(key), other.get(key), f"{at}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            each
            for number, pair in enumerate(zip(one, other, strict=True))
            for each in differences(*pair, f"{at}[{number}]")
        ]
    return [] if one == other else [f"{at.removeprefix('.')}: {one!r} and {other!r}"]


def _drop(document: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        del document[name]


def _drop_if_told(facts: dict[str, Any], names: tuple[str, ...]) -> None:
    """Drop facts, which are there or not: no field of the format."""
    for name in names:
        facts.pop(name, None)
