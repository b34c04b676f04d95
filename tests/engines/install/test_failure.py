"""What pip and uv print when an installation fails, each as it was really printed, and the cause told of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.engines.engine import PrepareError
from orchestrator.engines.install.failure import NO_VERSION, TAIL_LINES, find_cause, told
from orchestrator.host.credentials import without_credentials
from orchestrator.spec.contenders import IMAGES, parse
from tests.support.paths import ROOT

PRINTED = {path.stem: path.read_text().splitlines() for path in (ROOT / "tests/fixtures/installing").glob("*.txt")}

UNREACHABLE, PROXY, UNKNOWN_NAME = "the index cannot be reached", "the proxy refuses", "a name cannot be resolved"
NO_DAYS = "the index cannot give the packages of a day"
TLS, LOGIN, ABSENT = "TLS: the certificate is not trusted", "the index wants other credentials", "the index has no such"
EXPECTED = {
    "pip-asks-for-user": LOGIN,
    "pip-closed-port": UNREACHABLE,
    "pip-dead-proxy": PROXY,
    "pip-disk-full": "the disk is full",
    "pip-http": "an index over http is not trusted",
    "pip-no-name": UNKNOWN_NAME,
    "pip-no-newer-pip": NO_DAYS,
    "pip-no-upload-time": NO_DAYS,
    "pip-no-version": "no such version",
    "pip-other-index-away": UNREACHABLE,
    "pip-proxy-407": PROXY,
    "pip-status-401": LOGIN,
    "pip-status-403": LOGIN,
    "pip-status-404": ABSENT,
    "pip-status-503": UNREACHABLE,
    "pip-tls": TLS,
    "uv-closed-port": UNREACHABLE,
    "uv-dead-proxy": PROXY,
    "uv-no-name": UNKNOWN_NAME,
    "uv-no-version": "no such version",
    "uv-proxy-407": PROXY,
    "uv-status-401": LOGIN,
    "uv-status-403": LOGIN,
    "uv-status-404": ABSENT,
    "uv-status-503": UNREACHABLE,
    "uv-tls": TLS,
}


def error(lines: list[str], fallback: str = "pip ended with 1", logs: Path | None = None) -> PrepareError:
    return told(lines, fallback, parse("torch"), IMAGES, logs)


def test_every_output_that_is_kept_has_its_cause() -> None:
    assert set(PRINTED) == set(EXPECTED)


@pytest.mark.parametrize(("name", "cause"), EXPECTED.items(), ids=EXPECTED)
def test_each_way_of_failing_is_told_by_its_cause_with_a_remedy_of_its_own(name: str, cause: str) -> None:
    refused = error(PRINTED[name])
    assert str(refused).startswith(cause)
    assert refused.remedy
    assert ("versions of torch offered: 2.15.0" in refused.remedy) == (cause == "no such version")
    assert "0x" not in str(refused)
    assert "***" not in refused.remedy + without_credentials(refused.remedy)
    assert "s3cret" not in str(refused) + refused.remedy + "".join(refused.lines)


def test_the_reason_is_told_without_what_pip_wraps_it_in() -> None:
    refusals = {name: str(error(PRINTED[name])) for name in ("pip-closed-port", "pip-status-403", "pip-proxy-407")}
    refused = "NewConnectionError('Failed to establish a new connection: [Errno 111] Connection refused')"
    tunnel = "OSError('Tunnel connection failed: 407 Proxy Authentication Required')"
    assert refusals == {
        "pip-closed-port": f"{UNREACHABLE}: http://127.0.0.1:1/simple/gadget/: {refused}",
        "pip-status-403": f"{LOGIN}: http://***@localhost:8403/simple/gadget/: 403 Client Error: Forbidden",
        "pip-proxy-407": f"{PROXY}: https://pypi.org/simple/gadget/: ProxyError('Cannot connect to proxy.', {tunnel})",
    }


def test_no_two_causes_have_one_remedy() -> None:
    remedies = {error(PRINTED[name]).remedy.partition(";")[0]: cause for name, cause in EXPECTED.items()}
    assert len(remedies) == len(set(EXPECTED.values()))


@pytest.mark.parametrize(
    ("lines", "fallback"),
    [
        (["Collecting torch"], "The command '/bin/sh -c sh /build/install.sh' returned a non-zero code: 137"),
        (["Collecting torch", "Killed"], "pip ended with 137"),
        ([], "pip ended with -9"),
    ],
)
def test_what_the_kernel_killed_is_told(lines: list[str], fallback: str) -> None:
    assert "want of memory" in str(error(lines, fallback))


def test_what_a_wheelhouse_lists_does_not_prove_that_an_index_has_no_other() -> None:
    """As it was printed behind a dead proxy, with the wheel of another version in the wheelhouse."""
    listed = "ERROR: Could not find a version that satisfies the requirement torch==2.14.1 (from versions: 2.13.0+cpu)"
    assert str(error(["Looking in links: /build", listed])).startswith("no such version")
    away = next(line for line in PRINTED["pip-dead-proxy"] if "Could not fetch URL" in line)
    assert str(error(["Looking in links: /build", listed, away])).startswith(PROXY)
    absent = next(line for line in PRINTED["pip-status-404"] if "Could not fetch URL" in line)
    assert str(error(["Looking in links: /build", listed, absent])).startswith("no such version")


def test_a_retry_that_helped_does_not_hide_the_cause() -> None:
    lines = [PRINTED["pip-closed-port"][2], "Collecting torch", "OSError: [Errno 28] No space left on device"]
    assert str(error(lines)).startswith("the disk is full")


def test_the_whole_log_is_kept_and_named_without_credentials(tmp_path: Path) -> None:
    lines = [*(f"line {number}" for number in range(100)), "Looking in indexes: https://alice:s3cret@m.example/simple"]
    refused = error(lines, logs=tmp_path / "logs")
    [path] = (tmp_path / "logs").iterdir()
    assert f"(log: {path})" in str(refused)
    assert path.read_text().splitlines()[:100] == lines[:100]
    assert "s3cret" not in path.read_text()
    assert len(refused.lines) == TAIL_LINES
    assert refused.lines[-1] == "Looking in indexes: https://***@m.example/simple"


def test_a_cache_that_takes_no_log_costs_the_log_alone(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "log:" not in str(error(["gcc: not found"], logs=tmp_path / "file"))


def test_without_a_known_cause_the_last_words_are_told() -> None:
    lines = ["WARNING: something", "gcc: not found", "", "A new release of pip is available"]
    assert find_cause(lines) is None
    assert str(error(lines, "the step failed")) == "the step failed: gcc: not found"
    assert str(error([], "pip ended with 1")) == "pip ended with 1"


def test_pips_own_reason_is_told_once() -> None:
    lines = ["ERROR: Invalid requirement: 'x y'", "ERROR: Invalid requirement: 'x y'"]
    assert str(error(lines)) == "Invalid requirement: 'x y'"


def test_no_version_alone_proves_nothing_where_an_index_was_away() -> None:
    found = find_cause(PRINTED["pip-closed-port"])
    assert found is not None
    assert found[0] is not NO_VERSION
