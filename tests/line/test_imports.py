"""The import rules: those that import-linter keeps (pyproject.toml), shown to hold, and those that it cannot say."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.imports import imports_of, parsed, prefixes, top
from tests.support.paths import ROOT

CONTRACT = (
    *("trial", "recipe", "layers", "optimizers", "events", "emitter", "timing", "facts", "leftovers"),
    *("procfs", "cgroups"),
)

# What import-linter keeps

FORBIDDEN = [
    ("Imports go down the line", "orchestrator/pipeline.py", "from orchestrator import cli"),
    ("Imports go down the line", "orchestrator/report/cells.py", "from orchestrator.progress import eta"),
    ("Imports go down the line", "orchestrator/engines/engine.py", "from orchestrator.record import record"),
    ("Imports go down the line", "orchestrator/newcomer.py", ""),
    ("The host imports no framework and no worker", "orchestrator/run/one_trial.py", "import torch.nn as nn"),
    ("The host imports no framework and no worker", "orchestrator/report/cells.py", "def late():\n    import keras"),
    ("The host imports no framework and no worker", "orchestrator/run/one_trial.py", "from images.torch import worker"),
    ("Only the Docker engine imports docker", "orchestrator/runtime.py", "from docker.errors import APIError"),
    (
        "Only engines.choose names a concrete engine",
        "orchestrator/runtime.py",
        "from orchestrator.engines.docker import connection",
    ),
    (
        "Only engines.choose names a concrete engine",
        "orchestrator/doctor/disk.py",
        "from orchestrator.engines.process import environments",
    ),
    ("Only the command line imports typer", "orchestrator/spec/spec.py", "import typer"),
    ("What runs in containers knows nothing of the host", "images/torch/worker.py", "from orchestrator import text"),
    ("What runs in containers knows nothing of the host", "shared/mnist.py", "from orchestrator.data import idx"),
    ("The contract knows no worker and no framework", "shared/timing.py", "import torch"),
    ("A worker imports no other worker", "images/torch/worker.py", "from images.tf import model"),
]
ALLOWED = [
    ("orchestrator/engines/docker/build.py", "import docker.utils"),
    ("orchestrator/cli/ls.py", "import typer.testing"),
    ("orchestrator/engines/choose.py", "from orchestrator.engines.docker import connection"),
    ("orchestrator/runtime.py", "from orchestrator.engines import retry"),
    ("orchestrator/report/cells.py", "from orchestrator.analyse import intervals"),
    ("images/torch/probe.py", "from images.torch import model"),
]


def lint_imports(root: Path) -> str:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=120)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says of a copy of the packages into which all of the above was planted."""
    root = tmp_path_factory.mktemp("planted")
    shutil.copy(ROOT / "pyproject.toml", root)
    for package in ("orchestrator", "shared", "images"):
        without = shutil.ignore_patterns("__pycache__", "wheelhouse", "locks")
        shutil.copytree(ROOT / package, root / package, ignore=without)
    for file, line in [(file, line) for _, file, line in FORBIDDEN] + ALLOWED:
        with (root / file).open("a") as planted:
            planted.write(f"\n{line}\n")
    return lint_imports(root)


def broken_by(said: str, contract: str) -> str:
    """Return what is said of one contract that is broken, "" where it is kept."""
    _, _, broken = said.partition("Broken contracts")
    found = re.search(rf"^{re.escape(contract)}\n-+\n(.*?)(?=^[^\n]+\n-{{5,}}$|\Z)", broken, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


@pytest.mark.parametrize(("contract", "file", "line"), FORBIDDEN)
def test_a_planted_violation_is_caught(said: str, contract: str, file: str, line: str) -> None:
    importer = file.removesuffix(".py").replace("/", ".")
    block = broken_by(said, contract)
    if not line:
        assert file.removeprefix("orchestrator/").removesuffix(".py") in block
        return
    modules = [imported for imported in imports_of(ast.parse(line)) if imported]
    assert any(f"{importer} -> {part} (l." in block for module in modules for part in prefixes(module)), said


@pytest.mark.parametrize(("file", "line"), ALLOWED)
def test_what_is_allowed_is_let_through(said: str, file: str, line: str) -> None:
    importer = file.removesuffix(".py").replace("/", ".")
    _, _, broken = said.partition("Broken contracts")
    for module in imports_of(ast.parse(line)):
        assert not any(f"{importer} -> {part} (l." in broken for part in prefixes(module)), broken


def test_every_import_of_ours_is_allowed() -> None:
    said = lint_imports(ROOT)
    assert " 0 broken" in said, said


# What it cannot say: anything but these is forbidden

Rule = Callable[[str, str], bool]
"""Takes a file's path in the project and an imported module; tells whether the file may import it."""


def violations(rule: Rule, root: Path = ROOT) -> list[str]:
    return [
        f"{path.relative_to(root)} imports {module}"
        for path in sorted((root / "shared").rglob("*.py"))
        for module in imports_of(parsed(path))
        if not rule(str(path.relative_to(root)), module)
    ]


def standard_library(file: str, module: str) -> bool:
    third_party = {"numpy", "pyarrow"} if Path(file).stem not in CONTRACT else set()
    return top(module) in sys.stdlib_module_names | {"shared"} | third_party


def contract_stays_pure(file: str, module: str) -> bool:
    pure = {f"shared.{name}" for name in CONTRACT}
    return Path(file).stem not in CONTRACT or top(module) != "shared" or module.rpartition(".")[0] in pure


@pytest.mark.parametrize("rule", [standard_library, contract_stays_pure])
def test_shared_keeps_the_rule(rule: Rule) -> None:
    assert violations(rule) == []


@pytest.mark.parametrize(
    ("rule", "file", "line"),
    [
        (standard_library, "shared/events.py", "import numpy as np"),
        (standard_library, "shared/mnist.py", "import pandas"),
        (standard_library, "shared/mnist.py", "from orchestrator import idx"),
        (contract_stays_pure, "shared/emitter.py", "from shared.mnist import load"),
        (contract_stays_pure, "shared/emitter.py", "from shared import mnist"),
    ],
)
def test_a_violation_planted_in_shared_is_caught(tmp_path: Path, rule: Rule, file: str, line: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(f"{line}\n")
    assert len(violations(rule, tmp_path)) == 1


@pytest.mark.parametrize(
    ("rule", "file", "line"),
    [
        (standard_library, "shared/mnist.py", "import pyarrow.parquet as pq"),
        (contract_stays_pure, "shared/emitter.py", "from shared.events import Event"),
    ],
)
def test_what_shared_may_import_is_let_through(tmp_path: Path, rule: Rule, file: str, line: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(f"{line}\n")
    assert violations(rule, tmp_path) == []


# What ends the process, and which Python


def exits(source: str) -> list[str]:
    """List the calls that end the process, and the prints."""
    calls = (ast.unparse(node.func) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [call for call in calls if call in ("sys.exit", "exit", "quit", "os._exit", "SystemExit", "print")]


def test_only_the_command_line_exits_and_nobody_prints() -> None:
    found = {str(path.relative_to(ROOT)): exits(path.read_text()) for path in (ROOT / "orchestrator").rglob("*.py")}
    del found[
        "orchestrator/engines/docker/limits_probe.py"
    ]  # a container's, sent to it whole: no host process imports it
    assert {file: calls for file, calls in found.items() if calls} == {"orchestrator/cli/__init__.py": ["sys.exit"]}


def test_a_planted_exit_is_caught() -> None:
    assert exits("import sys\nif late:\n    sys.exit(3)") == ["sys.exit"]
    assert exits("def gone():\n    raise SystemExit(1)") == ["SystemExit"]
    assert exits("print('x')") == ["print"]


@pytest.mark.parametrize("path", sorted((ROOT / "shared").glob("*.py")), ids=lambda path: path.name)
def test_shared_modules_keep_to_the_syntax_of_python_3_9(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Match)]


def test_a_match_statement_is_later_than_python_3_9() -> None:
    with pytest.raises(SyntaxError):
        ast.parse("match 1:\n    case 1: pass", feature_version=(3, 9))
