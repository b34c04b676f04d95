"""What explains the difference between two cells: a walk from one to the other, one setting at a time."""

from __future__ import annotations
