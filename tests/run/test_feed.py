"""The live feed: lines as they come, over connections that may break off within one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.engines.engine import NoFeedError
from orchestrator.run.feed import Feed


class Chunked:
    """A worker whose every connection brings the next of these lists of chunks; an exception is raised in its place."""

    def __init__(self, *connections: list[bytes | Exception]) -> None:
        self._connections = iter(connections)

    def chunks(self) -> Iterator[bytes]:
        for chunk in next(self._connections):
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk


def read(feed: Feed) -> list[bytes]:
    """Read to the end of the present connection."""
    lines: list[bytes] = []
    while not feed.ended:
        lines += feed.lines(5.0)
    return lines


def feed_of(*connections: list[Any]) -> Feed:
    return Feed(Chunked(*connections))  # type: ignore[arg-type]  # a feed asks for chunks alone


def test_lines_are_put_together_from_chunks() -> None:
    assert read(feed_of([b"one\ntw", b"o\nthree\n"])) == [b"one", b"two", b"three"]


def test_a_line_that_a_connection_broke_off_in_is_told_until_another_is_opened() -> None:
    feed = feed_of([b"one\ntw"], [b"two\n"])
    assert read(feed) == [b"one"]
    assert feed.unfinished_line() == (b"tw",)
    feed.reconnect()
    assert feed.unfinished_line() == ()
    assert read(feed) == [b"two"]
    assert feed.reconnects == 1


def test_a_connection_that_fails_ends_like_one_that_is_over() -> None:
    feed = feed_of([b"one\n", ConnectionResetError("reset")])
    assert read(feed) == [b"one"]
    assert feed.refused == ""


def test_a_worker_without_a_feed_says_why() -> None:
    feed = feed_of([NoFeedError("the log driver keeps nothing")])
    assert read(feed) == []
    assert feed.refused == "the log driver keeps nothing"
