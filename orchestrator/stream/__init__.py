"""Bytes of a worker → events, and every file that a worker leaves, all read as hostile input."""
