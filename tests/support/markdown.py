"""A reader of Markdown with tables, as a report's readers have it."""

from __future__ import annotations

from markdown_it import MarkdownIt

READER = MarkdownIt("gfm-like", {"linkify": False})
