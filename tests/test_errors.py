"""The tree of exceptions in `orchestrator.errors` is complete, and each stands under its base and its module."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import orchestrator
from orchestrator import errors

ROOTS = {
    "BakeoffError": errors.BakeoffError,
    "Exception": Exception,
    "ValueError": ValueError,
    "ArithmeticError": ArithmeticError,
}
ROOT = re.compile(rf"^({'|'.join(ROOTS)})\b")
BRANCH = re.compile(r"^[│ ]*[├└]── ([\w.]+)")  # a package, or an exception behind its module's name


def declared() -> dict[str, type[BaseException]]:
    """Return the exceptions that `orchestrator` declares, by name; every module is imported first."""
    for module in pkgutil.walk_packages(orchestrator.__path__, "orchestrator."):
        importlib.import_module(module.name)
    return {kind.__name__: kind for kind in subclasses(BaseException) if kind.__module__.startswith("orchestrator.")}


def subclasses(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    for subclass in type.__subclasses__(kind):
        yield subclass
        yield from subclasses(subclass)


def drawn() -> dict[str, tuple[str, str]]:
    """Return the exceptions of the docstring's trees: name → root, and the module as far as the branches name it."""
    names, root, package = {}, "", ""
    for line in (errors.__doc__ or "").splitlines():
        if top := ROOT.match(line):
            root, package = top[1], ""
        elif branch := BRANCH.match(line):
            module, _, name = branch[1].rpartition(".")
            if name.endswith("Error") or name == "Interrupted":
                names[name] = (root, ".".join(part for part in (package, module) if part) or "errors")
            else:
                package = branch[1]
    return names


def test_every_exception_is_drawn_and_no_other() -> None:
    assert {*drawn(), "BakeoffError"} == set(declared())


@pytest.mark.parametrize("name", drawn())
def test_an_exception_is_drawn_under_its_base_and_its_module(name: str) -> None:
    kind, (root, module) = declared()[name], drawn()[name]
    assert next(ROOTS[base.__name__] for base in kind.__mro__ if base.__name__ in ROOTS) is ROOTS[root]
    assert kind.__module__ == f"orchestrator.{module}"


def test_every_exception_but_a_users_wish_ends_in_error() -> None:
    assert [name for name in declared() if not name.endswith("Error")] == ["Interrupted"]
