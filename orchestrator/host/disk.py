"""Free space where a folder is, or will be made."""

from __future__ import annotations

import shutil
from pathlib import Path


def nearest_existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that is there: what will be made lies on its disk."""
    return next(parent for parent in (path, *path.absolute().parents) if parent.exists())


def free_bytes(path: Path) -> int:
    """Return what is free where a path lies, or will lie. Raises OSError."""
    return shutil.disk_usage(nearest_existing(path)).free
