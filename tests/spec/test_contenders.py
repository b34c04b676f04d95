"""What users may write as a contender, and that every offered version can be built from its folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import UsageError
from orchestrator.spec.contenders import IMAGES, ROOT, Contender, ContenderFile, offered_contenders, parse

FILES = offered_contenders()
OFFERED = [(name, version) for name, file in FILES.items() for version in file.versions]


def test_a_bare_name_is_the_default_version() -> None:
    assert parse("torch").written == "torch==2.13.0"
    assert parse("tf").written == "tf==2.21.0"


def test_modes_and_a_version_are_written_as_requirements_are() -> None:
    contender = parse("tf[xla]==2.20.0")
    assert (contender.name, contender.modes, contender.version) == ("tf", ("xla",), "2.20.0")
    assert contender.slug == "tf-xla-2.20.0"


def test_the_order_of_modes_does_not_make_another_contender() -> None:
    assert parse("tf[xla, deterministic]") == parse("tf[deterministic,xla]")


def test_a_ready_image_needs_no_folder() -> None:
    contender = parse("mine@registry.example/team/image:1.2")
    assert (contender.name, contender.image) == ("mine", "registry.example/team/image:1.2")


def test_an_unknown_mode_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(UsageError) as refused:
        parse("torch[xla]")
    assert refused.value.remedy == "modes of torch: deterministic, cudnn-autotune"


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as refused:
        parse("jax")
    assert refused.value.remedy == "known contenders: tf, torch"


@given(st.text(max_size=40))
def test_any_text_is_a_contender_or_a_usage_error(text: str) -> None:
    try:
        contender = parse(text)
    except UsageError:
        return
    assert parse(contender.written) == contender


@pytest.mark.parametrize(("name", "version"), OFFERED)
def test_what_is_written_reads_back(name: str, version: str) -> None:
    assert parse(f"{name}=={version}").written == f"{name}=={version}"


@pytest.mark.parametrize("name", FILES)
def test_the_default_version_is_offered(name: str) -> None:
    assert FILES[name].default in FILES[name].versions


@pytest.mark.parametrize("name", FILES)
def test_there_is_a_variant_for_cpus_and_one_for_gpus_that_names_its_driver(name: str) -> None:
    assert set(FILES[name].variants) == {"cpu", "cuda"}
    assert FILES[name].variants["cuda"].driver >= 525


@pytest.mark.parametrize(("name", "version"), OFFERED)
def test_every_pin_is_exact(name: str, version: str) -> None:
    pins = FILES[name].versions[version].pins
    assert pins
    assert [pin for pin in pins if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", pin)] == []


@pytest.mark.parametrize(("name", "version"), OFFERED)
def test_what_a_framework_leaves_floating_is_pinned(name: str, version: str) -> None:
    pinned = {pin.partition("==")[0] for pin in FILES[name].versions[version].pins}
    assert {"tf": "keras", "torch": "torchvision"}[name] in pinned


def test_only_pytorch_before_cuda_13_takes_an_older_driver() -> None:
    torch = FILES["torch"]
    assert {version for version, entry in torch.versions.items() if not entry.driver} == {
        "2.11.0", "2.12.0", "2.12.1", "2.13.0", "2.14.0", "2.14.1", "2.15.0"
    }  # fmt: skip


def test_extras_are_never_empty_where_the_requirements_use_them() -> None:
    # pip leaves ${EXTRAS} as it stands where the variable is empty.
    asking = [name for name in FILES if "${EXTRAS}" in _text(name, "requirements.in")]
    assert asking == ["tf"]
    assert [variant.extras for variant in FILES["tf"].variants.values()] == ["[]", "[and-cuda]"]


def test_the_reader_of_the_data_is_pinned_alike_in_every_image() -> None:
    readers = {name: re.findall(r"^(?:numpy|pyarrow)==.*$", _text(name, "requirements.in"), re.M) for name in FILES}
    assert len(readers["torch"]) == 3
    assert readers["torch"] == readers["tf"]


@pytest.mark.parametrize("name", FILES)
def test_the_dockerfile_builds_the_default_version_when_told_nothing(name: str) -> None:
    dockerfile = _text(name, "Dockerfile")
    assert f"\nARG VERSION={FILES[name].default}\n" in dockerfile
    assert f"\nARG INDEX={FILES[name].variants['cpu'].index}\n" in dockerfile
    assert f"\nARG EXTRAS={FILES[name].variants['cpu'].extras}\n" in dockerfile


@pytest.mark.parametrize("name", FILES)
def test_compose_builds_the_default_version_when_told_nothing(name: str) -> None:
    compose = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    variable, default = name.upper(), FILES[name].default
    assert f"image: bakeoff/{name}:${{{variable}:-{default}}}-${{VARIANT:-cpu}}\n" in compose
    assert f"VERSION: ${{{variable}:-{default}}}\n" in compose


@pytest.mark.parametrize("name", FILES)
def test_no_build_argument_becomes_a_variable_of_the_image(name: str) -> None:
    dockerfile = _text(name, "Dockerfile")
    assert [line for line in dockerfile.splitlines() if line.startswith("ENV ")] == [
        "ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1"
    ]


@pytest.mark.parametrize("name", FILES)
def test_the_worker_is_not_root(name: str) -> None:
    assert [line for line in _text(name, "Dockerfile").splitlines() if line.startswith("USER ")] == ["USER 10001:10001"]


def test_an_unknown_key_of_a_contender_file_is_refused() -> None:
    known = FILES["torch"].model_dump()
    with pytest.raises(ValueError, match="Extra inputs are not permitted"):
        ContenderFile.model_validate({**known, "colur": "#000000"})


def test_a_local_version_makes_no_plus_in_a_file_name() -> None:
    assert Contender("torch", "2.13.0+cpu").slug == "torch-2.13.0_cpu"


def _text(name: str, file: str) -> str:
    return Path(IMAGES / name / file).read_text(encoding="utf-8")


def test_a_contender_file_is_read_once_and_again_when_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "torch" / "contender.toml"
    path.parent.mkdir()
    text = (IMAGES / "torch" / "contender.toml").read_text()
    path.write_text(text)
    first = offered_contenders(tmp_path)["torch"]
    assert offered_contenders(tmp_path)["torch"] is first
    path.write_text(text.replace(f'title = "{first.title}"', 'title = "Another"'))
    os.utime(path, ns=(0, 0))
    assert offered_contenders(tmp_path)["torch"].title == "Another"


def test_a_wrong_contender_file_is_told_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    text = (IMAGES / "torch" / "contender.toml").read_text(encoding="utf-8")
    faulty = text.replace("colour =", "color =", 1).replace("size_bytes =", "size_byte =", 1)
    (tmp_path / "torch" / "contender.toml").write_text(faulty, encoding="utf-8")
    with pytest.raises(UsageError, match="is not a contender file") as caught:
        parse("torch", tmp_path)
    assert [re.sub(r"\d+", "N", line.partition(" = ")[0]) for line in caught.value.lines] == [
        "contender.toml: colour: is missing: add it",
        "contender.toml:N: color",
        "contender.toml:N: [variants] cpu.size_bytes: is missing: add it",
        "contender.toml:N: [variants] cpu.size_byte",
    ]
    assert "did you mean colour?" in caught.value.lines[1]
    assert "did you mean size_bytes?" in caught.value.lines[3]
