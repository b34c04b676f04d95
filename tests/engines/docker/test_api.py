"""What the engine answers, in whatever pieces it comes; no engine is asked."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import requests
from docker.errors import DockerException

from orchestrator.engines.docker.api import build


class Client:
    """A client whose engine answers a build with these bytes."""

    def __init__(self, content: bytes) -> None:
        self.api: Any = self
        self.base_url, self.api_version = "http+docker://localhost", "1.41"
        self._content = content

    def post(self, *_: object, **__: object) -> requests.Response:
        answer = requests.Response()
        answer.status_code = 200
        answer.raw = io.BytesIO(self._content)
        return answer


def built(content: bytes) -> list[Any]:
    client: Any = Client(content)
    return list(build(client, io.BytesIO()))


@pytest.mark.parametrize("length", range(494, 500))
def test_a_line_whose_end_comes_in_two_pieces_is_one_line(length: int) -> None:
    """Pieces have 512 bytes, and one of these lines has its end at the end of a piece."""
    lines = [{"stream": "x" * length}, {"aux": {"ID": "sha256:1"}}]
    assert built("".join(json.dumps(line) + "\r\n" for line in lines).encode()) == lines


def test_a_line_that_is_no_object_is_an_error_of_the_engine() -> None:
    with pytest.raises(DockerException, match="no JSON object"):
        built(b"<html>\r\n")
