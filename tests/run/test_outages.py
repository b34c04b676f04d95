"""Engine outages and container pauses: what is said of them, when, and how long they were."""

from __future__ import annotations

from orchestrator.run.outages import Outage, Pauses


def test_an_outage_is_said_when_it_begins_now_and_then_and_when_it_is_over() -> None:
    said: list[str] = []
    outage = Outage(600.0, said.append)
    for seconds in (1.0, 10.0, 29.0, 31.0, 60.0, 62.0):
        outage.note(seconds, "connection refused")
    outage.end()
    assert [line.partition(",")[0] for line in said] == [
        "engine unreachable since 1 s",
        "engine unreachable since 31 s",
        "engine unreachable since 62 s",
        "the engine answers again after 62 s",
    ]
    assert said[0].endswith("trying again for up to 600 s (connection refused)")


def test_only_what_is_over_is_kept_and_the_engine_is_away_until_then() -> None:
    outage = Outage(600.0, lambda _: None)
    away = [outage.away]
    outage.note(4.0, "reset")
    away.append(outage.away)
    assert outage.lines == []
    outage.end()
    outage.note(600.0, "reset")
    outage.end(answered=False)
    assert [*away, outage.away] == [False, True, False]
    assert outage.lines == [
        "the engine did not answer for 4 s and answers again",
        "the engine did not answer for 600 s and was given up",
    ]


def test_pauses_add_up_and_the_current_one_is_told_alone() -> None:
    said: list[str] = []
    pauses = Pauses(said.append)
    assert not pauses.note(False, 0.0)
    assert pauses.note(True, 10.0)
    assert pauses.note(True, 15.0)
    assert (pauses.stretch_seconds(18.0), pauses.seconds(18.0)) == (8.0, 8.0)
    assert pauses.note(False, 20.0)  # it was paused a moment ago, so its silence was not its own
    assert not pauses.note(False, 25.0)
    pauses.note(True, 30.0)
    assert (pauses.stretch_seconds(31.0), pauses.seconds(31.0)) == (1.0, 11.0)
    assert [line.partition(" ")[0] for line in said] == ["stalled", "the", "stalled"]
