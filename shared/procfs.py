"""Reads the text files of /proc and /sys, where any may be missing."""

from __future__ import annotations

from pathlib import Path


def read_text(path: Path) -> str:
    """Return a file's text, "" where it cannot be read; bytes that are no UTF-8 are replaced."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def field(text: str, name: str, separator: str = ":") -> str:
    """Return the first value of `name` in lines of "name : value"; "" where there is none."""
    lines = (line.partition(separator) for line in text.splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "")
