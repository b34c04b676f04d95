"""images/install.sh: what it asks pip, told by a Python that notes its calls, and what real pip makes of it."""

from __future__ import annotations

import base64
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.engines.install import locks, pip
from orchestrator.engines.install.context import context
from orchestrator.engines.process.environments import Environments
from orchestrator.spec.contenders import offered_contenders, parse
from tests.support.paths import TOYS

TAG = f"cp{sys.version_info.major}{sys.version_info.minor}-{platform.machine()}"
ASKED = {
    "VERSION": "1.0",
    "VARIANT": "cpu",
    "EXTRAS": "[extra]",
    "INDEX": "https://example.org/cpu",
    "PINS": "a==1 b==2",
}
LOCK = locks.file_name("1.0", "cpu", TAG)

RECORDING = f"""#!/bin/sh
case $1 in -c) exec {sys.executable} "$@" ;; esac
echo "${{PIP_UPLOADED_PRIOR_TO:+before $PIP_UPLOADED_PRIOR_TO: }}$*" >> "${{0%/bin/python}}/calls"
[ ! -e "${{0%/bin/python}}/refuse" ]
"""


FREE = {**ASKED, "INDEX": "", "STACK": "latest-2026-11-27"}


@dataclass(frozen=True)
class Installed:
    code: int
    said: str
    calls: list[str]


@dataclass(frozen=True)
class Place:
    """Where the script works, with a Python in the environment that only writes down how it was called."""

    root: Path

    @property
    def venv(self) -> Path:
        return self.root / "venv"

    def install(self, asked: Mapping[str, str] = ASKED) -> Installed:
        folders = (self.root / name for name in ("requirements.in", "locks", "wheelhouse"))
        command = pip.command(self.venv, *folders)
        surroundings = {**pip.variables(asked), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)
        calls = self.venv / "calls"
        return Installed(done.returncode, done.stdout, calls.read_text().splitlines() if calls.exists() else [])

    def lock(self, name: str = LOCK) -> None:
        lines = [f"numpy==2 --hash=sha256:{'a' * 64}", f"toy==1.0 --hash=sha256:{'b' * 64}"]
        (self.root / "locks").mkdir(exist_ok=True)
        (self.root / "locks" / name).write_text("\n".join(["# made by a test", *lines, ""]))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin" / "python").write_text(RECORDING)
    (tmp_path / "venv" / "bin" / "python").chmod(0o755)
    (tmp_path / "requirements.in").write_text("# what is compared\n\ntoy${EXTRAS}==${VERSION}\nnumpy==2\n")
    return Place(tmp_path)


def test_the_framework_alone_may_come_from_another_index(place: Place) -> None:
    framework, rest = place.install().calls
    assert framework == (
        "-m pip install --no-deps --retries 1 --timeout 20 --extra-index-url https://example.org/cpu"
        f" --requirement {place.venv}/framework.txt"
    )
    assert (place.venv / "framework.txt").read_text() == "toy${EXTRAS}==${VERSION}\n"
    assert "index-url" not in rest


def test_without_another_index_there_is_one_call(place: Place) -> None:
    [only] = place.install({**ASKED, "INDEX": ""}).calls
    assert only == (
        f"-m pip install --retries 2 --constraint {place.venv}/pins.txt --requirement {place.venv}/requirements.txt"
    )


def test_a_stack_of_today_has_no_lock_no_pin_and_no_version_but_the_frameworks(place: Place) -> None:
    place.lock()
    (place.root / "requirements.in").write_text(
        'toy${EXTRAS}==${VERSION}\nnumpy==1 ; python_version < "3.13"\nnumpy==2\npyarrow==25\n'
    )
    [only] = place.install(FREE).calls
    assert only.endswith(f"--constraint {place.venv}/pins.txt --requirement {place.venv}/requirements.txt")
    assert (place.venv / "pins.txt").read_text() == ""
    assert (place.venv / "requirements.txt").read_text() == "toy${EXTRAS}==${VERSION}\nnumpy\npyarrow\n"
    assert not (place.venv / locks.MARK).exists()


def test_a_stack_of_the_release_day_takes_a_pip_that_knows_days_and_holds_all_but_the_framework_to_it(
    place: Place,
) -> None:
    calls = place.install({**ASKED, "STACK": "2026-03-07T00:00:00Z"}).calls
    assert calls[0] == "-m pip install --retries 2 --upgrade pip>=26"
    assert calls[1].startswith("-m pip install --no-deps --retries 1"), "the framework's own index tells no days"
    assert calls[2].startswith("before 2026-03-07T00:00:00Z: -m pip install --retries 2 --constraint")
    assert len(calls) == 3


def test_pins_are_constraints(place: Place) -> None:
    place.install()
    assert (place.venv / "pins.txt").read_text() == "a==1\nb==2\n"
    place.install({**ASKED, "PINS": ""})
    assert (place.venv / "pins.txt").read_text() == ""


@pytest.mark.parametrize("locked", [False, True])
def test_a_wheelhouse_is_looked_into_in_every_call(place: Place, locked: bool) -> None:
    (place.root / "wheelhouse").mkdir()
    if locked:
        place.lock()
    calls = place.install().calls
    assert len(calls) == 2
    assert all(call.startswith(f"-m pip install --find-links {place.root}/wheelhouse ") for call in calls)


@pytest.mark.parametrize("index", ["", "https://example.org/cpu"])
def test_with_a_lock_every_call_takes_hashes_alone(place: Place, index: str) -> None:
    place.lock()
    calls = place.install({**ASKED, "INDEX": index}).calls
    assert ["--extra-index-url" in call for call in calls] == ([True, False] if index else [False])
    assert all({"--require-hashes", "--only-binary", "--no-deps"} <= set(call.split()) for call in calls)
    assert calls[-1].endswith(f"--retries 2 --requirement {place.root}/locks/{LOCK}")
    assert (place.venv / "framework.txt").read_text() == f"toy==1.0 --hash=sha256:{'b' * 64}\n"


def test_what_a_lock_decided_is_marked_with_its_name(place: Place) -> None:
    place.lock()
    place.install()
    assert (place.venv / locks.MARK).read_text() == f"{LOCK}\n"


@pytest.mark.parametrize(
    "name",
    [
        locks.file_name("1.1", "cpu", TAG),
        locks.file_name("1.0", "cuda", TAG),
        locks.file_name("1.0", "cpu", "cp39-x86_64"),
        locks.file_name("1.0", "cpu", f"cp{sys.version_info.major}{sys.version_info.minor}-other"),
    ],
)
def test_a_lock_of_something_else_is_left_alone_and_that_is_told(place: Place, name: str) -> None:
    place.lock(name)
    done = place.install()
    assert f"no lock named {LOCK}: pip resolves" in done.said
    assert not (place.venv / locks.MARK).exists()
    assert not any("--require-hashes" in call for call in done.calls)


@pytest.mark.parametrize("locked", [False, True])
def test_nothing_is_installed_after_a_refusal(place: Place, locked: bool) -> None:
    (place.venv / "refuse").touch()
    if locked:
        place.lock()
    done = place.install()
    assert done.code != 0
    assert len(done.calls) == 1
    assert not (place.venv / locks.MARK).exists()


def test_a_lock_without_the_framework_is_refused(place: Place) -> None:
    place.lock()
    (place.root / "locks" / LOCK).write_text(f"toys==1.0 --hash=sha256:{'b' * 64}\n")
    assert place.install().code != 0


def test_requirements_without_a_package_are_no_error(place: Place) -> None:
    (place.root / "requirements.in").write_text("# The standard library alone.\n")
    done = place.install({**ASKED, "INDEX": ""})
    assert (done.code, len(done.calls)) == (0, 1)


# With real pip


def _wheel(folder: Path) -> None:
    """Write the wheel of a package named gadget."""
    info = "gadget-1.0.dist-info"
    files = {
        "gadget.py": "NAME = 'gadget'\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: gadget\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{name},sha256={_digest(text)},{len(text)}" for name, text in files.items()]
    with zipfile.ZipFile(folder / "gadget-1.0-py3-none-any.whl", "w") as wheel:
        for name, text in {**files, f"{info}/RECORD": "\n".join([*rows, f"{info}/RECORD,,", ""])}.items():
            wheel.writestr(name, text)


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


@dataclass(frozen=True)
class Environment:
    """An environment that the process engine made of a contender with one package, which lies in its wheelhouse."""

    images: Path
    folder: Path
    said: list[str]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.folder / "bin" / "python"), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def install_by_hash(self, sha256: str) -> subprocess.CompletedProcess[str]:
        """Install again, from nothing, by a lock that has this hash. No index is asked."""
        self.run("-m", "pip", "uninstall", "--yes", "gadget")
        own = self.images / "toy"
        (own / "locks").mkdir(exist_ok=True)
        (own / "locks" / LOCK).write_text(f"gadget==1.0 --hash=sha256:{sha256}\n")
        command = pip.command(self.folder, own / "requirements.in", own / "locks", own / "wheelhouse")
        variables = {**os.environ, **pip.variables({**ASKED, "INDEX": ""}), "PIP_NO_INDEX": "1"}
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    root = tmp_path_factory.mktemp("process")
    images, said = root / "images", list[str]()
    shutil.copytree(TOYS / "toy", images / "toy", ignore=shutil.ignore_patterns("__pycache__"))
    (images / "toy" / "wheelhouse").mkdir()
    (images / "toy" / "requirements.in").write_text("gadget==${VERSION}\n")
    _wheel(images / "toy" / "wheelhouse")
    contender = parse("toy", images)
    content = context(contender, offered_contenders(images)["toy"], "cpu", images, "")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        folder = Environments(root / "cache", images).prepare(contender, "cpu", content, said.append)
    return Environment(images, folder, said)


def test_pip_installs_from_the_wheelhouse_and_it_is_told_that_no_hash_was_held(environment: Environment) -> None:
    assert environment.run("-c", "import gadget; print(gadget.NAME)").stdout == "gadget\n"
    assert environment.said[-1] == f"toy: {locks.NOT_LOCKED}"
    assert not (environment.folder / locks.MARK).exists()


def test_a_package_with_another_hash_than_its_lock_has_is_refused_and_the_right_one_taken(
    environment: Environment,
) -> None:
    refused = environment.install_by_hash("0" * 64)
    assert refused.returncode != 0
    assert "DO NOT MATCH THE HASHES" in refused.stderr
    assert not (environment.folder / locks.MARK).exists()
    wheel = next((environment.images / "toy" / "wheelhouse").iterdir())
    environment.install_by_hash(hashlib.sha256(wheel.read_bytes()).hexdigest())
    assert environment.run("-c", "import gadget").returncode == 0
    assert (environment.folder / locks.MARK).read_text().strip() == LOCK
