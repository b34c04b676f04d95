"""Cautions about the machine while a run went on: the sentinel between blocks, and throttling where it is known. Pure.

They drop no trial and change no claim: the order within blocks was drawn by lot.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from orchestrator.analyse.finding_rule import CheckInput, Found, finding
from orchestrator.analyse.series_findings import APPARENT, CHANCE, FEWEST, chance_of_trend, slope
from orchestrator.host.gpus import CLOCK_LIMITS, HELD_BACK, SLOWED
from orchestrator.host.throttle import AT_END, COUNT

LEAST_SIDE = 3
"""Readings on each side of a step."""

SPIKE = 0.25
"""By more than this a reading beside its run's median is named.

Of 2,000 made-up series of 12 readings with independent normal scatter of 2, 5 and 10 %, 0.3, 2.3 and 10.5 % have a
finding of drift, step or such a reading (`python -m benchmarks.sentinel_alarms`).
"""

_GPU_FACT = re.compile(r"(gpu_\d+)_")

_ADVICE = (
    "Claims stand, for the order within blocks was drawn by lot; compare no speeds alone, and none with other runs."
)


@finding("sentinel-drift", "warning", _ADVICE)
def sentinel_drift(run: CheckInput) -> Iterator[Found]:
    seconds = [reading.seconds for reading in run.sentinel]
    change = _drift(seconds)
    if change is not None:
        how = "slower" if change > 0 else "faster"
        yield Found(f"The machine itself became {how}: the sentinel between blocks drifted by {_percent(change)}.")


@finding("sentinel-jump", "warning", _ADVICE)
def sentinel_jump(run: CheckInput) -> Iterator[Found]:
    """Tell of a step, and of single readings far above the rest; of a drift its own finding tells."""
    seconds = [reading.seconds for reading in run.sentinel]
    if len(seconds) < FEWEST:
        return
    at = _step(seconds) if _drift(seconds) is None else None
    if at is not None:
        change = median(seconds[at:]) / median(seconds[:at]) - 1
        how = "slower" if change > 0 else "faster"
        yield Found(f"The machine itself was {how} by {_percent(change)} from block {at + 1} on, by the sentinel.")
        return
    usual = median(seconds)
    spikes = [number for number, each in enumerate(seconds, start=1) if each > (1 + SPIKE) * usual]
    if spikes:
        blocks = f"block{'s' * (len(spikes) > 1)} {', '.join(map(str, spikes))}"
        worst = max(seconds) / usual - 1
        yield Found(f"The sentinel took up to {_percent(worst)} longer than its median before {blocks}.")


@finding("throttled", "warning", "Cool the machine, or wait between runs: what is too hot slows whoever runs.")
def throttled(run: CheckInput) -> Iterator[Found]:
    """Tell of processors that grew too hot while the run went on, where the machine counts that."""
    before, after = (_number(run.host.get(f"{COUNT}{end}", "")) for end in ("", AT_END))
    if before is not None and after is not None and after > before:
        yield Found("Processors of the machine were slowed meanwhile because they were too hot.")
    for name in dict.fromkeys(match[1] for fact in run.host if (match := _GPU_FACT.match(fact))):
        if told := _gpu_throttling(run.host, name):
            yield Found(f"{name.replace('_', ' ').upper()} was slowed: {told}.")


def _gpu_throttling(host: Mapping[str, str], name: str) -> str:
    """Say how long heat held a GPU back during the run, else what slowed it as the run began or ended; or ""."""
    held = [_number(host.get(f"{name}_{HELD_BACK}{end}", "").removesuffix(" s")) for end in ("", AT_END)]
    if held[0] is not None and held[1] is not None and held[1] > held[0]:
        return f"too hot for {held[1] - held[0]:.1f} s"
    limits = (host.get(f"{name}_{CLOCK_LIMITS}{end}", "") for end in ("", AT_END))
    told = [word for limit in limits for word in limit.split(", ") if word in SLOWED.values()]
    return ", ".join(dict.fromkeys(told))


def _number(text: str) -> float | None:
    """Read a count or seconds of a fact, None where it is none: what is on disk may have been edited."""
    return float(text) if re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,6})?", text) else None


MACHINE_CHECKS = (sentinel_drift, sentinel_jump, throttled)


def _drift(seconds: Sequence[float]) -> float | None:
    """Return the share by which a series drifted, None where it did not, or where that is not told from chance."""
    if len(seconds) < FEWEST:
        return None
    logs = list(map(math.log, seconds))
    change = math.expm1(slope(logs) * (len(logs) - 1))
    return change if abs(change) >= APPARENT and chance_of_trend(logs) < CHANCE else None


def _step(seconds: Sequence[float]) -> int | None:
    """Return where all readings before lie below all after, or above, by a share worth a sentence; None: nowhere.

    Of twelve readings in an order by chance one in thirty has such a place, before the share is asked for.
    """
    for at in range(LEAST_SIDE, len(seconds) - LEAST_SIDE + 1):
        before, after = seconds[:at], seconds[at:]
        apart = max(before) < min(after) or max(after) < min(before)
        if apart and abs(math.log(median(after) / median(before))) >= math.log1p(APPARENT):
            return at
    return None


def _percent(share: float) -> str:
    return f"{100 * abs(share):.0f} %"
