"""A run that ended, as it is held beside another one: its summary, what began it, and its recipes as they ran."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.analyse.summary import Summary
from orchestrator.record.manifest import Manifest
from orchestrator.record.run_folder import RunFolder
from shared.recipe import Recipe

_MACHINE = ("machine", "architecture", "cpu", "cpu_cores", "cpu_quota", "cpu_numa_nodes", "hypervisor", "memory")
_GPU = re.compile(r"gpu_\d+")
HOST_NAME = "host name"
_MOMENTARY = re.compile(r"date|load_average.*|memory_available.*|cpu_throttle.*|gpu_\d+_.*")
"""Facts of the hour and not of the machine."""


@dataclass(frozen=True)
class FinishedRun:
    """A run that has a summary."""

    summary: Summary
    manifest: Manifest
    recipes: Mapping[str, Recipe]  # by name, sizes applied: what the workers were given

    @property
    def machine(self) -> dict[str, str]:
        """Return what tells this machine from another: its facts, and the name of the host where workers ran on it.

        Through a socket or ssh workers may run elsewhere; the host's name then says nothing of their machine. An
        archive does not tell it.
        """
        host = self.summary.environment.host
        facts = {name: value for name, value in host.items() if name in _MACHINE or _GPU.fullmatch(name)}
        here = {} if "machine" in host else {HOST_NAME: self.manifest.hosts[0].name if self.manifest.hosts else ""}
        return {**facts, **here, "device": self.summary.comparison.device}

    @property
    def lasting_facts(self) -> dict[str, str]:
        """Return the facts of the host that do not change from hour to hour."""
        host = self.summary.environment.host
        return {name: value for name, value in host.items() if not _MOMENTARY.fullmatch(name)}


def load_finished(folder: RunFolder) -> FinishedRun:
    """Read a run that ended. Raises UsageError where it did not, or where a file is damaged or of another format."""
    summary, manifest = Summary.load(folder.path), folder.read_manifest()
    recipes: dict[str, Recipe] = {}
    for trial in summary.trials:
        if trial.recipe not in recipes and (ran := folder.read_trial(trial.id)) is not None:
            recipes[trial.recipe] = ran.recipe
    return FinishedRun(summary, manifest, recipes)
