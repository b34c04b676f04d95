"""The section on a walk: what explains the difference between its two ends, and how far to trust that."""

from __future__ import annotations

from orchestrator import text as words
from orchestrator.analyse.attribution_text import framework_shares, percent
from orchestrator.analyse.explanation import Attribution, Contribution, Explanation
from orchestrator.analyse.outcomes import OUTCOMES
from orchestrator.analyse.summary import Summary
from orchestrator.report.captions import WALK_CAPTIONS
from orchestrator.report.html.blocks import Block, Bullets, Drawings, Heading, Paragraph, Section, table
from orchestrator.report.markdown.explanation import between, cautions, change, unit_of


def section(summary: Summary) -> Section:
    """Return the figures, a table an outcome, and how to read them; nothing of a run that is no walk."""
    found = summary.explanation
    if found is None:
        return Section("walk", "", ())
    shares = framework_shares(found.attributions)
    return Section(
        "walk",
        "What explains the difference",
        (
            *([Paragraph(shares)] if shares else []),
            Drawings(("waterfall",), WALK_CAPTIONS["waterfall"]),
            Drawings(("walk",), WALK_CAPTIONS["walk"]),
            *(block for each in found.attributions for block in _outcome(each, found)),
            Heading("How to read this"),
            Bullets(tuple(line.replace("`", "") for line in cautions(found))),
            *_reused(summary),
        ),
    )


def _outcome(each: Attribution, found: Explanation) -> list[Block]:
    meaning = next(outcome.meaning for outcome in OUTCOMES if outcome.id == each.outcome)
    texts = [f"{meaning[0].upper()}{meaning[1:]}."] if meaning else []
    texts += [each.sentence] if each.outcome != found.attributions[0].outcome else []
    texts += [f"Left out: {'; '.join(each.missing)}."] if each.missing and each.total else []
    tables = [_table(each, found)] if each.total else []
    return [Heading(each.title[0].upper() + each.title[1:]), *map(Paragraph, texts), *tables]


def _table(each: Attribution, found: Explanation) -> Block:
    heads = ["carried by", f"change ({unit_of(each)})", "95 % interval", "of the total", "95 % interval of that"]
    heads += ["over the orders"]
    rows = [_row(one, each.unit) for one in each.contributions]
    if each.total:
        rows.append(["total", change(each.total, each.unit), between(each.total.interval, each.unit), "", "", ""])
    columns = 6 if found.orders > 1 else 5
    title = f"What each setting carries of {each.title}"
    return table(title, heads[:columns], [row[:columns] for row in rows], left=1)


def _row(one: Contribution, unit: str) -> list[str]:
    shares = [words.ABSENT, words.ABSENT]
    if one.share is not None and one.share_interval:
        shares = [percent(one.share), " to ".join(map(percent, one.share_interval))]
    return [one.title, change(one, unit), between(one.interval, unit), *shares, between(one.orders_range, unit)]


def _reused(summary: Summary) -> list[Block]:
    runs = dict.fromkeys(trial.reused_from for trial in summary.trials if trial.reused_from)
    if not runs:
        return []
    text = "Taken over from earlier runs, because document, image, engine and device are the same (--fresh runs all):"
    counts = (f"{run}: {sum(trial.reused_from == run for trial in summary.trials)} trials" for run in runs)
    return [Paragraph(text), Bullets(tuple(counts))]
