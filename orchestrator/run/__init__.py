"""Runs the trials of a plan one after another: prepares contenders, starts workers, notices when one stalls or ends."""
