"""How much a block's log ratio scatters, and where it lies, by the length of a turn.

Blocks of all lengths are run in one series, one of each after the other, so that a slow hour meets them all. "whole" is
trials one after another (--no-relay). Against its own image, named as a ready one, a contender's true ratio is 1.

    python -m benchmarks.turn_length torch same@bakeoff/torch:2.13.0-cpu --blocks 12 --noise
    python -m benchmarks.turn_length torch tf --batch-size 32 --turns whole 0.2
"""

from __future__ import annotations

import argparse
import io
import json
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median, stdev

from benchmarks.noise import neighbour
from orchestrator import pipeline, progress
from orchestrator.analyse.summary import MetricRatio, Summary
from orchestrator.runtime import Runtime, detect
from orchestrator.spec.spec import Spec

WHOLE = "whole"
TURNS = (WHOLE, "1", "0.2", "0.05")

Ratios = dict[str, list[float]]
"""Log ratios of blocks, by the length of a turn."""


def main() -> None:
    options = _arguments()
    first, second = options.contenders
    spec = Spec(
        contenders=(first, second),
        recipes=("matched-8x8",),
        parity=False,
        batch_size=options.batch_size,
        train_images=options.train_images,
        epochs=options.epochs,
        engine="docker",
    )
    ratios: Ratios = {turn: [] for turn in options.turns}
    with tempfile.TemporaryDirectory() as folder, neighbour(wanted=options.noise):
        runtime = detect(spec, Path(folder), None)
        for block in range(1, options.blocks + 1):
            for turn in options.turns:
                ratios[turn].append(_log_ratio(spec, turn, runtime))
                print(f"block {block} of {options.blocks}, {turn}: {math.exp(ratios[turn][-1]):.3f}", flush=True)
    print(json.dumps(ratios))
    print("\n".join(table(ratios)))


def _log_ratio(spec: Spec, turn: str, runtime: Runtime) -> float:
    """Run one block and return the logarithm of the second contender's images/s over the first's."""
    how = {"relay": False} if turn == WHOLE else {"turn_seconds": float(turn)}
    _, summary = pipeline.compare(spec.replace(**how), runtime, progress.view("quiet", io.StringIO()))
    return math.log(throughput(summary).ratios[0])


def throughput(summary: Summary) -> MetricRatio:
    """Return how two contenders compare in images/s. Raises SystemExit, with each trial's reason, where they do not."""
    rows = [row for row in summary.ratios if row.metric == "throughput"]
    if not rows:
        reasons = [f"{trial.id} {trial.status.value}: {trial.reason}" for trial in summary.trials if trial.reason]
        raise SystemExit("\n".join(["no ratio came of a block", *(reasons or ["an audit is red"])]))
    return rows[0]


def table(ratios: Ratios) -> list[str]:
    """Return a row a length: standard deviation and middle of its log ratios."""
    rows = ["| turn (s) | blocks | sd of log ratio | median ratio | mean ratio |", "|---|---|---|---|---|"]
    return [*rows, *(_row(turn, logs) for turn, logs in ratios.items())]


def _row(turn: str, logs: Sequence[float]) -> str:
    scatter = f"{stdev(logs):.3f}" if len(logs) > 1 else "–"
    return f"| {turn} | {len(logs)} | {scatter} | {math.exp(median(logs)):.3f} | {math.exp(fmean(logs)):.3f} |"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("contenders", nargs=2, metavar="CONTENDER", help="torch, tf, same@IMAGE for the same again")
    parser.add_argument("--blocks", type=int, default=12)
    parser.add_argument("--turns", nargs="+", default=list(TURNS))
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--train-images", type=int, default=24_000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--noise", action="store_true", help="with a neighbour of benchmarks.noise")
    return parser.parse_args()


if __name__ == "__main__":
    main()
