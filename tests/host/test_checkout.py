"""Whose commit is told: that of bakeoff's checkout, and no other's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestrator.host.checkout import revision


def _git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=A tester", "-c", "user.email=tester@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit, and a folder in it."""
    root = tmp_path / "project"
    (root / "site-packages").mkdir(parents=True)
    (root / "site-packages" / "file.txt").write_text("first\n")
    _git(root, "init", "--quiet")
    _git(root, "add", ".")
    _git(root, "commit", "--quiet", "--message", "first")
    return root


def test_the_revision_is_the_checkouts_own_commit_and_says_where_files_differ(repository: Path) -> None:
    commit = _git(repository, "rev-parse", "HEAD")
    assert revision(repository) == commit
    (repository / "site-packages" / "file.txt").write_text("edited\n")
    assert revision(repository) == f"{commit}-dirty"


def test_the_commit_of_a_repository_that_encloses_an_installed_bakeoff_is_not_ours(repository: Path) -> None:
    assert revision(repository / "site-packages") == ""


def test_a_git_hooks_variables_name_no_other_repository(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    assert revision(tmp_path) == ""


def test_a_checkout_inside_of_another_repository_has_its_own_commit(repository: Path) -> None:
    inner = repository / "vendor"
    inner.mkdir()
    _git(inner, "init", "--quiet")
    _git(inner, "commit", "--quiet", "--allow-empty", "--message", "inner")
    assert revision(inner) == _git(inner, "rev-parse", "HEAD") != revision(repository)


def test_a_folder_outside_of_any_repository_has_no_revision(tmp_path: Path) -> None:
    assert revision(tmp_path) == ""
    assert revision(tmp_path / "missing") == ""
