"""What a user asks for: from options, from files, and written as a command again."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.cli import app
from orchestrator.errors import UsageError
from orchestrator.spec.spec import ExplainSpec, Spec, read_spec, validate

WORDS = st.from_regex(r"[a-z0-9][a-z0-9 _.$'\"*\[\]=/-]{0,12}", fullmatch=True)
NUMBERS = st.none() | st.integers(1, 10**6)


def without_conflicts(**asked: Any) -> Spec:
    """Leave out what the model would refuse beside the rest."""
    left_out = {"gpu"} if asked["device"] == "cpu" else set()
    left_out |= {"python"} if asked["engine"] == "docker" else set()
    return Spec(**{name: value for name, value in asked.items() if name not in left_out})


SPECS = st.builds(
    without_conflicts,
    contenders=st.lists(WORDS, min_size=1, max_size=3),
    recipes=st.lists(WORDS, min_size=1, max_size=3),
    seeds=st.integers(1, 1000),
    runs=st.integers(1, 1000),
    epochs=NUMBERS,
    train_images=NUMBERS,
    batch_size=NUMBERS,
    profile=st.sampled_from(["auto", "article", "quick"]),
    engine=st.sampled_from(["auto", "docker", "process"]),
    device=st.sampled_from(["auto", "cpu", "cuda"]),
    variant=st.sampled_from(["auto", "cpu", "cuda"]),
    gpu=st.none() | st.sampled_from(["0", "GPU-4f1a"]),
    threads=NUMBERS,
    timeout_seconds=st.floats(1e-3, 1e12),
    allow_foreign_image=st.booleans(),
    python=st.lists(WORDS, max_size=2),
)


COMMANDS: Any = typer.main.get_command(app).commands  # type: ignore[attr-defined] # built once: it takes 0.1 s


def parsed(command: str) -> Spec:
    """Read a command as the command line does."""
    program, name, *words = shlex.split(command)
    assert (program, name) == ("bakeoff", "compare")
    given = COMMANDS["compare"].make_context("compare", words).params
    return validate(
        Spec, {name: given[name] for name in Spec.model_fields if given[name] not in (None, [], ())}, "here"
    )


@given(SPECS)
def test_the_command_of_a_comparison_repeats_it(spec: Spec) -> None:
    assert parsed(spec.command) == spec


def test_the_command_says_no_more_than_was_asked() -> None:
    assert Spec().command == "bakeoff compare tf torch"
    spec = Spec(contenders=("torch==2.13.0", "tf[xla]"), epochs=2, recipes=("my recipe.toml",), timeout_seconds=90.5)
    assert spec.command == (
        "bakeoff compare torch==2.13.0 'tf[xla]' --recipe 'my recipe.toml' --epochs 2 --timeout 90.5"
    )


def test_a_toml_file_is_a_comparison(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('contenders = ["torch==2.13.0", "torch==2.14.1"]\nseeds = 3\n')
    assert read_spec(tmp_path / "mine.toml") == Spec(contenders=("torch==2.13.0", "torch==2.14.1"), seeds=3)


def test_an_empty_file_is_the_default_comparison(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("")
    assert read_spec(tmp_path / "mine.toml") == Spec()


def test_the_comparison_file_of_a_run_repeats_it(tmp_path: Path) -> None:
    asked = Spec(contenders=("torch",), epochs=1, python=("torch=/usr/bin/python3",))
    document = {"id": "20261122-120000-torch", "title": "what it was", "spec": asked.model_dump(mode="json")}
    (tmp_path / "comparison.json").write_text(json.dumps(document))
    assert read_spec(tmp_path / "comparison.json") == asked


def test_json_may_hold_the_comparison_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"seeds": 2}')
    assert read_spec(tmp_path / "mine.json") == Spec(seeds=2)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("mine.toml", "seed = 3", "seed = 3: there is no such key here: did you mean seeds?"),
        ("mine.json", '{"seed": 3}', "seed = 3: there is no such key here: did you mean seeds?"),
        ("comparison.json", '{"spec": {"seed": 3}}', "seed = 3: there is no such key here: did you mean seeds?"),
        ("mine.toml", 'seeds = "many"', "mine.toml:1: seeds: should be a whole number, not 'many'"),
        ("mine.toml", "seeds = 0", "seeds: should be at least 1, not 0"),
        ("mine.toml", 'contenders = "torch"', "contenders: should be a list, not 'torch'"),
        ("mine.toml", "contenders = []", "contenders: Tuple should have at least 1 item"),
        ("mine.toml", 'profile = "slow"', "profile: should be 'auto', 'article' or 'quick'"),
        ("mine.json", "[]", "the file: should be"),
        ("mine.json", '{"spec": 3}', "the file: should be"),
        ("mine.toml", "seeds = ", "cannot be read"),
        ("mine.json", "{", "cannot be read"),
    ],
)
def test_a_bad_file_names_itself_its_key_and_the_fault(tmp_path: Path, name: str, content: str, told: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(UsageError) as error:
        read_spec(tmp_path / name)
    assert str(tmp_path / name) in error.value.message
    assert told in str(error.value)
    assert error.value.remedy


def test_an_unknown_key_lists_the_valid_ones() -> None:
    with pytest.raises(UsageError) as error:
        validate(Spec, {"seed": 3}, "mine.toml")
    assert error.value.remedy.startswith("valid keys: contenders, recipes, seeds, runs, until_decided, reference, ")


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(UsageError) as error:
        validate(Spec, {"seeds": 0, "runs": 0}, "mine.toml")
    assert error.value.lines == ("seeds: should be at least 1, not 0", "runs: should be at least 1, not 0")


def test_a_file_that_is_missing_or_not_text_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_spec(tmp_path / "mine.toml")
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot be read"):
        read_spec(tmp_path / "mine.toml")


def test_the_command_of_a_walk_names_its_ends_and_repeats_it() -> None:
    spec = ExplainSpec(paths=8, epochs=1)
    assert spec.command == ("bakeoff explain article-tf article-torch --from tf --to torch --paths 8 --epochs 1")
    program, name, *words = shlex.split(spec.command)
    given = COMMANDS["explain"].make_context("explain", words).params
    ends = (given.pop("contenders_0"), given.pop("contenders_1"))
    fields = {name: value for name, value in given.items() if name in ExplainSpec.model_fields and value is not None}
    assert (program, name, ExplainSpec(**fields, contenders=ends)) == ("bakeoff", "explain", spec)


@pytest.mark.parametrize("recipes", [("article-tf",), ("article-tf", "article-torch", "matched")])
def test_a_walk_has_two_ends(recipes: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="a walk has two ends"):
        validate(ExplainSpec, {"recipes": recipes}, "here")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"python": ("/usr/bin/python3",), "engine": "docker"}, "--python /usr/bin/python3 names an interpreter"),
        ({"gpu": "0", "device": "cpu"}, "--gpu 0 names a GPU, and --device is cpu"),
    ],
)
@pytest.mark.parametrize("kind", [Spec, ExplainSpec])
def test_what_would_be_ignored_is_refused(kind: type[Spec], asked: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told) as refused:
        validate(kind, asked, "here")
    assert "BAKEOFF_" in refused.value.remedy
