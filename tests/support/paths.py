"""Where the tests find what they read: the checkout, recorded streams and recipes, stub contenders, made-up files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
RECORDED = FIXTURES / "events-v1.jsonl"
ZOO = FIXTURES / "recipes" / "zoo.toml"
TOYS = ROOT / "tests" / "support" / "contenders"


def planted(root: Path, files: Mapping[str, str]) -> Path:
    """Write files into a folder, which stands for the root of a file system."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root
