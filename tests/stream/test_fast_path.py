"""The short way through the gate may say yes, never no: what it takes, the long way takes with the same values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.stream import fast_path as shortcut
from orchestrator.stream.contract import long_way
from shared.events import EVENT_TYPES, Event, Failed, encode
from tests.stream.test_contract import COUNTS, EVENTS
from tests.support.streams import BEAT, IMPORTED, LOSSES, READY, REMARK, STORY, TRIAL, epoch, lines, run_ended

[LINE] = (text.strip() for text in lines(BEAT))
ORDINARY = [text.strip() for text in lines(IMPORTED, LOSSES, epoch(1), BEAT, REMARK, Failed("E", "no"), run_ended())]
PIECES = (b"NaN", b"1e999", b"-0", b"1.0", b"true", b"01", b'"v":1,', b'"seq" :3,', b"\\ud800", b"\\u0022", b"\x1f")


def agreed(text: bytes) -> None:
    found = shortcut.read(text)
    if found is not None:
        assert repr(sorted(found.items())) == repr(sorted(long_way(text).items()))  # types too, and the last bit


@given(EVENTS, COUNTS, st.floats(0, 1e6))
def test_both_ways_agree_on_every_event(event: Event, seq: int, t: float) -> None:
    agreed(encode(event, trial=TRIAL, seq=seq, t=t).removesuffix(b"\n"))


@given(st.sampled_from(lines(*STORY)), st.data())
def test_both_ways_agree_on_what_the_short_one_takes_of_damaged_lines(whole: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, len(whole)))
    agreed(whole[:start] + data.draw(st.binary(max_size=4) | st.sampled_from(PIECES)) + whole[stop:])


@given(st.floats(-(2**53), 2**53))
def test_both_ways_read_a_number_to_the_same_bit(number: float) -> None:
    agreed(LINE.replace(b'"t":0.0', f'"t":{abs(number)!r}'.encode()))
    agreed(ORDINARY[1].replace(b"2.3", repr(number).encode()))


@given(st.text("0123456789", min_size=1, max_size=40), st.text("0123456789", min_size=1, max_size=40))
def test_both_ways_read_many_digits_alike(whole: str, decimals: str) -> None:
    agreed(ORDINARY[1].replace(b"2.3", f"{whole}.{decimals}".encode()))
    agreed(ORDINARY[1].replace(b"2.3", f"0.{decimals}e-{whole[:2]}".encode()))


@pytest.mark.parametrize("text", ORDINARY, ids=lambda text: json.loads(text)["event"])
def test_lines_as_our_workers_write_them_take_the_short_way(text: bytes) -> None:
    assert shortcut.read(text) == long_way(text)


def test_only_the_first_event_takes_the_long_way_for_its_mappings() -> None:
    assert {json.loads(text)["event"] for text in ORDINARY} == {kind.kind for kind in EVENT_TYPES} - {READY.kind}
    assert shortcut.read(lines(READY)[0].strip()) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"step":3,', b'"step":3,"step":3,'),
        (b'"epoch":1,"step":3,', b'"step":3,"step" :3,'),  # as many colons as fields
        (b'"epoch":1,"step":3,', b'"step":3,"ste\\u0070":3,'),
        (b'"epoch":1,', b""),  # it has a default
        (b'"step":3', b'"step":true'),
        (b'"v":1', b'"v":true'),
        (b'"v":1', b'"v":1.0'),
        (b'"seq":0', b'"seq":9007199254740993'),
        (b'"t":0.0', b'"t":9007199254740993'),  # an integer in a float's place
        (b'"t":0.0', b'"t":NaN'),
        (b'"t":0.0', b'"t":-1'),
        (b'"t":0.0', b'"t":1e999'),
        (b"training", b"\\ud800"),
        (b"training", b"tr\xe4ning"),
        (b"training", b"tr\xed\xa0\x80ning"),
        (b"training", b"tr\x1fning"),
        (b"training", b"tr:ining"),  # a colon within text
        (b'"v"', b'"note":1,"v"'),
        (b"}", b"}{}"),
    ],
)
def test_what_json_readers_disagree_on_takes_the_long_way(old: bytes, new: bytes) -> None:
    assert old in LINE
    assert shortcut.read(LINE.replace(old, new)) is None
