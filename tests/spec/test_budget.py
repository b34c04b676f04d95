"""The budget of a gate: margins with sign and unit, and every fault on a line of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.spec.budget import (
    EXAMPLE,
    METRICS,
    Budget,
    Fall,
    Growth,
    Points,
    amount,
    gate_command,
    read_budget,
    to_toml,
)
from orchestrator.spec.spec import Spec

HEAD = 'reference = "tf"\ncandidate = "torch"\nrecipe = "matched-8x8"\n'


def read(tmp_path: Path, text: str):  # type: ignore[no-untyped-def] # a shorthand of read_budget
    path = tmp_path / "budget.toml"
    path.write_text(text, encoding="utf-8")
    return read_budget(path)


def faults(tmp_path: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    return caught.value.lines


def test_the_example_is_a_budget(tmp_path: Path) -> None:
    budget = read(tmp_path, EXAMPLE)
    assert budget.margins == {
        "throughput": "-3%",
        "peak_memory": "+5%",
        "startup_seconds": "+10%",
        "accuracy": "-0.5 points",
    }
    assert (budget.max_blocks, budget.strict) == (30, False)


@pytest.mark.parametrize(("written", "kept", "fraction"), [("-3%", "-3%", -0.03), (" − 2.5 % ", "-2.5%", -0.025)])
def test_a_margin_is_kept_in_one_spelling(tmp_path: Path, written: str, kept: str, fraction: float) -> None:
    margin = read(tmp_path, f'{HEAD}[throughput]\nmargin = "{written}"\n').margins["throughput"]
    assert (margin, amount(margin)) == (kept, fraction)


def test_points_are_hundredths_of_the_accuracy() -> None:
    assert amount("-0.5 points") == -0.005


@pytest.mark.parametrize(
    ("metric", "margin", "told"),
    [
        ("throughput", '"-3"', "has no unit: write it as “-3%”"),
        ("throughput", "-3", "has no unit: write it as “-3%”"),
        ("throughput", '"+3%"', "should be written as “-3%”, a loss above 0"),
        ("throughput", '"-0%"', "should be written as “-3%”, a loss above 0 and below 100 %"),
        ("throughput", '"-3 points"', "should be written as “-3%”"),
        ("peak_memory", '"-5%"', "should be written as “+5%”, a growth"),
        ("peak_memory", '"5%"', "should be written as “+5%”, a growth"),
        ("accuracy", '"-0.5%"', "should be written as “-0.5 points”"),
        ("accuracy", '"-0.5"', "has no unit: write it as “-0.5 points”"),
        ("startup_seconds", "true", "should be written as “+5%”"),
    ],
)
def test_a_margin_of_another_kind_is_refused_with_the_right_one(
    tmp_path: Path, metric: str, margin: str, told: str
) -> None:
    (line,) = faults(tmp_path, f"{HEAD}[{metric}]\nmargin = {margin}\n")
    assert line.startswith(f"budget.toml:5: [{metric}] margin: {told}")
    assert f"not {margin.replace(chr(34), chr(39))}" in line


def test_every_fault_stands_on_its_own_line(tmp_path: Path) -> None:
    text = 'reference = "tf"\ncandidate = 3\nmax_blocks = 9\n[throughputs]\nmargin = "-3%"\n[peak_memory]\n'
    told = faults(tmp_path, text)
    assert told[0] == "budget.toml: recipe: is missing: add it"
    assert told[1] == "budget.toml:2: candidate: should be a text in quotes, not 3"
    assert told[2].startswith("budget.toml:3: max_blocks: should be one of 8, 12, 16, 20, 25, 30")
    assert told[3].startswith("budget.toml:4: throughputs")
    assert told[3].endswith("did you mean throughput?")
    assert told[4] == "budget.toml:6: [peak_memory] margin: is missing: add it"
    assert len(told) == 5


def test_a_budget_without_a_metric_names_those_there_are(tmp_path: Path) -> None:
    (line,) = faults(tmp_path, HEAD)
    assert line.startswith("budget.toml: the file: names no metric: add one of ")
    assert all(f"[{metric}]" in line for metric in METRICS)
    assert line.endswith("[accuracy]")


def test_a_budget_is_written_as_the_file_that_it_is_read_from(tmp_path: Path) -> None:
    whole = Budget(
        reference='a"b@registry/x\x7f',
        candidate="torch==2.14.1",
        recipe="matched-8x8",
        max_blocks=16,
        strict=True,
        throughput=Fall(margin="-3%"),
        startup_seconds=Growth(margin="+7.5%"),
        accuracy=Points(margin="-0.5 points"),
    )
    for budget in (whole, whole.replace(accuracy=None, strict=False)):
        (tmp_path / "written.toml").write_text(to_toml(budget), encoding="utf-8")
        assert read_budget(tmp_path / "written.toml") == budget


def test_a_gates_command_has_the_options_that_its_budget_does_not_decide() -> None:
    spec = Spec(contenders=("a", "b"), recipes=("matched",), seeds=30, until_decided=True, parity=False, epochs=7)
    assert gate_command("budget.toml", spec) == "bakeoff gate budget.toml --epochs 7"
    assert gate_command("x y.toml", spec.replace(relay=False)) == "bakeoff gate 'x y.toml' --epochs 7 --no-relay"


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_budget(tmp_path / "none.toml")
    assert "bakeoff gate --example > budget.toml" in caught.value.remedy


def test_a_file_that_is_no_toml_names_the_place(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="line 1"):
        read(tmp_path, "reference = \n")
