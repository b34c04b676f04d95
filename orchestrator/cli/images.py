"""`bakeoff images build|ls|lock|sbom`."""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from orchestrator import doctor
from orchestrator.cli.command import Only, command
from orchestrator.cli.options import Display
from orchestrator.cli.output import emit, listing, stdout
from orchestrator.engines import docker as docker_engine
from orchestrator.engines.docker import sbom
from orchestrator.engines.docker.labels import CONTENDER, LOCK
from orchestrator.engines.docker.packages import Contents
from orchestrator.engines.engine import PrepareError
from orchestrator.engines.install.uv import write_lock
from orchestrator.errors import PreflightError, UsageError
from orchestrator.spec.contenders import IMAGES, offered_contenders, parse
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
    engine, asked = _engine(), [parse(text) for text in contenders or offered_contenders()]
    with display.view() as view:
        doctor.check_images(engine, asked, variant, view.say)
        for contender in asked:
            try:
                ready = engine.prepare(contender, variant, view.say)
            except PrepareError as error:
                versions = ", ".join(offered_contenders()[contender.name].versions)
                raise PreflightError(str(error), f"versions of {contender.name} offered: {versions}") from error
            view.say(f"{contender.written} {variant}: {ready.image}")


@app.command("ls")
@command
def ls(*, display: Annotated[Display, Only("as_json")]) -> None:
    """List bakeoff's images on the engine, and the versions that each contender offers.

    Example: bakeoff images ls --json
    """
    built = [each for each in _engine().owned(images=True) if each.kind == "image"]
    versions = {name: list(file.versions) for name, file in offered_contenders().items()}
    if display.as_json:
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
        missing = f"no lock for {contender.written} {variant} on Python {python}"
        line = (
            str(path.relative_to(IMAGES.parent))
            if path
            else f"{missing}: put its wheel into {contender.name}/wheelhouse"
        )
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
    found = _engine_image(image, variant)
    text = json.dumps(_document(found), indent=1) + "\n"
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{out}: {error.strerror}", "name a file that can be written") from error


def _engine_image(named: str, variant: str) -> Contents:
    """Read an image that is named as a contender or as the engine names it."""
    engine = _engine()
    try:
        contender = parse(named)
    except UsageError:
        return engine.contents(named)
    image = contender.image or engine.checkup().image_of(contender, variant)
    if image is None:
        build = f"`bakeoff images build {contender.written} --variant {variant}`"
        raise PreflightError(f"{contender.written} {variant} is not built from these sources", build)
    return engine.contents(image)


def _document(found: Contents) -> dict[str, Any]:
    name, _, _ = found.labels.get(CONTENDER, "").partition("==")
    lock = IMAGES / name.partition("[")[0] / "locks" / found.labels.get(LOCK, "")
    known = sbom.hashes(lock.read_text(encoding="utf-8")) if lock in IMAGES.glob("*/locks/*.txt") else {}
    packages = [*sbom.python_packages(found.python, known), *sbom.debian_packages(found.debian)]
    return sbom.document(found.id, found.name, found.created, found.labels, packages, version("bakeoff"))


def _engine() -> docker_engine.DockerEngine:
    return docker_engine.connect(os.environ.get("BAKEOFF_BASE_IMAGE", ""))
