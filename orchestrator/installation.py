"""What pip is asked to install for a contender, and what its refusals mean: pure.

The Dockerfiles and the process engine install in the same two steps: first the framework and its
companions alone, from the variant's own index beside pip's; then the rest, which asks
pip's configured index only. A package of a common name can so never come from the extra index.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_REASON = re.compile(r"^ERROR: (.+)|(No matching distribution found .+)|(.*No space left on device.*)")
_NOISE = re.compile(r"To update, run|A new release of pip|WARNING: ")


def why_refused(lines: Sequence[str], fallback: str) -> str:
    """Pick pip's reason out of a failed installation's last lines."""
    reasons = [match.group(0).removeprefix("ERROR: ") for line in lines if (match := _REASON.match(line.strip()))]
    if reasons:
        return "; ".join(dict.fromkeys(reasons))
    kept = [line.strip() for line in lines[-5:] if line.strip() and not _NOISE.search(line)]
    return f"{fallback}: {' | '.join(kept)}" if kept else fallback


def environment(arguments: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that requirements.in refers to, which pip expands itself."""
    return {name: arguments[name] for name in ("VERSION", "EXTRAS")}
