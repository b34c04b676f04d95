"""`results.parquet`: one row a trial and epoch, for questions that the report does not answer.

Long, flat and typed; units stand in the names, what belongs to the trial is repeated in each
of its rows. A trial without an epoch has one row whose `epoch` is null. With DuckDB, the
fastest epoch of every contender in every comparison under `runs/`:

    SELECT contender, recipe, max(images_per_second) AS best_images_per_second
    FROM 'runs/*/results.parquet' WHERE status = 'done'
    GROUP BY contender, recipe ORDER BY recipe, best_images_per_second DESC;
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from orchestrator.analyse.summary import EpochSummary, Summary, TrialSummary
from orchestrator.report import cells
from orchestrator.text import PHASES

SCHEMA = pa.schema(
    [
        pa.field("comparison", pa.string(), nullable=False),
        pa.field("started_at", pa.string(), nullable=False),  # of the comparison, UTC, ISO 8601
        pa.field("profile", pa.string(), nullable=False),
        pa.field("trial", pa.string(), nullable=False),
        pa.field("contender", pa.string(), nullable=False),
        pa.field("framework", pa.string()),
        pa.field("framework_version", pa.string()),
        pa.field("recipe", pa.string(), nullable=False),
        pa.field("track", pa.string(), nullable=False),  # matched, or as written
        pa.field("role", pa.string(), nullable=False),  # measured, or parity: its speed is not counted
        pa.field("precision", pa.string(), nullable=False),
        pa.field("seed", pa.int64(), nullable=False),
        pa.field("engine", pa.string(), nullable=False),
        pa.field("device", pa.string()),
        pa.field("image", pa.string()),
        pa.field("reused_from", pa.string()),  # the earlier run that the trial was taken over from
        pa.field("status", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("cause", pa.string(), nullable=False),  # a stable id, "" when done
        pa.field("parameters", pa.int64()),
        pa.field("initial_weights_sha256", pa.string()),
        pa.field("final_train_loss", pa.float64()),
        pa.field("final_val_loss", pa.float64()),
        pa.field("test_accuracy", pa.float64()),
        pa.field("median_images_per_second", pa.float64()),
        pa.field("ratio_to_reference", pa.float64()),  # of the medians, within the recipe
        pa.field("peak_memory_bytes", pa.int64()),
        pa.field("wall_seconds", pa.float64()),
        *(pa.field(f"{name}_seconds", pa.float64()) for name in PHASES),
        pa.field("other_phases_seconds", pa.float64()),  # phases that the contract does not name
        pa.field("events_received", pa.int64(), nullable=False),
        pa.field("events_lost", pa.int64(), nullable=False),
        pa.field("events_duplicated", pa.int64(), nullable=False),
        pa.field("events_rejected", pa.int64(), nullable=False),
        pa.field("reconnects", pa.int64(), nullable=False),  # of the live feed
        pa.field("paused_seconds", pa.float64(), nullable=False),
        pa.field("epoch", pa.int64()),  # from 1
        pa.field("train_loss", pa.float64()),  # nats, mean per image
        pa.field("val_loss", pa.float64()),
        pa.field("train_accuracy", pa.float64()),  # 0–1
        pa.field("val_accuracy", pa.float64()),
        pa.field("epoch_seconds", pa.float64()),  # training alone
        pa.field("images_per_second", pa.float64()),
    ]
)

_INT64_BITS = 63


def write(summary: Summary, folder: Path) -> Path:
    """Write `folder`/results.parquet and return its path."""
    path = folder / "results.parquet"
    pq.write_table(table(summary), path, compression="zstd")
    return path


def table(summary: Summary) -> pa.Table:
    """Return the rows as a table of SCHEMA."""
    rows = [{name: _storable(value) for name, value in row.items()} for row in _rows(summary)]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _rows(summary: Summary) -> Iterator[dict[str, Any]]:
    comparison = summary.comparison
    names = ("started_at", "profile", "precision")
    common = {"comparison": comparison.id, **{name: getattr(comparison, name) for name in names}}
    for trial in summary.trials:
        ratio = {"ratio_to_reference": cells.ratio(summary, trial)}
        of_trial = {**common, **_of_trial(trial), **ratio, **_of_phases(trial)}
        for epoch in trial.epochs or (None,):
            yield {**of_trial, **_of_epoch(epoch)}


def _of_trial(trial: TrialSummary) -> dict[str, Any]:
    elsewhere = {"id", "train_loss", "val_loss", "images_per_second", "phases", "epochs", "retries", "log_tail"}
    fields = trial.model_dump(exclude=elsewhere)
    events = fields.pop("events")
    return {
        **fields,
        "trial": trial.id,
        "status": trial.status.value,
        "final_train_loss": trial.train_loss,
        "final_val_loss": trial.val_loss,
        "median_images_per_second": trial.images_per_second,
        **{f"events_{name}": count for name, count in events.items()},
    }


def _of_phases(trial: TrialSummary) -> dict[str, float | None]:
    others = [seconds for name, seconds in trial.phases.items() if name not in PHASES]
    named = {f"{name}_seconds": trial.phases.get(name) for name in PHASES}
    return {**named, "other_phases_seconds": sum(others) if others else None}


def _of_epoch(epoch: EpochSummary | None) -> dict[str, Any]:
    if epoch is None:
        return {}
    fields = epoch.model_dump()
    return {**fields, "epoch_seconds": fields.pop("seconds")}


def _storable(value: Any) -> Any:
    """Return what Parquet can hold: no lone surrogates, no integer beyond 64 bits; a worker may have sent both."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return None if isinstance(value, int) and value.bit_length() > _INT64_BITS else value
