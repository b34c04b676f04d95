"""An image that bakeoff built, and whether today's sources still give it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from orchestrator.spec.stack import Stack

ImageState = Literal["current", "stale", "superseded"]
"""current: its content is what building its contender today would give, on the base image that is asked for now.
stale: it is another, or the contender is not offered any more. superseded: stale, and the current one is there too.
"""


@dataclass(frozen=True)
class BuiltImage:
    """One image, with what its labels and its name say."""

    contender: str  # "torch==2.13.0"
    variant: str  # "cpu"; "" where no name tells it
    name: str  # its name by content; a short id where it has none
    content: str  # the hash of what it was built from, 12 hexadecimal digits
    size_bytes: int  # layers that it shares with others included
    created_at: datetime
    stack: Stack  # of the other packages
    lock: str  # the file that pinned them, "" for none
    state: ImageState
    in_use: bool  # a container of it is there, running or not
    remove: Callable[[], None]  # under all its names; raises EngineLostError
