"""What a spec means on this machine: engine, device, profile and sizes, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from orchestrator.errors import UsageError
from orchestrator.host import gpus
from orchestrator.host.gpus import Gpu
from orchestrator.host.hardware import Hardware
from orchestrator.spec import recipes
from orchestrator.spec.contenders import Contender, driver_floor, format_relaxations, parse
from orchestrator.spec.gpu_faults import NO_TOOLKIT, absent, old_driver
from orchestrator.spec.spec import DeviceKind, EngineName, ExplainSpec, Spec
from orchestrator.spec.stack import PINNED, dated
from shared.recipe import Recipe

ENOUGH_CORES = 8
"""From here on a CPU trains the article's size in minutes."""


Profile = Literal["article", "quick", "custom"]
"""The size of what is run: the recipes' own, a quick one, or one given with the command."""

_SIZES: dict[Profile, str] = {"article": "full size", "quick": "quick size", "custom": "custom size"}


@dataclass(frozen=True)
class ResolvedSpec:
    """A spec with every "auto" decided."""

    spec: Spec
    contenders: tuple[Contender, ...]
    reference: Contender  # that the others are divided by
    recipes: tuple[Recipe, ...]
    device: DeviceKind
    variant: DeviceKind  # which build of a framework
    gpu: Gpu | None
    threads: int
    profile: Profile
    profile_reason: str
    quick: bool  # what no option changes is of the quick size, where a recipe has one

    def pin(self, engine: str) -> Spec:
        """Return the spec with all that was resolved written out: resolved elsewhere or later, it says the same."""
        written = {
            "recipes": tuple(map(_absolute, self.spec.recipes)),
            # a prefix may mean another version later
            "contenders": tuple(parse(text).written for text in self.spec.contenders),
            "profile": "quick" if self.quick else "article",
            # tests bring engines of their own
            "engine": engine if engine in get_args(EngineName) else self.spec.engine,
            "stack": next((each.stack for each in self.contenders if not each.image), self.spec.stack),
            "device": self.device,
            "variant": self.variant,
            "gpu": self.gpu.uuid if self.gpu else None,
            "threads": self.threads,
            "reference": None if isinstance(self.spec, ExplainSpec) else self.reference.written,
            "python": tuple(f"{name}{equals}{Path(path).absolute()}" for name, equals, path in self._interpreters),
        }
        return self.spec.replace(**written)

    @property
    def _interpreters(self) -> list[tuple[str, str, str]]:
        return [text.rpartition("=") for text in self.spec.python]

    @property
    def full_size_command(self) -> str | None:
        """Return the command for the published size, None where this is it."""
        if self.profile == "article":
            return None
        return self.spec.replace(epochs=None, train_images=None, batch_size=None, profile="article").command


def resolve(spec: Spec, hardware: Hardware) -> ResolvedSpec:
    """Resolve a spec: pure but for reading recipe and contender files, and today's date.

    Both ends of a walk may name the same contender or recipe, which is then resolved once.
    Raises UsageError for what does not exist, PreflightError for a GPU that is not there.
    """
    device, gpu = _choose_device(spec, hardware)
    quick, reason = _choose_profile(spec, gpu, hardware)
    sizes = {"epochs": spec.epochs, "train_images": spec.train_images, "batch_size": spec.batch_size}
    loaded = _load_recipes(spec)
    sized = [recipes.apply_sizes(recipe, quick=quick, **sizes) for recipe in loaded]
    given = [recipes.limited(recipe, quick=False, **sizes) for recipe in loaded]
    profile, reason = _name_size(loaded, given, sized, (quick, reason))
    contenders = _parse_contenders(spec, gpu)
    return ResolvedSpec(
        spec=spec,
        contenders=contenders,
        reference=_choose_reference(spec.reference, contenders),
        recipes=tuple(sized),
        device=device,
        variant=device if spec.variant == "auto" else spec.variant,
        gpu=gpu,
        threads=spec.threads or hardware.cores,
        profile=profile,
        profile_reason=reason,
        quick=quick,
    )


def interpreters(spec: Spec, contenders: Sequence[Contender]) -> dict[str, Path]:
    """Read --python: one path for all, or NAME=PATH.

    Raises UsageError where a path is no file, a name runs nothing, or a contender is given two.
    """
    paths: dict[str, Path] = {}
    names = list(dict.fromkeys(contender.name for contender in contenders))
    for text in spec.python:
        name, equals, path = text.rpartition("=")
        if equals and name not in names:
            raise UsageError(f"--python {text}: {name} is not compared", f"contenders: {', '.join(names)}")
        if not Path(path).is_file():
            raise UsageError(f"--python {text}: {path} is not a file", "name a Python interpreter")
        given = [name] if equals else names
        if twice := next((each for each in given if each in paths), None):
            raise UsageError(f"--python {text}: {twice} has {paths[twice]} already", "name one for each: NAME=PATH")
        paths |= dict.fromkeys(given, Path(path))
    return paths


def _load_recipes(spec: Spec) -> list[Recipe]:
    """Load the recipes as their files say, without sizes."""
    loaded = [recipes.load(name) for name in _distinct_ends(spec, spec.recipes)]
    _refuse_duplicates([recipe.name for recipe in loaded], "recipe")
    return loaded


def _parse_contenders(spec: Spec, gpu: Gpu | None) -> tuple[Contender, ...]:
    """Parse the contenders; PreflightError where one of them needs a newer driver than the GPU's."""
    stack = dated(spec.stack, datetime.now(UTC).date())
    parsed = (parse(text) for text in _distinct_ends(spec, spec.contenders))
    contenders = tuple(each if each.image else replace(each, stack=stack) for each in parsed)
    if gpu is not None:
        _check_driver(gpu, contenders)
    _refuse_duplicates([contender.written for contender in contenders], "contender")
    slugs = [contender.slug for contender in contenders]
    _refuse_duplicates(slugs, "contender", "give each image a name of its own: NAME@IMAGE")
    return contenders


def _choose_reference(asked: str | None, contenders: Sequence[Contender]) -> Contender:
    """Return the contender that was asked for, by its name alone where that is enough; the first by default."""
    if asked is None:
        return contenders[0]
    written = ", ".join(contender.written for contender in contenders)
    exact = parse(asked).written if "==" in asked else asked  # the version may be given in part
    named = [contender for contender in contenders if exact in (contender.name, contender.written)]
    if not named:
        raise UsageError(f"--reference {asked} is not compared", f"name one of the contenders: {written}")
    if len(named) > 1:
        raise UsageError(f"--reference {asked} names {len(named)} contenders", f"name one of them: {written}")
    return named[0]


def _distinct_ends(spec: Spec, names: Sequence[str]) -> Iterable[str]:
    """Return the names, of a walk each once."""
    return dict.fromkeys(names) if isinstance(spec, ExplainSpec) else names


def _choose_device(spec: Spec, hardware: Hardware) -> tuple[DeviceKind, Gpu | None]:
    wanted = "cuda" if spec.device == "auto" and spec.gpu is not None else spec.device
    if wanted == "cpu" or (wanted == "auto" and not (hardware.gpus and hardware.gives_gpus)):
        return "cpu", None
    if not hardware.gpus:
        raise absent(hardware).error
    if not hardware.gives_gpus:
        raise NO_TOOLKIT.error
    return "cuda", gpus.choose(hardware.gpus, spec.gpu)


def _check_driver(gpu: Gpu, contenders: Sequence[Contender]) -> None:
    """Refuse what this machine's NVIDIA driver is too old for: the floor is the image's CUDA's, known beforehand."""
    for contender in contenders:
        floor = driver_floor(contender)
        if not gpu.serves(floor):
            raise old_driver(contender.written, floor, gpu.driver_version).error


def _choose_profile(spec: Spec, gpu: Gpu | None, hardware: Hardware) -> tuple[bool, str]:
    """Tell whether sizes are quick, and why."""
    if spec.profile != "auto":
        return spec.profile == "quick", f"--profile {spec.profile}"
    if gpu is not None:
        return False, f"chosen because a GPU answers ({gpu.name})"
    if hardware.cores >= ENOUGH_CORES:
        return False, f"chosen because {hardware.cores} cores answer"
    share = f"{hardware.quota or hardware.cores:g} of the {ENOUGH_CORES} cores"
    return True, f"chosen because no GPU answers and only {share} it takes without one"


def _name_size(
    whole: Sequence[Recipe], given: Sequence[Recipe], sized: Sequence[Recipe], choice: tuple[bool, str]
) -> tuple[Profile, str]:
    """Name the size of what is run, and why: of the recipes as in their files, with the options given, and as they run.

    `choice` is whether quick sizes were to be taken and why: a recipe that has none runs whole.
    """
    wanted, why = choice
    quick = [recipe.name for recipe, mine in zip(sized, given, strict=True) if recipe != mine]
    reason = "no recipe here has a smaller one" if wanted and not quick else why
    if list(given) != list(whole):
        return "custom", f"given with the command; the rest is {_SIZES['quick' if quick else 'article']}, {reason}"
    if quick and len(quick) < len(whole):
        others = [recipe.name for recipe in whole if recipe.name not in quick]
        return "quick", f"{reason}; whole, without a quick size: {', '.join(others)}"
    return "quick" if quick else "article", reason


def _absolute(recipe: str) -> str:
    return str(Path(recipe).absolute()) if recipe.endswith(".toml") else recipe


def _refuse_duplicates(
    names: Sequence[str], kind: str, remedy: str = "to repeat trials, use --seeds or --runs"
) -> None:
    """Refuse a name that stands twice: its trials would share their folders."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"the {kind} {twice} is named twice", remedy)


def title(resolved: ResolvedSpec) -> str:
    contenders = " and ".join(contender.written for contender in resolved.contenders)
    return f"{contenders} on {', '.join(recipe.name for recipe in resolved.recipes)}"


def heading(resolved: ResolvedSpec) -> str:
    """Return the first line of the console: the size of what is run, why, and the way to the full one."""
    full = resolved.full_size_command
    return f"{_SIZES[resolved.profile]}, {resolved.profile_reason}" + (f"; full size: {full}" if full else "")


def relaxations_by_contender(resolved: ResolvedSpec) -> dict[str, tuple[str, ...]]:
    """Return which restrictions contenders ask to be spared, by their written name."""
    return {each.written: each.relax for each in resolved.contenders if each.relax}


def _cpu(threads: int) -> str:
    return f"CPU with {threads} thread{'' if threads == 1 else 's'}"


def engine_and_device(resolved: ResolvedSpec, engine: str, *, restricts: bool) -> str:
    """Return the heading's second line: a stack only where not pinned, relaxations where the engine `restricts`."""
    device = resolved.gpu.name if resolved.gpu else _cpu(resolved.threads)
    spared = [
        f"{written} relaxed by {format_relaxations(words)}"
        for written, words in relaxations_by_contender(resolved).items()
    ]
    stack = [f"stack {resolved.spec.stack}"] if resolved.spec.stack != PINNED else []
    return ", ".join([f"{engine} engine", device, *stack, *(spared if restricts else [])])
