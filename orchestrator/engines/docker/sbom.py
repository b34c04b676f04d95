"""A software bill of materials: the packages of an image as a CycloneDX document. Pure, and the same each time.

Written by hand: the format is a JSON object of a dozen keys, and a library for it would bring more packages than it
describes. `tests/engines/docker/test_sbom.py` holds it to what the format requires.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

from packaging.utils import canonicalize_name

from orchestrator.engines.docker.labels import CONTENDER_LABEL, LOCK_LABEL
from orchestrator.engines.docker.packages import Contents

_TEXT = 200  # characters: a licence is a name here, never its text
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~:-]{0,127}")
_OCI = "org.opencontainers.image."


@dataclass(frozen=True, order=True)
class Package:
    """One package. `kind` is "pypi" or "deb"."""

    kind: str
    name: str
    version: str
    licence: str = ""
    architecture: str = ""
    sha256: str = ""  # of what was installed, where a lock has it

    @property
    def purl(self) -> str:
        """Name the package as scanners do."""
        space = "deb/debian" if self.kind == "deb" else self.kind
        named = f"pkg:{space}/{quote(self.name)}@{quote(self.version)}"
        return f"{named}?arch={quote(self.architecture)}" if self.architecture else named


def python_packages(metadata: Iterable[bytes], lock: Mapping[str, str]) -> Iterator[Package]:
    """Read METADATA files; `lock` has the hashes of "name==version". What names no package is passed over."""
    for content in metadata:
        fields = next(_stanzas(content), Message())
        name, version = canonicalize_name(_field(fields, "name")), _field(fields, "version")
        if _NAME.fullmatch(name) and _NAME.fullmatch(version):
            licence = _field(fields, "license-expression") or _field(fields, "license")
            sha256 = lock.get(f"{name}=={version.partition('+')[0]}", "")
            yield Package("pypi", name, version, _line(licence), sha256=sha256)


def debian_packages(status: Iterable[bytes]) -> Iterator[Package]:
    """Read dpkg's list of what is installed."""
    for content in status:
        for fields in _stanzas(content):
            name, version = _field(fields, "package"), _field(fields, "version")
            installed = (_field(fields, "status") or "installed").endswith("installed")
            if installed and _NAME.fullmatch(name) and _NAME.fullmatch(version):
                architecture = _field(fields, "architecture")
                yield Package("deb", name, version, architecture=architecture if _NAME.fullmatch(architecture) else "")


def hashes(lock: str) -> dict[str, str]:
    """Read a lock's hashes, by "name==version", where one wheel fits: of two, nobody says which was taken."""
    matches = (re.fullmatch(r"(\S+==\S+) --hash=sha256:([0-9a-f]{64})", line) for line in lock.splitlines())
    return {match[1]: match[2] for match in matches if match}


def bill_of_materials(contents: Contents, images: Path, version: str) -> dict[str, Any]:
    """Return the document of an image's contents, with hashes where a lock of `images` was installed."""
    name, _, _ = contents.labels.get(CONTENDER_LABEL, "").partition("==")
    lock = images / name.partition("[")[0] / "locks" / contents.labels.get(LOCK_LABEL, "")
    known = hashes(lock.read_text(encoding="utf-8")) if lock in images.glob("*/locks/*.txt") else {}
    packages = [*python_packages(contents.python, known), *debian_packages(contents.debian)]
    return document(contents.id, contents.name, contents.created, contents.labels, packages, version)


def document(
    image: str, name: str, created: str, labels: Mapping[str, str], packages: Iterable[Package], version: str
) -> dict[str, Any]:
    """Return the CycloneDX 1.6 document of an image; its time is the image's own."""
    said = {key: _line(labels[key]) for key in sorted(labels) if key.startswith((_OCI, "bakeoff."))}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, image)}",
        "version": 1,
        "metadata": {
            "timestamp": re.sub(r"\.\d+", "", created),
            "tools": {"components": [{"type": "application", "name": "bakeoff", "version": version}]},
            "component": {
                "type": "container",
                "bom-ref": image,
                "name": _line(name),
                "version": image,
                "properties": [{"name": key, "value": value} for key, value in said.items()],
            },
        },
        "components": [
            _component(package) for package in sorted({package.purl: package for package in packages}.values())
        ],
    }


def _component(package: Package) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
    }
    if package.sha256:
        component["hashes"] = [{"alg": "SHA-256", "content": package.sha256}]
    if package.licence:
        component["licenses"] = [{"license": {"name": package.licence}}]
    return component


def _stanzas(content: bytes) -> Iterator[Message]:
    """Read what METADATA and dpkg's list consist of: headers as those of mails, up to each empty line."""
    parser = HeaderParser()
    for stanza in re.split(r"\n\s*\n", content.decode("utf-8", "replace")):
        if stanza.strip():
            yield parser.parsestr(stanza.lstrip())


def _field(fields: Message, name: str) -> str:
    """Return the first line of a header's first value, "" where there is none."""
    return _line(str(fields.get(name, ""))).strip()


def _line(text: str) -> str:
    """Keep one printable line of a text."""
    return "".join(letter for letter in text.split("\n", 1)[0] if letter.isprintable())[:_TEXT]
