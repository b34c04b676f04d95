"""Counts of a program's syntax: lines, names of the framework, and what a reader must know."""

from __future__ import annotations

from orchestrator.analyse.programs import programs
from orchestrator.analyse.syntax_counts import Program, count_lines, make_program
from orchestrator.spec import recipes


def made(text: str) -> Program:
    return make_program("r", "made", "Made-up", text)


def test_a_line_counts_unless_it_is_blank_a_comment_or_a_docstring() -> None:
    text = (
        '"""Two\nlines."""\n\nimport net  # why\n\n# a comment\n\n\ndef f():\n    """One."""\n    return """a\nb"""\n'
    )
    assert count_lines(text) == 4


def test_names_are_those_that_are_reached_from_the_frameworks_modules() -> None:
    text = (
        "import json\nimport numpy as np\nimport net\nfrom net import layers as l\nfrom net.data import Loader\n"
        "json.dumps(np.ones(3))\nnet.seed(1)\nnet.seed(2)\nl.deep.Dense(Loader(l.RELU))\nseed.other()\n"
    )
    assert made(text).names == ("net.data.Loader", "net.layers.RELU", "net.layers.deep.Dense", "net.seed")


def test_concepts_are_called_names_and_methods_of_what_the_framework_returned() -> None:
    text = (
        "import net\n\ndef load(path):\n    return net.Data(path.open())\n\n"
        "data = load('a')\nmodel = net.Model(net.RELU)\nwords = 'a b'.split()\n"
        "for batch in data.batches():\n    loss = model(batch).mean()\n    loss.backward()\n    total = words.pop()\n"
        "    total += loss.item()\n"
    )
    found = made(text)
    assert found.names == ("net.Data", "net.Model", "net.RELU")
    assert found.methods == ("backward", "batches", "item", "mean")  # neither open, split nor pop
    assert found.concepts == 2 + 4


def test_each_recipe_stands_once_in_each_framework_that_has_a_template() -> None:
    found = programs([recipes.load("article-tf"), recipes.load("matched")], ["torch", "tf", "torch", "", "stub"])
    assert [(each.recipe, each.contender, each.title) for each in found] == [
        ("article-tf", "torch", "PyTorch"),
        ("article-tf", "tf", "TensorFlow"),
        ("matched", "torch", "PyTorch"),
        ("matched", "tf", "TensorFlow"),
    ]
    torch, tf = found[:2]
    assert {"torch.nn.Conv2d", "torch.utils.data.DataLoader", "torch.optim.SGD"} <= set(torch.names)
    assert {"backward", "step", "zero_grad", "eval"} <= set(torch.methods)
    assert tf.methods == ("compile", "evaluate", "fit")
    assert {name.partition(".")[0] for name in tf.names} == {"tensorflow"}
