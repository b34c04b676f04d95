"""How a lock is made: what uv is asked, and what its answer becomes. uv itself is played by a script."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.engines.install.uv import write_lock
from orchestrator.errors import PreflightError, UsageError
from orchestrator.spec.contenders import IMAGES, offered_contenders, parse

PLAYED = """#!{python}
import json, sys
from pathlib import Path

words = sys.argv[1:]
inputs = {{"requirements": words[2], "constraints": words[words.index("--constraint") + 1]}}
asked = {{name: Path(path).read_text() for name, path in inputs.items()}}
Path({asked!r}).write_text(json.dumps({{"words": words, **asked}}))
if {code}:
    sys.exit({code})
wheel = '[{{hashes = {{sha256 = "{digest}"}}}}]'
packages = "".join(f'[[packages]]\\nname = "{{name}}"\\nversion = "1.0"\\nwheels = {{wheel}}\\n' for name in {names!r})
Path(words[words.index("-o") + 1]).write_text(packages)
"""


@dataclass(frozen=True)
class Uv:
    """A copy of the contenders, and a program in uv's place."""

    images: Path
    program: Path
    asked_json: Path

    def play(self, *names: str, code: int = 0) -> str:
        """Answer with these packages, or end with a code."""
        told = {"python": sys.executable, "asked": str(self.asked_json), "code": code, "digest": "a" * 64}
        self.program.write_text(PLAYED.format(**told, names=names))
        self.program.chmod(0o755)
        return str(self.program)

    @property
    def asked(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.asked_json.read_text())
        return found


@pytest.fixture
def uv(tmp_path: Path) -> Uv:
    shutil.copytree(IMAGES, tmp_path / "images", ignore=shutil.ignore_patterns("wheelhouse", "locks"))
    return Uv(tmp_path / "images", tmp_path / "uv", tmp_path / "asked.json")


def test_a_lock_names_every_package_of_uvs_answer_by_hash(uv: Uv) -> None:
    path = write_lock(parse("tf"), "cpu", "3.11", uv.play("tensorflow", "numpy"), uv.images)
    assert path == uv.images / "tf" / "locks" / f"{parse('tf').version}-cpu-cp311-x86_64.txt"
    hashed = f"==1.0 --hash=sha256:{'a' * 64}"
    assert path.read_text() == f"# made by `bakeoff images lock`\ntensorflow{hashed}\nnumpy{hashed}\n"


def test_uv_is_asked_for_the_python_and_the_pins_of_the_version(uv: Uv) -> None:
    write_lock(parse("torch"), "cuda", "3.12", uv.play("torch"), uv.images)
    words = uv.asked["words"]
    assert words[words.index("--python-version") + 1] == "3.12"
    assert "--find-links" not in words
    pins = offered_contenders()["torch"].versions[parse("torch").version].pins
    assert uv.asked["constraints"].split() == list(pins)
    assert set(pins) <= set(uv.asked["requirements"].splitlines())


def test_a_build_of_its_own_index_is_locked_by_the_wheel_in_the_wheelhouse_alone(uv: Uv) -> None:
    contender, program = parse("torch"), uv.play("torch", "numpy")
    assert write_lock(contender, "cpu", "3.12", program, uv.images) is None
    assert not uv.asked_json.exists()
    wheel = uv.images / "torch" / "wheelhouse" / f"torch-{contender.version}+cpu-cp312-cp312-linux_x86_64.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"a wheel")
    path = write_lock(contender, "cpu", "3.12", program, uv.images)
    assert path
    assert f"torch==1.0 --hash=sha256:{hashlib.sha256(b'a wheel').hexdigest()}\n" in path.read_text()
    words = uv.asked["words"]
    assert words[words.index("--find-links") + 1] == str(wheel.parent)


def test_a_uv_that_finds_no_solution_writes_no_lock(uv: Uv) -> None:
    with pytest.raises(PreflightError, match="no solution"):
        write_lock(parse("tf"), "cpu", "3.12", uv.play(code=1), uv.images)
    assert not (uv.images / "tf" / "locks").exists()


def test_a_missing_uv_is_said_with_the_way_to_get_it(uv: Uv) -> None:
    with pytest.raises(PreflightError, match="cannot be run: No such file") as error:
        write_lock(parse("tf"), "cpu", "3.12", str(uv.program), uv.images)
    assert "pip install uv" in error.value.remedy


def test_a_ready_image_has_no_lock(uv: Uv) -> None:
    with pytest.raises(UsageError, match="ready image"):
        write_lock(parse("mine@registry/image:1"), "cpu", "3.12", uv.play(), uv.images)
