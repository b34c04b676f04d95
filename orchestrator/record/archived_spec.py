"""What an archived run asked for, made so that it can be run on this machine: somebody else may have written it."""

from __future__ import annotations

from orchestrator.errors import UsageError
from orchestrator.record.archive import RECIPES, ArchiveIndex
from orchestrator.record.run_folder import RunFolder
from orchestrator.spec import contenders, recipes
from orchestrator.spec.spec import EngineName, Spec


def archived_spec(folder: RunFolder, index: ArchiveIndex, *, engine: EngineName, allow_foreign_image: bool) -> Spec:
    """Return the spec of an unpacked archive: its own recipes by their files, no interpreter and no GPU by name.

    Raises UsageError where it would run somebody's ready image and that is not allowed, and where it names a recipe
    that is neither packed nor one of bakeoff's.
    """
    spec = folder.read_manifest().pinned_spec
    ready = [written for written in spec.contenders if contenders.parse(written).image]
    if ready and not allow_foreign_image:
        fault = f"{index.run} ran the ready image of {ready[0]}, which whoever made the archive has chosen"
        raise UsageError(fault, "--allow-foreign-image runs it, with every restriction")
    return spec.replace(
        recipes=tuple(_recipe(name, folder, index) for name in spec.recipes),
        engine=engine,
        python=(),
        gpu=None,
        allow_foreign_image=allow_foreign_image,
    )


def _recipe(name: str, folder: RunFolder, index: ArchiveIndex) -> str:
    """Return the name of a recipe of bakeoff, else the path of the packed file."""
    if name in recipes.names():
        return name
    packed = name.removesuffix(".toml")
    if packed in index.recipes:
        return str(folder.path / RECIPES / f"{packed}.toml")
    raise UsageError(f"{index.run} names the recipe {name[:80]!r}, and the archive has none", "was it edited?")
