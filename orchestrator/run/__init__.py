"""Runs the trials of a plan one after another: prepares contenders, starts workers, watches them to their end."""
