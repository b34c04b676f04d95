"""Where an image's parts come from: locks, base images by digest, labels, the contract that a ready image declares."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engines.docker.base_image import Base, _digest
from orchestrator.engines.docker.labels import facts_of_contract, facts_of_image, image_labels
from orchestrator.engines.engine import FOREIGN, PrepareError
from orchestrator.engines.install import locks
from orchestrator.engines.install.context import Context, arguments, context
from orchestrator.engines.install.pip import expanded, framework_of
from orchestrator.errors import UsageError
from orchestrator.host.hardware import Hardware
from orchestrator.spec.contenders import IMAGES, offered_contenders, parse
from orchestrator.spec.resolve import engine_and_device, relaxations_by_contender, resolve
from orchestrator.spec.spec import Spec
from tests.support.paths import TOYS

LOCKS = sorted(IMAGES.glob("*/locks/*.txt"))
DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"

# Locks


def test_the_default_versions_are_locked_for_two_pythons_but_for_pytorchs_cpu_build() -> None:
    """PyTorch's own index gives the CPU build; its wheels for other Pythons were never at hand to be hashed."""
    named = {str(path.relative_to(IMAGES)) for path in LOCKS}
    for python in ("cp311", "cp312"):
        assert f"tf/locks/2.21.0-cpu-{python}-x86_64.txt" in named
        assert f"tf/locks/2.21.0-cuda-{python}-x86_64.txt" in named
        assert f"torch/locks/2.13.0-cuda-{python}-x86_64.txt" in named
    assert "torch/locks/2.13.0-cpu-cp311-x86_64.txt" in named


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_a_lock_has_all_that_is_asked_for_and_nothing_without_a_hash(path: Path) -> None:
    comment, *lines = path.read_text().splitlines()
    assert comment == "# made by `bakeoff images lock`"
    assert all(re.fullmatch(r"[a-z0-9.-]+==[\w.!]+( --hash=sha256:[0-9a-f]{64})+", line) for line in lines)
    pinned = {line.split()[0] for line in lines}
    name, version, variant = path.parent.parent.name, *path.stem.split("-")[:2]
    file = offered_contenders()[name]
    asked = arguments(parse(f"{name}=={version}"), file, variant, "")
    framework = framework_of(expanded((path.parent.parent / "requirements.in").read_text(), asked))
    assert f"{framework}=={version}" in pinned
    own_pins = set() if asked["INDEX"] else set(asked["PINS"].split())  # a CPU build's torchvision is on its own index
    assert {"numpy==1.26.4", "pyarrow==25.0.1"} | own_pins <= pinned


def test_the_dockerfiles_install_as_the_process_engine_does() -> None:
    for name in offered_contenders():
        text = (IMAGES / name / "Dockerfile").read_text()
        copied = f"images/{name}/requirements.in images/{name}/lock[s]"
        assert f"COPY images/install.sh images/pip-config.sh images/pip-cert.pe[m] {copied}" in text
        assert "sh /build/install.sh /opt/venv /build/requirements.in /build /build\n" in text
        assert "pip install" not in text.replace("/opt/venv/bin/pip install --no-cache-dir --retries 1", "")


def test_only_the_locks_of_what_is_built_are_sent() -> None:
    content = context(parse("torch==2.14.1"), offered_contenders()["torch"], "cuda", IMAGES, "")
    sent = [name for name in content.files if "/locks/" in name]
    assert sent
    assert all(name.startswith("images/torch/locks/2.14.1-cuda-") for name in sent)


def test_a_resolved_document_becomes_lines_for_pip() -> None:
    wheel = {"hashes": {"sha256": "a" * 64}}
    found = {
        "packages": [{"name": "numpy", "version": "2.0", "wheels": [wheel]}, {"name": "torch", "version": "2+cpu"}]
    }
    assert list(locks.lock_lines(found, {"torch": "b" * 64})) == [
        f"numpy==2.0 --hash=sha256:{'a' * 64}",
        f"torch==2 --hash=sha256:{'b' * 64}",
    ]
    with pytest.raises(ValueError, match="torch 2\\+cpu has no wheel"):
        list(locks.lock_lines(found, {}))


# Base images


def test_a_base_image_is_taken_by_the_digest_that_its_own_registry_gave() -> None:
    known = [f"mirror.example/python@{OTHER}", f"python@{DIGEST}"]
    assert _digest("python:3.12-slim-bookworm", known) == DIGEST
    assert _digest("mirror.example/python:3.12", known) == OTHER
    assert _digest("mirror.example:5000/python:3.12", known) == ""
    assert _digest("mine", []) == ""


def test_a_digest_that_was_asked_for_is_kept() -> None:
    base = Base(f"python:3.12@{DIGEST}", "sha256:1", _digest(f"python:3.12@{DIGEST}", []))
    assert base.reference == f"python@{DIGEST}"


def test_a_base_image_without_a_digest_is_named_with_its_id() -> None:
    base = Base("registry.example:5000/mine:1", OTHER)
    assert base.reference == "registry.example:5000/mine:1"
    assert base.description == f"registry.example:5000/mine:1, id {OTHER}: no registry gave a digest"


def test_labels_tell_how_an_image_was_made() -> None:
    content, lock = Context({}, {}), "2.13.0-cpu-cp312-x86_64.txt"
    found = image_labels(parse("torch"), content, Base("python:3.12", OTHER, DIGEST), lock)
    assert found["org.opencontainers.image.base.name"] == "python:3.12"
    assert found["org.opencontainers.image.base.digest"] == DIGEST
    assert facts_of_image(found) == {"requirements": locks.LOCKED, "base image": f"python@{DIGEST}"}
    assert image_labels(parse("torch"), content, Base("mine", OTHER), "")["bakeoff.locked"] == "false"


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("latest-2026-11-27", "as pip picked them on 2026-11-27 (--stack latest)"),
        (
            "2026-03-07T00:00:00Z",
            "uploaded before 2026-03-07, the day after the framework's release (--stack as-released)",
        ),
    ],
)
def test_a_stack_that_is_not_pinned_stands_in_the_image_and_in_the_report(argument: str, said: str) -> None:
    found = image_labels(parse("torch"), Context({}, {"STACK": argument}), Base("mine", OTHER), "")
    assert (found["bakeoff.stack"], facts_of_image(found)["requirements"]) == (argument, said)


def test_an_image_that_says_nothing_is_not_called_locked() -> None:
    assert facts_of_image({})["requirements"] == locks.NOT_LOCKED


# Ready images


def test_a_ready_image_declares_the_contract_or_is_refused_with_the_way_out() -> None:
    assert facts_of_contract("mine:1", _config("1"), allow_foreign=False) == {"contract": "1"}
    for label, said in ((None, "the label is missing"), ("9", "it says '9', known: 1")):
        with pytest.raises(PrepareError) as refused:
            facts_of_contract("mine:1", _config(label), allow_foreign=False)
        assert said in str(refused.value)
        assert "LABEL bakeoff.contract=1" in str(refused.value)
        assert "--allow-foreign-image" in str(refused.value)
        assert facts_of_contract("mine:1", _config(label), allow_foreign=True) == {"contract": FOREIGN}


@pytest.mark.parametrize("allow", [False, True])
def test_an_image_without_an_entry_point_is_refused_always(allow: bool) -> None:
    with pytest.raises(PrepareError, match="no ENTRYPOINT"):
        facts_of_contract("mine:1", {**_config("1"), "Entrypoint": None}, allow_foreign=allow)


# Relaxations


def test_a_contender_file_may_name_a_relaxation(tmp_path: Path) -> None:
    _toy(tmp_path, 'relax = ["tmp-exec"]')
    assert parse("toy", tmp_path).relax == ("tmp-exec",)
    assert parse("toy@bakeoff/toy:1.0-cpu", tmp_path).relax == ()


def test_an_unknown_relaxation_is_refused_with_the_words_there_are(tmp_path: Path) -> None:
    _toy(tmp_path, 'relax = ["root"]')
    with pytest.raises(UsageError) as refused:
        parse("toy", tmp_path)
    assert "relax has 'root'" in refused.value.message
    assert refused.value.remedy == "words that it knows: tmp-exec"


def test_a_plan_names_what_its_contenders_are_spared() -> None:
    settings = resolve(Spec(contenders=("torch",)), Hardware(2))
    spared = replace(settings, contenders=(replace(settings.contenders[0], relax=("tmp-exec",)),))
    assert relaxations_by_contender(settings) == {}
    assert relaxations_by_contender(spared) == {"torch==2.13.0": ("tmp-exec",)}
    assert engine_and_device(spared, "docker", restricts=True).endswith(", torch==2.13.0 relaxed by tmp-exec")
    assert "relaxed" not in engine_and_device(spared, "process", restricts=False)


def test_no_contender_of_this_repository_is_relaxed() -> None:
    assert {name: file.relax for name, file in offered_contenders().items() if file.relax} == {}


def _config(label: str | None) -> dict[str, Any]:
    return {"Entrypoint": ["worker"], "Labels": None if label is None else {"bakeoff.contract": label}}


def _toy(images: Path, line: str) -> None:
    (images / "toy").mkdir()
    text = (TOYS / "toy" / "contender.toml").read_text()
    (images / "toy" / "contender.toml").write_text(text.replace("\n[variants", f"\n{line}\n[variants", 1))
