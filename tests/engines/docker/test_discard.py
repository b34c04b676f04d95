"""What is removed of a container and its volume where the engine is busy with them, or gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import requests
from docker.errors import APIError, NotFound

from orchestrator.engines.docker import api
from orchestrator.engines.docker.api import discard


class Thing:
    """A container or volume whose removal ends as `answers` say, one a try; None is well."""

    def __init__(self, *answers: Exception | None) -> None:
        self._answers = list(answers)
        self.tries = 0

    def remove(self, **_: Any) -> None:
        self.tries += 1
        if (answer := self._answers.pop(0)) is not None:
            raise answer


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "REMOVE_WAITS_SECONDS", (0.0, 0.0))


@pytest.mark.parametrize(
    ("answers", "tries"),
    [
        ([None], 1),
        ([NotFound("gone")], 1),
        ([APIError("container state improper"), None], 2),
        ([requests.exceptions.ReadTimeout("slow"), NotFound("gone by now")], 2),
        ([APIError("in use")] * 3, 3),
        ([requests.exceptions.ConnectionError("refused")], 1),
    ],
)
def test_a_removal_is_tried_again_where_the_engine_is_busy(answers: Sequence[Exception | None], tries: int) -> None:
    container, out = Thing(*answers), Thing(None)
    discard(container, out)
    assert (container.tries, out.tries) == (tries, 1)


def test_nothing_is_nothing_to_remove() -> None:
    discard(None, None)
