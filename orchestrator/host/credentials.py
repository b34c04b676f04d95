"""Credentials in URLs: what is shown, logged or kept has none of them."""

from __future__ import annotations

import re

_WEB = re.compile(r"(https?://)[^\s/'\"<>]*@", re.IGNORECASE)
"""An index or a proxy: also a name alone may be a token."""
# Of a scheme its last letters are enough; an endless one would be tried again from each of its letters.
_OTHER = re.compile(r"([a-z][a-z0-9+.-]{0,30}://[^\s/:@'\"]*):[^\s/'\"]*@", re.IGNORECASE)


def without_credentials(text: str) -> str:
    """Put *** in place of user and password in the text's web addresses, and of the password in others."""
    return _OTHER.sub(r"\1:***@", _WEB.sub(r"\1***@", text))
