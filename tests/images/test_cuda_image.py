"""PyTorch's image in its `cuda` variant: built from pip's own index, trained on the CPU of a machine without a GPU.

Six gigabytes, so these run with `make test-cuda` and in CI. What a GPU does is not tested here: how
a container with one is started is asserted in `test_docker_launch.py`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import docker
import pytest
from docker.types import Mount

from orchestrator.engines.docker import DockerEngine, connect
from orchestrator.engines.docker.files import DATA_VOLUME
from orchestrator.engines.engine import Prepared
from orchestrator.record.record import Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.run.one_trial import TrialSetup, run_trial
from orchestrator.spec import recipes
from orchestrator.spec.contenders import parse
from shared import mnist
from tests.support.plans import plan_of

pytestmark = [pytest.mark.cuda_image, pytest.mark.docker]

CONTENDER = "torch==2.14.1"
PARITY = Path(__file__).with_name("torchvision_parity.py")


@pytest.fixture(scope="module")
def engine() -> DockerEngine:
    return connect(os.environ.get("BAKEOFF_BASE_IMAGE", ""))


@pytest.fixture(scope="module")
def prepared(engine: DockerEngine, mnist_folder: Path) -> Prepared:
    found = engine.prepare(parse(CONTENDER), "cuda", lambda line: None)
    engine.supply(mnist_folder, found, lambda line: None)
    return found


def test_the_cuda_build_trains_on_the_cpu_of_a_machine_without_a_gpu(
    engine: DockerEngine, prepared: Prepared, mnist_folder: Path, tmp_path: Path
) -> None:
    recipe = recipes.apply_sizes(recipes.load("article-torch"), train_images=5120, epochs=2)
    (planned,) = plan_of([parse(CONTENDER)], [recipe]).trials
    bench = TrialSetup(engine, "test-cuda", mnist.load(mnist_folder, "8x8").test_labels)
    record = run_trial(bench, planned, prepared, RunFolder(tmp_path).trial(planned.id), lambda trial, event: None)
    assert (record.status, record.reason, record.device) == (Status.DONE, "", "cpu")
    assert "+cu" in (record.framework_version or "")
    assert record.epochs[1].train_loss < record.epochs[0].train_loss  # type: ignore[operator]


def test_torchvision_gives_the_same_pixels_bit_for_bit(prepared: Prepared) -> None:
    client = docker.from_env()
    try:
        said = client.containers.run(
            prepared.handle,
            entrypoint=["/opt/venv/bin/python", "-c", PARITY.read_text(encoding="utf-8"), "/data"],
            mounts=[Mount("/data", DATA_VOLUME, type="volume", read_only=True)],
            network_mode="none",
            remove=True,
        )
    finally:
        client.close()
    found = json.loads(said)
    assert found == {"images": 12_000, "equal": True}
