"""What an engine checks before anything is measured, group by group; `orchestrator.doctor` orders and shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestrator.engines.check import Check, refused
from orchestrator.engines.check_cache import CheckCache
from orchestrator.errors import engine_lost
from orchestrator.host.gpus import Gpu
from orchestrator.spec.contenders import Contender
from orchestrator.values import Say


@dataclass(frozen=True, kw_only=True)
class CheckTarget:
    """What a comparison would run here, and where good answers are remembered."""

    contenders: tuple[Contender, ...]
    variant: str
    gpu: Gpu | None = None
    cache: CheckCache
    say: Say


class EngineChecks:
    """The checks of one engine: an engine overrides the groups in which it has something to check.

    Every method but `lost` raises EngineLostError where the engine does not answer.
    """

    def before_start(self) -> Iterable[Check]:
        """Check what a comparison needs before it starts, within a second where all is well."""
        return ()

    def to_build(self) -> Mapping[str, int]:
        """Return what is still to be built: contender as written → estimated bytes of its image or environment."""
        return {}

    def room(self) -> Iterable[Check]:
        """Check that what is still to be built has room."""
        return ()

    def engine(self) -> Iterable[Check]:
        """Check the engine itself, its limits and its disk: all that needs no GPU and no framework."""
        return ()

    def gpu(self, asked: bool) -> Iterable[Check]:  # noqa: ARG002 - for engines that can fail to hand one on
        """Check that the engine can give a GPU to a worker. `asked`: the user wants one, so the CPU will not do."""
        return ()

    def frameworks(self, images: Mapping[Contender, str] | None = None) -> Iterable[Check]:  # noqa: ARG002
        """Probe each contender's framework, in these images or in those that are built already."""
        return ()

    def data(self) -> Iterable[Check]:
        """Check where workers will find the data set."""
        return ()

    @staticmethod
    def lost(error: Exception) -> Check:
        """Say that the engine stopped answering in the middle of its checks."""
        return refused("engine.lost", "engine", "workers cannot be started without it", engine_lost(error))
