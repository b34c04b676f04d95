"""Control groups, by which a kernel limits what processes get: CPU time and memory, in versions 1 and 2.

`root` is the file system's root, so that tests bring their own /proc and /sys.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterator, List, Optional

from shared.procfs import read_text

NO_LIMIT_BYTES = 2**60
"""cgroup v1 says "no limit" with a number near 2^63."""


def parse_groups(membership: str) -> Dict[str, str]:
    """Read /proc/self/cgroup: controller → group, the unified hierarchy (version 2) under ""."""
    groups: Dict[str, str] = {}
    for line in membership.splitlines():
        _, controllers, group = line.split(":", 2)
        groups.update(dict.fromkeys(controllers.split(","), group))
    return groups


def parse_quota(text: str) -> Optional[float]:
    """Read a quota and its period ("150000 100000") as cores; None where there is no limit ("max" or "-1")."""
    words = text.split()
    if len(words) == 2 and all(word.isdigit() and int(word) > 0 for word in words):
        return int(words[0]) / int(words[1])
    return None


def quotas(root: Path) -> List[float]:
    """Return the limits on the CPU time of this process, in cores, those of the groups above its own too."""
    second = [read_text(folder / "cpu.max") for folder in folders(root, "")]
    first = [
        f"{read_text(folder / 'cpu.cfs_quota_us')} {read_text(folder / 'cpu.cfs_period_us')}"
        for folder in folders(root, "cpu")
    ]
    return [quota for quota in map(parse_quota, [*second, *first]) if quota is not None]


def memory_limits(root: Path) -> List[int]:
    """Return the limits on the memory of this process, in bytes."""
    texts = [
        *(read_text(folder / "memory.max") for folder in folders(root, "")),
        *(read_text(folder / "memory.limit_in_bytes") for folder in folders(root, "memory")),
    ]
    return [int(text) for text in texts if text.strip().isdigit() and int(text) < NO_LIMIT_BYTES]


def folders(root: Path, controller: str) -> Iterator[Path]:
    """Yield our control group's folder and its parents': a limit above binds those below.

    Inside a container the group may be named as the host sees it, which does not exist
    here; then the walk up ends at the mount, which is the container's own group.
    """
    group = parse_groups(read_text(root / "proc/self/cgroup")).get(controller)
    if group is None:
        return
    mount = root / "sys/fs/cgroup" / controller
    below = Path(group.lstrip("/"))
    yield from (mount / part for part in (below, *below.parents) if (mount / part).is_dir())
