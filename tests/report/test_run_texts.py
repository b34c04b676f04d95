"""What the console says of one run, of two, and of many: rendered, as a person reads it."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console, RenderableType

from orchestrator.analyse.confounders import Relevance
from orchestrator.analyse.recipe_difference import Change
from orchestrator.analyse.reproduction import reproduction
from orchestrator.analyse.run_contents import read_contents
from orchestrator.analyse.run_difference import Allowed, FactChange, run_difference
from orchestrator.analyse.run_overview import cell_overviews, run_line
from orchestrator.analyse.summary import Finding
from orchestrator.report.reproduction import page
from orchestrator.report.run_difference import difference, facts
from orchestrator.report.run_history import history
from orchestrator.report.run_screen import screen
from tests.analyse.test_run_difference import HOST, run, trials
from tests.report.test_history_figure import IMAGE, VERSION, made_up, point, series
from tests.support.run_folders import run_folder
from tests.support.summaries import TF, TORCH, summary, trial


def shown(*parts: RenderableType, width: int = 100) -> str:
    """Render for a console without colours; lines folded by it are joined, blanks made one."""
    console = Console(file=io.StringIO(), width=width, color_system=None, markup=False)
    console.print(*parts)
    assert isinstance(console.file, io.StringIO)
    return " ".join(console.file.getvalue().split())


def test_marks_of_the_stack_stand_below_their_table_and_other_machines_are_counted() -> None:
    found = made_up(series(point(1), point(2, stack=VERSION), point(3, stack=IMAGE)))
    machine = {"cpu": "a made-up processor", "cpu_cores": "2", "device": "cpu"}
    text = shown(history(found.model_copy(update={"elsewhere": ("a", "b"), "machine": machine})))
    assert "images/s across 2 runs of this machine: a made-up processor, 2 cores, cpu" in text
    assert "20261102-080000 ▲ 2.13.0 3 1,000 900–1,100 –" in text
    assert "▲ before 20261102-080000: framework_version 2.13.0 → 2.14.1; blas a → b" in text
    assert "▲ before 20261103-080000: image a → b" in text
    assert "left out: 2 runs of other machines" in text


def test_of_many_changes_of_the_stack_the_first_are_told() -> None:
    many = tuple(Change(name=f"fact {number}", before="a", after="b") for number in range(5))
    text = shown(history(made_up(series(point(1), point(2, stack=many)))))
    assert "fact 2 a → b; and 2 more" in text


def fact(number: int, relevance: Relevance) -> FactChange:
    return FactChange(name=f"fact {number}", before="a", after="", contenders=(TF,), relevance=relevance)


def test_facts_that_rarely_matter_are_cut_and_others_never() -> None:
    matters = [fact(number, Relevance.CHANGES_RESULTS) for number in range(10)]
    minor = [fact(number, Relevance.MINOR) for number in range(10, 30)]
    lines = [shown(line) for line in facts([*matters, *minor])]
    assert lines[0] == "facts that differ: 30"
    assert lines[1] == "fact 0: a → – (tf==2.21.0)"
    assert len(lines) == 1 + 10 + 8 + 1
    assert lines[-1] == "and 12 more that rarely matter: --json has them"


def test_a_version_stands_once_and_an_image_by_the_beginning_of_its_id() -> None:
    def changed(name: str, before: str, after: str) -> FactChange:
        relevance = Relevance.CHANGES_RESULTS
        return FactChange(name=name, before=before, after=after, contenders=(TORCH,), relevance=relevance)

    rows = [
        changed("framework_version", "2.13.0", "2.14.1"),
        changed("torch", "2.13.0", "2.14.1"),
        changed("image", f"sha256:{'ab' * 32}", "environment torch-2.14.1-cpu"),
    ]
    assert [shown(line) for line in facts(rows)] == [
        "facts that differ: 2",
        "framework_version: 2.13.0 → 2.14.1 (torch==2.13.0)",
        "image: sha256:abababababab → environment torch-2.14.1-cpu (torch==2.13.0)",
    ]


def test_another_machine_is_said_to_be_with_the_option_that_allows_it() -> None:
    before, after = run("a"), run("b", host={**HOST, "cpu": "another processor"})
    text = shown(difference(run_difference(before, after, Allowed())))
    assert "no ratios of speeds: the machine differs (cpu: a made-up processor → another processor)" in text
    assert "--allow-different-machine gives them, labelled" in text
    allowed = shown(difference(run_difference(before, after, Allowed(machine=True))))
    assert "different machine, as allowed: cpu: a made-up processor → another processor" in allowed
    assert "(across different machines)" in allowed


def test_a_cell_that_one_run_lacks_is_named_beside_the_others() -> None:
    alone = [each for each in trials() if each.contender == TF]
    text = shown(difference(run_difference(run("a"), run("b", alone), Allowed())))
    assert f"only a has {TORCH} on article-torch" in text


def test_a_repetition_on_another_machine_with_another_image_says_both() -> None:
    original = run("a", manifest={"images": {TF: "sha256:0123456789abcdef", TORCH: "sha256:01"}})
    host, images = {**HOST, "cpu": "another processor"}, {TF: "sha256:fedcba9876543210", TORCH: "sha256:01"}
    text = shown(page(reproduction(original, run("b", trials(0.9), host=host, manifest={"images": images}))))
    assert text.startswith("not reproduced: 1 of 3 results differs")
    assert "✗ differs: speed of torch==2.13.0 against tf==2.21.0 on article-torch: 0.802× → 0.902×" in text
    assert "image of tf==2.21.0: another, sha256:0123456789ab → sha256:fedcba987654" in text
    assert "image of torch==2.13.0: the same, sha256:01" in text
    assert "different machine, as allowed" in text


def test_of_many_findings_a_screen_has_the_gravest(tmp_path: Path) -> None:
    notes = [Finding(id=f"n{at}", severity="note", message=f"Note {at}.", advice="") for at in range(6)]
    grave = [
        Finding(id="w", severity="warning", message="A warning.", advice=""),
        Finding(id="e", severity="error", message="An error.", advice="Mend it."),
    ]
    contents = read_contents(run_folder(tmp_path, summary(trial(TF), trial(TORCH), findings=[*notes, *grave])))
    assert contents.summary is not None
    cells = cell_overviews(contents.summary.comparison.cells, contents.summary.trials)
    text = shown(screen(contents, run_line(contents), cells, 120), width=120)
    assert text.index("error: An error. Mend it.") < text.index("against tf==2.21.0") < text.index("A warning.")
    assert "Note 3." in text
    assert "Note 4." not in text
    assert "and 2 more findings in the report" in text
    assert "peak MB" in text


def test_words_of_a_run_cannot_steer_a_terminal(tmp_path: Path) -> None:
    hostile = summary(trial(TF, device="\x1b[2Jcpu"), title="\x1b[31mred\u202e", id="a")
    contents = read_contents(run_folder(tmp_path, hostile))
    text = shown(screen(contents, run_line(contents), ()))
    assert "a: red" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
