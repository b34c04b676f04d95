"""The gate: a line becomes an event or a reason to refuse it, whatever bytes arrive."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import Any, Literal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.stream.contract import NumberedEvent, RejectedLineError, decode, schema
from shared import trial as trials
from shared.events import (
    CONTRACT_VERSION,
    EVENT_TYPES,
    LINE_LIMIT_BYTES,
    EpochEnded,
    Event,
    Failed,
    Heartbeat,
    PhaseEnded,
    RunEnded,
    Steps,
    TurnEnded,
    Warned,
    WorkerReady,
    encode,
)
from tests.support.gate import check_against_json
from tests.support.paths import RECORDED
from tests.support.streams import (
    BEAT,
    IMPORTED,
    LOSSES,
    PLANNED,
    READY,
    REMARK,
    STORY,
    TRIAL,
    TURN,
    epoch,
    lines,
    run_ended,
)

MEMBERS: dict[str, Any] = {"v": 1, "trial": TRIAL, "seq": 0, "t": 0.5, "event": "heartbeat", "phase": "data"}

NAMES = st.text(max_size=20)
NAMED = st.dictionaries(NAMES, NAMES, max_size=3)
COUNTS = st.integers(0, 2**53)
SHARES = st.floats(0, 1)
LOSS = st.none() | st.floats(-1e38, 1e38)
SECONDS = st.floats(1e-6, 1e9)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(WorkerReady, NAMES, NAMES, NAMED, NAMES, NAMED, NAMES, NAMES, COUNTS),
    st.builds(PhaseEnded, NAMES, SECONDS),
    st.builds(Steps, COUNTS, COUNTS, st.lists(LOSS, max_size=60)),
    st.builds(
        EpochEnded,
        st.integers(1, 10**6),
        st.integers(1, 10**9),
        SECONDS,
        SECONDS,
        LOSS,
        SHARES,
        LOSS,
        SHARES,
        st.booleans(),
    ),
    st.builds(TurnEnded, COUNTS, st.integers(1, 10**6), st.integers(1, 10**6), COUNTS, SECONDS, SECONDS),
    st.builds(Heartbeat, NAMES, st.none() | COUNTS, st.none() | COUNTS, st.none() | COUNTS),
    st.builds(Warned, NAMES),
    st.builds(Failed, NAMES, NAMES),
    st.builds(RunEnded, LOSS, SHARES, COUNTS, NAMES, SECONDS, st.lists(NAMES, max_size=3)),
)
PIECES = (b"NaN", b"1e999", b"-0", b"1.0", b"true", b"01", b'"v":1,', b'"seq" :3,', b"\\ud800", b"\\u0022", b"\x1f")
ORDINARY = (IMPORTED, LOSSES, epoch(1), TURN, BEAT, REMARK, Failed("E", "no"), run_ended())
BEAT_LINE, LOSSES_LINE = (text.strip() for text in lines(BEAT) + lines(LOSSES))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def line(**changes: Any) -> bytes:
    return json.dumps({**MEMBERS, **changes}).encode()


def refused(text: bytes) -> str:
    with pytest.raises(RejectedLineError) as refusal:
        decode(text)
    return str(refusal.value)


@given(EVENTS, COUNTS, st.floats(0, 1e6))
def test_every_event_comes_back_as_it_was_written(event: Event, seq: int, t: float) -> None:
    text = encode(event, trial=TRIAL, seq=seq, t=t).removesuffix(b"\n")
    assert decode(text) == NumberedEvent(TRIAL, seq, round(t, 6), event, text)


def test_the_strategy_makes_every_kind_of_event() -> None:
    assert len(EVENT_TYPES) == 9, "a new kind of event: add it to EVENTS above and to data/events-v1.jsonl"


@given(st.binary())
def test_any_bytes_are_an_event_or_refused(text: bytes) -> None:
    event_or_refused(text)


@given(st.dictionaries(st.sampled_from([*MEMBERS, "epoch"]) | st.text(), JSON))
def test_any_json_is_an_event_or_refused(changes: dict[str, Any]) -> None:
    event_or_refused(line(**changes))


@given(st.sampled_from(lines(*STORY)), st.data())
def test_a_damaged_event_is_an_event_or_refused(whole: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, len(whole)))
    event_or_refused(whole[:start] + data.draw(st.binary(max_size=8)) + whole[stop:])


@given(st.sampled_from(lines(*STORY)), st.data())
def test_what_is_taken_of_lines_with_odd_pieces_of_json_is_what_json_loads_reads(
    whole: bytes, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, len(whole)))
    event_or_refused(whole[:start] + data.draw(st.binary(max_size=4) | st.sampled_from(PIECES)) + whole[stop:])


def event_or_refused(text: bytes) -> None:
    with contextlib.suppress(RejectedLineError):
        numbered = decode(text)
        assert numbered.line == text
        check_against_json(numbered)


@given(EVENTS, COUNTS, st.floats(0, 1e6))
def test_every_value_keeps_its_type_and_its_last_bit(event: Event, seq: int, t: float) -> None:
    numbered = decode(encode(event, trial=TRIAL, seq=seq, t=t).removesuffix(b"\n"))
    assert repr(numbered.event) == repr(event)
    assert repr((numbered.seq, numbered.t)) == repr((seq, round(t, 6)))


@given(st.floats(-(2**53), 2**53))
def test_a_number_is_read_to_the_last_bit(number: float) -> None:
    assert decode(BEAT_LINE.replace(b'"t":0.0', f'"t":{abs(number)!r}'.encode())).t == abs(number)
    assert decode_losses(repr(number)) == [number, 2.1, 1.9]


@given(st.text("0123456789", min_size=1, max_size=40), st.text("0123456789", min_size=1, max_size=40))
def test_a_number_of_many_digits_is_read_as_python_reads_it(whole: str, decimals: str) -> None:
    assert decode_losses(f"0.{decimals}e-{whole[:2]}")[0] == float(f"0.{decimals}e-{whole[:2]}")
    number = f"{whole}.{decimals}"
    if len(whole) > 1 and whole.startswith("0"):
        assert refused(LOSSES_LINE.replace(b"2.3", number.encode())) == "not JSON"
    else:
        assert decode_losses(number)[0] == float(number)


def decode_losses(first: str) -> list[float | None]:
    event = decode(LOSSES_LINE.replace(b"2.3", first.encode())).event
    assert isinstance(event, Steps)
    return event.losses


@pytest.mark.parametrize("event", ORDINARY, ids=lambda event: event.kind)
def test_lines_as_our_workers_write_them_pass(event: Event) -> None:
    text = encode(event, trial=TRIAL, seq=0, t=0.0)
    assert decode(text.strip()) == NumberedEvent(TRIAL, 0, 0.0, event, text.strip())


def test_the_first_event_passes_with_its_mappings() -> None:
    assert {event.kind for event in ORDINARY} == {kind.kind for kind in EVENT_TYPES} - {READY.kind}
    event = decode(lines(READY)[0].strip()).event
    assert event == READY
    assert isinstance(event, WorkerReady)
    assert (event.versions, event.modes) == (READY.versions, READY.modes)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b'"step":3,', b'"step":3,"step":3,', "a key stands twice"),
        (b'"epoch":1,"step":3,', b'"step":3,"step" :3,', "a key stands twice"),
        (b'"epoch":1,"step":3,', b'"step":3,"ste\\u0070":3,', "a key stands twice"),
        (b'"step":3', b'"step":true', "step: Input should be a valid integer"),
        (b'"seq":0', b'"seq":9007199254740993', "an integer beyond 2^53"),
        (b'"t":0.0', b'"t":9007199254740993', "an integer beyond 2^53"),  # in a float's place
        (b'"t":0.0', b'"t":NaN', "NaN is not JSON"),
        (b'"t":0.0', b'"t":-1', "t: Input should be greater than or equal to 0"),
        (b'"t":0.0', b'"t":1e999', "t: Input should be a finite number"),
        (b"training", b"\\ud800", "a lone surrogate"),
        (b"training", b"tr\xe4ning", "not UTF-8"),
        (b"training", b"tr\xed\xa0\x80ning", "not UTF-8"),
        (b"training", b"tr\x1fning", "not JSON"),
        (b'"v"', b'"note":1,"v"', "note: Extra inputs are not permitted"),
        (b"}", b"}{}", "not JSON"),
    ],
)
def test_what_json_readers_disagree_on_is_refused_with_its_reason(old: bytes, new: bytes, reason: str) -> None:
    assert old in BEAT_LINE
    assert refused(BEAT_LINE.replace(old, new)) == reason


@pytest.mark.parametrize(
    ("old", "new", "event"),
    [
        (b'"epoch":1,', b"", Heartbeat("training", None, 3, 19)),  # it has a default
        (b'"v":1', b'"v":true', BEAT),
        (b'"v":1', b'"v":1.0', BEAT),
        (b"training", b"tr:ining", Heartbeat("tr:ining", 1, 3, 19)),
    ],
)
def test_an_unusual_line_of_the_contract_passes(old: bytes, new: bytes, event: Event) -> None:
    assert old in BEAT_LINE
    assert decode(BEAT_LINE.replace(old, new)).event == event


def test_a_line_of_the_limit_passes_and_one_byte_more_is_refused() -> None:
    longest = LINE_LIMIT_BYTES - 1  # without the newline
    padding = longest - len(line())
    assert decode(line(phase="data" + "x" * padding)).seq == 0
    assert refused(line(phase="data" + "x" * (padding + 1))) == "longer than 4096 bytes"


def test_a_huge_line_is_refused_unread() -> None:
    assert refused(b"[" * 10_000_000) == "longer than 4096 bytes"


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity"])
def test_the_constants_that_are_not_json_are_refused(number: bytes) -> None:
    assert refused(line().replace(b"0.5", number)) == f"{number.decode()} is not JSON"


def test_a_number_that_overflows_to_infinity_is_refused() -> None:
    assert refused(line().replace(b"0.5", b"1e999")).startswith("t: ")


def test_an_overflowing_loss_is_refused_wherever_it_stands() -> None:
    steps = lines(Steps(1, 1, [1.25]))[0]
    assert refused(steps.replace(b"1.25", b"1e999"))
    assert refused(lines(epoch(1))[0].replace(b'"train_loss":2.0', b'"train_loss":1e999'))


@pytest.mark.parametrize("number", [1e300, -1e41])
def test_a_number_that_no_float32_can_hold_is_refused(number: float) -> None:
    assert refused(lines(epoch(1, train_loss=number))[0].strip()) == "a number beyond any float32"


def test_a_key_that_stands_twice_is_refused() -> None:
    assert refused(line().replace(b'"v": 1', b'"v": 1, "v": 1')) == "a key stands twice"


def test_a_key_that_stands_twice_deeper_down_is_refused() -> None:
    text = lines(READY)[0].strip().replace(b'{"threads":"2"}', b'{"threads":"2","threads":"3"}')
    assert refused(text) == "a key stands twice"


def test_an_integer_of_four_thousand_digits_is_refused() -> None:
    assert refused(b'{"seq": ' + b"9" * 4000 + b"}") == "an integer beyond 2^53"


def test_an_integer_that_json_readers_disagree_on_is_refused() -> None:
    assert decode(line(seq=2**53)).seq == 2**53
    assert refused(line(seq=2**53 + 1)) == "an integer beyond 2^53"


@pytest.mark.parametrize("depth", [500, 990, 1500, 2000])
def test_deep_nesting_is_refused(depth: int) -> None:
    """At some depth the parser itself gives up, at some our own walk would: which one hangs on the Python."""
    assert refused(b'{"a":' + b"[" * depth + b"]" * depth + b"}") in ("nested too deeply", "unknown event")


def test_deep_nesting_that_never_closes_is_refused() -> None:
    assert refused(b"[" * 4000) in ("nested too deeply", "not JSON")


def test_a_lone_surrogate_is_refused_in_values_and_keys() -> None:
    assert refused(line().replace(b'"data"', b'"\\ud800"')) == "a lone surrogate"
    assert refused(line().replace(b'"phase"', b'"\\udfff"')) == "a lone surrogate"


def test_a_surrogate_pair_is_a_character() -> None:
    assert decode(line(phase="🙂")).event == Heartbeat("🙂")


def test_what_is_not_utf_8_is_refused() -> None:
    assert refused(line().replace(b"data", b"d\xe4ta")) == "not UTF-8"


def test_a_byte_order_mark_is_refused() -> None:
    assert refused(b"\xef\xbb\xbf" + line()) == "not JSON"


@pytest.mark.parametrize("text", [b"", b"Epoch 1/5", b"{", b"{}{}", b'{"v":1'])
def test_what_is_not_json_is_refused(text: bytes) -> None:
    assert refused(text) == "not JSON"


@pytest.mark.parametrize("text", [b"[]", b"null", b"3", b'"heartbeat"', b"true"])
def test_json_that_is_no_object_is_refused(text: bytes) -> None:
    assert refused(text) == "not a JSON object"


@pytest.mark.parametrize("kind", ["epoch", "", None, 1, ["heartbeat"], {"heartbeat": 1}])
def test_an_unknown_kind_is_refused(kind: object) -> None:
    assert refused(line(event=kind)) == "unknown event"


@pytest.mark.parametrize("version", [0, 2, "1", None, 1.5])
def test_another_version_of_the_contract_is_refused(version: object) -> None:
    assert refused(line(v=version)).startswith("v: ")


def test_a_bool_is_no_integer() -> None:
    assert refused(line(seq=True)).startswith("seq: ")
    assert refused(line(epoch=False)).startswith("epoch: ")


@pytest.mark.parametrize(
    ("key", "value"), [("seq", -1), ("seq", 1.0), ("seq", "1"), ("t", -0.5), ("t", "1"), ("trial", 7), ("phase", None)]
)
def test_a_wrong_type_or_sign_names_its_key(key: str, value: object) -> None:
    assert refused(line(**{key: value})).startswith(f"{key}: ")


def test_an_extra_key_is_refused_and_named() -> None:
    assert refused(line(note="hello")).startswith("note: ")


@pytest.mark.parametrize("key", ["v", "trial", "seq", "t", "phase"])
def test_a_missing_key_is_refused_and_named(key: str) -> None:
    document = {name: value for name, value in MEMBERS.items() if name != key}
    assert refused(json.dumps(document).encode()).startswith(f"{key}: ")


@pytest.mark.parametrize(
    "changes",
    [
        {"epoch": 0},
        {"images": 0},
        {"seconds": 0.0},
        {"seconds": 1e-300},
        {"evaluation_seconds": -0.1},
        {"train_accuracy": 1.01},
        {"val_accuracy": -0.01},
    ],
)
def test_an_epoch_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    assert refused(lines(epoch(1, **changes))[0].strip())


@pytest.mark.parametrize(
    "changes", [{"epoch": 0}, {"step": 0}, {"round": -1}, {"images": -1}, {"waited_seconds": -0.1}, {"seconds": 0.0}]
)
def test_a_turn_that_cannot_have_been_is_refused(changes: dict[str, Any]) -> None:
    assert "turn" in refused(lines(replace(TURN, **changes))[0].strip())


def test_a_turn_of_cold_steps_alone_has_no_images_and_no_seconds() -> None:
    turn = replace(TURN, images=0, seconds=0.0)
    assert decode(lines(turn)[0].strip()).event == turn


def test_a_phase_of_negative_seconds_is_refused() -> None:
    assert refused(lines(PhaseEnded("data", -0.1))[0].strip()) == "negative seconds"


@pytest.mark.parametrize("changes", [{"peak_memory_bytes": -1}, {"test_accuracy": 1.5}, {"wall_seconds": -1.0}])
def test_a_last_word_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    assert refused(lines(run_ended(**changes))[0].strip())


def test_a_diverged_loss_is_null_and_passes() -> None:
    event = epoch(3, train_loss=None, val_loss=None, diverged=True)
    assert decode(lines(event)[0].strip()).event == event


def test_a_recorded_stream_of_version_1_is_accepted() -> None:
    """A change that refuses this file breaks every worker in the field: it needs a new contract version.

    To record another version's stream, add a file beside this one; this one stays.
    """
    numbered = [decode(text) for text in RECORDED.read_bytes().splitlines()]
    assert [each.seq for each in numbered] == list(range(16))
    later = {"turn_ended"}  # of an optional clause; RECORDED_TURNS has it
    assert {each.event.kind for each in numbered} == {kind.kind for kind in EVENT_TYPES} - {"failed"} - later
    assert numbered[-1].event == RunEnded(None, 0.098, 498212864, "resident", 17.130875, ["predictions.npy"])


def test_the_published_schema_accepts_the_recorded_stream() -> None:
    validator = jsonschema.Draft202012Validator(schema("event"))
    for text in [*RECORDED.read_bytes().splitlines(), *lines(*STORY, Failed("ValueError", "no"))]:
        validator.validate(json.loads(text))


@pytest.mark.parametrize(
    "changes", [{"v": 2}, {"seq": -1}, {"seq": "0"}, {"t": -1}, {"event": "epoch"}, {"note": 1}, {"phase": None}]
)
def test_the_published_schema_refuses_what_the_gate_refuses(changes: dict[str, Any]) -> None:
    assert refused(line(**changes))
    assert not jsonschema.Draft202012Validator(schema("event")).is_valid(json.loads(line(**changes)))


@given(EVENTS)
def test_the_published_schema_accepts_every_event(event: Event) -> None:
    validator = jsonschema.Draft202012Validator(EVENT_SCHEMA)
    validator.validate(json.loads(encode(event, trial=TRIAL, seq=0, t=0.0)))


EVENT_SCHEMA = schema("event")


def test_the_schemas_are_themselves_valid_and_titled() -> None:
    names: tuple[Literal["event", "trial"], ...] = ("event", "trial")
    for name in names:
        jsonschema.Draft202012Validator.check_schema(schema(name))
        assert schema(name)["title"] == f"bakeoff {name}"


def test_the_published_schema_accepts_a_trial() -> None:
    document = json.loads(trials.to_json(PLANNED.trial))
    validator = jsonschema.Draft202012Validator(schema("trial"))
    validator.validate(document)
    assert not validator.is_valid({**document, "seed": "one"})


def test_a_trial_comes_back_as_it_was_written() -> None:
    assert trials.from_json(trials.to_json(PLANNED.trial)) == PLANNED.trial


@pytest.mark.parametrize("text", ["", "[]", "3", "{}", '{"v": 2}', f'{{"v": {CONTRACT_VERSION}}}'])
def test_a_worker_refuses_what_is_no_trial_of_its_version(text: str) -> None:
    with pytest.raises(trials.TrialError):
        trials.from_json(text)


def test_a_worker_started_by_hand_is_told_what_is_missing() -> None:
    with pytest.raises(trials.TrialError, match=r"BAKEOFF_TRIAL is not set.*README"):
        trials.from_environment({})
