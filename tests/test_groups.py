"""The groups in which tests share a process, and the tests that need one of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.groups import group, refuse_outside


def item(nodeid: str, *markers: str) -> Any:
    return SimpleNamespace(nodeid=nodeid, get_closest_marker=lambda name: name if name in markers else None)


@pytest.mark.parametrize(
    ("nodeid", "found"),
    [
        ("tests/images/test_workers.py::test_a", "trainings"),
        ("tests/engines/docker/test_engine.py::test_a[docker]", "engine"),
        ("tests/engines/test_engines.py::test_a", "engine"),
        ("tests/engines/test_choose.py::test_a", "tests/engines/test_choose.py"),
    ],
)
def test_a_test_is_of_trainings_of_the_engine_or_of_its_file(nodeid: str, found: str) -> None:
    assert group(nodeid) == found


@pytest.mark.parametrize("marker", ["docker", "frameworks", "cuda_image"])
def test_a_test_of_an_engine_outside_of_the_groups_is_refused(marker: str) -> None:
    refuse_outside([item("tests/images/test_workers.py::test_a", marker), item("tests/run/test_feed.py::test_a")])
    with pytest.raises(pytest.UsageError, match=r"tests/run/test_feed\.py::test_a needs an engine"):
        refuse_outside([item("tests/run/test_feed.py::test_a", marker)])
