"""The section on how each recipe is written in each framework: counts, and the programs side by side."""

from __future__ import annotations

from orchestrator.analyse.summary import Summary
from orchestrator.analyse.syntax_counts import Program
from orchestrator.report.html.blocks import Block, Listing, Listings, Paragraph, Section, table

_DEFINITIONS = (
    "The plain program that a practitioner would write for each recipe, made by bakeoff code and run by no trial. "
    "Lines are those that are neither blank nor comment nor docstring. Names are the distinct ones reached from the "
    "framework's modules, such as a layer's. Concepts are the classes and functions among them that are called, and "
    "the distinct methods called on what they return. These are counts of the syntax tree: fewer is not by itself "
    "easier, and nothing here enters a verdict."
)


def section(summary: Summary) -> Section:
    """Return counts, what was counted, and the programs; empty where no contender has any."""
    if not summary.programs:
        return Section("programs", "", ())
    heads = ["framework", "recipe", "lines", "names of the framework", "concepts"]
    counted = table("The programs in numbers", heads, map(_counts, summary.programs), left=2)
    heads = ["framework", "recipe", "names of the framework", "methods of what it returns"]
    found = table("What was counted", heads, map(_found, summary.programs), left=4, folded=True)
    recipes = dict.fromkeys(program.recipe for program in summary.programs)
    listings = (_listings(recipe, summary.programs) for recipe in recipes)
    return Section("programs", "How each is written", (Paragraph(_DEFINITIONS), counted, found, *listings))


def _counts(program: Program) -> list[str]:
    counts = (program.lines, len(program.names), program.concepts)
    return [program.title, program.recipe, *map(str, counts)]


def _found(program: Program) -> list[str]:
    return [program.title, program.recipe, ", ".join(program.names), ", ".join(program.methods)]


def _listings(recipe: str, programs: tuple[Program, ...]) -> Block:
    items = [
        Listing(f"{program.title}: {recipe}", tuple(program.text.splitlines()))
        for program in programs
        if program.recipe == recipe
    ]
    return Listings(f"The programs of {recipe}", tuple(items))
