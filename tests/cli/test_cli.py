"""The command line as a user meets it: options in; exit code, standard output and standard error out."""

from __future__ import annotations

import gc
import io
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import typer.main
from numpy.typing import NDArray

from orchestrator import pipeline
from orchestrator import progress as console
from orchestrator.analyse.summary import Summary
from orchestrator.cli import app, compare, explain, main
from orchestrator.errors import PreflightError
from orchestrator.report.figures import draw
from orchestrator.runtime import Runtime
from orchestrator.spec.spec import Spec
from shared import mnist
from tests.support import engines
from tests.support.line import TF, Line
from tests.support.paths import RECORDED
from tests.support.streams import STORY, lines

QUICK = ("--epochs", "1", "--train-images", "640", "--recipe", "article-torch")
COMMANDS = (
    "compare",
    "explain",
    "resume",
    "audit",
    "doctor",
    "data",
    "report",
    "ls",
    "clean",
    "schema",
    "images build",
    "images ls",
    "images lock",
    "images sbom",
)


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


Bakeoff = Callable[..., Answer]


@pytest.fixture
def bakeoff(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Bakeoff]:
    """Run a command as `bakeoff` does, in an empty folder and without the machine's own settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("BAKEOFF_IDX", raising=False)
    terminate = signal.getsignal(signal.SIGTERM)

    def run(*words: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["bakeoff", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        return Answer(int(ended.value.code or 0), shown.out, shown.err)

    yield run
    signal.signal(signal.SIGTERM, terminate)


@pytest.fixture
def line(tmp_path: Path, mnist_folder: Path) -> Line:
    labels: NDArray[np.uint8] = mnist.load(mnist_folder, "8x8").test_labels
    return Line(tmp_path / "runs", mnist_folder, labels)


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch, line: Line) -> Callable[[Runtime], None]:
    """Put a world of the test's own around `bakeoff compare`: the one thing that no option can give."""

    def put(world: Runtime) -> None:
        def asked(spec: Spec, out: Path, idx: Path | None) -> Runtime:
            return replace(world, out=out)

        for module in (compare, explain):
            monkeypatch.setattr(module, "detect", asked)

    put(line.runtime())
    return put


@pytest.fixture(autouse=True)
def without_figures(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Path]]:
    """Leave figures out, which are nine tenths of the time of a scripted comparison; return what draws them."""
    drawn = draw.draw
    monkeypatch.setattr(draw, "draw", lambda summary, folder: [])
    return drawn


@pytest.fixture
def figures(without_figures: Callable[..., list[Path]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the figures after all."""
    monkeypatch.setattr(draw, "draw", without_figures)


@pytest.mark.usefixtures("figures")
def test_a_comparison_that_ends_well_is_exit_code_0(bakeoff: Bakeoff, around: object) -> None:
    answer = bakeoff("compare", *QUICK)
    assert answer.code == 0
    assert list(Path("runs/latest/figures").glob("*.png"))
    assert "report: runs/" in answer.out
    assert "torch==2.13.0" in answer.out
    assert "100.00" in answer.out


def test_json_is_exactly_one_object_on_standard_output(bakeoff: Bakeoff, around: object) -> None:
    answer = bakeoff("compare", *QUICK, "--json")
    document = json.loads(answer.out)
    assert answer.code == 0
    assert document["schema"] == "bakeoff/summary/2"
    assert document == json.loads((Path("runs") / "latest" / "summary.json").read_text())
    assert answer.err


def test_the_published_summary_schema_accepts_what_json_prints(bakeoff: Bakeoff, around: object) -> None:
    document = json.loads(bakeoff("compare", *QUICK, "--json").out)
    jsonschema.Draft202012Validator(json.loads(bakeoff("schema", "summary").out)).validate(document)


def test_quiet_says_nothing_but_the_result(bakeoff: Bakeoff, around: object) -> None:
    answer = bakeoff("compare", *QUICK, "-q")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out


def test_no_color_means_no_escape_sequences(bakeoff: Bakeoff, around: object) -> None:
    answer = bakeoff("compare", *QUICK, "--progress", "rich")
    assert "\x1b[3" not in answer.out + answer.err


def test_progress_for_programs_is_json_on_standard_error(bakeoff: Bakeoff, around: object) -> None:
    answer = bakeoff("compare", *QUICK, "--progress", "json")
    kinds = [json.loads(text)["kind"] for text in answer.err.splitlines()]
    assert kinds[0] == "planned"
    assert kinds[-1] == "trial_ended"


def test_a_trial_that_failed_is_exit_code_4_with_a_report(
    bakeoff: Bakeoff, around: Callable[[Runtime], None], line: Line
) -> None:
    around(line.runtime(tf="pip found no such version"))
    answer = bakeoff("compare", *QUICK)
    assert answer.code == 4
    assert (Path("runs") / "latest" / "report.md").is_file()
    assert "pip found no such version" in answer.err
    assert [trial.status.value for trial in Summary.load(Path("runs") / "latest").trials] == ["failed", "done"]


def test_ctrl_c_is_exit_code_130_with_a_report(bakeoff: Bakeoff, around: Callable[[Runtime], None], line: Line) -> None:
    def pressed(launch: object) -> None:
        raise KeyboardInterrupt

    around(line.runtime(pressed))  # type: ignore[arg-type]
    assert bakeoff("compare", *QUICK).code == 130
    assert Summary.load(Path("runs") / "latest").comparison.interrupted


def test_ctrl_c_before_the_first_trial_is_exit_code_130(bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(compare, "detect", pressed)
    answer = bakeoff("compare")
    assert answer.code == 130
    assert "error: interrupted" in answer.err


def test_an_earlier_run_is_repeated_from_its_file(bakeoff: Bakeoff, around: object) -> None:
    first = json.loads(bakeoff("compare", "torch", *QUICK, "--json").out)
    again = json.loads(bakeoff("compare", "--spec", "runs/latest/comparison.json", "--json").out)
    assert again["comparison"]["id"] != first["comparison"]["id"]
    assert again["comparison"]["command"] == first["comparison"]["command"]
    assert [trial["id"] for trial in again["trials"]] == [trial["id"] for trial in first["trials"]]


def test_runs_are_listed_and_reported_again(bakeoff: Bakeoff, around: object) -> None:
    bakeoff("compare", *QUICK, "-q")
    (run,) = json.loads(bakeoff("ls", "--json").out)
    assert run["trials"] == "2 of 2 done"
    assert run["run"] in bakeoff("ls").out.replace("\n", "")
    report = Path("runs") / run["run"] / "report.md"
    before = report.read_bytes()
    report.unlink()
    answer = bakeoff("report")
    assert answer.code == 0
    assert "report.md" in answer.out
    assert report.read_bytes() == before


def test_no_runs_is_no_error(bakeoff: Bakeoff) -> None:
    assert bakeoff("ls").out == "no runs in runs: `bakeoff compare` makes one\n"
    assert json.loads(bakeoff("ls", "--json").out) == []


def test_a_report_of_a_run_that_is_not_there_is_exit_code_2(bakeoff: Bakeoff) -> None:
    answer = bakeoff("report", "yesterday")
    assert answer.code == 2
    assert "error: no run 'yesterday'" in answer.err
    assert "try: " in answer.err


def test_a_plan_runs_nothing_and_lists_the_trials(bakeoff: Bakeoff) -> None:
    answer = bakeoff("compare", "--engine", "process", "--device", "cpu", "--profile", "quick", "--plan")
    assert answer.code == 0
    assert answer.out.startswith("quick size, --profile quick; full size: bakeoff compare tf torch")
    assert "torch-2.13.0.article-tf.s1" in answer.out
    assert not Path("runs").exists()


def test_a_plan_as_json_is_exactly_one_object(bakeoff: Bakeoff) -> None:
    document = json.loads(bakeoff("compare", "torch", *QUICK, "--engine", "process", "--plan", "--json").out)
    assert document["trials"] == [
        {
            "trial": "torch-2.13.0.article-torch.s1",
            "track": "as written",
            "epochs": 1,
            "batch_size": 512,
            "train_images": 640,
            "validation_images": 10_000,
        }
    ]


@pytest.mark.parametrize("words", [("compare", "--engine", "docker"), ("images", "ls"), ("clean", "--yes")])
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # the SDK forgets the socket that refused it
def test_no_engine_is_exit_code_3_with_a_way_out(bakeoff: Bakeoff, words: tuple[str, ...]) -> None:
    answer = bakeoff(*words)
    gc.collect()
    assert answer.code == 3
    assert "error: " in answer.err
    assert "try: " in answer.err
    assert answer.out == ""


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_clean_ends_a_process_that_its_host_left_also_without_an_engine(
    bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    rig = engines.process(tmp_path)
    with rig.start("hang") as worker:
        worker.release()
    assert "running" in bakeoff("clean", "--dry-run").out
    assert worker.poll() is None
    answer = bakeoff("clean", "--yes")
    gc.collect()
    assert (answer.code, "not looked at: " in answer.out, "removed 1" in answer.out) == (0, True, True)
    assert rig.engine.adopt(rig.launch("hang")) is None


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_run_that_another_bakeoff_is_at_is_exit_code_3(bakeoff: Bakeoff, line: Line) -> None:
    folder, _ = pipeline.compare(Spec(epochs=1, train_images=640), line.runtime(), console.view("quiet", io.StringIO()))
    document = json.loads((folder.path / "run.json").read_text())
    with folder.lock():
        answer = bakeoff("resume", str(folder.path))
    gc.collect()
    assert document["hosts"][0]["pid"] == os.getpid()
    assert (answer.code, f"another bakeoff is at {folder.id} already" in answer.err) == (3, True)


def test_a_run_that_does_not_exist_cannot_be_resumed(bakeoff: Bakeoff) -> None:
    answer = bakeoff("resume", "nothing")
    assert (answer.code, "no run 'nothing'" in answer.err) == (2, True)


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_the_doctor_without_an_engine_is_exit_code_3_and_one_object(
    bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))  # without environments that earlier runs made
    answer = bakeoff("doctor", "torch", "--json")
    gc.collect()
    document = json.loads(answer.out)
    assert (answer.code, document["schema"], document["ok"]) == (3, "bakeoff/doctor/1", False)
    (failed,) = [check for check in document["checks"] if check["state"] == "failed"]
    assert failed["id"] == "engine"
    assert "unset DOCKER_HOST" in failed["fix"]
    assert "process.python" in {check["id"] for check in document["checks"]}, "what it would fall back to"


def test_the_doctor_of_the_process_engine_needs_no_docker_and_leaves_nothing(bakeoff: Bakeoff) -> None:
    answer = bakeoff("doctor", "torch", "tf==2.20.0", "--engine", "process", "--device", "cpu")
    assert answer.code == 0
    assert "! warning" in answer.out
    assert "✓ ok" in answer.out
    assert "why: " in answer.out
    assert "0 failed" in answer.out
    assert list(Path().iterdir()) == []


def test_the_doctor_hushed_says_what_is_not_well_alone(bakeoff: Bakeoff) -> None:
    answer = bakeoff("doctor", "torch", "--engine", "process", "--device", "cpu", "-q")
    assert "✓ ok" not in answer.out
    assert "fix: install Docker" in answer.out


def test_the_doctor_asked_for_a_gpu_that_is_not_there_is_exit_code_3(
    bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.host.gpus.list_gpus", lambda: ())
    answer = bakeoff("doctor", "torch", "--engine", "process", "--device", "cuda")
    assert answer.code == 3
    assert "fix: use --device cpu" in answer.out


def test_the_doctor_of_an_unknown_contender_is_exit_code_2(bakeoff: Bakeoff) -> None:
    assert bakeoff("doctor", "jax").code == 2


def test_no_gpu_is_exit_code_3(bakeoff: Bakeoff, around: object) -> None:
    answer = bakeoff("compare", "--device", "cuda")
    assert answer.code == 3
    assert answer.err == "error: no GPU: the NVIDIA driver lists none on this machine\ntry: use --device cpu\n"


def test_an_out_that_cannot_be_written_is_exit_code_3(bakeoff: Bakeoff, around: object) -> None:
    Path("file").write_text("")
    answer = bakeoff("compare", "--out", "file/runs")
    assert answer.code == 3
    assert "cannot write to file/runs" in answer.err


def test_a_base_error_shows_no_traceback(bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise PreflightError("the \x1b[31mengine\x1b[0m is away", "start it")

    monkeypatch.setattr(compare, "detect", away)
    answer = bakeoff("compare")
    assert (answer.code, answer.err) == (3, "error: the engine is away\ntry: start it\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("jax",), "known contenders: tf, torch"),
        (("torch[fast]",), "modes of torch: "),
        (("Torch",), "'Torch' is not a contender"),
        (("--recipe", "nothing"), "article-tf, article-torch"),
        (("--profile", "slow"), "'article'"),
        (("--engine", "podman"), "'docker'"),
        (("--device", "tpu"), "'cuda'"),
        (("--seeds", "0"), "seeds: Input should be greater than or equal to 1"),
        (("--seeds", "many"), "Invalid value for '--seeds' (env var: 'BAKEOFF_SEEDS')"),
        (("--timeout", "0"), "timeout_seconds: Input should be greater than 0"),
        (("--batch-size", "70000"), "--batch-size"),
        (("--nothing",), "--nothing"),
        (("--spec", "missing.toml"), "missing.toml: No such file or directory"),
        (("--spec", "mine.toml"), "mine.toml: seed: Extra inputs are not permitted"),
        (("--spec", "mine.toml", "--seeds", "2", "torch"), "--spec and contenders, seeds were both given"),
        (("torch", "torch"), "torch==2.13.0 is named twice"),
    ],
)
@pytest.mark.usefixtures("around")
def test_a_wrong_option_is_exit_code_2_and_says_what_is_right(
    bakeoff: Bakeoff, words: tuple[str, ...], told: str
) -> None:
    Path("mine.toml").write_text("seed = 3\n")
    answer = bakeoff("compare", *words)
    assert answer.code == 2
    assert told in " ".join(answer.err.split())
    assert answer.out == ""


def test_a_lock_without_uv_is_exit_code_3_and_says_how_to_get_it(bakeoff: Bakeoff) -> None:
    answer = bakeoff("images", "lock", "tf", "--uv", "nowhere/uv")
    assert (answer.code, answer.out) == (3, "")
    assert "nowhere/uv cannot be run: No such file or directory" in answer.err
    assert "pip install uv" in answer.err


def test_a_lock_of_what_is_no_contender_is_exit_code_2(bakeoff: Bakeoff) -> None:
    assert bakeoff("images", "lock", "jax").code == 2
    assert bakeoff("images", "lock", "torch", "--variant", "tpu").code == 2


def test_an_interpreter_that_is_no_file_is_exit_code_2(bakeoff: Bakeoff) -> None:
    answer = bakeoff("compare", "torch", "--python", "nowhere/python")
    assert answer.code == 2
    assert "nowhere/python is not a file" in answer.err


def test_an_environment_variable_stands_for_its_option(
    bakeoff: Bakeoff, around: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAKEOFF_SEEDS", "2")
    monkeypatch.setenv("BAKEOFF_RECIPE", "article-torch")
    monkeypatch.setenv("BAKEOFF_PROGRESS", "quiet")
    rows = json.loads(bakeoff("compare", "torch", "--plan", "--json").out)["trials"]
    assert [row["trial"] for row in rows] == ["torch-2.13.0.article-torch.s1", "torch-2.13.0.article-torch.s2"]
    monkeypatch.setenv("BAKEOFF_SEEDS", "none")
    assert bakeoff("compare").code == 2


def test_the_variable_of_runs_is_named_after_it_and_the_folders_is_another(
    bakeoff: Bakeoff, around: object, monkeypatch: pytest.MonkeyPatch
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
    flags = {"plan", "as_json", "quiet", "verbose"}
    options = {each.name: each.envvar for each in command("compare").params if each.param_type_name == "option"}
    assert {name for name, variable in options.items() if variable is None} - {"help"} == flags


def command(words: str):  # type: ignore[no-untyped-def] # click's types are typer's own affair
    found = typer.main.get_command(app)
    for word in words.split():
        found = found.commands[word]  # type: ignore[attr-defined]
    return found


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


def test_the_event_schema_as_printed_accepts_recorded_and_written_streams(bakeoff: Bakeoff) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(bakeoff("schema", "event").out))
    for text in [*RECORDED.read_bytes().splitlines(), *lines(*STORY)]:
        validator.validate(json.loads(text))


@pytest.mark.parametrize("name", ["event", "trial", "summary"])
def test_every_schema_is_printed_as_one_json_object(bakeoff: Bakeoff, name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(bakeoff("schema", name).out))


def test_an_unknown_schema_lists_the_known_ones(bakeoff: Bakeoff) -> None:
    answer = bakeoff("schema", "recipe")
    assert answer.code == 2
    assert "'summary'" in answer.err


def test_the_data_set_is_described(bakeoff: Bakeoff, mnist_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(mnist_folder.parent))
    answer = bakeoff("data", "--json")
    assert json.loads(answer.out)["files"].keys() == {"train.parquet", "test.parquet"}
    assert "60,000 for training" in bakeoff("data").out


def test_sigterm_is_taken_as_ctrl_c(bakeoff: Bakeoff) -> None:
    bakeoff("ls")
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)


def test_the_first_contender_is_the_one_others_are_divided_by(bakeoff: Bakeoff, around: object) -> None:
    document = json.loads(bakeoff("compare", *QUICK, "--json").out)
    assert document["comparison"]["reference"] == TF


WALK = ("--epochs", "3", "--train-images", "640", "--seeds", "2")


@pytest.mark.usefixtures("figures")
def test_a_walk_ends_with_its_answer_and_a_report(bakeoff: Bakeoff, around: object) -> None:
    answer = bakeoff("explain", *WALK)
    assert answer.code == 0
    assert answer.out.startswith("Of the difference of ")
    assert "explain-article-tf-article-torch/report.md" in answer.out
    assert list(Path("runs/latest/figures").glob("*.png"))


def test_a_walks_json_is_its_summary_with_the_explanation(bakeoff: Bakeoff, around: object) -> None:
    document = json.loads(bakeoff("explain", *WALK, "--json").out)
    assert document["comparison"]["kind"] == "walk"
    assert document["explanation"]["sentence"].startswith("Of the difference")
    jsonschema.Draft202012Validator(json.loads(bakeoff("schema", "summary").out)).validate(document)


def test_the_plan_of_a_walk_shows_its_cells_and_starts_nothing(bakeoff: Bakeoff, around: object) -> None:
    answer = bakeoff("explain", "--plan")
    assert "+ training images" in answer.out
    assert "1 order, 9 cells, 3 seeds: 27 trials" in answer.out
    assert len(json.loads(bakeoff("explain", "--plan", "--json").out)["cells"]) == 9
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("article-tf",), "a walk has two ends"),
        (("article-tf", "article-tf", "--to", "tf"), "the two ends do not differ"),
        (("article-tf", "nothing"), "there is no recipe"),
        (("--paths", "0"), "paths"),
        (("--from", "jax"), "jax"),
        (("--profile", "article", "--train-images", "256"), "a batch of 512 of 256 training images"),
    ],
)
def test_a_walk_that_cannot_be_made_is_exit_code_2_before_anything_starts(
    bakeoff: Bakeoff, around: object, words: tuple[str, ...], said: str
) -> None:
    answer = bakeoff("explain", *words)
    assert (answer.code, answer.out) == (2, "")
    assert said in " ".join(answer.err.split())
    assert "try: " in answer.err
    assert not Path("runs").exists()


def test_ctrl_c_during_a_walk_is_exit_code_130_with_a_report(
    bakeoff: Bakeoff, around: Callable[[Runtime], None], line: Line
) -> None:
    def pressed(launch: object) -> None:
        raise KeyboardInterrupt

    around(line.runtime(pressed))  # type: ignore[arg-type]
    answer = bakeoff("explain", *WALK)
    assert answer.code == 130
    assert "is not explained" in answer.out
    assert "is not explained" in (Path("runs") / "latest" / "report.md").read_text()
