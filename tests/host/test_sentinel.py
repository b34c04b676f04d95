"""The sentinel does a fixed amount of work on each core."""

from __future__ import annotations

import hashlib

import pytest

from orchestrator.host.sentinel import ITERATIONS, sentinel


def test_each_core_gets_the_same_amount_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    monkeypatch.setattr(hashlib, "pbkdf2_hmac", lambda name, password, salt, iterations: done.append(iterations))
    seconds = [sentinel(3)() for _ in range(2)]
    assert done == [ITERATIONS] * 6
    assert min(seconds) > 0


def test_more_work_takes_longer() -> None:
    assert min(sentinel(1, 50_000)() for _ in range(3)) > min(sentinel(1, 500)() for _ in range(3))
