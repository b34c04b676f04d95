"""A recipe as a plain program of each framework: it says what the recipe says, and is Python that people write."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.spec import program, recipes
from orchestrator.spec.contenders import offered_contenders
from shared.recipe import Adam, AdamW, AveragePool2d, BatchNorm, Conv2d, Dense, Flatten, Layer, Recipe, RmsProp, Sgd
from tests.support import paths
from tests.support.imports import imports_of, top
from tests.support.paths import ROOT

ZOO = recipes.load(str(paths.ZOO))
OPTIMIZERS = (
    Sgd(0.01, momentum=0.9),
    Sgd(0.01, momentum=0.9, nesterov=True),
    Adam(0.001, 0.9, 0.999, 1e-8),
    AdamW(0.001, 0.9, 0.999, 1e-8, 0.01),
    RmsProp(0.001, 0.9, 1e-8),
)
EVERY = [*map(recipes.load, recipes.names()), ZOO, *(replace(ZOO, optimizer=each) for each in OPTIMIZERS)]
CONTENDERS = sorted(offered_contenders())
PACKAGES = {"tf": "tensorflow", "torch": "torch"}


def with_layers(*layers: Layer) -> Recipe:
    return replace(ZOO, layers=[*layers, Flatten(), Dense(10)])


def lines(recipe: Recipe, name: str) -> list[str]:
    return [line.strip() for line in program.render(recipe, name).splitlines()]


@pytest.mark.parametrize("name", CONTENDERS)
def test_every_contender_has_a_program_for_every_recipe_and_it_needs_the_framework_and_readers_alone(name: str) -> None:
    for recipe in EVERY:
        found = {top(module) for module in imports_of(ast.parse(program.render(recipe, name)))}
        assert found == {"argparse", "pathlib", "numpy", "pyarrow", PACKAGES[name]}


def test_every_program_is_formatted_and_passes_the_linter(tmp_path: Path) -> None:
    for number, recipe in enumerate(EVERY):
        for name in CONTENDERS:
            (tmp_path / f"{name}_{number}.py").write_text(program.render(recipe, name))
    checked = ["ruff", "check", "--isolated", "--no-cache", "--line-length", "100", "--select", "E,F,I,W,B,UP,RET"]
    formatted = ["ruff", "format", "--isolated", "--no-cache", "--line-length", "100", "--check"]
    for command in (checked, formatted):
        told = subprocess.run(
            [*_of_environment(command), "."], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert told.returncode == 0, told.stdout


def _of_environment(command: list[str]) -> list[str]:
    return [sys.executable, "-m", *command]


@pytest.mark.parametrize("name", CONTENDERS)
def test_the_programs_that_the_docs_show_are_those_that_are_printed(name: str) -> None:
    page = (ROOT / "docs" / "programs.md").read_text(encoding="utf-8")
    shown = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert program.render(recipes.load("article-torch"), name) in shown


def test_sizes_order_and_scaling_are_the_recipes() -> None:
    recipe = recipes.apply_sizes(recipes.load("article-tf"), epochs=3, train_images=7000, batch_size=50)
    assert {"batch_size=50,", "epochs=3,", "shuffle=True,"} <= set(lines(recipe, "tf"))
    assert 'images, labels = load(options.data / "train.parquet", 0, 7000)' in lines(recipe, "tf")
    assert "loader = DataLoader(train, batch_size=50, shuffle=True, drop_last=False)" in lines(recipe, "torch")
    assert "for epoch in range(1, 4):" in lines(recipe, "torch")
    for name in CONTENDERS:
        assert "images = (images - 0.1307) / 0.3081" in lines(recipes.load("article-torch"), name)
        assert not [line for line in lines(recipe, name) if line.startswith("images = (images")]
    assert "shuffle=False," in lines(recipes.load("article-torch"), "tf")


def test_a_distribution_of_first_weights_that_is_not_the_frameworks_default_is_written_out() -> None:
    glorot, fans = recipes.load("article-tf"), recipes.load("article-torch")
    assert "nn.init.xavier_uniform_(module.weight)" in lines(glorot, "torch")
    assert "nn.init.zeros_(module.bias)" in lines(glorot, "torch")
    assert not [line for line in lines(fans, "torch") if "nn.init" in line]
    found = lines(fans, "tf")
    assert "bound = fan_in**-0.5" in found
    assert 'keras.layers.Conv2D(64, 3, activation="relu", **fan_in_uniform(288)),' in found


def test_biases_that_a_network_does_not_have_are_not_set() -> None:
    assert "if module.bias is not None:" in lines(ZOO, "torch")
    without = replace(ZOO, layers=[Flatten(), Dense(10, bias=False)])
    assert not [line for line in lines(without, "torch") if "module.bias" in line]


def test_zeros_around_an_image_are_put_where_the_recipe_has_them() -> None:
    odd = lines(with_layers(Conv2d(6, 3, stride=2, padding="same")), "torch")
    assert odd[odd.index("nn.ZeroPad2d((0, 1, 0, 1)),  # left, right, above, below") + 1] == (
        "nn.Conv2d(1, 6, kernel_size=3, stride=2),"
    )
    even = lines(with_layers(Conv2d(6, 5, padding="same")), "torch")
    assert "nn.Conv2d(1, 6, kernel_size=5, padding=2)," in even
    assert not [line for line in even if "ZeroPad2d" in line]


def test_the_momentum_of_a_batch_norm_is_turned_round_for_pytorch() -> None:
    recipe = with_layers(Conv2d(6, 3, bias=False), BatchNorm(0.8, 0.001, activation="relu"), AveragePool2d(2))
    assert "nn.BatchNorm2d(6, eps=0.001, momentum=1 - 0.8)," in lines(recipe, "torch")
    assert "keras.layers.BatchNormalization(momentum=0.8, epsilon=0.001)," in lines(recipe, "tf")


@pytest.mark.parametrize(
    ("optimizer", "keras", "torch"),
    [
        (
            OPTIMIZERS[1],
            "SGD(learning_rate=0.01, momentum=0.9, nesterov=True)",
            "SGD(… lr=0.01, momentum=0.9, nesterov=True)",
        ),
        (
            OPTIMIZERS[3],
            "AdamW(learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-08, weight_decay=0.01)",
            "AdamW(… lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01)",
        ),
        (
            OPTIMIZERS[4],
            "RMSprop(learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-08)",
            "RMSprop(… lr=0.001, alpha=0.9, eps=1e-08)",
        ),
    ],
)
def test_an_optimizer_is_given_every_constant_of_its_formula(optimizer: Sgd, keras: str, torch: str) -> None:
    recipe = replace(ZOO, optimizer=optimizer)
    for name, expected in (("tf", f"keras.optimizers.{keras}"), ("torch", f"torch.optim.{torch}")):
        found = {
            ast.unparse(node)
            for node in ast.walk(ast.parse(program.render(recipe, name)))
            if isinstance(node, ast.Call)
        }
        assert expected.replace("…", "model.parameters(),") in found


@pytest.mark.parametrize(
    ("optimizer", "told"), [(OPTIMIZERS[2], "adds epsilon before"), (OPTIMIZERS[4], "adds epsilon under the root")]
)
def test_what_kerass_own_pieces_compute_otherwise_is_said_where_they_stand(optimizer: Adam, told: str) -> None:
    text = program.render(replace(ZOO, optimizer=optimizer), "tf")
    assert told in text
    assert "keeps the biased variance" in text
    assert "adds epsilon" not in program.render(recipes.load("article-tf"), "tf")


@pytest.mark.parametrize("name", CONTENDERS)
@pytest.mark.parametrize(
    "title", ['""" + boom() + """', 'ends with a quote"', "a \\", "a\nboom()", "\u202eboom()\u2029boom()"]
)
def test_a_title_from_outside_stays_within_the_docstring(title: str, name: str) -> None:
    tree = ast.parse(program.render(replace(ZOO, title=title), name))
    assert (ast.get_docstring(tree) or "").startswith("zoo: ")
    assert "boom()" not in ast.unparse(ast.Module(tree.body[1:], type_ignores=[]))
    assert not set("\u202e\u2029") & set(ast.get_docstring(tree) or "")


def test_a_framework_without_a_template_is_refused_with_those_that_have_one() -> None:
    assert not program.has_program("stub")
    with pytest.raises(UsageError) as refused:
        program.render(ZOO, "stub")
    assert refused.value.remedy == (
        "contenders with programs: tf, torch; docs/programs.md says how to write a template"
    )


def test_no_template_is_part_of_an_image() -> None:
    for name in CONTENDERS:
        copied = re.findall(rf"images/{name}/\S+", (ROOT / "images" / name / "Dockerfile").read_text())
        assert not [each for each in copied if "program" in each]
