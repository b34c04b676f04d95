"""Whatever is wrong with what people have, each command ends with a sentence: no traceback, nothing unexpected."""

from __future__ import annotations

import contextlib
import gc
import io
import random
import signal
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from docker.transport.unixconn import UnixHTTPConnection

from orchestrator.cli import main
from orchestrator.record.run_folder import RunFolder
from orchestrator.report.figures import draw
from orchestrator.spec.spec import Spec
from tests.fuzz.users import StrangeEngine, damaged, docker_config, recipe, run_folder, some_folder
from tests.support.groups import slow
from tests.support.line import Line, compare

CASES = 50
SEEDS = (1, *slow(2, 3, 4))
TOLD = {0, 2, 3, 4}


@dataclass(frozen=True)
class Ended:
    code: int
    shown: str


@pytest.fixture(scope="module")
def whole(mnist_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with nothing wrong in it."""
    line = Line.over(tmp_path_factory.mktemp("whole"), mnist_folder)
    folder: RunFolder = compare(line.runtime(), Spec(epochs=1, train_images=640, engine="docker"))[0]
    return folder.path


@pytest.fixture(scope="module")
def engine() -> Iterator[StrangeEngine]:
    engine = StrangeEngine()
    yield engine
    engine.close()


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine's own, nothing that takes long; an engine that sends nothing good is never waited for."""
    for name in ("DOCKER_CONFIG", "DOCKER_CONTEXT", "BAKEOFF_IDX", "BAKEOFF_BASE_IMAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(draw, "draw", lambda *_: [])
    monkeypatch.setattr("orchestrator.engines.retry.ENGINE_PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr("orchestrator.engines.retry.Retry.while_away", lambda _, attempt, *__, **___: attempt())
    monkeypatch.setattr("orchestrator.engines.docker.pull.PULL_WAITS_SECONDS", ())
    monkeypatch.setattr(UnixHTTPConnection, "connect", _refuse_the_machines_engine)


def _refuse_the_machines_engine(connection: UnixHTTPConnection) -> None:
    """Connect to nothing: where a case leaves no address, the SDK takes the machine's socket, and a case may clean."""
    raise ConnectionRefusedError(f"{connection.unix_socket}: not in a test that draws its commands")


def words(chance: random.Random, folder: Path, whole: Path) -> list[str]:
    """Draw a command; none of them starts a training or fetches anything from afar."""
    data = ["--idx", str(some_folder(chance, folder))]
    run = run_folder(chance, whole, folder)
    out = ["--out", str(run.parent)]
    commands = {
        "compare": ["compare", "--recipe", str(recipe(chance, folder)), "--plan", *out],
        "run": ["compare", "torch", "--engine", "docker", *data, *out],
        "mine": ["compare", "mine@mine:1", "--engine", "docker", *data, *out],
        "explain": ["explain", "article-tf", str(recipe(chance, folder)), "--plan", *out],
        "spec": ["compare", "--spec", str(_spec(chance, folder)), "--plan"],
        "doctor": ["doctor", "torch", *data],
        "data": ["data", *data],
        "build": ["images", "build", "torch"],
        "images": ["images", "ls"],
        "sbom": ["images", "sbom", chance.choice(("torch", "mine:1"))],
        "lock": ["images", "lock", "tf", "--uv", str(folder / "no uv")],
        "report": ["report", str(run), *(["--again"] if chance.random() < 0.5 else [])],
        "resume": ["resume", str(run)],
        "ls": ["ls", *out],
        "clean": ["clean", "--images", "--yes"],
    }
    return commands[chance.choice(list(commands))]


def _spec(chance: random.Random, folder: Path) -> Path:
    path = folder / "comparison.toml"
    path.write_bytes(
        damaged(chance, b'contenders = ["torch", "tf"]\nrecipes = ["article-tf"]\nepochs = 2\nseeds = 3\n')
    )
    return path


def surroundings(chance: random.Random, folder: Path, engine: StrangeEngine) -> dict[str, str]:
    """Draw what leads to an engine, and what the user has set."""
    engine.draw(chance)
    hosts = (
        engine.url,
        engine.url,
        engine.url,
        "unix:///nonexistent",
        "tcp://127.0.0.1:1",
        "tcp://",
        "ssh://",
        "\x07",
        "x:y",
    )
    (folder / "a file").write_text("no folder")
    found = {"DOCKER_HOST": chance.choice(hosts), "BAKEOFF_CACHE": str(folder / chance.choice(("cache", "a file")))}
    if chance.random() < 0.4:
        found["DOCKER_CONFIG"] = str(docker_config(chance, folder / "docker"))
        found["DOCKER_HOST"] = chance.choice((engine.url, ""))
    if chance.random() < 0.2:
        found["PIP_INDEX_URL"] = "http://127.0.0.1:1"
    return found


def bakeoff(words: list[str]) -> Ended:
    shown, code, terminate = io.StringIO(), 0, signal.getsignal(signal.SIGTERM)
    sys.argv = ["bakeoff", *words]
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            signal.signal(signal.SIGTERM, terminate)
    return Ended(code, shown.getvalue())


def _says_why(asked: list[str], ended: Ended) -> bool:
    return not ended.code or "error: " in ended.shown or (asked[0] == "doctor" and "failed" in ended.shown)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_wrong_on_the_users_side_is_a_traceback(
    seed: int, whole: Path, engine: StrangeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert played(range(CASES), seed, whole, engine, tmp_path, monkeypatch) == []


def played(
    cases: range, seed: int, whole: Path, engine: StrangeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Return the cases that did not end as they should, each to be repeated by its seed and number."""
    wrong, codes = [], set()
    monkeypatch.setattr(sys, "argv", sys.argv)
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):  # the SDK forgets sockets that it refused
        for case in cases:
            chance, folder = random.Random(f"{seed}.{case}"), tmp_path / str(case)
            folder.mkdir()
            with monkeypatch.context() as context:
                context.chdir(folder)
                for name, value in surroundings(chance, folder, engine).items():
                    context.setenv(name, value)
                asked = words(chance, folder, whole)
                ended = bakeoff(asked)
            codes.add(ended.code)
            if ended.code not in TOLD or "Traceback" in ended.shown or not _says_why(asked, ended):
                wrong.append(f"{seed}.{case} {' '.join(asked)}: {ended.code}\n{ended.shown[-600:]}")
        gc.collect()
    assert {2, 3} <= codes
    return wrong
