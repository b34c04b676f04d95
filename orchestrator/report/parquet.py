"""`results.parquet`: one row a trial and epoch, for questions that the report does not answer.

Long, flat and typed; units stand in the names, what belongs to the trial is repeated in each
of its rows. Losses are nats, means per image; accuracies are 0–1; `role` is measured or parity, whose speed is not
counted. A trial without an epoch has one row whose `epoch` is null. With DuckDB, the
fastest epoch of every contender in every comparison under `runs/`:

    SELECT contender, recipe, max(images_per_second) AS best_images_per_second
    FROM 'runs/*/results.parquet' WHERE status = 'done'
    GROUP BY contender, recipe ORDER BY recipe, best_images_per_second DESC;
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from orchestrator.analyse.metrics import METRICS
from orchestrator.analyse.summary import Comparison, Summary, TrialSummary
from orchestrator.record.record import Epoch
from orchestrator.record.run_folder import RESULTS
from orchestrator.stream.intake import EventCounts
from orchestrator.text import PHASES
from orchestrator.values import Value

Sources = Mapping[type[Value], Value | None]


@dataclass(frozen=True)
class Column:
    """One column: a field of a part of the summary, whose type it has."""

    name: str
    source: type[Value]
    field: str

    @property
    def arrow(self) -> pa.Field:
        annotation = self.source.model_fields[self.field].annotation
        types = set(get_args(annotation)) | {annotation}
        arrow = pa.int64() if int in types else pa.float64() if float in types else pa.string()
        return pa.field(self.name, arrow, nullable=NoneType in types or self.source is Epoch)

    def value(self, sources: Sources) -> Any:
        """Return the column's value; None where its source is absent, as the epoch of a trial without one."""
        source = sources[self.source]
        return None if source is None else _storable(getattr(source, self.field))


def _same(source: type[Value], fields: str) -> tuple[Column, ...]:
    """Return columns that are called as their fields are."""
    return tuple(Column(name, source, name) for name in fields.split())


BEFORE_PHASES = (
    Column("comparison", Comparison, "id"),
    *_same(Comparison, "started_at profile order_seed"),
    Column("trial", TrialSummary, "id"),
    *_same(TrialSummary, "contender framework framework_version recipe track role"),
    *_same(Comparison, "precision"),
    *_same(TrialSummary, "seed run engine device image reused_from status reason cause"),
    Column("trial_started_at", TrialSummary, "started_at"),
    *_same(TrialSummary, "parameters initial_weights_sha256"),
    Column("final_train_loss", TrialSummary, "train_loss"),
    Column("final_val_loss", TrialSummary, "val_loss"),
    *_same(TrialSummary, "test_accuracy"),
    Column("median_images_per_second", TrialSummary, "images_per_second"),
    *_same(TrialSummary, "ratio_to_reference peak_memory_bytes wall_seconds"),
)
PHASE_NAMES = (*(f"{name}_seconds" for name in PHASES), "other_phases_seconds")
"""The last: phases that the contract does not name."""
AFTER_PHASES = (
    *(Column(f"events_{name}", EventCounts, name) for name in ("received", "lost", "duplicated", "rejected")),
    *_same(TrialSummary, "reconnects paused_seconds"),
    *_same(Epoch, "epoch train_loss val_loss train_accuracy val_accuracy"),
    Column("epoch_seconds", Epoch, "seconds"),
    *_same(Epoch, "images_per_second"),
)
VERDICTS = (
    *(
        field
        for metric in METRICS
        for field in (
            *(pa.field(f"{metric.name}_ratio{end}", pa.float64()) for end in ("", "_low", "_high")),
            pa.field(f"{metric.name}_blocks", pa.int64()),
        )
    ),
    pa.field("throughput_verdict", pa.string()),
    pa.field("throughput_words", pa.string()),
    *(pa.field(f"accuracy_difference{end}", pa.float64()) for end in ("", "_low", "_high")),
    pa.field("accuracy_verdict", pa.string()),
)
"""Of the trial's contender and recipe against the reference; null for the reference itself."""
SCHEMA = pa.schema(
    [
        *(column.arrow for column in BEFORE_PHASES),
        *(pa.field(name, pa.float64()) for name in PHASE_NAMES),
        *(column.arrow for column in AFTER_PHASES),
        *VERDICTS,
    ]
)

_INT64_BITS = 63


def write(summary: Summary, folder: Path) -> Path:
    """Write `folder`/results.parquet and return its path."""
    path = folder / RESULTS
    pq.write_table(table(summary), path, compression="zstd")
    return path


def table(summary: Summary) -> pa.Table:
    """Return the rows as a table of SCHEMA."""
    return pa.Table.from_pylist(list(_rows(summary)), schema=SCHEMA)


def _rows(summary: Summary) -> Iterator[dict[str, Any]]:
    for trial in summary.trials:
        for epoch in trial.epochs or (None,):
            sources: Sources = {
                Comparison: summary.comparison,
                TrialSummary: trial,
                EventCounts: trial.events,
                Epoch: epoch,
            }
            columns = {column.name: column.value(sources) for column in (*BEFORE_PHASES, *AFTER_PHASES)}
            yield {**columns, **_phases(trial), **_verdicts(summary, trial)}


def _verdicts(summary: Summary, trial: TrialSummary) -> dict[str, Any]:
    """Return what was judged of the trial's contender in its recipe, nothing of the reference."""
    cell = (trial.contender, trial.recipe)
    found: dict[str, Any] = {}
    for row in summary.ratios:
        if (row.contender, row.recipe) == cell:
            low, high = row.verdict.interval or (None, None)
            found |= {f"{row.metric}_ratio{end}": value for end, value in _ends(row.verdict.estimate, low, high)}
            found[f"{row.metric}_blocks"] = row.verdict.blocks
            if row.metric == "throughput":
                found |= {"throughput_verdict": row.verdict.verdict, "throughput_words": row.verdict.words}
    for each in summary.accuracy_equivalences:
        if (each.contender, each.recipe) == cell:
            low, high = each.verdict.interval or (None, None)
            found |= {f"accuracy_difference{end}": value for end, value in _ends(each.verdict.difference, low, high)}
            found["accuracy_verdict"] = each.verdict.verdict
    return found


def _ends(middle: float | None, low: float | None, high: float | None) -> tuple[tuple[str, float | None], ...]:
    return ("", middle), ("_low", low), ("_high", high)


def _phases(trial: TrialSummary) -> dict[str, float | None]:
    others = [seconds for name, seconds in trial.phases.items() if name not in PHASES]
    seconds = (*(trial.phases.get(name) for name in PHASES), sum(others) if others else None)
    return dict(zip(PHASE_NAMES, seconds, strict=True))


def _storable(value: Any) -> Any:
    """Return what Parquet and summary.json alike can hold; None for a number that is not finite, as JSON has it.

    No lone surrogates and no integer beyond 64 bits either: a worker may have sent both.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None  # false of NaN too
    return None if isinstance(value, int) and value.bit_length() > _INT64_BITS else value
