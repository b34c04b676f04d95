"""Where the tests find what they read: the checkout, recorded streams and recipes, stub contenders."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
RECORDED = FIXTURES / "events-v1.jsonl"
ZOO = FIXTURES / "recipes" / "zoo.toml"
TOYS = ROOT / "tests" / "support" / "contenders"
