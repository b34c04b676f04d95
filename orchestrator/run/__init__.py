"""Runs a plan's trials, one training at a time: starts workers, hands turns over, notices when one stalls or ends."""
