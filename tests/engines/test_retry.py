"""What is tried again, how often and how long; time is the test's own, so nothing sleeps."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from orchestrator.engines.docker.pull import fault
from orchestrator.engines.engine import EngineLostError
from orchestrator.engines.retry import Retry, waits


class Bench:
    """A clock that only sleeping moves, and the lines that were said."""

    def __init__(self) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self.retry = Retry(self.said.append, lambda: self.now, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds


def failing(times: float, error: Exception) -> Callable[[], str]:
    tries = itertools.count()

    def attempt() -> str:
        if next(tries) < times:
            raise error
        return "made"

    return attempt


def test_waits_double_up_to_eight_seconds() -> None:
    assert list(itertools.islice(waits(), 7)) == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_an_engine_that_comes_back_is_asked_until_then_and_each_time_is_kept() -> None:
    bench = Bench()
    assert bench.retry.while_away(failing(3, EngineLostError("connection refused")), "starting") == "made"
    assert bench.now == 3.5
    assert bench.retry.kept == bench.said
    assert bench.said[1] == "starting: engine unreachable since 0 s, trying again in 1 s (connection refused)"


def test_an_engine_that_stays_away_is_lost_within_the_patience() -> None:
    bench = Bench()
    with pytest.raises(EngineLostError, match="refused"):
        bench.retry.while_away(failing(1e9, EngineLostError("refused")), "starting", patience_seconds=60)
    assert 45 < bench.now <= 60


def test_what_is_no_absence_of_the_engine_is_not_tried_again() -> None:
    bench = Bench()
    with pytest.raises(ValueError, match="no"):
        bench.retry.while_away(failing(1, ValueError("no")), "starting")
    assert bench.said == []


def test_a_fault_that_may_pass_is_tried_a_few_times() -> None:
    bench = Bench()
    made = bench.retry.some_times(failing(2, OSError("reset")), "pulling x", str, (1, 2, 4))
    assert (made, bench.now) == ("made", 3)
    assert bench.retry.kept == ["pulling x: reset, trying again in 1 s", "pulling x: reset, trying again in 2 s"]


def test_a_fault_that_does_not_pass_in_time_is_raised() -> None:
    bench = Bench()
    with pytest.raises(OSError, match="reset"):
        bench.retry.some_times(failing(1e9, OSError("reset")), "pulling x", str, (1, 2))
    assert bench.now == 3


def test_a_fault_that_cannot_pass_fails_at_once() -> None:
    bench = Bench()
    with pytest.raises(OSError, match="denied"):
        bench.retry.some_times(failing(1e9, OSError("denied")), "pulling x", lambda _: "", (1, 2))
    assert (bench.now, bench.said) == (0, [])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('Get "https://r.test/v2/": dial tcp 192.0.2.1:443: connect: connection refused', "connection refused"),
        ("read tcp 192.0.2.2:1->192.0.2.1:443: read: connection reset by peer", "connection reset"),
        ("dial tcp 192.0.2.1:443: i/o timeout", "no answer in time"),
        ("net/http: TLS handshake timeout", "no answer in time"),
        ("dial tcp: lookup r.test: no such host", "name not resolved"),
        ("toomanyrequests: You have reached your pull rate limit", "rate limit"),
        ("error pulling image: received unexpected HTTP status: 503 Service Unavailable", "registry failure"),
    ],
)
def test_what_the_network_did_may_pass(text: str, name: str) -> None:
    assert fault(text) == (name, True)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("manifest for r.test/x:1 not found: manifest unknown", "not found"),
        ("pull access denied for x, repository does not exist or may require 'docker login'", "not found"),
        ("denied: requested access to the resource is denied", "denied"),
        ("unauthorized: authentication required", "denied"),
        ("no matching manifest for linux/arm64/v8 in the manifest list entries", "wrong platform"),
        ("image was found but does not match the specified platform", "wrong platform"),
        ("something new", "unknown"),
    ],
)
def test_an_answer_of_no_is_final(text: str, name: str) -> None:
    assert fault(text) == (name, False)
