"""The numbers that a worker claims, held against the host's own count of what the worker left. Pure."""
