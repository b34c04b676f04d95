"""Numbers with intervals, findings and claims, from the records of a run → summary.json. Pure."""
