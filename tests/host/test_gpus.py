"""GPUs as the driver tells them, played by a small stand-in for NVIDIA's binding."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.errors import PreflightError, UsageError
from orchestrator.host.gpus import Gpu, Usage, choose, list_gpus, usage

H200 = {"uuid": "GPU-aa11", "name": "NVIDIA H200", "memory": 150_754_820_096}
T4 = {"uuid": "GPU-ab22", "name": "Tesla T4", "memory": 16_106_127_360}
SLICE = {"uuid": "MIG-cc33", "name": "NVIDIA H200 MIG 1g.18gb", "memory": 18_874_368_000}


class Lost(Exception):  # noqa: N818 - a state of the driver
    """Plays the base class of NVIDIA's errors."""


class Driver:
    """Plays the pynvml module; a device is a dict, what it lacks is an error."""

    NVMLError = Lost
    NVML_DEVICE_MIG_ENABLE = 1
    NVML_CLOCK_SM, NVML_CLOCK_MEM, NVML_TEMPERATURE_GPU = 1, 2, 0

    def __init__(self, *devices: dict[str, Any], absent: bool = False) -> None:
        self.devices = devices
        self.absent = absent
        self.open = 0

    def nvmlInit(self) -> None:  # noqa: N802 - NVIDIA's names
        if self.absent:
            raise Lost
        self.open += 1

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.open -= 1

    def nvmlSystemGetDriverVersion(self) -> str:  # noqa: N802
        return "580.65.06"

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.devices)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Any:  # noqa: N802
        return self._of(self.devices[index], "uuid") and self.devices[index]

    def nvmlDeviceGetMigMode(self, device: Any) -> list[int]:  # noqa: N802
        return [self._of(device, "mig"), 0]

    def nvmlDeviceGetMaxMigDeviceCount(self, device: Any) -> int:  # noqa: N802
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, device: Any, slot: int) -> Any:  # noqa: N802
        if slot >= len(device["slices"]):
            raise Lost
        return device["slices"][slot]

    def nvmlDeviceGetUUID(self, device: Any) -> Any:  # noqa: N802
        return self._of(device, "uuid")

    def nvmlDeviceGetName(self, device: Any) -> Any:  # noqa: N802
        return self._of(device, "name")

    def nvmlDeviceGetMemoryInfo(self, device: Any) -> Any:  # noqa: N802
        return SimpleNamespace(total=self._of(device, "memory"), free=device.get("free", 0))

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> Any:  # noqa: N802
        return self._of({device["uuid"]: device for device in self.devices}, uuid)

    def nvmlDeviceGetComputeRunningProcesses(self, device: Any) -> Any:  # noqa: N802
        return self._of(device, "processes")

    def nvmlDeviceGetClockInfo(self, device: Any, clock: int) -> Any:  # noqa: N802
        return self._of(device, "clocks")[clock]

    def nvmlDeviceGetMaxClockInfo(self, device: Any, clock: int) -> Any:  # noqa: N802
        return self._of(device, "max_clocks")[clock]

    def nvmlDeviceGetPowerManagementLimit(self, device: Any) -> Any:  # noqa: N802
        return self._of(device, "milliwatts")

    def nvmlDeviceGetPowerManagementDefaultLimit(self, device: Any) -> Any:  # noqa: N802
        return self._of(device, "default_milliwatts")

    def nvmlDeviceGetPersistenceMode(self, device: Any) -> Any:  # noqa: N802
        return self._of(device, "persistence")

    def nvmlDeviceGetEccMode(self, device: Any) -> list[int]:  # noqa: N802
        return [self._of(device, "ecc"), 0]

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, device: Any) -> Any:  # noqa: N802
        return self._of(device, "reasons")

    def nvmlDeviceGetViolationStatus(self, device: Any, policy: int) -> Any:  # noqa: N802
        return SimpleNamespace(violationTime=self._of(device, "violations")[policy])

    def nvmlDeviceGetTemperature(self, device: Any, sensor: int) -> Any:  # noqa: N802
        return self._of(device, "celsius")

    def _of(self, device: dict[str, Any], key: str) -> Any:
        if key not in device:
            raise Lost
        return device[key]


def test_who_else_uses_a_gpu_is_told() -> None:
    driver = Driver({**H200, "free": 2**30, "processes": [object(), object()]}, T4)
    assert usage("GPU-aa11", driver) == Usage(2**30, 2)
    assert usage("GPU-ab22", driver) == Usage(0, 0)  # a driver that lists no processes, as in a container of its own
    assert usage("GPU-ff", driver) is None
    assert usage("GPU-aa11", Driver(absent=True)) is None
    assert driver.open == 0


@pytest.mark.parametrize(("version", "serves"), [("580.65.06", True), ("579.1", False), ("600", True), ("N/A", True)])
def test_a_driver_serves_what_asks_for_its_major_version_or_an_older_one(version: str, serves: bool) -> None:
    assert Gpu("GPU-1", "a GPU", version, None, 0).serves(580) is serves


def test_a_gpu_is_told_with_its_driver_and_memory() -> None:
    assert list_gpus(Driver(H200)) == (Gpu("GPU-aa11", "NVIDIA H200", "580.65.06", 150_754_820_096, 0),)


def test_clocks_power_cap_and_modes_are_told_with_their_units() -> None:
    busy = {"clocks": {1: 1980, 2: 3201}, "max_clocks": {1: 1980, 2: 3201}, "milliwatts": 650_000, "celsius": 41}
    [gpu] = list_gpus(Driver({**H200, **busy, "default_milliwatts": 700_000, "persistence": 1, "ecc": 0}))
    assert gpu.state == {
        "sm_clock": "1980 MHz",
        "sm_clock_max": "1980 MHz",
        "memory_clock": "3201 MHz",
        "memory_clock_max": "3201 MHz",
        "power_cap": "650 W",
        "power_cap_default": "700 W",
        "persistence": "on",
        "ecc": "off",
        "temperature": "41 °C",
    }


@pytest.mark.parametrize(
    ("reasons", "words"), [(0, "none"), (0x01, "idle"), (0x44, "too hot (hardware), power cap"), (0x80, "power brake")]
)
def test_why_clocks_are_low_is_told_in_words_with_the_time_that_heat_took(reasons: int, words: str) -> None:
    [gpu] = list_gpus(Driver({**H200, "reasons": reasons, "violations": {1: 12_500_000_000}}))
    assert gpu.state == {"clock_limits": words, "thermal_slowdown": "12.500 s"}


def test_where_there_is_no_driver_there_are_no_gpus() -> None:
    assert list_gpus(Driver(absent=True)) == ()


def test_the_real_binding_does_not_raise_whatever_this_machine_has() -> None:
    assert isinstance(list_gpus(), tuple)


def test_a_gpu_fallen_off_the_bus_hides_no_other() -> None:
    assert [gpu.uuid for gpu in list_gpus(Driver({}, T4))] == ["GPU-ab22"]
    assert [gpu.index for gpu in list_gpus(Driver({}, T4))] == [1]


def test_memory_that_the_driver_does_not_tell_is_absent_not_zero() -> None:
    [gpu] = list_gpus(Driver({"uuid": "GPU-dd", "name": "GB10"}))
    assert gpu.memory_bytes is None


def test_a_split_gpu_is_listed_as_its_instances() -> None:
    found = list_gpus(Driver({**H200, "mig": 1, "slices": [SLICE]}, T4))
    assert [(gpu.uuid, gpu.index) for gpu in found] == [("MIG-cc33", 0), ("GPU-ab22", 1)]


def test_a_split_gpu_without_instances_can_run_nothing() -> None:
    assert list_gpus(Driver({**H200, "mig": 1, "slices": []})) == ()


def test_the_driver_is_let_go_whatever_happened() -> None:
    for driver in (Driver(H200), Driver({}), Driver()):
        list_gpus(driver)
        assert driver.open == 0


TWO = list_gpus(Driver(H200, T4))


@pytest.mark.parametrize("wanted", ["1", "GPU-ab22", "gpu-ab"])
def test_a_gpu_is_chosen_by_index_uuid_or_its_beginning(wanted: str) -> None:
    assert choose(TWO, wanted).name == "Tesla T4"


def test_without_a_wish_the_first_gpu_serves() -> None:
    assert choose(TWO, None).name == "NVIDIA H200"


@pytest.mark.parametrize(("wanted", "fault"), [("7", "is no GPU"), ("GPU-a", "more than one"), ("", "more than one")])
def test_a_wish_that_means_not_exactly_one_gpu_lists_what_there_is(wanted: str, fault: str) -> None:
    with pytest.raises(UsageError, match=fault) as caught:
        choose(TWO, wanted)
    assert caught.value.remedy.endswith("0 GPU-aa11 (NVIDIA H200); 1 GPU-ab22 (Tesla T4)")


def test_a_machine_without_gpus_fails_the_preflight_with_a_way_out() -> None:
    with pytest.raises(PreflightError) as caught:
        choose((), "0")
    assert "--device cpu" in caught.value.remedy
