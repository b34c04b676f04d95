"""`bakeoff calibrate`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.text import Text

from orchestrator import pipeline
from orchestrator.analyse.decide_plan import RECIPE, DecidePlan
from orchestrator.analyse.machine_floor import floor_words, machine_floor, self_test
from orchestrator.analyse.summary import Summary
from orchestrator.cli.command_options import Only, command
from orchestrator.cli.outcome import exit_code, run_in_view, say_what_is_left, shortest_path, show
from orchestrator.cli.output import emit, stdout
from orchestrator.cli.shared_options import HOW, SIZES, Display, Folders
from orchestrator.data import dataset
from orchestrator.engines.choose import connect_image_engine
from orchestrator.engines.engine import PrepareError
from orchestrator.errors import DIFFERS, PreflightError, UsageError
from orchestrator.host import machine
from orchestrator.progress.view import View
from orchestrator.record.floor import Floor, keep_floor, read_floors
from orchestrator.record.run_folder import RunFolder
from orchestrator.runtime import Runtime, detect
from orchestrator.spec.contenders import parse
from orchestrator.spec.option import Option
from orchestrator.spec.resolve import resolve
from orchestrator.spec.spec import DEFAULT_RECIPES, Spec
from orchestrator.text import printable
from orchestrator.values import Value

BLOCKS, PROCESS = 12, "process"

SAME, REBUILT = "same", "rebuilt"
_OTHER = re.compile(rf"({SAME}|{REBUILT})(\[.*\])?@")
"""What a contender is held against in a calibration."""

_ID_LENGTH = 12
"""Hexadecimal digits of an image's id that an engine tells images apart by."""

_OPTIONS = Only("recipes", *SIZES, "precision", *HOW)


class Asked(Value):
    """What is held against what, or what is known already. Switches of one command line have no variable."""

    rebuild: Annotated[
        bool, Option("--rebuild", "Two builds of the same sources; the second takes minutes.", variable="")
    ] = False
    again: Annotated[str | None, Option("--again", "Keep what a resumed calibration found.", variable="")] = None
    known: Annotated[bool, Option("--list", "List what is kept of this machine and others, and stop.", variable="")] = (
        False
    )


@command
def calibrate(
    *,
    contender: Annotated[str, typer.Argument(help="torch, tf==2.20.0.")] = "torch",
    asked: Asked,
    spec: Annotated[Spec, _OPTIONS],
    folders: Folders,
    display: Display,
) -> None:
    """Measure this machine's floor: one image against itself, 12 blocks, by turns as any comparison.

    It tells what 12 blocks can find here, which `compare` then says before it starts; and it is a test of bakeoff
    itself on this machine, since nothing differs. One calibration in twenty claims a difference by right. The floor is
    never a threshold: the intervals of a comparison hold this noise already. It is kept in the user's cache.

    Exit codes: 0 no difference claimed, 5 one is, else those of compare: 2 usage and trials too short, 3, 4, 130.

    \b
    Examples:
      bakeoff calibrate                      PyTorch against itself, at a size that can be timed here
      bakeoff calibrate tf --recipe matched-8x8
      bakeoff calibrate torch --rebuild      two builds of the same sources
      bakeoff calibrate --again latest       after `bakeoff resume` has ended one that was interrupted
      bakeoff calibrate --list               what is known
    """
    if asked.known:
        _list(read_floors(dataset.default_folder().parent), as_json=display.as_json)
        return
    if asked.again is not None:
        _conclude(Summary.load(RunFolder.find(asked.again, folders.out).path), "", display)
    _calibrate(_spec(contender, spec), folders, display, rebuild=asked.rebuild)


def _calibrate(spec: Spec, folders: Folders, display: Display, *, rebuild: bool) -> NoReturn:
    runtime = detect(spec, folders.out, folders.idx)
    folder, summary = run_in_view(lambda view: _run(spec, runtime, view, rebuild=rebuild), display)
    if not display.as_json:
        show(folder, summary, as_json=False)
    say_what_is_left(summary, f"bakeoff resume {folder.id}, then bakeoff calibrate --again {folder.id}")
    if code := exit_code(summary):
        raise typer.Exit(code)
    _conclude(summary, machine.boot_id() if runtime.hardware.here else "", display)


def _conclude(summary: Summary, boot: str, display: Display) -> NoReturn:
    """Keep and show what a calibration found, and leave. Raises UsageError where the run is none."""
    pairs = [_OTHER.match(cell.contender) for cell in summary.comparison.cells]
    if len(pairs) != 2 or pairs[1] is None:
        raise UsageError(f"{summary.comparison.id} is no calibration", "`bakeoff calibrate` makes one")
    floor = machine_floor(summary, rebuilt=pairs[1][1] == REBUILT, boot=boot)
    _show(floor, keep_floor(dataset.default_folder().parent, floor), as_json=display.as_json)
    raise typer.Exit(DIFFERS if floor.differs else 0)


def _spec(contender: str, spec: Spec) -> Spec:
    """Return what is run of one contender; the other one is known once its image is. Raises UsageError."""
    if "@" in contender:
        raise UsageError(f"{contender} is a ready image", "name a contender of ours: torch, tf==2.20.0")
    recipes = (RECIPE,) if spec.recipes == DEFAULT_RECIPES else spec.recipes
    if len(recipes) > 1:
        raise UsageError(f"a calibration is of one recipe, not of {len(recipes)}", "name one with --recipe")
    return spec.replace(contenders=(parse(contender).written,), recipes=recipes, runs=BLOCKS, parity=False)


def _run(spec: Spec, runtime: Runtime, view: View, *, rebuild: bool) -> tuple[RunFolder, Summary]:
    name = spec.contenders[0]
    spec = spec.replace(contenders=(name, _other(spec, runtime, view, rebuild=rebuild)))
    sized = spec.epochs or spec.train_images
    way = DecidePlan(spec, None, ()) if sized else pipeline.find_decide_plan(spec, runtime, costs_as=name)
    pair = "two builds of its sources" if rebuild else "its image against itself"
    for line in (f"calibration of {name}: {pair}", *way.lines):
        view.say(line)
    return pipeline.compare(way.spec, runtime, view)


def _other(spec: Spec, runtime: Runtime, view: View, *, rebuild: bool) -> str:
    """Return what the contender is held against: a ready image. Raises PreflightError where there can be none."""
    if runtime.engine.name == PROCESS:
        fault = "a calibration starts one image twice, and the process engine runs no images"
        raise PreflightError(fault, "start Docker or Podman, then: bakeoff calibrate --engine docker")
    resolved = resolve(spec, runtime.hardware)
    contender, cache = resolved.contenders[0], runtime.data.parent
    try:
        ready = runtime.engine.prepare(contender, resolved.variant, view.say)
        again = connect_image_engine(cache).rebuild(contender, resolved.variant, view.say) if rebuild else ready.image
    except PrepareError as error:
        raise PreflightError(str(error), error.remedy, error.lines) from error
    modes = f"[{','.join(contender.modes)}]" if contender.modes else ""
    digits = again.removeprefix("sha256:")[:_ID_LENGTH]
    return f"{REBUILT if rebuild else SAME}{modes}@{digits}"


def _show(floor: Floor, path: Path, *, as_json: bool) -> None:
    if as_json:
        emit(floor.model_dump(mode="json", by_alias=True))
        return
    for line in filter(None, (*floor_words(floor), self_test(floor), f"kept in {shortest_path(path)}")):
        stdout().print(Text(printable(line)), soft_wrap=True)


def _list(floors: list[Floor], *, as_json: bool) -> None:
    if as_json:
        emit({"floors": [floor.model_dump(mode="json", by_alias=True) for floor in floors]})
        return
    if not floors:
        stdout().print(Text("nothing is known of any machine: `bakeoff calibrate` measures this one"))
        return
    for floor in floors:
        pair = "two builds" if floor.rebuilt else "one image"
        where = ", ".join((floor.machine.get("cpu", "a processor unknown"), floor.engine, floor.device))
        found = f"scatter {100 * floor.scatter:.2g} %, finds from {100 * floor.finds:.2g} % on ({where})"
        line = f"{floor.date[:10]}  {floor.contender} on {floor.recipe}, {pair}, {floor.blocks} blocks: {found}"
        stdout().print(Text(printable(line)), soft_wrap=True)
