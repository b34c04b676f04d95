"""The versions of a contender from one to another, in their order. Pure but for reading contender files."""

from __future__ import annotations

from packaging.version import Version

from orchestrator.errors import UsageError
from orchestrator.spec.contenders import offered_contenders, parse


def versions_between(contender: str, good: str, bad: str) -> tuple[str, ...]:
    """Return the offered versions from `good` to `bad`, both included, ascending.

    Raises UsageError for a contender or version that is not offered, and for ends that are equal or the wrong way.
    """
    parsed = parse(contender)
    if parsed.image or "==" in contender:
        fault = f"{contender} is one version, and a bisect looks for one among many"
        raise UsageError(fault, f"name the framework alone: bakeoff bisect {parsed.name} --good {good} --bad {bad}")
    offered = sorted(offered_contenders()[parsed.name].versions, key=Version)
    for end in (good, bad):
        if end not in offered:
            raise UsageError(f"{parsed.name} has no version {end!r}", f"versions offered: {', '.join(offered)}")
    first, last = offered.index(good), offered.index(bad)
    if first == last:
        raise UsageError(f"--good and --bad are both {good}", "name two versions")
    if first > last:
        turned = f"bakeoff bisect {contender} --good {bad} --bad {good}"
        raise UsageError(f"--good {good} is newer than --bad {bad}", f"the good one is the older one: {turned}")
    return tuple(offered[first : last + 1])
