"""Bytes become lines and numbered events, each once, with every loss known."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.stream import intake as stream
from orchestrator.stream.intake import BUDGET_BYTES, HIGHEST_SEQ, EventCounts, Intake
from orchestrator.stream.lines import LINE_CAP_BYTES, Lines
from orchestrator.stream.lines import lines as split_lines
from shared.events import Heartbeat, Steps, Warned, encode
from tests.support.streams import BEAT, IMPORTED, LOSSES, READY, REMARK, STORY, TRIAL, lines

RECORDED = [event for event in STORY if not isinstance(event, (Heartbeat, Steps))]


def intake(*taken: bytes) -> Intake:
    made = Intake(TRIAL)
    for line in split_lines(taken):
        made.take(line)
    return made


@given(st.lists(st.binary(max_size=30).map(lambda text: text.replace(b"\n", b"")), max_size=8), st.data())
def test_wherever_chunks_are_cut_the_lines_are_the_same(texts: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(text + b"\n" for text in texts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    chunks = [whole[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert list(split_lines(chunks)) == texts


@pytest.mark.parametrize("size", [1, 7, 16_384])
def test_a_stream_in_chunks_of_any_size_gives_all_its_events(size: int) -> None:
    whole = b"".join(lines(*STORY))
    read = intake(*(whole[at : at + size] for at in range(0, len(whole), size)))
    assert read.counts() == EventCounts(received=len(STORY))
    assert [numbered.event for numbered in read.ordered] == RECORDED


def test_a_last_line_without_its_newline_is_read() -> None:
    assert list(split_lines([b"one\ntw", b"o"])) == [b"one", b"two"]


def test_a_newline_at_the_end_makes_no_empty_line() -> None:
    assert list(split_lines([b"one\n"])) == [b"one"]


def test_an_endless_line_takes_bounded_memory() -> None:
    splitter, chunk = Lines(), b"x" * 16_384
    tracemalloc.start()
    for _ in range(2000):  # 32 MB
        assert list(splitter.feed(chunk)) == []
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 4 * (LINE_CAP_BYTES + len(chunk))


def test_an_endless_line_counts_towards_the_flood() -> None:
    splitter = Lines()
    assert list(splitter.feed(b"x" * 1_000_000)) == []
    assert splitter.dropped_bytes() == 1_000_000 - LINE_CAP_BYTES
    assert splitter.dropped_bytes() == 0  # told once
    assert [len(line) for line in splitter.feed(b"x\nshort\n")] == [LINE_CAP_BYTES + 1, 5]


def test_the_line_after_an_endless_one_is_read() -> None:
    read = intake(b"x" * 1_000_000, b"y" * 1_000_000 + b"\n", *lines(READY))
    assert [refusal.reason for refusal in read.refusals] == ["longer than 4096 bytes"]
    assert read.counts() == EventCounts(received=1, rejected=1)


def test_an_event_that_comes_twice_counts_once() -> None:
    first, second = lines(READY, BEAT)
    read = intake(first, second, first, second)
    assert read.counts() == EventCounts(received=2, duplicated=2)


def test_only_a_new_event_is_handed_on() -> None:
    read = Intake(TRIAL)
    line = lines(READY)[0].strip()
    first = read.take(line)
    assert first is not None
    assert first.event == READY
    assert read.take(line) is None


def test_events_out_of_order_come_out_in_order() -> None:
    first, second, third = lines(READY, IMPORTED, REMARK)
    assert [each.seq for each in intake(third, first, second).ordered] == [0, 1, 2]


def test_a_hole_in_the_numbers_is_a_loss_known() -> None:
    first, _, third = lines(READY, BEAT, BEAT)
    assert intake(first, third).counts() == EventCounts(received=2, lost=1)


def test_an_empty_stream_lost_nothing_that_can_be_known() -> None:
    assert intake().counts() == EventCounts()


def test_the_workers_own_file_fills_the_holes() -> None:
    whole = lines(*STORY)
    read = intake(whole[0], whole[2])
    filled = list(read.fill(b"".join(whole)))
    assert [each.seq for each in filled] == [1, 3, 4, 5, 6]
    assert [each.event for each in read.ordered] == RECORDED
    assert read.counts() == EventCounts(received=7)


def test_the_file_alone_is_enough() -> None:
    read = intake()
    assert [each.event for each in read.fill(b"".join(lines(*STORY)))] == list(STORY)


def test_the_file_repeats_without_counting_as_duplicates() -> None:
    whole = lines(*STORY)
    read = intake(*whole)
    assert list(read.fill(b"".join(whole))) == []
    assert read.counts() == EventCounts(received=7)


@given(st.integers(0, len(b"".join(lines(*STORY)))))
def test_a_file_torn_anywhere_gives_its_whole_lines_and_no_refusal(size: int) -> None:
    torn = b"".join(lines(*STORY))[:size]
    read = intake()
    assert len(list(read.fill(torn))) == torn.count(b"\n")
    assert read.counts().rejected == 0


def test_an_absent_or_empty_file_fills_nothing() -> None:
    assert list(intake().fill(b"")) == []


def test_garbage_in_the_file_is_refused_and_says_where_it_stood() -> None:
    read = intake()
    assert len(list(read.fill(b"garbage\n\n" + lines(READY)[0]))) == 1
    assert [refusal.reason for refusal in read.refusals] == ["in events.jsonl: not JSON"]


def test_events_of_another_trial_are_refused() -> None:
    read = intake(*lines(READY, trial="tf-2.21.0.small.s1"))
    assert read.counts() == EventCounts(rejected=1)
    assert read.refusals[0].reason == "of another trial: tf-2.21.0.small.s1"


def test_events_of_another_trial_are_refused_in_the_file_too() -> None:
    read = intake()
    assert list(read.fill(lines(READY, trial="tf-2.21.0.small.s1")[0])) == []
    assert read.counts().rejected == 1


def test_noise_between_events_is_kept_with_its_reason_and_harms_none() -> None:
    first, second = lines(READY, BEAT)
    read = intake(first, b"\x1b[2K 50%\r\n", b"Epoch 1/5\n", second)
    assert read.counts() == EventCounts(received=2, rejected=2)
    assert [(refusal.line, refusal.reason) for refusal in read.refusals] == [
        (b"\x1b[2K 50%\r", "not JSON"),
        (b"Epoch 1/5", "not JSON"),
    ]


def test_blank_lines_are_nothing() -> None:
    assert intake(b"\n", b"  \n", b"\r\n").counts() == EventCounts()


def test_a_line_that_ends_like_windows_is_read() -> None:
    assert intake(lines(READY)[0].replace(b"\n", b"\r\n")).counts().received == 1


def test_of_a_refused_line_the_beginning_is_kept() -> None:
    assert intake(b"x" * 3000).refusals[0].line == b"x" * 200


def test_of_many_refused_lines_a_thousand_are_kept_and_all_are_counted() -> None:
    read = intake(b"no\n" * 1500)
    assert len(read.refusals) == 1000
    assert read.counts().rejected == 1500


def test_a_carriage_return_within_a_line_would_tear_the_record_for_others_and_is_refused() -> None:
    read = intake(lines(READY)[0].replace(b",", b",\r"))
    assert [refusal.reason for refusal in read.refusals] == ["a carriage return within the line"]
    assert [each.line for each in read.fill(lines(READY)[0].replace(b"\n", b"\r\n"))] == [lines(READY)[0].strip()]


def test_a_number_that_no_worker_can_have_counted_to_is_refused() -> None:
    first, highest, beyond = (lines(BEAT, first=seq)[0] for seq in (0, HIGHEST_SEQ - 1, HIGHEST_SEQ))
    read = intake(first, highest, beyond)
    assert [refusal.reason for refusal in read.refusals] == ["a number of 4194304 or more"]
    assert read.counts() == EventCounts(received=2, lost=HIGHEST_SEQ - 2, rejected=1)


def test_the_budget_ends_before_an_honest_worker_counts_so_far() -> None:
    shortest = encode(Warned(""), trial="t", seq=0, t=0.0)
    assert len(shortest) * HIGHEST_SEQ >= BUDGET_BYTES


def test_beats_and_losses_pass_through_and_take_no_memory() -> None:
    read = Intake(TRIAL)
    tracemalloc.start()
    for seq in range(5_000):
        assert read.take(encode(LOSSES if seq % 5 else BEAT, trial=TRIAL, seq=seq, t=0.0).strip())
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 1_000_000  # kept, they would take 5 MB


def test_a_beat_after_the_last_word_is_the_last_event() -> None:
    """The verdict looks at what came last: a worker that beats on has not ended."""
    assert [each.event for each in intake(*lines(*STORY, BEAT)).ordered] == [*RECORDED, BEAT]


def test_of_each_kind_that_a_record_is_made_from_so_many_are_kept_and_more_are_refused() -> None:
    """Each would be a bar of a figure or a line of the report."""
    read = intake(*lines(READY, *[REMARK] * 300, BEAT))
    assert [each.event for each in read.ordered] == [READY, *[REMARK] * 256, BEAT]
    assert read.counts() == EventCounts(received=258, lost=44, rejected=44)
    assert {refusal.reason for refusal in read.refusals} == {"more than 256 events of the kind warning"}


def test_the_file_repeats_as_many_events_as_are_kept_without_a_refusal() -> None:
    whole = lines(READY, *[REMARK] * 256)
    read = intake(*whole)
    assert list(read.fill(b"".join(whole))) == []
    assert read.counts() == EventCounts(received=257)


def test_a_file_of_rubbish_is_judged_for_a_while_and_then_counted_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "READ_REFUSALS", 10)
    read = intake()
    assert list(read.fill(b"no\n" * 500 + lines(READY)[0])) == []
    assert read.counts() == EventCounts(rejected=501)


def test_a_file_of_newlines_takes_neither_memory_nor_time() -> None:
    newlines = b"\n" * 1_000_000  # each through the gate: a minute
    tracemalloc.start()
    assert list(intake().fill(newlines)) == []
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 100_000  # a list of the lines would take 8 MB


def test_a_reason_stays_short_however_long_the_key_that_it_names() -> None:
    read = intake(lines(READY)[0].replace(b"{", b'{"' + b"n" * 3000 + b'":1,', 1))
    assert read.refusals[0].reason == "n" * 100 + ": Extra inputs are not permitted"


def test_a_flood_is_noticed_whether_events_or_noise() -> None:
    read = Intake(TRIAL, budget_bytes=1000)
    assert not read.flooded
    for line in split_lines(lines(*[BEAT] * 10)):
        read.take(line)
    assert read.flooded


def test_a_stream_of_a_long_trial_is_no_flood() -> None:
    beats = [Heartbeat("training", 1, step, 10_000) for step in range(2000)]
    assert not intake(*lines(*beats)).flooded


def test_reconnections_are_part_of_the_counts() -> None:
    assert intake().counts() == EventCounts()


def test_an_epochs_first_heartbeat_at_step_0_says_when_it_began() -> None:
    taken = Intake(TRIAL)
    first, later = Heartbeat("train", 1, 0, 5), Heartbeat("train", 2, 3, 5)
    for seq, (t, beat) in enumerate([(9.0, first), (9.5, first), (10.0, later), (11.0, Heartbeat("import"))]):
        taken.take(encode(beat, trial=TRIAL, seq=seq, t=t)[:-1])
    assert taken.epoch_starts == {1: 9.0}


def test_the_beginnings_of_epochs_take_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "KEPT_EPOCHS", 3)
    taken = Intake(TRIAL)
    for seq in range(5):
        taken.take(encode(Heartbeat("train", seq, 0, 5), trial=TRIAL, seq=seq, t=float(seq))[:-1])
    assert list(taken.epoch_starts) == [0, 1, 2]


def test_when_an_event_arrived_is_kept_of_those_that_a_record_is_made_from() -> None:
    taken = Intake(TRIAL)
    for seconds, line in enumerate(lines(READY, LOSSES, BEAT, IMPORTED), start=100):
        taken.take(line[:-1], float(seconds))
    taken.take(lines(READY)[0][:-1], 200.0)  # again, after a reconnection
    assert taken.arrivals == {0: 100.0, 3: 103.0}


def test_what_the_file_fills_and_an_earlier_host_recorded_has_not_arrived() -> None:
    taken = Intake(TRIAL)
    list(taken.recall(lines(READY)[0]))
    list(taken.fill(b"".join(lines(READY, IMPORTED))))
    assert taken.arrivals == {}
