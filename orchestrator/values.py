"""The two types that every stage uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen value that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with other values in these fields.

        `model_copy(update=...)` checks nothing: a misspelt field is lost in silence. Raises ValidationError for a
        name that is no field, and for a value that does not fit.
        """
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self).model_validate({**fields, **changes})


Say = Callable[[str], None]
"""Takes one line of preparation progress, for a person."""
