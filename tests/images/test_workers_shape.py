"""The architecture's invariants about `images/` and `shared/`, read from the source: no framework is needed."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TypeGuard

import pytest

from orchestrator.spec import recipes
from orchestrator.spec.contenders import IMAGES, ROOT
from shared.trial import Trial, to_json
from tests.support.imports import imported_by, imports_of, parsed, top

CONTENDERS = ("tf", "torch")
FILES = {
    "Dockerfile",
    "__init__.py",
    "backend.py",
    "contender.toml",
    "facts.py",
    "model.py",
    "optimizer.py",
    "probe.py",
    "requirements.in",
    "settings.py",
    "training.py",
    "worker.py",
}
OWN_FILES = {"tf": {"formulas.py"}, "torch": set[str]()}
"""Beside FILES: what Keras computes by another formula than the recipe."""

ON_THE_CLOCK = {"numpy", "pyarrow"}
"""What the worker itself imports within its first phase and nowhere else."""
FRAMEWORKS = {"torch", "tensorflow", "keras"}

READ_A_TRIAL_AND_SPEAK = """
import os, pathlib, sys
from shared.emitter import Emitter
from shared.recipe import parameter_count
from shared.timing import timed
from shared.trial import from_environment, to_json, from_json
trial = from_environment()
assert from_json(to_json(trial)) == trial
emitter = Emitter(trial.id, pathlib.Path(sys.argv[1]), 1)
with emitter.phase("build"), timed(lambda: None):
    pass
emitter.steps(1, [0.1, float("nan")])
emitter.close()
sys.stderr.write(str(parameter_count(trial.recipe)))
"""


def test_every_contender_has_the_same_files() -> None:
    assert {name: _files(IMAGES / name) - OWN_FILES[name] for name in CONTENDERS} == dict.fromkeys(CONTENDERS, FILES)


def test_a_worker_loads_no_numpy_and_no_pyarrow_before_its_first_phase() -> None:
    """Their seconds belong to the phase `import`; a module that is imported too early would hide them."""
    look = "import sys, images.torch.worker, images.tf.worker; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in found.stdout.split()}
    assert "shared" in loaded
    assert not loaded & {*FRAMEWORKS, *ON_THE_CLOCK}


@pytest.mark.parametrize("name", CONTENDERS)
def test_a_worker_imports_its_framework_only_on_the_clock(name: str) -> None:
    tree = parsed(IMAGES / name / "worker.py")
    before = {top(module) for statement in tree.body for module in imported_by(statement)}
    assert before <= {*sys.stdlib_module_names, "shared"}


def test_the_timed_region_sends_no_event_evaluates_nothing_and_reads_nothing_back() -> None:
    tree = parsed(ROOT / "shared" / "loop.py")
    timed = [node for node in ast.walk(tree) if isinstance(node, ast.With) and "timed(" in ast.unparse(node.items[0])]
    evaluation, training = timed
    assert _calls(training) - {"timed", "enumerate", "results.append"} == {"training.step"}
    assert _calls(evaluation) == {"timed", "evaluate"}


def test_the_clock_is_read_nowhere_but_in_shared() -> None:
    for path in sorted(IMAGES.glob("*/*.py")):
        assert not {"time", "timeit"} & {top(module) for module in imports_of(parsed(path))}, path
        assert "timed" not in path.read_text(encoding="utf-8"), path


def test_the_two_workers_differ_in_names_alone() -> None:
    for file in ("worker.py", "backend.py"):
        tf, torch = (ast.unparse(_without_own(parsed(IMAGES / name / file))) for name in CONTENDERS)
        renamed = torch.replace("images.torch", "images.tf").replace(
            "'torch', 'PyTorch', 'torch'", "'tf', 'TensorFlow', 'tensorflow'"
        )
        assert renamed == tf


@pytest.mark.parametrize("name", CONTENDERS)
def test_both_report_the_same_modes(name: str) -> None:
    keys = {contender: _keys_of_modes(contender) for contender in CONTENDERS}
    assert len(keys[name]) > 10
    assert keys["tf"] == keys["torch"]


def test_both_tell_facts_in_the_same_functions_and_the_comparable_ones_by_the_same_names() -> None:
    trees = {name: parsed(IMAGES / name / "facts.py") for name in CONTENDERS}
    named = {name: [node.name for node in tree.body if _is_public_function(node)] for name, tree in trees.items()}
    assert named["tf"] == named["torch"] == ["read", "comparable", "gpu", "flags"]
    for function in ("comparable", "gpu"):
        keys = {name: _keys(tree, function) for name, tree in trees.items()}
        assert len(keys["tf"]) > 3
        assert keys["tf"] == keys["torch"]


def test_the_facts_are_read_outside_of_every_phase_and_epoch() -> None:
    (run,) = [node for node in parsed(ROOT / "shared" / "worker.py").body if _is_function(node, "run")]
    told = [statement for statement in run.body if "facts.write" in ast.unparse(statement)]  # type: ignore[attr-defined]
    assert [type(statement) for statement in told] == [ast.Expr]


def test_the_contract_runs_on_the_oldest_python_at_hand(tmp_path: Path) -> None:
    recipe = recipes.load("article-torch")
    text = to_json(Trial("t", "torch==2.13.0", recipe, 1, "cpu", [], 1))
    found = subprocess.run(
        [_oldest_python(), "-W", "error", "-c", READ_A_TRIAL_AND_SPEAK, str(tmp_path)],
        cwd=ROOT,
        env={"BAKEOFF_TRIAL": text, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stderr) == (0, "29066")
    assert '"losses":[0.1,null]' in found.stdout
    assert (tmp_path / "events.jsonl").read_text() == found.stdout


def _oldest_python() -> str:
    """Find an interpreter of the oldest version that is installed; a version manager's shim may answer to none."""
    named = [shutil.which(f"python3.{minor}") for minor in (9, 10)]
    managed = sorted(map(str, Path.home().glob(".pyenv/versions/3.9.*/bin/python")))
    return next(filter(_runs, filter(None, [named[0], *managed, named[1]])), sys.executable)


def _runs(python: str) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def _files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}


def _is_function(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == name


def _is_public_function(node: ast.AST) -> TypeGuard[ast.FunctionDef]:
    return isinstance(node, ast.FunctionDef) and not node.name.startswith("_")


def _calls(node: ast.AST) -> set[str]:
    return {ast.unparse(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)}


def _without_own(tree: ast.Module) -> ast.Module:
    """Leave out what is each framework's own: its import, its variables, and how it places arrays on its device."""
    kept = [node for node in tree.body if not _is_own(node)]
    for node in kept:
        if isinstance(node, ast.ClassDef):
            node.body = [member for member in node.body if not _is_function(member, "place")]
    return ast.Module(body=kept, type_ignores=[])


def _is_own(node: ast.stmt) -> bool:
    if _is_function(node, "environment"):
        return True
    return bool(FRAMEWORKS & {top(module) for module in imported_by(node)})


def _keys_of_modes(name: str) -> list[str]:
    return _keys(parsed(IMAGES / name / "settings.py"), "modes")


def _keys(tree: ast.Module, function: str) -> list[str]:
    """Name the keys of the one dictionary that a function writes."""
    (body,) = [node for node in tree.body if _is_function(node, function)]
    (found,) = [node for node in ast.walk(body) if isinstance(node, ast.Dict)]
    return [key.value for key in found.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
