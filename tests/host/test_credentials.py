"""Credentials in URLs are taken out, and nothing else is."""

from __future__ import annotations

import pytest

from orchestrator.host.credentials import without_credentials


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "Looking in indexes: https://alice:s3cret@m.example/simple, x",
            "Looking in indexes: https://***@m.example/simple, x",
        ),
        ("'HTTPS://t0ken@m.example'", "'HTTPS://***@m.example'"),
        ("http://alice:p@ss@proxy:3128 http://b:c@d", "http://***@proxy:3128 http://***@d"),
        ("socks5h://alice:s3cret@proxy", "socks5h://alice:***@proxy"),
        (f"{'x' * 99}s://a:b@c", f"{'x' * 99}s://a:***@c"),
        ("ssh://me@gpu-box.example", "ssh://me@gpu-box.example"),
        ("https://pypi.org/simple/a@b me@example.org", "https://pypi.org/simple/a@b me@example.org"),
    ],
)
def test_user_and_password_are_hidden(text: str, shown: str) -> None:
    assert without_credentials(text) == shown
