"""What a gate found, for machines of CI: JUnit XML and Markdown; and its lines for the console.

XML is made by the standard library: the product writes five elements, and a library for that would be one more package
to keep. `xml.etree` escapes; what XML cannot hold at all, control characters, `printable` takes out before.
"""

from __future__ import annotations

from xml.etree import ElementTree

from orchestrator import text as words
from orchestrator.analyse.gate_verdict import GateVerdict, MetricVerdict, Verdict

WORDS: dict[Verdict, str] = {"pass": "PASS", "fail": "FAIL", "undecided": "UNDECIDED"}
GLYPHS: dict[Verdict, str] = {"pass": "✓", "fail": "✗", "undecided": "?"}
MEANING = (
    "PASS: the whole interval is on the good side of the margin. FAIL: all of it is beyond. UNDECIDED: it holds the "
    "margin, or there are too few blocks; that is no pass."
)


def headline(found: GateVerdict) -> str:
    """Say in a line what the gate found."""
    names = f"{words.printable(found.candidate)} against {words.printable(found.reference)}"
    return f"gate: {WORDS[found.verdict]}, {names} on {words.printable(found.recipe)}"


def rows(found: GateVerdict) -> list[tuple[str, str, str, str]]:
    """Return a row a metric: its name, verdict, margin, and what was found."""
    return [
        (_title(each), f"{GLYPHS[each.verdict]} {WORDS[each.verdict]}", _margin(each), words.printable(each.words))
        for each in found.metrics
    ]


def markdown(found: GateVerdict) -> str:
    """Return a section of Markdown, for a report or a job's summary."""
    heads = ["metric", "verdict", "margin", "found"]
    table = words.table(heads, [[*map(words.markdown, row)] for row in rows(found)], left=4)
    title = f"## {GLYPHS[found.verdict]} {words.markdown(headline(found))}"
    return "\n\n".join([title, table, MEANING])


def junit(found: GateVerdict) -> str:
    """Return JUnit XML: a case a metric, `failure` where it fails, `error` where it is undecided (not if strict)."""
    counts = {kind: sum(_kind(each, found) == kind for each in found.metrics) for kind in ("failure", "error")}
    totals = {"tests": str(len(found.metrics)), "failures": str(counts["failure"]), "errors": str(counts["error"])}
    root = ElementTree.Element("testsuites", totals)
    suite = ElementTree.SubElement(root, "testsuite", {"name": "bakeoff gate", "skipped": "0", **totals})
    for each in found.metrics:
        _case(suite, each, found)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, each: MetricVerdict, found: GateVerdict) -> None:
    names = f"{words.printable(found.candidate)} against {words.printable(found.reference)}"
    of = {"classname": f"bakeoff.gate.{words.printable(found.recipe)}", "name": f"{_title(each)}: {names}"}
    case = ElementTree.SubElement(suite, "testcase", of)
    told = f"{WORDS[each.verdict]}, margin {_margin(each)}: {words.printable(each.words)}"
    kind = _kind(each, found)
    if kind:
        ElementTree.SubElement(case, kind, {"message": told, "type": each.verdict}).text = told
    else:
        ElementTree.SubElement(case, "system-out").text = told


def _kind(each: MetricVerdict, found: GateVerdict) -> str:
    """Return the element that says what is wrong, "" where nothing is."""
    if each.verdict == "pass":
        return ""
    return "failure" if each.verdict == "fail" or found.strict else "error"


def _title(each: MetricVerdict) -> str:
    return each.metric.replace("_", " ")


def _margin(each: MetricVerdict) -> str:
    return each.margin.replace("-", "−")
