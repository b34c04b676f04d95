"""Made-up summaries for tests: plausible shapes, invented numbers, measured on no machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.analyse.accuracy_over_seeds import accuracy_equivalences
from orchestrator.analyse.claim_forecast import claim_forecast
from orchestrator.analyse.claims import claims
from orchestrator.analyse.claims_overall import claims_over_seeds, framework_or_recipe, single_seed_note
from orchestrator.analyse.ratios import metric_ratios, with_ratios
from orchestrator.analyse.summary import Audit, Cell, Comparison, Environment, Finding, Summary, TrialSummary
from orchestrator.record.record import Epoch, Status
from orchestrator.spec.spec import Spec
from orchestrator.spec.tracks import Track
from orchestrator.stream.intake import EventCounts

TF, TORCH = "tf==2.21.0", "torch==2.13.0"
TITLES = {TF: "TensorFlow", TORCH: "PyTorch"}
COLOURS = {TF: "#e8710a", TORCH: "#6f4bb8"}

CURVES: dict[tuple[str, str], tuple[list[float], list[float]]] = {  # invented
    (TF, "article-tf"): ([0.452, 0.193, 0.131, 0.102, 0.081], [0.224, 0.149, 0.112, 0.115, 0.121]),
    (TORCH, "article-tf"): ([0.461, 0.197, 0.133, 0.103, 0.083], [0.229, 0.152, 0.116, 0.104, 0.108]),
    (TF, "article-torch"): ([2.061, 1.182, 0.742, 0.581, 0.503], [1.611, 0.889, 0.631, 0.522, 0.463]),
    (TORCH, "article-torch"): ([2.123, 1.274, 0.791, 0.612, 0.524], [1.702, 0.944, 0.668, 0.549, 0.481]),
}
SPEEDS = {  # invented images per second
    (TF, "article-tf"): 648.0,
    (TORCH, "article-tf"): 561.0,
    (TF, "article-torch"): 45210.0,
    (TORCH, "article-torch"): 30105.0,
}
PHASES = {"import": 3.5, "data": 0.21, "build": 0.14, "first_step": 0.62, "warm_up": 0.33, "predict": 4.1}


def epochs(
    train: Sequence[float | None], validation: Sequence[float | None], images_per_second: float = 1000.0
) -> tuple[Epoch, ...]:
    return tuple(
        Epoch(
            epoch=number,
            train_loss=losses[0],
            val_loss=losses[1],
            train_accuracy=0.80 + 0.03 * min(number, 6),
            val_accuracy=0.82 + 0.03 * min(number, 5),
            seconds=6000 / images_per_second,
            evaluation_seconds=0.5,
            images=6000,
            images_per_second=images_per_second,
        )
        for number, losses in enumerate(zip(train, validation, strict=True), start=1)
    )


def trial(
    contender: str = TF,
    recipe: str = "article-tf",
    *,
    curves: tuple[Sequence[float | None], Sequence[float | None]] = ([0.4, 0.2, 0.1], [0.3, 0.2, 0.15]),
    images_per_second: float | None = 1000.0,
    **changes: Any,
) -> TrialSummary:
    """Return a trial that is done; `changes` replace its fields."""
    rows = epochs(*curves, images_per_second or 1000.0)
    seed = changes.get("seed", 1)
    fields: dict[str, Any] = {
        "id": f"{contender.replace('==', '-')}.{recipe}.s{seed}",
        "contender": contender,
        "framework": TITLES.get(contender, "Made-up"),
        "framework_version": contender.partition("==")[2] or None,
        "recipe": recipe,
        "track": _track(recipe),
        "role": "measured",
        "seed": seed,
        "run": 1,
        "started_at": "2026-11-22T08:15:03+00:00",
        "engine": "process",
        "device": "cpu",
        "status": Status.DONE,
        "reason": "",
        "image": "sha256:0123456789ab",
        "parameters": 9458314,
        "initial_weights_sha256": "ab" * 32,
        "train_loss": rows[-1].train_loss if rows else None,
        "val_loss": rows[-1].val_loss if rows else None,
        "test_accuracy": 0.9712,
        "images_per_second": images_per_second,
        "peak_memory_bytes": 912_000_000,
        "wall_seconds": 58.4,
        "phases": {**PHASES, "training": sum(row.seconds for row in rows), "evaluation": 6.3},
        "events": EventCounts(received=41),
        "epochs": rows,
    }
    return TrialSummary(**{**fields, **changes})


def failed(contender: str = TF, recipe: str = "article-tf", **changes: Any) -> TrialSummary:
    """Return a trial that failed before its first epoch."""
    fields: dict[str, Any] = {
        "status": Status.FAILED,
        "reason": "the worker exited with 1: MemoryError",
        "test_accuracy": None,
        "peak_memory_bytes": None,
        "phases": {"import": 3.5},
        "curves": ([], []),
        "images_per_second": None,
    }
    return trial(contender, recipe, **{**fields, **changes})


def _track(recipe: str) -> Track:
    return "matched" if recipe.startswith("matched") else "as written"


def cell(contender: str, recipe: str) -> Cell:
    return Cell(
        contender=contender,
        title=TITLES.get(contender, "Made-up"),
        colour=COLOURS.get(contender, "#2b7a78"),
        recipe=recipe,
        recipe_title=f"The made-up title of {recipe}",
        track=_track(recipe),
    )


def summary(
    *trials: TrialSummary, findings: Sequence[Finding] = (), audits: Sequence[Audit] = (), **changes: Any
) -> Summary:
    """Return the summary of these trials, analysed, with one cell for each contender and recipe among them.

    `changes` replace fields of the summary or of its comparison.
    """
    given = {name: changes.pop(name) for name in list(changes) if name in Summary.model_fields}
    compared = comparison(*trials, **changes)
    rows = with_ratios(trials, compared.reference, audits)
    found = claims(trials)
    overall = claims_over_seeds(compared, trials, found)
    results: dict[str, Any] = {
        "environment": Environment(host={"cpu": "a made-up processor", "cores": "2", "python": "3.12.0"}),
        "ratios": metric_ratios(compared, rows, audits),
        "claim_forecast": claim_forecast(compared, rows),
        "accuracy_equivalences": accuracy_equivalences(compared, rows, audits),
        "claims": found,
        "claims_overall": overall,
        "readings": framework_or_recipe(compared, found, overall),
        "single_seed_note": single_seed_note(compared.seeds),
    }
    return Summary(
        comparison=compared, trials=rows, findings=tuple(findings), audits=tuple(audits), **{**results, **given}
    )


def comparison(*trials: TrialSummary, **changes: Any) -> Comparison:
    """Return what these trials compare; `changes` replace its fields."""
    places = dict.fromkeys((one.contender, one.recipe) for one in trials)
    fields: dict[str, Any] = {
        "id": "20261122-081500-made-up",
        "title": "A made-up comparison",
        "kind": "comparison",
        "command": "bakeoff compare tf torch",
        "started_at": "2026-11-22T08:15:00Z",
        "ended_at": "2026-11-22T08:18:00Z",
        "profile": "article",
        "profile_reason": "a made-up machine with 8 cores",
        "full_size_command": None,
        "engine": "process",
        "engine_notice": "",
        "device": "cpu",
        "claim_command": "bakeoff compare tf torch --runs 12",
        "reference": trials[0].contender if trials else TF,
        "margin": 0.03,
        "accuracy_margin": 0.005,
        "order_seed": 11,
        "cells": tuple(cell(*place) for place in places),
        "seeds": tuple(dict.fromkeys(one.seed for one in trials)) or (1,),
        "runs": 1,
        "spec": Spec().model_dump(mode="json"),
    }
    return Comparison(**{**fields, **changes})


def crossover(**changes: Any) -> Summary:
    """Return the article's four cells, quick, one seed."""
    trials = [trial(*place, curves=curves, images_per_second=SPEEDS[place], seed=1) for place, curves in CURVES.items()]
    fields: dict[str, Any] = {
        "kind": "crossover",
        "title": "The article's two programs, crossed",
        "profile": "quick",
        "profile_reason": "2 cores and no GPU",
        "full_size_command": "bakeoff compare --profile article",
        "engine_notice": "No container engine answered: each contender ran in a virtual environment of its own.",
    }
    return summary(*trials, **{**fields, **changes})
