"""The trial: the one JSON document that the host gives a worker, in BAKEOFF_TRIAL."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import List, Literal, Mapping

from shared.events import CONTRACT_VERSION
from shared.recipe import Recipe, recipe_from

Precision = Literal["float32", "float64"]


@dataclass(frozen=True)
class Trial:
    """One contender × one recipe × one seed. The recipe is final: sizes and limits are applied."""

    id: str
    contender: str  # as written by the user: "torch==2.13.0"
    recipe: Recipe
    seed: int
    device: Literal["cpu", "cuda"]
    modes: List[str]
    threads: int  # intra-op threads on the CPU, the same for every contender
    precision: Precision = "float32"  # of weights, images and all arithmetic
    audit: List[int] = field(default_factory=list)  # training images of the audit's two batches, half each; [] is none
    norms: bool = False  # keep every step's gradient and weight norm too; they cost time, so no speed is taken then
    turns: bool = False  # train by turns, as `shared.turns` has it: asked only of workers that say they can
    v: int = CONTRACT_VERSION


class TrialError(ValueError):
    """BAKEOFF_TRIAL is missing or not of this contract version."""


def to_json(trial: Trial) -> str:
    """Write a trial; `turns` stands in it only where it is asked for, since older workers know no such key."""
    document = asdict(trial)
    if not trial.turns:
        del document["turns"]
    return json.dumps(document, allow_nan=False, separators=(",", ":"))


def from_json(text: str) -> Trial:
    """Read a trial back; TrialError where the text is none of this contract's."""
    try:
        document = json.loads(text)
        if document["v"] != CONTRACT_VERSION:
            raise TrialError(f"contract version {document['v']}; this worker keeps version {CONTRACT_VERSION}")
        return Trial(**{**document, "recipe": recipe_from(document["recipe"])})
    except (ValueError, KeyError, TypeError) as error:
        raise TrialError(f"not a trial of contract version {CONTRACT_VERSION}: {error!r}") from error


def from_environment(environment: Mapping[str, str] = os.environ) -> Trial:
    if "BAKEOFF_TRIAL" not in environment:
        raise TrialError("BAKEOFF_TRIAL is not set: bakeoff starts workers; shared/README.md says what they read")
    return from_json(environment["BAKEOFF_TRIAL"])


def data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    return Path(environment.get("BAKEOFF_DATA", "/data"))


def out_folder(environment: Mapping[str, str] = os.environ) -> Path:
    return Path(environment.get("BAKEOFF_OUT", "/out"))
