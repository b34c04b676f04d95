"""What to explain, as asked for: a comparison's spec whose two recipes and contenders are the ends of a walk."""

from __future__ import annotations

import shlex
from typing import Annotated

from pydantic import Field

from orchestrator.spec import Spec, options


class Asked(Spec):
    """From the first recipe in the first contender to the second recipe in the second contender."""

    contenders: Annotated[tuple[str, ...], Field(min_length=2, max_length=2)] = ("tf", "torch")
    recipes: Annotated[tuple[str, ...], Field(min_length=2, max_length=2)] = ("article-tf", "article-torch")
    seeds: Annotated[int, Field(ge=1, le=1000)] = 3
    paths: Annotated[int, Field(ge=1, le=1000)] = 1

    @property
    def command(self) -> str:
        ends = ("--from", self.contenders[0], "--to", self.contenders[1])
        return shlex.join(("bakeoff", "explain", *self.recipes, *ends, *options(self)))
