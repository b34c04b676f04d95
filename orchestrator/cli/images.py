"""`bakeoff images build|ls|prune|lock|sbom`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from orchestrator import doctor
from orchestrator.cli.command_options import Only, command
from orchestrator.cli.output import emit, listing, stdout
from orchestrator.cli.shared_options import Display
from orchestrator.data import dataset
from orchestrator.engines.built_image import BuiltImage
from orchestrator.engines.choose import connect_image_engine
from orchestrator.engines.engine import PrepareError
from orchestrator.engines.install.uv import write_lock
from orchestrator.errors import PreflightError, UsageError
from orchestrator.spec.contenders import IMAGES, Contender, offered_contenders, parse
from orchestrator.spec.spec import DeviceKind
from orchestrator.spec.stack import PINNED, STACKS, check_stack, dated
from orchestrator.text import printable

app = typer.Typer(
    help="Contenders' images: build them ahead of a comparison, list and remove them.", no_args_is_help=True
)

WIDE = 110
"""Columns from which `images ls` shows the whole names of images."""

Variant = Annotated[DeviceKind, typer.Option(help="Which build of the framework.", envvar="BAKEOFF_VARIANT")]


@app.command("build")
@command
def build(
    *,
    contenders: Annotated[
        list[str] | None, typer.Argument(help="torch, tf==2.20.0; default: all, default version.")
    ] = None,
    variant: Variant = "cpu",
    stack: Annotated[
        str, typer.Option(help=f"What the other packages are: {', '.join(STACKS)}.", envvar="BAKEOFF_STACK")
    ] = PINNED,
    display: Annotated[Display, Only("progress", "quiet", "verbose")],
) -> None:
    """Build what is missing; an image whose sources did not change is kept.

    Example: bakeoff images build torch==2.14.1 --variant cuda
    """
    engine = connect_image_engine(dataset.default_folder().parent)
    held = dated(check_stack(stack), datetime.now(UTC).date())
    chosen = [replace(parse(text), stack=held) for text in contenders or offered_contenders()]
    with display.view() as view:
        doctor.check_images(engine, chosen, variant, view.say)
        for contender in chosen:
            try:
                ready = engine.prepare(contender, variant, view.say)
            except PrepareError as error:
                raise PreflightError(str(error), error.remedy, error.lines) from error
            view.say(f"{contender.written} {variant}: {ready.image}")


@app.command("ls")
@command
def ls(*, display: Annotated[Display, Only("as_json")]) -> None:
    """List the images that bakeoff built, which of them today's sources still give, and the versions offered.

    current: what a build would give; stale: it would give another; superseded: and that one is built already.
    locked: by a lock, every package by hash; pinned: only those that bakeoff names.

    Example: bakeoff images ls --json
    """
    built = connect_image_engine().built_images()
    versions = {name: list(file.versions) for name, file in offered_contenders().items()}
    if display.as_json:
        emit({"images": [_document(image) for image in built], "offered": versions})
        return
    console, now = stdout(), datetime.now(UTC)
    wide = console.width >= WIDE
    table = listing("contender, variant", "size", "age", "state", "stack", "image" if wide else "content")
    for image in built:
        table.add_row(*(Text(printable(cell)) for cell in _row(image, now, wide=wide)))
    console.print(table)
    if built and not wide:
        console.print("named bakeoff/CONTENDER:VERSION-VARIANT-CONTENT; --json names the locks too")
    for name, listed in versions.items():
        console.print(Text(printable(f"{name} offers {', '.join(listed)}")))


@app.command("prune")
@command
def prune(
    *,
    stale: Annotated[bool, typer.Option("--stale", help="Also those whose successor is not built yet.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show and stop.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove superseded images of bakeoff: built of sources that have changed, and built again since.

    Images that a container still uses stay, and so does everything that bakeoff did not build.

    Example: bakeoff images prune --dry-run
    """
    states = ("superseded", "stale") if stale else ("superseded",)
    engine, console = connect_image_engine(), stdout()
    chosen = [image for image in engine.built_images() if image.state in states]
    for image in chosen:
        why = "a container uses it" if image.in_use else image.state
        console.print(Text(printable(f"{image.name}: {image.size_bytes / 1e9:.1f} GB, {why}")), soft_wrap=True)
    removable = [image for image in chosen if not image.in_use]
    size = f"{sum(image.size_bytes for image in removable) / 1e9:.1f} GB"
    if not removable:
        console.print("nothing to remove")
    elif not dry_run and (yes or typer.confirm(f"remove {len(removable)}, up to {size}?")):
        before = engine.images_bytes()
        for image in removable:
            image.remove()
        console.print(Text(f"removed {len(removable)}, {_freed(before, engine.images_bytes(), size)}"), soft_wrap=True)


def _freed(before_bytes: int, after_bytes: int, size: str) -> str:
    """Say what was freed; of an engine that does not tell, at most how much."""
    if not before_bytes:
        return f"freed up to {size}: layers that other images share stay"
    return f"freed {(before_bytes - after_bytes) / 1e9:.1f} GB; layers that other images share stay"


def _document(image: BuiltImage) -> dict[str, object]:
    return {
        "contender": image.contender,
        "variant": image.variant,
        "image": image.name,
        "content": image.content,
        "size_bytes": image.size_bytes,
        "created_at": image.created_at.isoformat(),
        "stack": image.stack,
        "lock": image.lock or None,
        "state": image.state,
        "in_use": image.in_use,
    }


def _row(image: BuiltImage, now: datetime, *, wide: bool) -> tuple[str, ...]:
    size, age = f"{image.size_bytes / 1e9:.1f} GB", _duration((now - image.created_at).total_seconds())
    named = f"{image.contender} {image.variant}".strip()
    return named, size, age, image.state, _stack(image), image.name if wide else image.content


def _stack(image: BuiltImage) -> str:
    """Say what the packages were held to; a pinned stack without a lock holds the few that requirements.in names."""
    return "locked" if image.lock and image.stack == PINNED else image.stack


def _duration(seconds: float) -> str:
    """Say roughly how long: the largest unit of which there are two."""
    for unit, length_seconds in (("days", 86400), ("hours", 3600), ("min", 60)):
        if seconds >= 2 * length_seconds:
            return f"{seconds / length_seconds:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


@app.command("lock")
def lock(
    contenders: Annotated[
        list[str] | None, typer.Argument(help="torch, tf==2.20.0; default: all, default version.")
    ] = None,
    variant: Variant = "cpu",
    python: Annotated[str, typer.Option(help="Version of the image's Python.")] = "3.12",
    uv: Annotated[str, typer.Option(help="The program that resolves.")] = "uv",
) -> None:
    """Resolve what an image gets and write its lock, every package by hash, into images/. Needs uv and a network.

    A version without a lock is built all the same, and the report says so.

    Example: bakeoff images lock torch==2.14.1 --variant cuda --python 3.12
    """
    for contender in [parse(text) for text in contenders or offered_contenders()]:
        path = write_lock(contender, variant, python, uv)
        line = str(path.relative_to(IMAGES.parent)) if path else _no_lock(contender, variant, python)
        stdout().print(Text(printable(line)), soft_wrap=True)


@app.command("sbom")
def sbom_of(
    image: Annotated[str, typer.Argument(help="torch, tf==2.20.0, or an image's name or id.")],
    variant: Variant = "cpu",
    out: Annotated[Path | None, typer.Option(help="A file instead of standard output.")] = None,
) -> None:
    """Write the software bill of materials of an image on the engine: CycloneDX 1.6, JSON.

    Python's and Debian's packages, read out of the image without running it; hashes where a lock has them.

    Example: bakeoff images sbom torch --out torch.cdx.json
    """
    document = connect_image_engine().bill_of_materials(image, variant, version("bakeoff"))
    text = json.dumps(document, indent=1) + "\n"
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{out}: {error.strerror}", "name a file that can be written") from error


def _no_lock(contender: Contender, variant: str, python: str) -> str:
    missing = f"no lock for {contender.written} {variant} on Python {python}"
    return f"{missing}: put its wheel into {contender.name}/wheelhouse"
