"""This machine: processor, memory, limits, load, and its GPUs."""
