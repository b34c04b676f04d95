"""What all commands share: help, variables, version, errors as one sentence and an exit code."""

from __future__ import annotations

import gc
import json
import signal
from importlib.metadata import version
from pathlib import Path

import pytest
import typer.main

from orchestrator.cli import app, compare
from orchestrator.errors import PreflightError
from tests.support.cli import QUICK, Answer, Bakeoff

COMMANDS = (
    "archive",
    "bisect",
    "calibrate",
    "compare",
    "explain",
    "gate",
    "history",
    "repro",
    "resume",
    "audit",
    "diff",
    "doctor",
    "data",
    "report",
    "ls",
    "clean",
    "code",
    "schema",
    "show",
    "init",
    "watch",
    "images build",
    "images ls",
    "images prune",
    "images lock",
    "images sbom",
)


@pytest.mark.parametrize("words", [("compare", "--engine", "docker"), ("images", "ls"), ("clean", "--yes")])
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # the SDK forgets the socket that refused it
def test_no_engine_is_exit_code_3_with_a_way_out(bakeoff: Bakeoff, words: tuple[str, ...]) -> None:
    answer = bakeoff(*words)
    gc.collect()
    assert answer.code == 3
    assert "error: " in answer.err
    assert "try: " in answer.err
    assert answer.out == ""


def test_a_base_error_shows_no_traceback(bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise PreflightError("the \x1b[31mengine\x1b[0m is away", "start it")

    monkeypatch.setattr(compare, "detect", away)
    answer = bakeoff("compare")
    assert (answer.code, answer.err) == (3, "error: the engine is away\ntry: start it\n")


def test_several_faults_stand_on_lines_of_their_own_and_outside_text_makes_none(
    bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise PreflightError(
            "the \x1b[31mfile\x1b[0m is wrong", "mend\nit", ["line 1: a", "line 2: b\nerror: \x1b[2Jc"]
        )

    monkeypatch.setattr(compare, "detect", away)
    answer = bakeoff("compare")
    assert answer.err == "error: the file is wrong:\n  line 1: a\n  line 2: b error: c\ntry: mend it\n"


def test_the_faults_of_a_recipe_stand_one_a_line_with_file_and_line(bakeoff: Bakeoff, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('name = "x"\n\n"a\\nb" = 1\n')
    answer = bakeoff("audit", "--recipe", str(tmp_path / "mine.toml"))
    first, *lines, last = answer.err.splitlines()
    assert answer.code == 2
    assert first == f"error: {tmp_path / 'mine.toml'} is not a recipe that can be trained:"
    assert last.startswith("try: ")
    assert lines[0].startswith("  mine.toml: title: is missing")
    assert lines[-1].startswith("  mine.toml:3: a b = 1: a recipe has no a b here")
    assert len(lines) == 7  # six that are missing, one that is not known


def test_an_environment_variable_stands_for_its_option(
    bakeoff: Bakeoff, with_runtime: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAKEOFF_SEEDS", "2")
    monkeypatch.setenv("BAKEOFF_RECIPE", "article-torch")
    monkeypatch.setenv("BAKEOFF_PROGRESS", "quiet")
    rows = json.loads(bakeoff("compare", "torch", "--plan", "--json").out)["trials"]
    assert [row["trial"] for row in rows] == ["torch-2.13.0.article-torch.s1", "torch-2.13.0.article-torch.s2"]
    monkeypatch.setenv("BAKEOFF_SEEDS", "none")
    assert bakeoff("compare").code == 2


def test_the_variable_of_runs_is_named_after_it_and_the_folders_is_another(
    bakeoff: Bakeoff, with_runtime: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAKEOFF_RUNS", "2")
    monkeypatch.setenv("BAKEOFF_OUT_DIR", "elsewhere")
    rows = json.loads(bakeoff("compare", "torch", *QUICK, "--plan", "--json").out)["trials"]
    assert [row["trial"][-3:] for row in rows] == [".r1", ".r2"]
    assert bakeoff("ls").out == "no runs in elsewhere: `bakeoff compare` makes one\n"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("BAKEOFF_RUNS_PER_SEED", "3", "set BAKEOFF_RUNS=3 instead"),
        ("BAKEOFF_RUNS", "/srv/runs", "set BAKEOFF_OUT_DIR=/srv/runs instead"),
        ("BAKEOFF_RUNS", "-1", "BAKEOFF_RUNS is the number of repetitions of each seed"),
    ],
)
@pytest.mark.parametrize("words", [("ls",), ("compare", "--plan")])
def test_a_variable_of_the_old_name_is_exit_code_2_and_says_the_new_one(
    bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    answer = bakeoff(*words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("BAKEOFF_SEED", "BAKEOFF_SEEDS"),
        ("BAKEOFF_THREAD", "BAKEOFF_THREADS"),
        ("BAKEOFF_BASEIMAGE", "BAKEOFF_BASE_IMAGE"),
        ("BAKEOFF_TRAINIMAGES", "BAKEOFF_TRAIN_IMAGES"),
        ("BAKEOFF_PATH", "BAKEOFF_PATHS"),
    ],
)
def test_a_misspelt_variable_is_refused_with_the_right_one(
    bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    monkeypatch.setenv(name, "3")
    answer = bakeoff("ls")
    assert (answer.code, answer.err) == (
        2,
        f"error: {name} is no variable of bakeoff\ntry: set {meant} instead, or unset it\n",
    )


@pytest.mark.parametrize("name", ["BAKEOFF_TRIAL", "BAKEOFF_CACHE", "BAKEOFF_REQUIRE_DOCKER", "BAKEOFF_FAULTS_SEED"])
def test_variables_of_workers_and_of_others_are_no_misspelt_ones(
    bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1")
    assert bakeoff("ls").code == 0


def test_a_variable_that_the_command_has_no_option_for_is_named(
    bakeoff: Bakeoff, with_runtime: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAKEOFF_BATCH_SIZE", "64")
    monkeypatch.setenv("BAKEOFF_SEEDS", "2")
    said = "BAKEOFF_BATCH_SIZE is set and not used: bakeoff explain has no such option"
    assert bakeoff("explain", "--plan").err.splitlines() == [said]
    assert "is set and not used" not in bakeoff("compare", "--plan").err


@pytest.mark.parametrize("value", ["", "2"])
def test_a_variable_of_the_right_kind_is_taken(bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("BAKEOFF_RUNS", value)
    assert bakeoff("ls").code == 0


@pytest.mark.parametrize(("commit", "end"), [("", ""), ("0123abc-dirty", " (0123abc-dirty)")])
def test_the_version_is_said_with_the_commit_where_there_is_one(
    bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch, commit: str, end: str
) -> None:
    monkeypatch.setattr("orchestrator.cli.revision", lambda: commit)
    assert bakeoff("--version") == Answer(0, f"bakeoff {version('bakeoff')}{end}\n", "")


def test_every_option_of_compare_has_its_variable() -> None:
    flags = {"plan", "decide", "as_json", "quiet", "verbose", "open_report"}
    options = {each.name: each.envvar for each in command("compare").params if each.param_type_name == "option"}
    assert {name for name, variable in options.items() if variable is None} - {"help"} == flags


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_explains_itself_with_an_example(bakeoff: Bakeoff, words: str) -> None:
    answer = bakeoff(*words.split(), "--help")
    assert answer.code == 0
    assert "Example" in answer.out
    assert f"bakeoff {words}" in answer.out


def test_every_command_is_among_those_tested() -> None:
    groups = {name: getattr(each, "commands", None) for name, each in command("").commands.items()}
    found = {f"{name} {inner}" if inner else name for name, each in groups.items() for inner in each or [""]}
    assert found == set(COMMANDS)


@pytest.mark.parametrize("words", [(), ("--help",)])
def test_bakeoff_alone_lists_its_commands(bakeoff: Bakeoff, words: tuple[str, ...]) -> None:
    answer = bakeoff(*words)
    assert "compare" in answer.out + answer.err


def test_sigterm_is_taken_as_ctrl_c(bakeoff: Bakeoff) -> None:
    bakeoff("ls")
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)


def command(words: str):  # type: ignore[no-untyped-def] # click's types are typer's own affair
    found = typer.main.get_command(app)
    for word in words.split():
        found = found.commands[word]  # type: ignore[attr-defined]
    return found
