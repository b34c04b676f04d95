"""What ends a comparison before it starts, and a whole examination, with an engine whose answers are written down."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator import doctor, pipeline
from orchestrator import progress as console
from orchestrator.engines.check import Check, State
from orchestrator.engines.check_cache import CheckCache
from orchestrator.engines.docker import DockerEngine
from orchestrator.engines.docker.inspection import BaseImage, Checkup, Identity
from orchestrator.engines.docker.one_off import CommandResult
from orchestrator.engines.engine import EngineLostError, Prepared, StartError
from orchestrator.engines.process.engine import ProcessEngine
from orchestrator.engines.scripted import ScriptedEngine
from orchestrator.errors import PreflightError
from orchestrator.host import gpus
from orchestrator.host.gpus import Gpu, Usage
from orchestrator.host.hardware import Hardware
from orchestrator.host.machine import Machine
from orchestrator.runtime import Runtime
from orchestrator.spec.contenders import IMAGES, Contender
from orchestrator.spec.resolve import ResolvedSpec, resolve
from orchestrator.spec.spec import Spec
from tests.support.checks import BROKEN, CONVOLVED, H100, HELD, IMPORTED, LOCAL, ended

PLENTY = 10**12


@dataclass(frozen=True)
class Played(Checkup):
    """An engine that answers by heart, and notes what it was asked to start."""

    free: int | None = PLENTY
    built: bool = True
    base: bool = True
    inside: CommandResult | Exception = field(default_factory=lambda: ended(HELD))
    probe: CommandResult | Exception | None = field(
        default_factory=lambda: CommandResult(0, False, IMPORTED + CONVOLVED)
    )
    lost: bool = False
    started: list[str] = field(default_factory=list)

    def identity(self) -> Identity:
        return LOCAL

    def free_bytes(self) -> int | None:
        return self.free

    def image_of(self, contender: Contender, variant: str) -> str | None:
        return f"sha256:{contender.slug}" if self.built else None

    def base_of(self, contender: Contender) -> BaseImage:
        return BaseImage("base:1", present=self.base)

    def pullable(self, base: BaseImage) -> BaseImage:
        self.started.append(f"asked for {base.name}")
        return replace(base, fault="no such host")

    def volume_is_ours(self) -> bool | None:
        if self.lost:
            raise EngineLostError("connection reset")
        return None

    def restrictions_tried(self, image: str) -> CommandResult:
        self.started.append(f"limits in {image}")
        return _answer(self.inside)

    def probed(self, contender: Contender, image: str, device: str, gpu: str | None) -> CommandResult | None:
        self.started.append(f"{contender.name} on {device} {gpu}")
        return _answer(self.probe) if self.probe else None


class PlayedEngine(DockerEngine):
    def __init__(self, played: Played) -> None:
        self._played = played

    def checkup(self) -> Checkup:
        return self._played

    def gives_gpus(self) -> bool:
        return True

    def machine(self, contenders: Sequence[Contender], cache: CheckCache) -> Machine:
        return Machine(Hardware(2, gpus.list_gpus(), gives_gpus=True))


def _answer(given: CommandResult | Exception) -> CommandResult:
    if isinstance(given, Exception):
        raise given
    return given


def played(**answers: Any) -> Played:
    nobody: Any = None
    facts = {"client": nobody, "info": {}, "images": IMAGES, "base_image": "", "memory_bytes": 2**30}
    return Played(**facts, data_volume="bakeoff-mnist", **answers)


@pytest.fixture
def world(tmp_path: Path) -> Callable[[Any], Runtime]:
    def around(engine: Any) -> Runtime:
        return Runtime(engine, "", Hardware(2), {}, tmp_path / "runs", tmp_path / "cache" / "mnist")

    return around


CPU, GPU = resolve(Spec(), Hardware(2)), resolve(Spec(), Hardware(2, (H100,), True))


def said(settings: ResolvedSpec, world: Runtime) -> list[str]:
    lines: list[str] = []
    doctor.preflight(settings, world, lines.append)
    return lines


def test_where_all_is_well_the_limits_are_tried_once_a_day(world: Callable[[Any], Runtime]) -> None:
    engine = played()
    around = world(PlayedEngine(engine))
    assert said(CPU, around) == ["trying a container's limits"]
    assert said(CPU, around) == []
    assert engine.started == ["limits in sha256:tf-2.21.0"]


def test_a_disk_that_is_too_full_ends_a_comparison(world: Callable[[Any], Runtime]) -> None:
    with pytest.raises(PreflightError, match=r"the engine's disk, 1\.0 are free") as refused:
        said(CPU, world(PlayedEngine(played(built=False, free=10**9))))
    assert "bakeoff clean --images" in refused.value.remedy


def test_a_disk_that_is_full_is_well_where_nothing_is_to_be_built(world: Callable[[Any], Runtime]) -> None:
    said(CPU, world(PlayedEngine(played(free=0))))


def test_a_remote_disk_is_asked_from_inside_each_time_that_something_is_to_be_built(
    world: Callable[[Any], Runtime],
) -> None:
    engine = played(built=False, free=None)
    around = world(PlayedEngine(engine))
    for _ in range(2):
        with pytest.raises(PreflightError, match=r"the engine's disk, 5\.0 are free"):
            said(CPU, around)
    assert engine.started == ["limits in base:1"] * 2


def test_where_there_is_no_image_yet_the_limits_are_left_for_another_day(world: Callable[[Any], Runtime]) -> None:
    engine = played(built=False, base=False)
    assert said(CPU, world(PlayedEngine(engine))) == []
    assert engine.started == []


@pytest.mark.parametrize("told", [{"network": True}, {"root_writable": True}, {"user": 0}])
def test_a_promise_that_the_engine_does_not_keep_ends_a_comparison(
    world: Callable[[Any], Runtime], told: dict[str, Any]
) -> None:
    engine = played(inside=ended({**HELD, **told}))
    around = world(PlayedEngine(engine))
    for _ in range(2):
        with pytest.raises(PreflightError, match="a container "):
            said(CPU, around)
    assert len(engine.started) == 2, "what failed is tried again"


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        (ended(HELD, "taken", oom_killed=False), "memory limit: a process passed its limit"),
        (CommandResult(127, False, b"", "python3: not found"), "limits: the probe gave no answer"),
        (StartError("no such runtime"), "limits: the probe's container does not start: no such runtime"),
    ],
)
def test_a_limit_that_is_not_known_to_hold_is_said_and_ends_nothing(
    world: Callable[[Any], Runtime], inside: Any, told: str
) -> None:
    (_, warning) = said(CPU, world(PlayedEngine(played(inside=inside))))
    assert warning.startswith(told)


def test_company_on_the_gpu_is_said_and_a_full_one_ends_a_comparison(
    world: Callable[[Any], Runtime], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpus, "usage", lambda uuid: Usage(70 * 2**30, 2))
    assert said(GPU, world(ScriptedEngine(None)))[0].startswith("GPU in use: 70.0 GiB free, 2 other processes")  # type: ignore[arg-type]
    monkeypatch.setattr(gpus, "usage", lambda uuid: Usage(2**20, 2))
    with pytest.raises(PreflightError, match=r"0\.0 GiB free"):
        said(GPU, world(ScriptedEngine(None)))  # type: ignore[arg-type]


def test_the_process_engine_needs_room_for_its_environments(
    world: Callable[[Any], Runtime], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = ProcessEngine(tmp_path / "cache")
    monkeypatch.setattr("orchestrator.host.disk.free_bytes", lambda _: 10**9)
    with pytest.raises(PreflightError, match=r"the cache's disk, 1\.0 are free") as refused:
        said(CPU, world(engine))
    assert "BAKEOFF_CACHE" in refused.value.remedy


def test_a_framework_is_probed_on_the_gpu_in_each_image_once(world: Callable[[Any], Runtime]) -> None:
    engine = played()
    around = world(PlayedEngine(engine))
    built = {each.written: Prepared(each, "image", f"sha256:{each.slug}") for each in GPU.contenders}
    for _ in range(2):
        doctor.check_built(GPU, around, built, lambda line: None)
    assert engine.started == [f"tf on cuda {H100.uuid}", f"torch on cuda {H100.uuid}"]
    assert GPU.gpu is not None
    newer = replace(GPU, gpu=replace(GPU.gpu, driver_version="590.1"))
    doctor.check_built(newer, around, built, lambda line: None)
    assert len(engine.started) == 4, "another driver is another question"


@pytest.mark.parametrize(
    ("probe", "told"),
    [
        (CommandResult(1, False, IMPORTED + BROKEN), "no kernel image"),
        (StartError("could not select device driver"), "its container does not start: could not select device driver"),
    ],
)
def test_a_framework_that_fails_on_the_gpu_ends_a_comparison(
    world: Callable[[Any], Runtime], probe: Any, told: str
) -> None:
    built = {each.written: Prepared(each, "image", "sha256:1") for each in GPU.contenders}
    with pytest.raises(PreflightError, match=told) as refused:
        doctor.check_built(GPU, world(PlayedEngine(played(probe=probe))), built, lambda line: None)
    assert "--device cpu" in refused.value.remedy


def test_on_the_cpu_nothing_is_probed(world: Callable[[Any], Runtime]) -> None:
    engine = played()
    built = {each.written: Prepared(each, "image", "sha256:1") for each in CPU.contenders}
    doctor.check_built(CPU, world(PlayedEngine(engine)), built, lambda line: None)
    assert engine.started == []


def test_a_comparison_that_is_refused_leaves_no_run(world: Callable[[Any], Runtime], tmp_path: Path) -> None:
    around = world(PlayedEngine(played(built=False, free=10**9)))
    with pytest.raises(PreflightError, match="are free"):
        pipeline.compare(Spec(), around, console.view("quiet", io.StringIO()))
    assert list((tmp_path / "runs").iterdir()) == []


def test_the_memory_of_good_answers_is_plain_json(world: Callable[[Any], Runtime], tmp_path: Path) -> None:
    said(CPU, world(PlayedEngine(played())))
    (file,) = (tmp_path / "cache" / "doctor").glob("*.json")
    assert {each["state"] for each in json.loads(file.read_text())} == {"ok"}


# A whole examination

Examine = Callable[..., dict[str, Check]]


@pytest.fixture
def examine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Examine:
    def asked(engine: Played, *found: Gpu, again: bool = False, **spec: Any) -> dict[str, Check]:
        monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr("orchestrator.engines.choose.connect", lambda base, **options: PlayedEngine(engine))
        monkeypatch.setattr(gpus, "list_gpus", lambda: found)
        monkeypatch.setattr(gpus, "usage", lambda uuid: Usage(70 * 2**30, 0))
        checks = doctor.examine(Spec(**spec), tmp_path / "runs", None, lambda line: None, again=again)
        assert len({each.id for each in checks}) == len(checks), "an id names one check"
        return {each.id: each for each in checks}

    return asked


def test_an_examination_on_a_cpu_probes_frameworks_and_remembers(examine: Examine) -> None:
    engine = played()
    for again in (False, False, True):
        found = examine(engine, again=again)
    assert not [each for each in found.values() if each.state is State.FAILED]
    assert found["gpu"].state is State.SKIPPED
    assert found["framework.tf-2.21.0"].state is State.OK
    probes = [each for each in engine.started if each.startswith("t")]
    assert probes == ["tf on cpu None", "torch on cpu None"] * 2


def test_an_examination_on_a_gpu_looks_at_driver_toolkit_use_and_frameworks(examine: Examine) -> None:
    engine = played()
    found = examine(engine, H100)
    names = ("gpu", "gpu.driver.tf-2.21.0", "gpu.driver.torch-2.13.0", "gpu.toolkit", "gpu.use")
    assert {found[name].state for name in names} == {State.OK}
    assert engine.started[1:] == [f"tf on cuda {H100.uuid}", f"torch on cuda {H100.uuid}"]


def test_a_gpu_that_is_declined_is_not_looked_at(examine: Examine) -> None:
    engine = played()
    found = examine(engine, H100, device="cpu")
    assert (found["gpu"].found, found["gpu"].state) == ("not looked at, by --device cpu", State.SKIPPED)
    assert "gpu.driver.tf-2.21.0" not in found
    assert engine.started[1:] == ["tf on cpu None", "torch on cpu None"]


def test_a_base_image_that_nothing_can_be_built_on_is_asked_for_once_and_fails(examine: Examine) -> None:
    engine = played(built=False, base=False)
    found = examine(engine)
    assert engine.started == ["asked for base:1"]
    assert found["engine.base_image.base:1"].state is State.FAILED
    assert "BAKEOFF_BASE_IMAGE" in found["engine.base_image.base:1"].fix
    assert found["limits"].state is State.SKIPPED


def test_a_base_image_that_nothing_needs_is_not_asked_for(examine: Examine) -> None:
    engine = played(base=False)
    assert examine(engine)["engine.base_image.base:1"].state is State.SKIPPED
    assert "asked for base:1" not in engine.started


def test_an_engine_that_is_lost_midway_is_a_failure_beside_what_was_found(examine: Examine) -> None:
    found = examine(played(lost=True))
    assert found["engine"].state is State.OK
    assert found["engine.lost"].state is State.FAILED
    assert "connection reset" in found["engine.lost"].found
    assert "disk.runs" in found
