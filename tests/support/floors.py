"""A made-up floor: invented numbers, measured on no machine."""

from __future__ import annotations

from typing import Any

from orchestrator.record.floor import Floor

MACHINE = {"cpu": "a made-up processor", "cpu_cores": "2", "memory": "7.8 GiB"}


def floor(**changes: Any) -> Floor:
    fields: dict[str, Any] = {
        "contender": "torch==2.13.0",
        "recipe": "article-torch",
        "rebuilt": False,
        "images": ("sha256:0123456789ab", "sha256:0123456789ab"),
        "engine": "docker",
        "device": "cpu",
        "machine": MACHINE,
        "boot": "0b0b0b0b",
        "date": "2026-11-27T02:00:00+00:00",
        "run": "20261127-015000-torch-vs-same",
        "command": "bakeoff compare torch==2.13.0 same@0123456789ab --runs 12",
        "epochs": 5,
        "images_an_epoch": 15_360,
        "batch_size": None,
        "turn_seconds": 0.2,
        "blocks": 12,
        "ratios": (1.01, 0.99) * 6,
        "scatter": 0.03,
        "half_width": 0.02,
        "finds": 0.035,
        "words": "no difference of 3 % or more [-2.0, +2.0]",
        "differs": False,
        "images_per_second": 10_000.0,
        "evaluation_seconds": 0.1,
        "other_seconds": 4.0,
    }
    return Floor(**{**fields, **changes})
