"""The bill of materials: what the format asks for, and that nothing an image holds can do more than name packages."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engines.docker.packages import FILE_BYTES, pick_lists
from orchestrator.engines.docker.sbom import Package, debian_packages, document, hashes, python_packages
from orchestrator.errors import PreflightError
from tests.support.engines import DockerRig

NUMPY = b"Metadata-Version: 2.1\nName: NumPy\nVersion: 1.26.4\nLicense: BSD\n  and a long text\n\nName: not-this\n"
DEBIAN = (
    b"Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9+deb12u4\n\n"
    b"Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n"
)
IMAGE = f"sha256:{'a' * 64}"


def test_python_packages_are_read_with_the_hash_of_the_lock() -> None:
    lock = hashes(f"# comment\nnumpy==1.26.4 --hash=sha256:{'b' * 64}\nsix==1 --hash=sha256:{'c' * 64} --hash=x\n")
    assert list(python_packages([NUMPY], lock)) == [Package("pypi", "numpy", "1.26.4", "BSD", sha256="b" * 64)]
    assert lock == {"numpy==1.26.4": "b" * 64}  # of two wheels nobody says which was taken


def test_debian_packages_are_those_that_are_installed() -> None:
    [package] = debian_packages([DEBIAN])
    assert package.purl == "pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64"


def test_the_document_has_what_cyclonedx_requires() -> None:
    found = _document()
    assert (found["bomFormat"], found["specVersion"], found["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", found["serialNumber"])
    assert found["metadata"]["timestamp"] == "2026-01-02T03:04:05Z"
    assert found["metadata"]["component"]["version"] == IMAGE
    references = [each["bom-ref"] for each in found["components"]]
    assert references == sorted(set(references), key=references.index)
    assert all({"type", "name", "version", "purl"} <= each.keys() for each in found["components"])
    assert found["components"][1]["hashes"] == [{"alg": "SHA-256", "content": "b" * 64}]
    assert found["components"][1]["licenses"] == [{"license": {"name": "BSD"}}]


def test_the_same_image_gives_the_same_document() -> None:
    assert json.dumps(_document()) == json.dumps(_document())


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_whatever_an_image_holds_the_document_is_one_line_a_value(content: list[bytes]) -> None:
    packages = [*python_packages([b"Name: a\nVersion: 1\nLicense: " + each for each in content], {})]
    packages += [*python_packages(content, {}), *debian_packages(content)]
    text = json.dumps(document(IMAGE, "x", "now", {"bakeoff.x": "\x1b[2J\n"}, packages, "1"))
    assert not re.search(r"\\n|\\u001b|\\u009b", text)


def test_only_regular_files_of_bounded_size_are_read_out_of_an_image() -> None:
    at = "opt/venv/lib/python3.11/site-packages"
    link = tarfile.TarInfo(f"{at}/link-1.dist-info/METADATA")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/shadow"
    large = tarfile.TarInfo(f"{at}/large-1.dist-info/METADATA")
    large.size = FILE_BYTES + 1
    entries = [
        (link, b""),
        (large, bytes(FILE_BYTES + 1)),
        (_entry(f"./{at}/numpy-1.26.4.dist-info/METADATA", NUMPY), NUMPY),
        (_entry("var/lib/dpkg/status", DEBIAN), DEBIAN),
        (_entry("etc/passwd", b"root"), b"root"),
    ]
    assert list(pick_lists(_streamed(entries))) == [
        (f"{at}/numpy-1.26.4.dist-info/METADATA", NUMPY),
        ("var/lib/dpkg/status", DEBIAN),
    ]


def test_an_archive_that_breaks_off_is_told() -> None:
    whole = b"".join(_streamed([(_entry("var/lib/dpkg/status", DEBIAN * 50), DEBIAN * 50)]))
    with pytest.raises(PreflightError, match="cannot be read"):
        list(pick_lists(iter([whole[:600]])))


@pytest.mark.docker
def test_an_image_on_the_engine_tells_its_packages(docker_client: Any, data_volume: str, tmp_path: Path) -> None:
    rig = DockerRig(tmp_path, docker_client, data_volume)
    found = rig.docker.contents(rig.prepared.image)
    assert found.id == rig.prepared.image
    names = {package.name for package in debian_packages(found.debian)}
    assert {"libc6", "dpkg"} <= names
    with pytest.raises(PreflightError, match="has no image"):
        rig.docker.contents("localhost:1/none:1")


def _document() -> dict[str, Any]:
    packages = [
        Package("pypi", "numpy", "1.26.4", "BSD", sha256="b" * 64),
        Package("deb", "libc6", "2.36-9+deb12u4", architecture="amd64"),
    ]
    return document(IMAGE, "bakeoff/torch:1", "2026-01-02T03:04:05.678Z", {}, packages, "0.1.0")


def _entry(name: str, content: bytes) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    return entry


def _streamed(entries: list[tuple[tarfile.TarInfo, bytes]]) -> Iterator[bytes]:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for entry, content in entries:
            archive.addfile(entry, io.BytesIO(content))
    packed.seek(0)
    yield from iter(lambda: packed.read(100_000), b"")
