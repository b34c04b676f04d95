"""The parts of a contender as a user writes it, by which contenders of two runs are told to be the same. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable


def without_version(written: str) -> str:
    """Return the contender whatever its version or image: "torch[cudnn-autotune]" of torch[cudnn-autotune]==2.13.0."""
    return re.split("==|@", written, maxsplit=1)[0]


def is_one_of(asked: str, contenders: Iterable[str]) -> bool:
    """Tell whether one of these is meant: by all of its words, without its version, or by its name alone."""
    return any(
        asked in (written, without_version(written), without_version(written).partition("[")[0])
        for written in contenders
    )
