"""A comparison file that bakeoff writes is read as what was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.spec import comparison_file
from orchestrator.spec.option import declarations
from orchestrator.spec.spec import Spec, read_spec

ASKED = Spec(
    contenders=("torch==2.13.0", "torch[deterministic]==2.14.1"),
    recipes=("my recipes/a.toml",),
    until_decided=True,
    margin="2%",
    epochs=3,
    relay=False,
    turn_seconds=0.5,
    python=("torch=/opt/ä/bin/python",),
)


@pytest.mark.parametrize("spec", [Spec(), ASKED])
def test_what_is_written_is_read_as_the_same_comparison(spec: Spec, tmp_path: Path) -> None:
    (tmp_path / "comparison.toml").write_text(comparison_file.write(spec), encoding="utf-8")
    assert read_spec(tmp_path / "comparison.toml") == spec


def test_every_key_of_the_command_line_stands_there_with_its_meaning() -> None:
    lines = comparison_file.write(ASKED).splitlines()
    for name, declared in declarations(Spec).items():
        (at,) = [number for number, line in enumerate(lines) if line.removeprefix("# ").startswith(f"{name} =")]
        assert lines[at - 1].startswith("# ")
        assert declared[0].help.partition("; default")[0].rstrip(".") in lines[at - 1]


def test_a_default_can_be_put_in_force_by_taking_its_mark_away(tmp_path: Path) -> None:
    lines = comparison_file.write(ASKED).splitlines()
    keys = [f"# {name} =" for name in declarations(Spec)]
    bare = [
        line.removeprefix("# ") if line.startswith(tuple(keys)) and "not set" not in line else line for line in lines
    ]
    assert bare != lines
    (tmp_path / "comparison.toml").write_text("\n".join(bare), encoding="utf-8")
    assert read_spec(tmp_path / "comparison.toml") == ASKED


def test_a_value_out_of_range_says_the_range_and_not_all_keys(tmp_path: Path) -> None:
    text = comparison_file.write(Spec()).replace("# runs = 1", "runs = 6000")
    (tmp_path / "comparison.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        read_spec(tmp_path / "comparison.toml")
    assert error.value.lines[0].endswith(":14: runs: should be at most 1000, not 6000")
    assert error.value.remedy == "correct the values named"
