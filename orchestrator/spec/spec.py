"""What to do: a comparison or a walk as the user asked for it, from options or from a comparison file.

A field with an `Option` or `Argument` is on the command line; without one it is not.
"""

from __future__ import annotations

import json
import math
import shlex
import tomllib
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from orchestrator.errors import UsageError
from orchestrator.spec import interim_schedule
from orchestrator.spec.margin import Percent, percent
from orchestrator.spec.option import Argument, Option, as_words
from orchestrator.spec.schema_faults import UNKNOWN_KEY, fault_lines, model_faults
from orchestrator.spec.stack import PINNED, Stack, check_stack
from orchestrator.values import Value
from shared.trial import Precision

DEFAULT_CONTENDERS = ("tf", "torch")
DEFAULT_RECIPES = ("article-tf", "article-torch")
TRIAL_SECONDS = 4 * 3600.0
"""How long a trial may take unless --timeout says otherwise."""

TURN_SECONDS = 0.2
"""How long a contender trains before it is another's turn; docs/methodology.md has the measurement behind it."""

Profile = Literal["auto", "article", "quick"]
EngineName = Literal["auto", "docker", "process"]
DeviceKind = Literal["cpu", "cuda"]
Device = Literal["auto", "cpu", "cuda"]
Count = Annotated[int, Field(ge=1, le=1000)]

_CONTENDERS = f"torch, torch==2.14.1, mine@registry/image:tag; default: {' '.join(DEFAULT_CONTENDERS)}."
_RECIPES = f"Two names or TOML files; default: {' '.join(DEFAULT_RECIPES)}."


class Spec(Value):
    """One comparison as asked for; nothing is resolved yet. None means: as the recipe and profile say."""

    contenders: Annotated[tuple[str, ...], Field(min_length=1), Argument(_CONTENDERS)] = DEFAULT_CONTENDERS
    recipes: Annotated[
        tuple[str, ...], Field(min_length=1), Option("--recipe", "Name or TOML file; may be given twice.")
    ] = DEFAULT_RECIPES
    seeds: Annotated[Count, Option("--seeds", "Seeds 1 to N.")] = 1
    runs: Annotated[Count, Option("--runs", "Repetitions of each seed; 12 for a claim of a difference in speed.")] = 1
    until_decided: Annotated[
        bool,
        Option(
            "--until-decided",
            f"Look after {interim_schedule.in_words()} blocks, and stop once every difference in speed is decided.",
        ),
    ] = False
    reference: Annotated[
        str | None, Option("--reference", "The contender that the others are divided by; default: the first.")
    ] = None
    margin: Annotated[
        Percent, BeforeValidator(percent), Option("--margin", "A smaller difference of speed is of no interest.")
    ] = "3%"
    accuracy_margin: Annotated[
        float, Field(gt=0, le=100), Option("--accuracy-margin", "The same of test accuracy, in percentage points.")
    ] = 0.5
    epochs: Annotated[int | None, Field(gt=0), Option("--epochs", "Instead of the recipe's.")] = None
    train_images: Annotated[int | None, Field(gt=0), Option("--train-images", "The first N only.")] = None
    batch_size: Annotated[int | None, Field(gt=0), Option("--batch-size", "Instead of the recipe's.")] = None
    profile: Annotated[Profile, Option("--profile", "article: the published size; quick: minutes.")] = "auto"
    engine: Annotated[EngineName, Option("--engine", "What starts workers.")] = "auto"
    device: Annotated[Device, Option("--device", "Where training runs.")] = "auto"
    variant: Annotated[Device, Option("--variant", "Which build of the framework; auto follows the device.")] = "auto"
    stack: Annotated[
        Stack,
        BeforeValidator(check_stack),
        Option("--stack", "The framework's other packages: pinned; latest, of today; as-released, of its release day."),
    ] = PINNED
    gpu: Annotated[str | None, Option("--gpu", "Index or UUID.")] = None
    threads: Annotated[int | None, Field(gt=0), Option("--threads", "CPU threads of every worker.")] = None
    precision: Annotated[Precision, Option("--precision", "Of weights and all arithmetic.")] = "float32"
    parity: Annotated[
        bool,
        Option(
            "--parity/--no-parity",
            "Train each matched cell twice more, to compare it step by step with others and itself.",
        ),
    ] = True
    relay: Annotated[
        bool,
        Option(
            "--relay/--no-relay",
            "Contenders of a recipe train by turns, all alive at once; else whole trials one after another.",
        ),
    ] = True
    turn_seconds: Annotated[
        float, Field(ge=0.001, le=60), Option("--turn-seconds", "How long a turn lasts, about.")
    ] = TURN_SECONDS
    timeout_seconds: Annotated[float, Field(gt=0), Option("--timeout", "Seconds a trial may take.")] = TRIAL_SECONDS
    allow_foreign_image: Annotated[
        bool,
        Option(
            "--allow-foreign-image",
            "Run a ready image that lacks the label bakeoff.contract; every restriction stays.",
        ),
    ] = False
    python: Annotated[
        tuple[str, ...],
        Option("--python", "Process engine: PATH or NAME=PATH of an interpreter to use."),
    ] = ()

    command_name: ClassVar[str] = "compare"

    @model_validator(mode="after")
    def _refuse_what_would_be_ignored(self) -> Self:
        if self.python and self.engine == "docker":
            fault = f"--python {self.python[0]} names an interpreter for the process engine, and --engine is docker"
            raise UsageError(fault, "leave one of them out, in the environment too: BAKEOFF_PYTHON, BAKEOFF_ENGINE")
        if self.python and self.stack != PINNED:
            fault = f"--stack {self.stack} is of what bakeoff installs, and --python {self.python[0]} is there already"
            raise UsageError(fault, "leave one of them out, in the environment too: BAKEOFF_STACK, BAKEOFF_PYTHON")
        if self.gpu is not None and self.device == "cpu":
            fault = f"--gpu {self.gpu} names a GPU, and --device is cpu"
            raise UsageError(fault, "leave one of them out, in the environment too: BAKEOFF_GPU, BAKEOFF_DEVICE")
        if self.until_decided:
            self._check_looks()
        return self

    def _check_looks(self) -> None:
        """Raise UsageError for blocks that would end between two looks, and where nothing is compared."""
        if self.runs > 1 and self.blocks not in interim_schedule.LOOKS:
            fault = f"--until-decided looks after {interim_schedule.in_words()} blocks, not after {self.blocks}"
            raise UsageError(fault, "leave --runs out: the run ends by itself, after 30 blocks at the latest")
        if self.seeds > interim_schedule.LOOKS[-1]:
            fault = f"--until-decided runs {interim_schedule.LOOKS[-1]} blocks at most, too few for {self.seeds} seeds"
            raise UsageError(fault, f"ask for at most {interim_schedule.LOOKS[-1]} seeds, or leave --until-decided out")
        if len(self.contenders) == 1:
            fault = f"--until-decided has nothing to decide: {self.contenders[0]} is the only contender"
            raise UsageError(fault, "name a contender more, or leave --until-decided out")

    @property
    def blocks(self) -> int:
        """Return how many blocks are planned, each of one seed and run; with looks these are the most there may be."""
        return interim_schedule.LOOKS[-1] if self.until_decided and self.runs == 1 else self.seeds * self.runs

    @property
    def runs_planned(self) -> int:
        """Return how often the first seed is planned; the last block may be of an earlier seed than the last."""
        return math.ceil(self.blocks / self.seeds)

    @property
    def command(self) -> str:
        """Write the spec as the command that repeats it."""
        return shlex.join(("bakeoff", self.command_name, *as_words(self)))


class ExplainSpec(Spec):
    """A walk from the first recipe in the first contender to the second recipe in the second contender."""

    recipes: Annotated[tuple[str, str], Argument(_RECIPES)] = DEFAULT_RECIPES
    contenders: Annotated[
        tuple[str, str],
        Option("--from", "Contender of the first recipe."),
        Option("--to", "Contender of the second recipe."),
    ] = DEFAULT_CONTENDERS
    seeds: Annotated[Count, Option("--seeds", "Seeds 1 to N; intervals are over them.")] = 3
    paths: Annotated[Count, Option("--paths", "Orders of the settings to walk.")] = 1
    runs: Literal[1] = 1  # this and the next are asked of `compare` alone
    until_decided: Literal[False] = False
    reference: None = None
    margin: Literal["3%"] = "3%"
    accuracy_margin: Annotated[float, Field(ge=0.5, le=0.5)] = 0.5
    batch_size: None = None
    parity: Literal[True] = True
    relay: Literal[True] = True
    turn_seconds: Annotated[float, Field(ge=TURN_SECONDS, le=TURN_SECONDS)] = TURN_SECONDS

    command_name: ClassVar[str] = "explain"

    @field_validator("recipes", mode="before")
    @classmethod
    def _check_ends(cls, recipes: Any) -> Any:
        if isinstance(recipes, list | tuple) and len(recipes) != 2:
            named = "1 recipe was" if len(recipes) == 1 else f"{len(recipes)} recipes were"
            raise UsageError(f"a walk has two ends, {named} named", "name two recipes, or none")
        return recipes


def extended(spec: Spec) -> Spec:
    """Return the spec of a run with a fixed number of blocks that goes on until all is decided.

    Raises UsageError where that would be another run.
    """
    anew = f"run it anew: {spec.replace(runs=1, until_decided=True).command}" if type(spec) is Spec else ""
    if type(spec) is not Spec:
        raise UsageError("a walk has no blocks to be looked at", "leave --until-decided out")
    if spec.until_decided:
        return spec
    if spec.runs == 1:
        raise UsageError("a run of one repetition cannot be extended: its trials are not numbered", anew)
    if spec.blocks > interim_schedule.LOOKS[-1]:
        fault = f"the run has {spec.blocks} blocks, and --until-decided looks after {interim_schedule.in_words()}"
        raise UsageError(fault, "its report stands as it is: a longer run is judged by another table")
    return spec.replace(runs=1, until_decided=True)


V = TypeVar("V", bound=Value)


def read_spec(path: Path) -> Spec:
    """Read a comparison file: TOML, or the comparison.json of a run, whose "spec" is repeated.

    Raises UsageError that names file, line, key and remedy.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "name a TOML file, or the comparison.json of a run") from error
    except ValueError as error:
        raise UsageError(f"{path} cannot be read: {error}", "mend the syntax at the place named") from error
    repeated = path.suffix == ".json" and isinstance(document, dict)
    if repeated and document.get("kind") == "walk":
        raise UsageError(f"{path} is of a walk, not of a comparison", f"repeat it with {document.get('command')}")
    try:
        return Spec.model_validate(document.get("spec", document) if repeated else document)
    except ValidationError as error:
        lines = fault_lines(list(model_faults(error, Spec)), path, text)
        raise UsageError(f"{path} is not a comparison", _remedy(Spec, error), lines) from error


def validate(kind: type[V], document: Any, where: str) -> V:
    """Make a spec of a document; UsageError lists every wrong key, and the valid ones."""
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        faults = [str(fault) for fault in model_faults(error, kind)]
        raise UsageError(f"{where} is wrong", _remedy(kind, error), faults) from error


def _remedy(kind: type[Value], error: ValidationError) -> str:
    """List the keys where one was wrong; a wrong value says itself what is allowed."""
    if any(found["type"] in UNKNOWN_KEY for found in error.errors()):
        return f"valid keys: {', '.join(kind.model_fields)}"
    return "correct the values named"
