"""`bakeoff schema`: schemas that hold for real documents."""

from __future__ import annotations

import json

import jsonschema
import pytest

from tests.support.cli import Bakeoff
from tests.support.paths import RECORDED
from tests.support.streams import STORY, lines


def test_the_event_schema_as_printed_accepts_recorded_and_written_streams(bakeoff: Bakeoff) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(bakeoff("schema", "event").out))
    for text in [*RECORDED.read_bytes().splitlines(), *lines(*STORY)]:
        validator.validate(json.loads(text))


@pytest.mark.parametrize("name", ["event", "trial", "summary"])
def test_every_schema_is_printed_as_one_json_object(bakeoff: Bakeoff, name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(bakeoff("schema", name).out))


def test_an_unknown_schema_lists_the_known_ones(bakeoff: Bakeoff) -> None:
    answer = bakeoff("schema", "recipe")
    assert answer.code == 2
    assert "'summary'" in answer.err
