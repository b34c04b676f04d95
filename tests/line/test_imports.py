"""The import rules of the house, read from the syntax trees: nothing is imported to check them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

FRAMEWORKS = {"torch", "torchvision", "tensorflow", "keras", "jax", "flax"}
CONTRACT = ("trial", "recipe", "layers", "optimizers", "events", "emitter", "timing")

Rule = Callable[[str, str], bool]
"""Takes a file's path in the project and an imported module; tells whether the file may import it."""


def imported(source: str) -> Iterator[str]:
    """Yield every imported module, wherever the import stands; `from a import b` may mean a.b."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def broken(rule: Rule, folder: str, root: Path = ROOT) -> list[str]:
    return [
        f"{path.relative_to(root)} imports {module}"
        for path in sorted((root / folder).rglob("*.py"))
        for module in imported(path.read_text(encoding="utf-8"))
        if not rule(str(path.relative_to(root)), module)
    ]


def top(module: str) -> str:
    return module.partition(".")[0]


def no_framework(_: str, module: str) -> bool:
    return top(module) not in FRAMEWORKS | {"images"}


def own_image_only(file: str, module: str) -> bool:
    own = f"images.{Path(file).parent.name}"
    return top(module) != "orchestrator" and (top(module) != "images" or f"{module}.".startswith(f"{own}."))


def standard_library(file: str, module: str) -> bool:
    third_party = {"numpy", "pyarrow"} if Path(file).stem not in CONTRACT else set()
    return top(module) in sys.stdlib_module_names | {"shared"} | third_party


def contract_stays_pure(file: str, module: str) -> bool:
    pure = {f"shared.{name}" for name in CONTRACT}
    return Path(file).stem not in CONTRACT or top(module) != "shared" or module.rpartition(".")[0] in pure


def docker_in_its_engine(file: str, module: str) -> bool:
    return top(module) != "docker" or file.startswith("orchestrator/engines/docker/")


def typer_in_the_command_line(file: str, module: str) -> bool:
    return top(module) not in {"typer", "click"} or file.startswith("orchestrator/cli/")


def cli_is_the_top(file: str, module: str) -> bool:
    return not f"{module}.".startswith("orchestrator.cli.") or file.startswith("orchestrator/cli/")


RULES: list[tuple[Rule, str]] = [
    (no_framework, "orchestrator"),
    (docker_in_its_engine, "orchestrator"),
    (typer_in_the_command_line, "orchestrator"),
    (cli_is_the_top, "orchestrator"),
    (own_image_only, "images"),
    (standard_library, "shared"),
    (contract_stays_pure, "shared"),
]


@pytest.mark.parametrize(("rule", "folder"), RULES, ids=lambda value: getattr(value, "__name__", value))
def test_the_rule_holds(rule: Rule, folder: str) -> None:
    assert broken(rule, folder) == []


@pytest.mark.parametrize(
    ("rule", "file", "line"),
    [
        (no_framework, "orchestrator/run/runner.py", "import torch.nn as nn"),
        (no_framework, "orchestrator/report/cells.py", "def late():\n    from tensorflow import keras"),
        (no_framework, "orchestrator/run/runner.py", "from images.torch import worker"),
        (docker_in_its_engine, "orchestrator/runtime.py", "from docker.errors import APIError"),
        (typer_in_the_command_line, "orchestrator/spec.py", "import typer"),
        (cli_is_the_top, "orchestrator/pipeline.py", "from orchestrator import cli"),
        (own_image_only, "images/torch/worker.py", "from orchestrator.record import Status"),
        (own_image_only, "images/torch/worker.py", "from images.tf import model"),
        (own_image_only, "images/torch/worker.py", "import images.torchlike.model"),
        (standard_library, "shared/events.py", "import numpy as np"),
        (standard_library, "shared/mnist.py", "import pandas"),
        (standard_library, "shared/mnist.py", "from orchestrator import idx"),
        (contract_stays_pure, "shared/emitter.py", "from shared.mnist import load"),
        (contract_stays_pure, "shared/emitter.py", "from shared import mnist"),
    ],
)
def test_a_planted_violation_is_caught(tmp_path: Path, rule: Rule, file: str, line: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(f"{line}\n")
    assert len(broken(rule, file.partition("/")[0], tmp_path)) == 1


@pytest.mark.parametrize(
    ("rule", "file", "line"),
    [
        (own_image_only, "images/torch/worker.py", "from images.torch import model"),
        (own_image_only, "images/torch/worker.py", "import torch"),
        (standard_library, "shared/mnist.py", "import pyarrow.parquet as pq"),
        (docker_in_its_engine, "orchestrator/engines/docker/build.py", "import docker"),
        (docker_in_its_engine, "orchestrator/runtime.py", "from orchestrator.engines.docker import connect"),
        (contract_stays_pure, "shared/emitter.py", "from shared.events import Event"),
    ],
)
def test_what_is_allowed_is_let_through(tmp_path: Path, rule: Rule, file: str, line: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(f"{line}\n")
    assert broken(rule, file.partition("/")[0], tmp_path) == []


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
