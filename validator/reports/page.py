"""report.html: one file that needs no network and no server, safe against whatever a claim contains."""

import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, BinaryIO

import polars as pl
from markupsafe import Markup

from validator.ledger.schema import GONE_WORDS
from validator.reports.content import (
    INPUT_KEYS,
    REFERENCE_KEYS,
    SUPPRESSION_KEYS,
    TOTALS_KEYS,
    RunContent,
    known,
)
from validator.reports.html import ASSETS, VENDOR, environment, inline, policy
from validator.reports.order import riskiest_first
from validator.reports.packing import codes_of_claims, packed
from validator.reports.summary import RuleRow, Summary, summarize
from validator.reports.text import records, shown
from validator.reports.words import (
    CONFIDENCE_WORDS,
    MONEY_WORDS,
    OUTCOME_WORDS,
    SEVERITY_WORDS,
    STANDING_WORDS,
)

ROWS_AT_MOST = 250_000
_ROWS_WITHOUT_SCRIPT = 200
_RULES_WITH_BARS = 8
_SCRIPTS = ("unpack.js", "filters.js", "detail.js", "list.js", "start.js")
_GRID_SCRIPT = "tabulator-6.5.3.min.js"
_GRID_STYLE = "tabulator_simple-6.5.3.min.css"
# How the reasons of a rule are counted: "patient.sex is blank (3 rows); claim.type is blank (1 row)".
_COUNTED_REASON = re.compile(r"(\S.*?) \((\d+) rows?\)(?:; |$)")
_FILTER_KEYS = {"code": "code", "payer_id": "payer", "billing_npi": "npi", "source_file": "file"}


def write_page(content: RunContent, file: BinaryIO) -> None:
    """Write the page; the same content gives the same bytes."""
    rows, in_all = riskiest_first(content, rows_at_most=ROWS_AT_MOST)
    rows, codes = codes_of_claims(shown(rows), shown(content.claim_codes))
    summary = summarize(content)
    style = inline(VENDOR / _GRID_STYLE) + inline(ASSETS / "report.css")
    grid_script = inline(VENDOR / _GRID_SCRIPT)
    page_script = '"use strict";\n' + "".join(inline(ASSETS / name) for name in _SCRIPTS)
    template = environment().get_template("report.html.j2")
    page = template.stream(
        run=content,
        sum=summary,
        inputs=[known(given, INPUT_KEYS) for given in content.inputs],
        totals=known(content.totals, TOTALS_KEYS),
        reference=known(content.reference, REFERENCE_KEYS),
        suppressions=[known(given, SUPPRESSION_KEYS) for given in content.suppressions],
        settings=[(name.replace("_", " "), _said(value)) for name, value in sorted(content.settings.items())],
        policy=policy(scripts=(grid_script, page_script), style=style),
        style=Markup(style),
        grid_script=Markup(grid_script),
        page_script=Markup(page_script),
        findings_data=Markup(packed(rows, _beside(content, codes))),
        long_date=f"{content.batch_date:%A} {content.batch_date.day} {content.batch_date:%B %Y}",
        rules_that_flagged=sum(1 for row in summary.rules if row.flagged),
        any_suppressed=any(row.suppressed for row in summary.rules),
        nights=_nights(content, summary),
        money_rules=[row for row in summary.rules if row.amount][:_RULES_WITH_BARS],
        severity_bar=_severity_bar(summary),
        not_judged=_not_judged(content, summary),
        filter_keys=_FILTER_KEYS,
        shown_rows=rows.height,
        in_all=in_all,
        first_rows=_first_rows(rows),
        severity_words=SEVERITY_WORDS,
        confidence_words=CONFIDENCE_WORDS,
        standing_words=STANDING_WORDS,
        gone_words=GONE_WORDS,
        outcome_words=OUTCOME_WORDS,
    )
    page.dump(file, encoding="utf-8")


def _said(value: Any) -> str:
    """A setting in a reader's words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value) or "none"
    return "not set" if value is None else str(value)


def _beside(content: RunContent, codes: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the drawer tells beside the finding's own columns."""
    told = codes["code"]
    named = set(told["words"] if isinstance(told, dict) else told)
    named |= set(content.findings["suggestions"].explode().drop_nulls().unique())
    return {
        "rules": {
            rule.rule_id: {
                "title": rule.title,
                "why": rule.why,
                "false_alarms": list(rule.false_alarms),
                "stand_ins": list(rule.stand_ins),
            }
            for rule in sorted(content.rules, key=lambda rule: rule.rule_id)
        },
        "titles": {code: content.code_titles[code] for code in sorted(named & content.code_titles.keys())},
        "codes": codes,
        "cards": {code: content.code_cards[code] for code in sorted(content.code_cards)},
        "money": dict(MONEY_WORDS),
    }


def _nights(content: RunContent, summary: Summary) -> dict[str, Any]:
    """New, reopened and resolved findings by night up to tonight, and where each bar of the chart stands."""
    nights = records(content.memory.nights)
    if not nights:
        return {"bars": [], "most": 0}
    tonight = {"new": summary.standing["new"], "reopened": summary.standing["reopened"]}
    nights.append({"batch_date": content.batch_date, **tonight, "resolved": content.gone.get("resolved", 0)})
    most = max(1, *(max(night["new"] + night["reopened"], night["resolved"]) for night in nights))
    bars = []
    for place, night in enumerate(nights):
        come, gone = night["new"] + night["reopened"], night["resolved"]
        up, down = round(50 * come / most, 1), round(50 * gone / most, 1)
        bars.append({**night, "come": come, "x": 20 * place + 3, "up": up, "down": down})
    return {"bars": bars, "most": most}


def _severity_bar(summary: Summary) -> list[dict[str, Any]]:
    """Parts of a bar of 1000 units, worst severity first."""
    total = sum(summary.amount_by_severity.values())
    parts, x = [], Decimal(0)
    for name, amount in summary.amount_by_severity.items():
        if amount:
            width = 1000 * amount / total
            parts.append({"name": name, "x": f"{x:.1f}", "width": f"{width:.1f}"})
            x += width
    return parts


def _not_judged(content: RunContent, summary: Summary) -> dict[str, Any]:
    rejected = _added(content, "rejected_by_reason")
    unusable = _unusable_cells(content)
    rules = [row for row in summary.rules if row.not_evaluated]
    notes = [(given.get("path"), note) for given in content.inputs for note in given.get("notes") or ()]
    return {
        "rejected": rejected,
        "unusable": unusable,
        "rules": len(rules),
        "reasons": _reasons(rules),
        "notes": notes,
        "nothing": not (rejected or unusable or rules or notes),
    }


def _reasons(rules: list[RuleRow]) -> list[dict[str, Any]]:
    """Why rules could not judge: each reason once, with its rows over all rules, most first."""
    rows: Counter[str] = Counter()
    of_rules: dict[str, set[str]] = {}
    for row in rules:
        for why, count in _COUNTED_REASON.findall(row.why_not_evaluated) or [("", row.not_evaluated)]:
            rows[why] += int(count)
            of_rules.setdefault(why, set()).add(row.text.rule_id)
    reasons = [{"why": why, "number": rows[why], "rules": sorted(of_rules[why])} for why in rows]
    return sorted(reasons, key=lambda reason: (-reason["number"], reason["why"]))


def _unusable_cells(content: RunContent) -> list[tuple[str, int]]:
    """`column: reason` with its cells over all files, most first."""
    counts: dict[str, int] = {}
    for given in content.inputs:
        for cells in given.get("unusable_cells") or ():
            name = f"{cells['column']}: {cells['reason']}"
            counts[name] = counts.get(name, 0) + cells["count"]
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _added(content: RunContent, key: str) -> list[tuple[str, int]]:
    """Counts by reason over all files, most first."""
    counts: dict[str, int] = {}
    for given in content.inputs:
        for reason, number in (given.get(key) or {}).items():
            counts[reason] = counts.get(reason, 0) + number
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _first_rows(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """The riskiest few as plain HTML, for a browser without JavaScript."""
    columns = ["severity", "rule_id", "message", "claim_id", "amount_at_risk"]
    return records(rows.select(columns).head(_ROWS_WITHOUT_SCRIPT))
