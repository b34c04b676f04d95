"""`bakeoff images build|ls|lock|sbom`."""

from __future__ import annotations

import json
import sys
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
from orchestrator.engines.choose import connect_image_engine
from orchestrator.engines.engine import PrepareError
from orchestrator.engines.install.uv import write_lock
from orchestrator.errors import PreflightError, UsageError
from orchestrator.spec.contenders import IMAGES, Contender, offered_contenders, parse
from orchestrator.spec.spec import DeviceKind
from orchestrator.text import printable

app = typer.Typer(help="Contenders' images: build them ahead of a comparison, list them.", no_args_is_help=True)

Variant = Annotated[DeviceKind, typer.Option(help="Which build of the framework.", envvar="BAKEOFF_VARIANT")]


@app.command("build")
@command
def build(
    *,
    contenders: Annotated[
        list[str] | None, typer.Argument(help="torch, tf==2.20.0; default: all, default version.")
    ] = None,
    variant: Variant = "cpu",
    display: Annotated[Display, Only("progress", "quiet", "verbose")],
) -> None:
    """Build what is missing; an image whose sources did not change is kept.

    Example: bakeoff images build torch==2.14.1 --variant cuda
    """
    engine = connect_image_engine(dataset.default_folder().parent)
    chosen = [parse(text) for text in contenders or offered_contenders()]
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
    """List bakeoff's images on the engine, and the versions that each contender offers.

    Example: bakeoff images ls --json
    """
    built = [owned for owned in connect_image_engine().owned(images=True) if owned.kind == "image"]
    versions = {name: list(file.versions) for name, file in offered_contenders().items()}
    if display.as_json:
        rows = [{"image": image.name, "size": image.detail} for image in built]
        emit({"images": rows, "offered": versions})
        return
    console = stdout()
    table = listing("image", "size")
    for image in built:
        table.add_row(Text(printable(image.name)), Text(printable(image.detail)))
    console.print(table)
    for name, listed in versions.items():
        console.print(Text(printable(f"{name} offers {', '.join(listed)}")))


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
