"""What an image is made of, and that its name follows its content."""

from __future__ import annotations

import shutil
import tarfile
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engines.engine import PrepareError
from orchestrator.engines.install.context import Context, arguments, context, refuse_past_day
from orchestrator.errors import UsageError
from orchestrator.spec.contenders import IMAGES, Contender, ContenderFile, Variant, Version, offered_contenders, parse
from tests.support.paths import TOYS

TORCH = parse("torch==2.13.0")


@pytest.fixture
def toys(tmp_path: Path) -> Path:
    shutil.copytree(TOYS / "toy", tmp_path / "toy", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_an_image_holds_the_contract_and_one_contender() -> None:
    names = set(_toy(TOYS).files)
    assert {"shared/events.py", "shared/emitter.py", "images/__init__.py", "images/toy/worker.py"} <= names
    assert {name.split("/")[0] for name in names} == {"shared", "images"}
    assert not any("orchestrator" in name or "__pycache__" in name for name in names)


@pytest.mark.parametrize("changed", ["worker.py", "Dockerfile", "requirements.in"])
def test_every_file_that_an_image_is_made_of_counts(toys: Path, changed: str) -> None:
    before = _toy(toys).content_hash
    file = toys / "toy" / changed
    file.write_text(file.read_text() + "# edited\n")
    assert _toy(toys).content_hash != before


def test_a_new_colour_or_title_is_no_new_image(toys: Path) -> None:
    before = _toy(toys).content_hash
    file = toys / "toy" / "contender.toml"
    file.write_text(file.read_text() + "# edited\n")
    assert _toy(toys).content_hash == before


def test_the_contract_counts(toys: Path) -> None:
    content = _toy(toys)
    edited = toys / "events.py"
    edited.write_text(content.files["shared/events.py"].read_text() + "# edited\n")
    changed = replace(content, files={**content.files, "shared/events.py": edited})
    assert changed.content_hash != content.content_hash


def test_version_pins_index_and_base_image_count() -> None:
    file = offered_contenders()["torch"]
    hashes = {
        context(contender, file, variant, IMAGES, base).content_hash
        for contender in (TORCH, parse("torch==2.12.1"))
        for variant in ("cpu", "cuda")
        for base in ("", "mirror/python:3.12")
    }
    assert len(hashes) == 8


def test_where_the_files_lie_does_not_count(toys: Path) -> None:
    assert _toy(toys).content_hash == _toy(TOYS).content_hash


def test_an_environment_outlives_edits_of_the_worker(toys: Path) -> None:
    before = _toy(toys).requirements_hash
    (toys / "toy" / "worker.py").write_text("# another worker\n")
    assert _toy(toys).requirements_hash == before
    (toys / "toy" / "requirements.in").write_text("something==1\n")
    assert _toy(toys).requirements_hash != before


def test_the_script_that_installs_counts_for_images_and_environments(tmp_path: Path) -> None:
    content = _toy(TOYS)
    edited = tmp_path / "install.sh"
    edited.write_text(content.files["images/install.sh"].read_text() + "# edited\n")
    changed = replace(content, files={**content.files, "images/install.sh": edited})
    assert changed.content_hash != content.content_hash
    assert changed.requirements_hash != content.requirements_hash


def test_a_wheelhouse_is_sent_and_counts_for_what_is_installed(toys: Path) -> None:
    before = _toy(toys)
    (toys / "toy" / "wheelhouse").mkdir()
    (toys / "toy" / "wheelhouse" / "some-1-py3-none-any.whl").write_bytes(b"wheel")
    after = _toy(toys)
    assert "images/toy/wheelhouse/some-1-py3-none-any.whl" in after.files
    assert after.requirements_hash != before.requirements_hash


def test_two_packings_of_the_same_files_are_the_same_bytes(toys: Path) -> None:
    first = _toy(TOYS).tar().getvalue()
    assert _toy(toys).tar().getvalue() == first
    with tarfile.open(fileobj=_toy(toys).tar()) as archive:
        members = archive.getmembers()
    assert [member.name for member in members] == sorted(member.name for member in members)
    assert {(member.mtime, member.uid, member.mode) for member in members} == {(0, 0, 0o644)}


def test_a_variant_that_a_contender_has_not_is_refused() -> None:
    with pytest.raises(UsageError, match="toy has no variant 'cuda'") as refused:
        context(parse("toy", TOYS), offered_contenders(TOYS)["toy"], "cuda", TOYS, "")
    assert refused.value.remedy == "variants: cpu"


def test_arguments_come_from_the_variant_and_the_version() -> None:
    file = _file({"1.0": Version(pins=("a==1", "b==2"), base="old:python")})
    assert arguments(Contender("x", "1.0"), file, "cpu", "") == {
        "VERSION": "1.0",
        "VARIANT": "cpu",
        "EXTRAS": "[]",
        "INDEX": "https://example.org/wheels",
        "PINS": "a==1 b==2",
        "BASE_IMAGE": "old:python",
    }


def test_a_stack_of_another_day_is_another_content_and_leaves_the_locks_out() -> None:
    torch, file = parse("torch"), offered_contenders()["torch"]
    stacks = ("pinned", "latest-2026-11-26", "latest-2026-11-27", "as-released")
    contents = [context(replace(torch, stack=stack), file, "cpu", IMAGES, "") for stack in stacks]
    assert [content.arguments.get("STACK", "") for content in contents] == [
        "",
        *stacks[1:3],
        "2026-07-09T00:00:00Z",
    ]
    assert len({content.content_hash for content in contents}) == 4
    assert [any("/locks/" in name for name in content.files) for content in contents] == [True, False, False, False]


def test_of_the_release_day_a_wheelhouse_gives_the_framework_alone(toys: Path) -> None:
    (toys / "toy" / "requirements.in").write_text("toy-works${EXTRAS}==${VERSION}\nnumpy\n")
    (toys / "toy" / "wheelhouse").mkdir()
    for name in ("toy_works-1.0-py3-none-any.whl", "numpy-9-py3-none-any.whl"):
        (toys / "toy" / "wheelhouse" / name).write_bytes(b"wheel")
    file = _file({"1.0": Version(released=date(2026, 3, 6))})
    sent = {
        stack: {Path(name).name.partition("-")[0] for name in files if name.endswith(".whl")}
        for stack in ("pinned", "latest-2026-11-27", "as-released")
        if (files := context(replace(Contender("toy", "1.0"), stack=stack), file, "cpu", toys, "").files)
    }
    assert sent == {
        "pinned": {"toy_works", "numpy"},
        "latest-2026-11-27": {"toy_works", "numpy"},
        "as-released": {"toy_works"},
    }


@pytest.mark.parametrize("now", ["2026-11-28 06:01", "2027-01-01 00:00"])
def test_what_pip_picked_on_a_day_that_is_over_is_not_built(now: str) -> None:
    with pytest.raises(PrepareError, match="what pip picked on 2026-11-27 can no longer be installed") as refused:
        refuse_past_day(Context({}, {"STACK": "latest-2026-11-27"}), datetime.fromisoformat(now))
    assert "--stack latest for today's packages" in refused.value.remedy


@pytest.mark.parametrize("stack", ["latest-2026-11-27", "2020-01-01T00:00:00Z", ""])
def test_what_is_begun_before_midnight_is_built_and_a_release_day_may_be_long_ago(stack: str) -> None:
    refuse_past_day(Context({}, {"STACK": stack}), datetime.fromisoformat("2026-11-28 05:59"))


def test_a_version_without_a_release_day_has_no_stack_of_that_day() -> None:
    old = replace(Contender("x", "1.0"), stack="as-released")
    with pytest.raises(UsageError, match=r"the release day of x==1\.0 is not known") as refused:
        arguments(old, _file({"1.0": Version()}), "cpu", "")
    assert "released = " in refused.value.remedy


def test_every_version_that_is_offered_has_its_release_day() -> None:
    for file in offered_contenders().values():
        assert [name for name, version in file.versions.items() if version.released is None] == []


def test_the_users_base_image_comes_before_the_versions_own() -> None:
    file = _file({"1.0": Version(base="old:python")})
    assert arguments(Contender("x", "1.0"), file, "cpu", "mirror/python:3.11")["BASE_IMAGE"] == "mirror/python:3.11"


def test_without_a_base_image_the_dockerfile_decides() -> None:
    assert "BASE_IMAGE" not in arguments(Contender("x", "1.0"), _file({"1.0": Version()}), "cpu", "")


def test_a_version_that_is_not_offered_has_no_pins() -> None:
    assert arguments(Contender("x", "9.9"), _file({"1.0": Version(pins=("a==1",))}), "cpu", "")["PINS"] == ""


@given(
    st.dictionaries(st.text("ABC", min_size=1), st.text(max_size=5)), st.text("ABC", min_size=1), st.text(max_size=5)
)
def test_a_changed_argument_gives_another_name(given: dict[str, str], name: str, value: str) -> None:
    changed = {**given, name: value}
    assert (Context({}, changed).content_hash == Context({}, given).content_hash) == (changed == given)


def _toy(images: Path) -> Context:
    return context(parse("toy", images), offered_contenders(images)["toy"], "cpu", images, "")


def _file(versions: dict[str, Version]) -> ContenderFile:
    cpu = Variant(extras="[]", index="https://example.org/wheels", size_bytes=1)
    return ContenderFile(title="X", colour="#000000", default="1.0", variants={"cpu": cpu}, versions=versions)
