"""What a report says of the sentinel: the series before the blocks, alike in Markdown and HTML."""

from __future__ import annotations

from orchestrator.record.sentinel import SentinelSeries

TITLE = "The machine between blocks"
HEADS = ("block", "seed", "run", "seconds", "of the median")


def sentence(series: SentinelSeries) -> str:
    """Say what it is, and how far its seconds lie apart; why there is none, where there is none."""
    what = "Sentinel, a fixed amount of pure computation on every core before each block, while no worker is alive"
    if not series.readings:
        return f"{what}: {series.note or 'none'}."
    seconds = [reading.seconds for reading in series.readings]
    return f"{what}: median {series.median_seconds:.3f} s, from {min(seconds):.3f} to {max(seconds):.3f} s."


def rows(series: SentinelSeries) -> list[list[str]]:
    """Return a row a block."""
    usual = series.median_seconds or 1.0
    return [
        [str(number), str(each.seed), str(each.run), f"{each.seconds:.3f}", f"{100 * each.seconds / usual:.0f} %"]
        for number, each in enumerate(series.readings, start=1)
    ]
