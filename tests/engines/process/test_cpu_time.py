"""CPU time of a process group, from files of the test's own."""

from __future__ import annotations

from pathlib import Path

from orchestrator.engines.process.cpu_time import group_cpu_seconds
from tests.support.paths import planted


def test_the_threads_of_all_processes_of_the_group_count_and_no_others(tmp_path: Path) -> None:
    proc = planted(
        tmp_path,
        {
            "10/stat": "10 (python (3) x) S 1 10 10 0",
            "10/task/10/schedstat": "1500000000 5 5",
            "10/task/11/schedstat": "250000000 5 5",
            "12/stat": "12 (child) S 10 10 10 0",
            "12/task/12/schedstat": "250000000 5 5",
            "20/stat": "20 (other) S 1 20 20 0",
            "20/task/20/schedstat": "9000000000 5 5",
            "self/stat": "nothing",
        },
    )
    assert group_cpu_seconds(10, proc) == 2.0


def test_where_the_system_does_not_tell_it_is_not_known(tmp_path: Path) -> None:
    assert group_cpu_seconds(10, planted(tmp_path, {"10/stat": "10 (python) S 1 10 10 0"})) is None
