"""`bakeoff images build|ls`."""

from __future__ import annotations

import os
from typing import Annotated, Literal

import typer
from rich.text import Text

from orchestrator import docker_engine, doctor
from orchestrator.cli.options import Json, Quiet, Show, Verbose, emit, listing, stdout, verbosity
from orchestrator.console import view
from orchestrator.contenders import offered, parse
from orchestrator.engine import PrepareError
from orchestrator.errors import PreflightError
from orchestrator.report.words import printable

app = typer.Typer(help="Contenders' images: build them ahead of a comparison, list them.", no_args_is_help=True)


@app.command("build")
def build(
    contenders: Annotated[
        list[str] | None, typer.Argument(help="torch, tf==2.20.0; default: all, default version.")
    ] = None,
    variant: Annotated[
        Literal["cpu", "cuda"], typer.Option(help="Which build of the framework.", envvar="BAKEOFF_VARIANT")
    ] = "cpu",
    progress: Show = "auto",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Build what is missing; an image whose sources did not change is kept.

    Example: bakeoff images build torch==2.14.1 --variant cuda
    """
    engine, asked = _engine(), [parse(text) for text in contenders or offered()]
    with view(progress, verbosity=verbosity(quiet, verbose)) as watching:
        doctor.check_images(engine, asked, variant, watching.say)
        for contender in asked:
            try:
                ready = engine.prepare(contender, variant, watching.say)
            except PrepareError as error:
                versions = ", ".join(offered()[contender.name].versions)
                raise PreflightError(str(error), f"versions of {contender.name} offered: {versions}") from error
            watching.say(f"{contender.written} {variant}: {ready.image}")


@app.command("ls")
def ls(as_json: Json = False) -> None:
    """List bakeoff's images on the engine, and the versions that each contender offers.

    Example: bakeoff images ls --json
    """
    built = [each for each in _engine().owned(images=True) if each.kind == "image"]
    versions = {name: list(file.versions) for name, file in offered().items()}
    if as_json:
        rows = [{"image": each.name, "size": each.detail} for each in built]
        emit({"images": rows, "offered": versions})
        return
    console = stdout()
    table = listing("image", "size")
    for each in built:
        table.add_row(Text(printable(each.name)), Text(printable(each.detail)))
    console.print(table)
    for name, listed in versions.items():
        console.print(Text(printable(f"{name} offers {', '.join(listed)}")))


def _engine() -> docker_engine.DockerEngine:
    return docker_engine.connect(os.environ.get("BAKEOFF_BASE_IMAGE", ""))
