"""Recipes: the article's two as they are, and every way a file can be wrong."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import UsageError
from orchestrator.spec import recipes
from orchestrator.spec.recipe_schema import PARTS
from orchestrator.spec.tracks import not_stepwise
from shared.initial import FIRST, shared_weights
from shared.recipe import (
    LAYER_TYPES,
    Adam,
    AdamW,
    AveragePool2d,
    BatchNorm,
    Conv2d,
    Data,
    Dense,
    Flatten,
    Initial,
    Layer,
    LayerError,
    MaxPool2d,
    Optimizer,
    Recipe,
    RmsProp,
    Sgd,
    Slice,
    Training,
    multiplications_per_image,
    parameter_count,
    recipe_from,
    shapes,
)
from tests.support.paths import ROOT, ZOO

SOUND = """
name = "mine"
title = "a recipe of my own"
[data]
view = "8x8"
mean = 0
std = 1.0
train = { file = "train", start = 0, stop = 1000 }
validation = { file = "train", start = 1000, stop = 1200 }
[[layers]]
type = "conv2d"
filters = 4
kernel = 3
activation = "relu"
[[layers]]
type = "max_pool2d"
size = 2
[[layers]]
type = "flatten"
[[layers]]
type = "dense"
units = 10
[training]
epochs = 2
batch_size = 50
order = "sequential"
[initial]
distribution = "fan_in_uniform"
[optimizer]
type = "sgd"
learning_rate = 0.1
[quick]
train_images = 500
"""

ADAM = 'type = "adam"\nbeta_1 = 0.9\nbeta_2 = 0.999\nepsilon = 1e-8'
LAYER = "[[layers]]\ntype = "
NORM = f'{LAYER}"batch_norm"\nmomentum = 0.9\nepsilon = 1e-5'
POOL = f'{LAYER}"max_pool2d"\nsize = 2'
FLAT = 'type = "flatten"'


def test_the_articles_recipes_come_with_bakeoff() -> None:
    assert {"article-tf", "article-torch"} <= set(recipes.names())


@pytest.mark.parametrize("name", recipes.names())
def test_each_recipe_is_named_like_its_file_and_survives_json(name: str) -> None:
    recipe = recipes.load(name)
    assert recipe.name == name
    assert recipe_from(dataclasses.asdict(recipe)) == recipe


def test_article_tf_has_nine_million_parameters() -> None:
    # conv 3·3·1·32 + 32 = 320; conv 3·3·32·64 + 64 = 18,496; 24·24 pooled by 2 is 12·12·64 = 9,216 features;
    # dense 9,216·1,024 + 1,024 = 9,438,208; dense 1,024·10 + 10 = 10,250
    assert parameter_count(recipes.load("article-tf")) == 9_467_274


def test_article_torch_has_29_thousand_parameters() -> None:
    # conv 320 and 18,496 as above; 8 → 6 → 4, pooled by 1: 4·4·64 = 1,024 features; dense 1,024·10 + 10 = 10,250
    assert parameter_count(recipes.load("article-torch")) == 29_066


def test_a_recipe_file_is_read_whole(tmp_path: Path) -> None:
    assert recipes.load(written(tmp_path, SOUND)) == Recipe(
        name="mine",
        title="a recipe of my own",
        data=Data("8x8", 0.0, 1.0, Slice("train", 0, 1000), Slice("train", 1000, 1200)),
        layers=[Conv2d(4, 3, activation="relu"), MaxPool2d(2), Flatten(), Dense(10)],
        training=Training(2, 50, "sequential"),
        initial=Initial("fan_in_uniform"),
        optimizer=Sgd(0.1),
        quick=dataclasses.replace(recipes.load("article-tf").quick, train_images=500, validation_images=None),
    )


def test_the_files_schema_has_the_recipes_keys() -> None:
    assert list(recipes.RecipeFile.model_fields) == [field.name for field in dataclasses.fields(Recipe)]


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ('name = "mine"', 'name = "Mine"', "name: 'Mine' must be up to 64 of a-z"),
        ('name = "mine"', 'name = "a..b"', "name: 'a..b' must be up to 64 of a-z"),
        ('name = "mine"', 'name = "mine\\n"', "name: 'mine\\n' must be up to 64 of a-z"),
        ('name = "mine"', f'name = "{"a" * 65}"', "must be up to 64 of a-z"),
        ('name = "mine"', "", "name: is missing: add it"),
        ('name = "mine"', 'name = "article-tf"', "name: 'article-tf' is taken by a recipe of bakeoff"),
        ("a recipe of my own", "\\u001b[31m", "title: '\\x1b[31m' must be one line of text"),
        ('view = "8x8"', 'view = "9x9"', "[data] view: should be '28x28' or '8x8', not '9x9'"),
        ("mean = 0", "mean = nan", "[data] mean: should be a finite number, not nan"),
        ("mean = 0", 'mean = "0"', "[data] mean: should be a number, not '0'"),
        ("std = 1.0", "std = 0.0", "[data] std: must be 1e-06 or more, not 0"),
        ("stop = 1000 }", "stop = 60001 }", "[data] train: start 0 and stop 60001 must be"),
        ("stop = 1000 }", "stop = 0 }", "[data] train: start 0 and stop 0 must be"),
        ("stop = 1000 }", "stop = 1001 }", "[data] validation: shares images with train"),
        ("start = 0,", "start = -1,", "[data] train: start -1 and stop 1000 must be"),
        ("start = 0,", "start = 0.5,", "[data] train.start: should be a whole number, not 0.5"),
        ("start = 0,", "start = true,", "[data] train.start: should be a whole number, not true"),
        (
            '{ file = "train", start = 0',
            '{ file = "valid", start = 0',
            "[data] train.file: should be 'train'",
        ),
        ('"train", start = 1000, stop = 1200', '"test", start = 0, stop = 10001', "<= 10000 (test file)"),
        ("filters = 4", "filters = 0", "layer 1 (conv2d), filters: must be 1 or more, not 0"),
        ("filters = 4", 'filters = "4"', "layer 1 (conv2d), filters: should be a whole number, not '4'"),
        (
            "filters = 4",
            "filter = 4",
            "layer 1 (conv2d), filter = 4: conv2d has no filter here; it takes filters",
        ),
        ("filters = 4", "", "layer 1 (conv2d), filters: is missing: add it"),
        ("kernel = 3", "kernel = 9", "layer 1 (conv2d): a 9x9 kernel is larger than its input of 8x8"),
        ("size = 2", "size = 7", "layer 2 (max_pool2d): a 7x7 window is larger than its input of 6x6"),
        (
            'type = "flatten"',
            'type = "lstm"',
            "layer 3, type = 'lstm': must be one of conv2d, max_pool2d, average_pool2d, batch_norm, dropout,",
        ),
        (
            'type = "flatten"',
            "",
            "layer 3, type: is missing: it must be one of conv2d, max_pool2d, average_pool2d, batch_norm, dropout,",
        ),
        ('[[layers]]\ntype = "flatten"', "", "layer 3 (dense): a dense layer takes features"),
        ("units = 10", "units = 11", "layer 4 (dense): the last layer must be dense with 10 units and no activation"),
        (
            "units = 10",
            'units = 10\nactivation = "relu"',
            "layer 4 (dense): the last layer must be dense with 10",
        ),
        ("filters = 4", "filters = 100000000", "layers: more than 1,000,000,000 parameters"),
        ("epochs = 2", "epochs = 0", "[training] epochs: must be 1 or more, not 0"),
        ("epochs = 2", "epochs = 2020-01-01", "[training] epochs: should be a whole number, not '2020-01-01'"),
        ("batch_size = 50", "batch_size = 0", "[training] batch_size: must be 1 or more, not 0"),
        ("batch_size = 50", "batch_size = 1001", "[training] batch_size: 1001 is more than the 1000 training images"),
        (
            "learning_rate = 0.1",
            "learning_rate = -0.1",
            "[optimizer] sgd, learning_rate: must be more than 0",
        ),
        ("learning_rate = 0.1", "learning_rate = 1e999", "[optimizer] sgd, learning_rate: should be a finite number"),
        ('type = "sgd"', "", "[optimizer] type: is missing: it must be one of sgd, adam, adamw, rmsprop"),
        ('type = "sgd"', 'type = "lion"', "[optimizer] type = 'lion': must be one of sgd, adam, adamw, rmsprop"),
        ('type = "sgd"', 'type = "adam"', "[optimizer] adam, beta_1: is missing: add it; usual is 0.9"),
        ('type = "sgd"', 'type = "adamw"', "[optimizer] adamw, weight_decay: is missing: add it; usual is 0.01"),
        (
            'type = "sgd"',
            'type = "rmsprop"',
            "[optimizer] rmsprop, epsilon: is missing: add it; usual is 1e-8",
        ),
        ('type = "sgd"', 'type = "sgd"\nrho = 0.9', "[optimizer] sgd, rho = 0.9: sgd has no rho here (rmsprop has)"),
        ('type = "sgd"', 'type = "sgd"\nmomentum = 1.0', "[optimizer] sgd, momentum: must be from 0 to below 1, not 1"),
        ('type = "sgd"', 'type = "sgd"\nnesterov = true', "[optimizer] sgd, nesterov: looks ahead along the momentum"),
        (
            'type = "sgd"',
            ADAM.replace("0.999", "-0.1"),
            "[optimizer] adam, beta_2: must be from 0 to below 1, not",
        ),
        ('type = "sgd"', ADAM.replace("1e-8", "0.0"), "[optimizer] adam, epsilon: must be more than 0, not 0"),
        (
            'type = "sgd"',
            ADAM.replace("adam", "adamw") + "\nweight_decay = -1",
            "[optimizer] adamw, weight_decay: must be 0 or more",
        ),
        ("filters = 4", "filters = 4\nstride = 0", "layer 1 (conv2d), stride: must be 1 or more, not 0"),
        (
            "filters = 4",
            'filters = 4\npadding = "full"',
            "layer 1 (conv2d), padding: should be 'valid' or 'same'",
        ),
        ('"relu"', '"swish"', "layer 1 (conv2d), activation: should be 'relu', 'tanh' or 'gelu', not 'swish'"),
        (FLAT, f'{FLAT}\n{LAYER}"dropout"', "layer 4 (dropout), rate: is missing: add it; usual is 0.5"),
        (FLAT, f'{FLAT}\n{LAYER}"dropout"\nrate = 1.0', "layer 4 (dropout), rate: must be from 0 to below 1, not 1"),
        (FLAT, f'{FLAT}\n{LAYER}"batch_norm"', "layer 4 (batch_norm), momentum: is missing: add it; usual is 0.9"),
        (FLAT, f"{FLAT}\n{NORM.replace('1e-5', '-1')}", "layer 4 (batch_norm), epsilon: must be more than 0, not -1"),
        (
            FLAT,
            f'{FLAT}\n{LAYER}"average_pool2d"\nsize = 2',
            "layer 4 (average_pool2d): ",
        ),
        ('activation = "relu"', NORM, "layer 1 (conv2d), bias: has no effect: a batch norm behind it subtracts it"),
        (f'activation = "relu"\n{POOL}', f"{POOL}\n{NORM}", "layer 1 (conv2d), bias: has no effect"),
        ("train_images = 500", "train_images = 1001", "[quick] train_images: must be from 50 to 1000, not 1001"),
        ("train_images = 500", "train_images = 49", "[quick] train_images: must be from 50 to 1000, not 49"),
        ("train_images = 500", "validation_images = 0", "[quick] validation_images: must be from 1 to 200, not 0"),
        (
            "[quick]",
            "[quick]\nimages = 3",
            "[quick] images = 3: [quick] has no images here; it takes train_images",
        ),
        ("[quick]", "[fast]", "fast = {'train_images': 500}: a recipe has no fast here"),
        ('distribution = "fan_in_uniform"', 'distribution = "zeros"', "[initial] distribution: should be"),
        ("[initial]", "[initial", "is not TOML"),
    ],
)
def test_a_wrong_value_is_told_with_file_key_and_remedy(tmp_path: Path, right: str, wrong: str, told: str) -> None:
    path = written(tmp_path, SOUND.replace(right, wrong, 1))
    with pytest.raises(UsageError) as caught:
        recipes.load(path)
    assert path in caught.value.message
    assert told in str(caught.value)
    assert caught.value.remedy
    assert caught.value.exit_code == 2


@given(numbers=st.lists(st.one_of(st.integers(-2, 12), st.integers(), st.floats()), min_size=14, max_size=14))
def test_whatever_the_numbers_a_file_is_read_or_refused_with_a_remedy(
    numbers: list[float], tmp_path_factory: pytest.TempPathFactory
) -> None:
    drawn = iter(numbers)
    text = re.sub(r"(?<= = )\d[\d.]*", lambda number: str(next(drawn)), SOUND)
    path = written(tmp_path_factory.mktemp("recipe"), text)
    try:
        assert shapes(recipes.load(path))[-1] == (10,)
    except UsageError as error:
        assert error.remedy  # noqa: PT017 - either outcome is right


def test_a_recipe_without_layers_is_told(tmp_path: Path) -> None:
    start, end = SOUND.index("[[layers]]"), SOUND.index("[training]")
    path = written(tmp_path, "layers = []\n" + SOUND[:start] + SOUND[end:])
    with pytest.raises(UsageError, match="layers: the last layer must be dense"):
        recipes.load(path)


def test_several_faults_are_told_at_once(tmp_path: Path) -> None:
    faulty = (
        SOUND.replace("filters = 4", "filters = -4").replace("epochs = 2", "epochs = 0").replace("std = 1", "std = 0")
    )
    with pytest.raises(UsageError) as caught:
        recipes.load(written(tmp_path, faulty))
    assert [line.split(":")[:3] for line in caught.value.lines] == [
        ["mine.toml", "7", " [data] std"],
        ["mine.toml", "12", " layer 1 (conv2d), filters"],
        ["mine.toml", "24", " [training] epochs"],
    ]


def test_several_missing_and_unknown_keys_are_told_at_once(tmp_path: Path) -> None:
    faulty = SOUND.replace("mean = 0", "average = 0").replace("units = 10", "units = 1.5")
    with pytest.raises(UsageError) as caught:
        recipes.load(written(tmp_path, faulty))
    assert [line.split(":")[:3] for line in caught.value.lines] == [
        ["mine.toml", "4", " [data] mean"],  # a key that is missing has the line of its section
        ["mine.toml", "6", " [data] average = 0"],
        ["mine.toml", "22", " layer 4 (dense), units"],
    ]


def test_a_key_of_another_optimiser_is_named_with_its_owner_and_not_told_to_be_removed(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        recipes.load(written(tmp_path, SOUND.replace('type = "sgd"', 'type = "sgd"\nweight_decay = 5e-4')))
    assert caught.value.lines == (
        "mine.toml:31: [optimizer] sgd, weight_decay = 0.0005: sgd has no weight_decay here (adamw has); it takes "
        "learning_rate, momentum, nesterov. Removing it may train another program. See docs/recipes.md#optimisers",
    )


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        (
            "epochs = 2",
            "epochs = 2\nepoch = 3",
            "[training] has no epoch here; it takes epochs, batch_size, order: d",
        ),
        ("epochs = 2", "epochs = 2\nrho = 0.9", "[training] has no rho here (rmsprop has)"),
        (FLAT, f"{FLAT}\nunits = 3", "flatten has no units here (dense has); it takes no key. Removing"),
        ("[training]", "[schedule]\nx = 1\n[training]", "a recipe has no schedule here; it takes name, title, data"),
        ("start = 0,", "start = 0, end = 3,", "a slice of [data] has no end here; it takes file, start, stop"),
        ('"max_pool2d"', '"MaxPool2d"', "did you mean max_pool2d? See docs/recipes.md#layers"),
        ('"sequential"', '"Sequential"', "not 'Sequential': did you mean sequential? See docs/recipes.md#the-rest"),
    ],
)
def test_a_fault_says_what_is_allowed_there_and_where_else_the_key_is(
    tmp_path: Path, right: str, wrong: str, told: str
) -> None:
    with pytest.raises(UsageError) as caught:
        recipes.load(written(tmp_path, SOUND.replace(right, wrong, 1)))
    assert told in str(caught.value)


def test_faults_name_headings_and_keys_that_the_documentation_has() -> None:
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    headings = {line.removeprefix("## ").lower().replace(" ", "-") for line in page.splitlines() if line[:3] == "## "}
    assert {"layers", "optimisers", "the-rest-of-a-recipe"} <= headings
    for parts in PARTS.values():
        for keys in parts.values():
            assert [key for key in keys if f"`{key}`" not in page and f"[{key}]" not in page] == []


def test_a_lone_image_for_batch_norm_is_told_in_a_file_and_by_its_option(tmp_path: Path) -> None:
    normal = SOUND.replace(FLAT, f"{FLAT}\n{NORM}")
    with pytest.raises(
        UsageError, match="batch_size: 37 leaves a batch of one of 1000 images, and batch norm needs two"
    ):
        recipes.load(written(tmp_path, normal.replace("batch_size = 50", "batch_size = 37")))
    recipe = recipes.load(written(tmp_path, normal))
    with pytest.raises(UsageError, match="--train-images 101 leaves a batch of one image, and batch norm needs two"):
        recipes.apply_sizes(recipe, train_images=101)
    assert recipes.apply_sizes(recipe, train_images=102).data.train.images == 102


def test_a_layer_of_which_nobody_says_how_it_starts_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(FIRST, Dense)
    with pytest.raises(UsageError, match=r"layer 4 \(dense\): has weights and nothing says how they start") as caught:
        recipes.load(written(tmp_path, SOUND))
    assert caught.value.exit_code == 2


OPTIMIZERS = [
    Sgd(0.1, momentum=0.9, nesterov=True),
    Adam(0.1, 0.9, 0.999, 1e-8),
    AdamW(0.1, 0.9, 0.999, 1e-8, 0.01),
    RmsProp(0.1, 0.9, 1e-8),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda each: each.type)
def test_every_optimizer_is_read_whole_and_survives_json(optimizer: Optimizer, tmp_path: Path) -> None:
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in dataclasses.asdict(optimizer).items())
    recipe = recipes.load(written(tmp_path, SOUND.replace('type = "sgd"\nlearning_rate = 0.1', lines)))
    assert recipe.optimizer == optimizer
    assert recipe_from(json.loads(json.dumps(dataclasses.asdict(recipe)))) == recipe


def test_a_recipe_of_every_layer_is_read_whole_and_survives_json() -> None:
    recipe = recipes.load(str(ZOO))
    assert {type(layer) for layer in recipe.layers} == {*LAYER_TYPES.values()}
    assert recipe_from(json.loads(json.dumps(dataclasses.asdict(recipe)))) == recipe


def test_dropout_and_a_start_of_ones_own_are_the_reasons_not_to_compare_steps() -> None:
    zoo, matched, article = recipes.load(str(ZOO)), recipes.load("matched"), recipes.load("article-tf")
    assert not_stepwise(matched) == ""
    assert not_stepwise(zoo) == "dropout draws other masks in each framework"
    assert not_stepwise(article) == "each framework draws first weights of its own"


def test_multiplications_count_a_kernel_at_each_of_its_positions() -> None:
    # stride 2 leaves 4x4 positions of 3·3·1·6 + 6 = 60 parameters; batch norm scales and shifts 6 channels at each
    layers: list[Layer] = [Conv2d(6, 3, stride=2, padding="same"), BatchNorm(0.9, 1e-5), AveragePool2d(2)]
    assert multiplications_per_image(of_layers([*layers, Flatten(), Dense(10)])) == 16 * 60 + 16 * 12 + (24 * 10 + 10)


def test_a_misspelt_name_gets_a_guess_and_the_valid_names() -> None:
    with pytest.raises(UsageError, match="there is no recipe 'article-tff'") as caught:
        recipes.load("article-tff")
    assert "did you mean article-tf?" in caught.value.remedy
    assert "article-torch" in caught.value.remedy


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"mine\.toml cannot be read: No such file"):
        recipes.load(str(tmp_path / "mine.toml"))


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"mine\.toml is not TOML"):
        recipes.load(str(tmp_path / "mine.toml"))


def test_a_shipped_recipe_may_be_named_by_its_path() -> None:
    assert recipes.load(str(recipes.FOLDER / "article-tf.toml")) == recipes.load("article-tf")


def test_nothing_asked_for_leaves_the_recipe_as_it_is() -> None:
    recipe = recipes.load("article-tf")
    assert recipes.apply_sizes(recipe, quick=False, epochs=None, train_images=None, batch_size=None) == recipe


def test_quick_takes_the_first_images_of_each_slice() -> None:
    data = recipes.apply_sizes(recipes.load("article-tf"), quick=True).data
    assert data.train == Slice("train", 0, 6_000)
    assert data.validation == Slice("train", 42_000, 44_000)


def test_the_cheap_recipe_runs_whole_in_quick() -> None:
    recipe = recipes.load("article-torch")
    assert recipes.apply_sizes(recipe, quick=True) == recipe


def test_train_images_limit_training_and_nothing_else() -> None:
    recipe = recipes.load("article-torch")
    data = recipes.apply_sizes(recipe, train_images=1_000).data
    assert data.train == Slice("train", 0, 1_000)
    assert data.validation == recipe.data.validation


def test_an_option_wins_over_the_quick_size() -> None:
    data = recipes.apply_sizes(recipes.load("article-tf"), quick=True, train_images=10_000).data
    assert (data.train.images, data.validation.images) == (10_000, 2_000)


def test_epochs_and_batch_size_replace_the_recipes() -> None:
    training = recipes.apply_sizes(recipes.load("article-tf"), epochs=1, batch_size=64).training
    assert (training.epochs, training.batch_size, training.order) == (1, 64, "framework")


@pytest.mark.parametrize("value", [0, -1])
def test_a_size_below_one_is_refused_by_its_option(value: int) -> None:
    recipe = recipes.load("article-tf")
    with pytest.raises(UsageError, match=r"^--epochs"):
        recipes.apply_sizes(recipe, epochs=value)
    with pytest.raises(UsageError, match=r"^--train-images"):
        recipes.apply_sizes(recipe, train_images=value)
    with pytest.raises(UsageError, match=r"^--batch-size"):
        recipes.apply_sizes(recipe, batch_size=value)


def test_more_training_images_than_the_recipe_has_are_refused() -> None:
    with pytest.raises(UsageError, match="--train-images 42001 is more than the 42,000 training images article-tf has"):
        recipes.apply_sizes(recipes.load("article-tf"), train_images=42_001)


def test_fewer_images_than_a_batch_are_refused_by_the_option_given() -> None:
    recipe = recipes.load("article-torch")
    with pytest.raises(UsageError, match="--train-images 511 makes a batch of 512 of 511 training images"):
        recipes.apply_sizes(recipe, train_images=511)
    with pytest.raises(UsageError, match="--batch-size 60001 makes a batch"):
        recipes.apply_sizes(recipe, batch_size=60_001)


@given(st.integers(1, 42_000), st.integers(1, 42_000), st.booleans())
def test_a_sized_recipe_trains_the_images_asked_for_or_is_refused(images: int, batch_size: int, quick: bool) -> None:
    recipe = recipes.load("article-tf")
    if batch_size > images:
        with pytest.raises(UsageError):
            recipes.apply_sizes(recipe, quick=quick, train_images=images, batch_size=batch_size)
    else:
        sized = recipes.apply_sizes(recipe, quick=quick, train_images=images, batch_size=batch_size)
        assert sized.data.train == Slice("train", 0, images)
        assert sized.training.batch_size == batch_size


CONVOLUTIONS = st.builds(Conv2d, st.integers(1, 8), st.integers(1, 9))
POOLS = st.builds(MaxPool2d, st.integers(1, 4))
IMAGE_LAYERS = st.lists(st.one_of(CONVOLUTIONS, POOLS), max_size=6)
DENSE_LAYERS = st.lists(st.builds(Dense, st.integers(1, 50)), max_size=3)


@given(IMAGE_LAYERS, DENSE_LAYERS)
def test_parameters_are_those_of_arrays_of_the_right_shape(image_layers: list[Layer], dense: list[Layer]) -> None:
    """Another way to the same number: list the arrays a framework would allocate and count their elements."""
    side, channels, sizes = 8, 1, []
    for layer in image_layers:
        if isinstance(layer, Conv2d):
            sizes += [layer.kernel**2 * channels * layer.filters, layer.filters]
            side, channels = side - layer.kernel + 1, layer.filters
        elif isinstance(layer, MaxPool2d):
            side //= layer.size
        if side < 1:
            break
    recipe = of_layers([*image_layers, Flatten(), *dense])
    if side < 1:
        with pytest.raises(LayerError):
            shapes(recipe)
        return
    features = [side * side * channels, *(layer.units for layer in dense if isinstance(layer, Dense))]
    sizes += [before * after + after for before, after in itertools.pairwise(features)]
    assert parameter_count(recipe) == sum(sizes)
    assert shapes(recipe)[-1] == (features[-1],)


def test_a_layer_that_does_not_fit_is_named_by_its_place() -> None:
    with pytest.raises(LayerError, match="a conv2d takes an image") as caught:
        shapes(of_layers([Flatten(), Conv2d(1, 1)]))
    assert caught.value.index == 1


def of_layers(layers: list[Layer]) -> Recipe:
    return dataclasses.replace(recipes.load("article-torch"), layers=layers)


def written(folder: Path, text: str) -> str:
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    return str(folder / "mine.toml")


@pytest.mark.parametrize("name", ["matched", "matched-8x8"])
def test_matched_biases_start_off_relus_kink(name: str) -> None:
    """A blank border seen through biases of 0 is exactly 0, where rounding decides for thousands of units at once."""
    weights = dict(shared_weights(recipes.load(name), seed=1))
    assert all(weights[bias].all() for bias in weights if bias.endswith(".bias"))
