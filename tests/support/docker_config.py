"""Configurations of the Docker command line as users have them, and worse: each written into a folder of its own."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

PASSWORD = "s3cret"
PROXY = f"http://alice:{PASSWORD}@127.0.0.1:9"
HOSTILE = {
    "credsStore": "of-nobody",
    "credHelpers": {"registry.example.com": "of-nobody"},
    "proxies": {"default": {"httpProxy": PROXY, "httpsProxy": PROXY, "ftpProxy": PROXY, "noProxy": "localhost"}},
    "HttpHeaders": {"X-Secret": PASSWORD},
    "currentContext": "elsewhere",
}


def write_config(folder: Path, content: Any = HOSTILE) -> Path:
    """Write config.json, as JSON or the text given, and the context "elsewhere"; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "config.json").write_text(text)
    meta = {"Name": "elsewhere", "Metadata": {}, "Endpoints": {"docker": {"Host": "tcp://127.0.0.1:9"}}}
    write_context(folder, "elsewhere", json.dumps(meta))
    return folder


def write_context(folder: Path, name: str, text: str) -> None:
    """Write the file in which the command line keeps a context."""
    context = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    context.mkdir(parents=True, exist_ok=True)
    (context / "meta.json").write_text(text)
