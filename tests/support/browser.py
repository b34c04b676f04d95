"""Chromium without a window, where it is installed: what a page measures there, and what it says on its console."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
_CONSOLE = re.compile(r"CONSOLE.*")


def find() -> str | None:
    """Return the program's path, None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def measure(program: str, page: str, script: str, folder: Path, *, size: tuple[int, int], dark: bool = False) -> Any:
    """Show a page and return what a function body returns there, as JSON.

    The page's own policy forbids any script but its own, so it is taken out of the copy that is shown.
    """
    told = f"<script>document.body.dataset.measured = JSON.stringify((() => {{ {script} }})());</script></body>"
    assert POLICY.search(page)
    path = folder / "measured.html"
    path.write_text(POLICY.sub("", page).replace("</body>", told), encoding="utf-8")
    shown = _run(program, path, size, [f"--blink-settings=preferredColorScheme={0 if dark else 1}"]).stdout
    found = re.search(r'data-measured="([^"]*)"', shown)
    assert found is not None, shown[-2000:]
    return json.loads(html.unescape(found[1]))


def console(program: str, page: str, folder: Path) -> list[str]:
    """Show a page as it stands and return what it says on its console: errors, and what its policy refused."""
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    return _CONSOLE.findall(_run(program, path, (1280, 800), ["--enable-logging=stderr"]).stderr)


def _run(program: str, path: Path, size: tuple[int, int], more: list[str]) -> subprocess.CompletedProcess[str]:
    options = ["--headless", "--disable-gpu", "--hide-scrollbars", f"--window-size={size[0]},{size[1]}", *more]
    options += ["--no-sandbox"] if os.geteuid() == 0 else []
    command = [program, *options, "--dump-dom", path.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
