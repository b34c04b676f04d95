"""A log that is read again goes on exactly where it was left off."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.engines.docker.log_cursor import OVERLAP_SECONDS, LogCursor, nanoseconds

T0 = 1_763_971_200  # 2025-11-24T08:00:00Z


def entry(at_ns: int, text: str = "", end: str = "\n") -> bytes:
    """An entry of the log, `at_ns` nanoseconds after eight o'clock."""
    seconds, rest = divmod(at_ns, 10**9)
    return f"2025-11-24T08:{seconds // 60:02}:{seconds % 60:02}.{rest:09}Z {text or at_ns}{end}".encode()


def read(bookmark: LogCursor, *entries: bytes) -> list[str]:
    return [line.decode().strip() for line in bookmark.fresh(iter(entries))]


def stamped(times: Iterable[int]) -> list[bytes]:
    return [entry(at) for at in times]


def test_a_stamp_is_read_to_the_nanosecond() -> None:
    assert nanoseconds(entry(1)) == T0 * 10**9 + 1
    assert nanoseconds(b"2025-11-24T08:00:01Z x") == (T0 + 1) * 10**9
    assert nanoseconds(b"2025-11-24T08:00:00.5Z x") == T0 * 10**9 + 500_000_000
    assert nanoseconds(b"no stamp") is None


def test_a_first_connection_asks_for_everything() -> None:
    bookmark = LogCursor()
    assert bookmark.since() is None
    assert read(bookmark, *stamped([1, 2, 3])) == ["1", "2", "3"]


def test_an_overlap_is_skipped_to_the_nanosecond() -> None:
    bookmark = LogCursor()
    read(bookmark, *stamped([10, 11, 12]))
    assert bookmark.since() == T0 - OVERLAP_SECONDS + 12e-9
    assert read(bookmark, *stamped([10, 11, 12, 13, 14])) == ["13", "14"]


def test_a_line_that_broke_off_is_read_again_from_its_first_piece() -> None:
    bookmark = LogCursor()
    assert read(bookmark, entry(1), entry(2, "half", end="")) == ["1", "half"]
    assert read(bookmark, entry(1), entry(2, "half", end=""), entry(3, "and half")) == ["half", "and half"]


def test_what_the_log_itself_brings_twice_after_the_overlap_is_handed_on() -> None:
    bookmark = LogCursor()
    read(bookmark, *stamped([1, 2]))
    assert read(bookmark, *stamped([1, 2, 3, 2, 3])) == ["3", "2", "3"]


def test_a_log_whose_last_line_was_rotated_away_goes_on_with_what_is_newer() -> None:
    bookmark = LogCursor()
    read(bookmark, *stamped([1, 2]))
    assert read(bookmark, *stamped([7, 8])) == ["7", "8"]


def test_after_two_connections_that_brought_nothing_the_beginning_is_asked_for() -> None:
    bookmark = LogCursor()
    read(bookmark, *stamped([10**10]))
    for _ in range(2):
        assert bookmark.since() is not None
        assert read(bookmark) == []
    assert bookmark.since() is None
    assert read(bookmark, *stamped([10**10, 5, 6])) == ["5", "6"]  # the engine's clock was set back
    assert read(bookmark, *stamped([5, 6, 7])) == ["7"]


def test_a_step_back_whose_last_line_is_gone_is_told_by_the_order() -> None:
    bookmark = LogCursor()
    read(bookmark, *stamped([100, 200]))
    assert read(bookmark, *stamped([100, 5, 6])) == ["5", "6"]
