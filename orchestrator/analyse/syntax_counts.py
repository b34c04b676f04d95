"""A program in a framework's own idiom, and counts of its syntax. Counts, not a judgement.

docs/programs.md has the definitions.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Iterator

from orchestrator.values import Value

DATA_PACKAGES = ("numpy", "pyarrow")
"""What every program reads the data with; what else it imports, beside the standard library, is the framework."""

_NO_CODE = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


class Program(Value):
    """One recipe in one framework."""

    recipe: str
    contender: str  # its name, whatever the version: "torch"
    title: str
    text: str
    lines: int  # neither blank nor comment nor docstring
    names: tuple[str, ...]  # of the framework, that are reached from its modules: "torch.nn.Conv2d"
    methods: tuple[str, ...]  # that are called on what the framework returned: "backward"
    concepts: int  # names that are called, and methods


def make_program(recipe: str, contender: str, title: str, text: str) -> Program:
    """Count what stands in a program's text."""
    found = _Reader(ast.parse(text))
    return Program(
        recipe=recipe,
        contender=contender,
        title=title,
        text=text,
        lines=count_lines(text),
        names=tuple(sorted(found.names)),
        methods=tuple(sorted(found.methods)),
        concepts=len(found.called) + len(found.methods),
    )


def count_lines(text: str) -> int:
    """Count the lines that hold code: neither blank nor a comment nor a docstring."""
    docstrings = {line for each in _docstrings(ast.parse(text)) for line in range(each.lineno, _end(each) + 1)}
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    held = {line for each in tokens if each.type not in _NO_CODE for line in range(each.start[0], each.end[0] + 1)}
    return len(held - docstrings)


def _docstrings(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            assert isinstance(node.body[0], ast.Expr)
            yield node.body[0].value


def _end(node: ast.expr) -> int:
    return node.end_lineno or node.lineno


class _Reader:
    """Finds what of a program is the framework's.

    A variable is the framework's once it is bound to an expression in which something of the framework's stands, and
    so is a function that returns one. Variables count by their names, in whatever function they stand.
    """

    def __init__(self, tree: ast.Module) -> None:
        self._modules = dict(_imported(tree))
        self._variables: set[str] = set()
        while (
            new := {name for names, value in _bindings(tree) if self._is_own(value) for name in names} - self._variables
        ):
            self._variables |= new
        chains = list(_chains(tree))
        self.names = {name for chain in chains if (name := self._name(chain))}
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        self.called = {name for function in calls if (name := self._name(_dotted(function)))}
        methods = [function for function in calls if isinstance(function, ast.Attribute)]
        self.methods = {each.attr for each in methods if not self._name(_dotted(each)) and self._is_own(each.value)}

    def _is_own(self, value: ast.expr) -> bool:
        known = self._variables | set(self._modules)
        return any(isinstance(node, ast.Name) and node.id in known for node in ast.walk(value))

    def _name(self, dotted: str) -> str:
        """Return the full name of what is reached from a module, else ""."""
        first, _, rest = dotted.partition(".")
        whole = self._modules.get(first, "")
        return f"{whole}.{rest}" if whole and rest else whole


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield what is imported of the framework: the name here, and the whole one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((each.asname or each.name, each.name) for each in node.names if _of_framework(each.name))
        elif isinstance(node, ast.ImportFrom) and node.module and _of_framework(node.module):
            yield from ((each.asname or each.name, f"{node.module}.{each.name}") for each in node.names)


def _of_framework(module: str) -> bool:
    package = module.partition(".")[0]
    return package not in sys.stdlib_module_names and package not in DATA_PACKAGES


def _bindings(tree: ast.Module) -> Iterator[tuple[set[str], ast.expr]]:
    """Yield names with the expression that they are bound to; a function with each that it returns."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            yield {name for target in node.targets for name in _names(target)}, node.value
        elif isinstance(node, ast.AugAssign | ast.For):
            yield _names(node.target), node.value if isinstance(node, ast.AugAssign) else node.iter
        elif isinstance(node, ast.FunctionDef):
            returned = (each.value for each in ast.walk(node) if isinstance(each, ast.Return))
            yield from (({node.name}, value) for value in returned if value)


def _names(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _chains(tree: ast.Module) -> Iterator[str]:
    """Yield each name with what is reached from it, as far as it goes: "nn.functional.relu", not "nn.functional"."""
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and id(node) not in inner:
            yield _dotted(node)


def _dotted(node: ast.expr) -> str:
    """Write a chain of attributes that begins with a name, else ""."""
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""
