"""Wrong configurations, recipes, folders and engines, as people have them and worse: each drawn from a seed."""

from __future__ import annotations

import http.server
import json
import random
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.docker_config import HOSTILE, write_config, write_context
from tests.support.paths import ROOT

RECIPES = sorted((ROOT / "shared" / "recipes").glob("*.toml"))
STRANGE: tuple[Any, ...] = (None, 0, -1, 2**70, 1.5, "", "x", "\x00", "é\u202e", [], [1], {}, {"a": 1}, True)
WRITTEN = ("-1", "0", "1e400", "nan", '"x"', "[]", "{}", "true", "99999999999999999999", "'", "{a = 1}", "1979-05-27")


def damaged_json(chance: random.Random, content: Any) -> str:
    """Return JSON in which one value is of another kind, or bytes are missing."""
    text = json.dumps(content)
    if chance.random() < 0.5:
        return damaged(chance, text.encode()).decode("utf-8", "replace")
    document = json.loads(text)
    place, key = chance.choice(list(_places(document)))
    place[key] = chance.choice(STRANGE)
    return json.dumps(document)


def _places(document: Any) -> Any:
    for key, value in document.items() if isinstance(document, dict) else enumerate(document):
        yield document, key
        if isinstance(value, dict | list):
            yield from _places(value)


def damaged(chance: random.Random, content: bytes) -> bytes:
    """Cut, repeat, or overwrite a part."""
    start, end = sorted(chance.randrange(len(content) + 1) for _ in range(2))
    middle = chance.choice((b"", content[start:end] * 2, chance.randbytes(min(end - start, 8)), b"\xff\xfe", b"\n\n"))
    return content[:start] + middle + (content[end:] if chance.random() < 0.8 else b"")


def recipe(chance: random.Random, folder: Path) -> Path:
    """Write one of the shipped recipes with a line or value of it wrong."""
    lines = chance.choice(RECIPES).read_text().splitlines()
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(lines))
        key, equals, _value = lines[at].partition(" = ")
        lines[at : at + 1] = chance.choice(
            (
                [],
                [lines[at]] * 2,
                [f"{key}{equals}{chance.choice(WRITTEN)}"],
                [f"{key}x{equals}1"],
                [chance.choice(WRITTEN)],
            )
        )
    content = "\n".join(lines).encode()
    path = folder / "recipe.toml"
    path.write_bytes(damaged(chance, content) if chance.random() < 0.3 else content)
    return path


def some_folder(chance: random.Random, folder: Path) -> Path:
    """Make a folder of data that is none: absent, a file, empty, or with files of right names and wrong content."""
    path = folder / chance.choice(("data", "dätä x", "-data"))
    kind = chance.randrange(5)
    if kind == 1:
        path.write_bytes(chance.randbytes(100))
    elif kind > 1:
        path.mkdir()
    names = (
        "train-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte.gz",
        "train-00000-of-00001.parquet",
        "mnist.npz",
        "a.csv",
    )
    for name in names if kind > 2 else ():
        content = chance.choice((b"", chance.randbytes(64), b"\x1f\x8b" + chance.randbytes(30), b"<html>403</html>"))
        (path / name).write_bytes(content) if chance.random() < 0.8 else (path / name).mkdir()
    return path


def docker_config(chance: random.Random, folder: Path) -> Path:
    """Write a damaged configuration of the Docker command, or damage its context."""
    path = write_config(folder, HOSTILE if chance.random() < 0.3 else damaged_json(chance, HOSTILE))
    if chance.random() < 0.3:
        meta = {"Name": "elsewhere", "Metadata": {}, "Endpoints": {"docker": {"Host": "tcp://127.0.0.1:9"}}}
        write_context(path, "elsewhere", damaged_json(chance, meta))
    if chance.random() < 0.1:
        (path / "config.json").unlink()
        (path / "config.json").mkdir()
    return path


def run_folder(chance: random.Random, whole: Path, folder: Path) -> Path:
    """Copy a run folder, with one or two of its files damaged, gone, or folders."""
    path = folder / "runs" / whole.name
    shutil.copytree(whole, path, symlinks=True)
    for _ in range(chance.randrange(1, 3)):
        file = chance.choice(sorted(each for each in path.rglob("*") if each.is_file() and each.suffix != ".lock"))
        content = file.read_bytes()
        file.unlink()
        kind = chance.randrange(4)
        if kind == 0:
            file.mkdir()
        elif kind == 1 and file.suffix == ".json" and content:
            file.write_text(damaged_json(chance, json.loads(content)))
        elif kind > 1:
            file.write_bytes(damaged(chance, content))
    return path


Answer = tuple[int, bytes]


@dataclass
class StrangeEngine:
    """Something that answers on a port and is no Docker Engine, or one that went mad."""

    answer: Callable[[str], Answer | None] = lambda _: None
    server: http.server.ThreadingHTTPServer = field(init=False)

    def __post_init__(self) -> None:
        strange = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def _any(self) -> None:
                given = strange.answer(self.path)
                self.close_connection = True
                if given is None:
                    return
                self.send_response(given[0])
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(given[1])))
                self.end_headers()
                self.wfile.write(given[1])

            do_GET = do_POST = do_HEAD = do_DELETE = do_PUT = _any  # noqa: N815 - the library's names

            def log_message(self, *_: object) -> None: ...

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.server.server_port}"

    def draw(self, chance: random.Random) -> None:
        """Choose what it answers: some of it as an engine would, the rest of another kind."""
        right: dict[str, Any] = {
            "/version": {"ApiVersion": "1.41", "Version": "20.10.24", "KernelVersion": "6"},
            "/info": {
                "ID": "x",
                "NCPU": 2,
                "MemTotal": 2**33,
                "DockerRootDir": "/",
                "SystemTime": "2026-01-01T00:00:00Z",
            },
        }
        honest = chance.random() < 0.7

        def answer(path: str) -> Answer | None:
            end = next((each for each in right if path.endswith(each)), "")
            if end and honest:
                return 200, json.dumps(right[end]).encode()
            if end and chance.random() < 0.7:
                return 200, damaged_json(chance, right[end]).encode()
            body = chance.choice((b"", b"<html>", json.dumps(chance.choice(STRANGE)).encode(), b'{"message": "no"}'))
            return None if chance.random() < 0.1 else (chance.choice((200, 200, 204, 400, 404, 409, 500, 502)), body)

        self.answer = answer

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
