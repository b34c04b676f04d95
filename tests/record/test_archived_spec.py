"""What an archive asks for is made fit for this machine, and nothing of it is taken on trust."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import UsageError
from orchestrator.record.archive import ArchiveIndex
from orchestrator.record.archived_spec import archived_spec
from orchestrator.record.run_folder import RunFolder
from orchestrator.spec.spec import Spec
from tests.support.run_folders import run_folder
from tests.support.summaries import TORCH, summary, trial


def spec_of(folder: RunFolder, recipes: tuple[str, ...] = ("mine",), *, allow: bool = False) -> Spec:
    index = ArchiveIndex(run=folder.id, images={}, recipes=recipes, data={}, files={})
    return archived_spec(folder, index, engine="docker", allow_foreign_image=allow)


def archived(out: Path, **changes: Any) -> RunFolder:
    spec = {**Spec(recipes=("article-tf",), device="cpu").model_dump(), **changes}
    return run_folder(out, summary(trial(TORCH)), spec=spec)


def test_interpreters_and_gpus_of_the_other_machine_are_left_out(tmp_path: Path) -> None:
    folder = archived(tmp_path, python=["/somewhere/python"], engine="process", device="cuda", gpu="GPU-of-another")
    spec = spec_of(folder)
    assert (spec.python, spec.gpu, spec.device, spec.engine) == ((), None, "cuda", "docker")


def test_a_packed_recipe_is_taken_from_the_archive_and_one_of_bakeoff_by_its_name(tmp_path: Path) -> None:
    folder = archived(tmp_path, recipes=["article-tf", "mine.toml"])
    assert spec_of(folder).recipes == ("article-tf", str(folder.path / "recipes" / "mine.toml"))


@pytest.mark.parametrize("name", ["/etc/hosts", "../mine.toml", "other.toml", "articl-tf"])
def test_a_recipe_that_is_not_packed_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="and the archive has none"):
        spec_of(archived(tmp_path, recipes=[name]))


def test_a_ready_image_runs_only_where_that_is_allowed(tmp_path: Path) -> None:
    folder = archived(tmp_path, contenders=["mine@registry/image:tag"], allow_foreign_image=True)
    with pytest.raises(UsageError, match="ready image of mine@registry/image:tag") as refused:
        spec_of(folder)
    assert "--allow-foreign-image" in refused.value.remedy
    assert spec_of(folder, allow=True).contenders == ("mine@registry/image:tag",)


def test_leave_to_run_a_foreign_image_is_not_taken_over(tmp_path: Path) -> None:
    assert not spec_of(archived(tmp_path, allow_foreign_image=True)).allow_foreign_image
