"""`bakeoff report`: of which runs, and what it writes."""

from __future__ import annotations

import json
import re
import webbrowser
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.cli import outcome
from orchestrator.record.run_folder import RunFolder
from tests.support.cli import QUICK, Bakeoff


def test_runs_are_listed_and_reported_again(bakeoff: Bakeoff, with_runtime: object) -> None:
    bakeoff("compare", *QUICK, "-q")
    (run,) = json.loads(bakeoff("ls", "--json").out)
    assert (run["state"], run["trials_done"], run["trials_planned"]) == ("done", 2, 2)
    assert run["run"] in bakeoff("ls").out.replace("\n", "")
    report = Path("runs") / run["run"] / "report.md"
    before = report.read_bytes()
    report.unlink()
    answer = bakeoff("report")
    assert answer.code == 0
    assert "report.md" in answer.out
    assert report.read_bytes() == before


def test_the_verdict_is_the_last_line_but_one_and_the_address_of_the_report_the_last(
    bakeoff: Bakeoff, with_runtime: object
) -> None:
    bakeoff("compare", *QUICK, "-q")
    *paths, verdict, address = bakeoff("report").out.splitlines()
    assert verdict.startswith("torch==2.13.0 against tf==2.21.0 on article-torch: no claim: ")
    assert address == f"report: {Path('runs/latest/report.html').resolve().as_uri()}"
    assert all(Path(path).is_file() for path in paths)


def test_the_address_is_a_link_on_a_terminal_that_knows_links_whatever_the_folder_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(force_terminal=True, color_system="standard", legacy_windows=False)
    monkeypatch.setattr(outcome, "stdout", lambda: console)
    outcome.print_address(RunFolder(tmp_path / "a b\x1b[2J"))
    address = f"{tmp_path.as_uri()}/a%20b%1B%5B2J/report.html"
    assert re.fullmatch(
        rf"report: \x1b\]8;id=\d+;{re.escape(address)}\x1b\\{re.escape(address)}\x1b\]8;;\x1b\\\n",
        capsys.readouterr().out,
    )


@pytest.mark.parametrize("there", [True, False])
def test_open_hands_the_report_to_the_browser_and_says_so_where_there_is_none(
    bakeoff: Bakeoff, with_runtime: object, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    opened: list[str] = []

    def open_one(address: str) -> bool:
        opened.append(address)
        return there

    monkeypatch.setattr(webbrowser, "open", open_one)
    answer = bakeoff("compare", *QUICK, "-q", "--open")
    again = bakeoff("report", "--open")
    assert (answer.code, again.code) == (0, 0)
    assert opened == [Path("runs/latest/report.html").resolve().as_uri()] * 2
    assert ("no browser could be opened" in answer.err, "no browser could be opened" in again.err) == (not there,) * 2


def test_a_report_of_a_run_that_is_not_there_is_exit_code_2(bakeoff: Bakeoff) -> None:
    answer = bakeoff("report", "yesterday")
    assert answer.code == 2
    assert "error: no run 'yesterday'" in answer.err
    assert "try: " in answer.err
