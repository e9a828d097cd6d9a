"""A comparison as one page that needs no network, with the look of the report."""

from typing import Any, BinaryIO

import polars as pl
from markupsafe import Markup

from validator.audit.compare import WORDS, Comparison
from validator.reports.html import ASSETS, environment, inline, policy
from validator.reports.text import records, shown

_PARTS = {"rule_id": "By rule", "code": "By code", "billing_npi": "By billing provider"}
_ROWS, _FINDINGS = 40, 1_000
_DIFFERENT = WORDS[:-1]


def write_difference(comparison: Comparison, file: BinaryIO) -> None:
    """Write the page; the same comparison gives the same bytes."""
    style = inline(ASSETS / "report.css")
    counted = comparison.counts()
    counts = records(counted)[0] if counted.height else dict.fromkeys(WORDS, 0)
    differs = comparison.changes.filter(pl.col("change") != WORDS[-1])
    largest = pl.max_horizontal("amount_before", "amount_after")
    first = differs.sort(largest, "finding_id", descending=[True, False], nulls_last=True).head(_FINDINGS)
    page = (
        environment()
        .get_template("difference.html.j2")
        .stream(
            before=comparison.before.name,
            after=comparison.after.name,
            policy=policy(style=style),
            style=Markup(style),
            words=_DIFFERENT,
            differs=differs.height,
            counts={word: counts[word] for word in WORDS},
            severities=records(comparison.claims_by_severity()),
            parts=[_part(comparison, name, title) for name, title in _PARTS.items()],
            findings=records(shown(first)),
            left=differs.height - first.height,
        )
    )
    page.dump(file, encoding="utf-8")


def _part(comparison: Comparison, name: str, title: str) -> dict[str, Any]:
    rows = shown(comparison.counts(name).filter(pl.sum_horizontal(_DIFFERENT) > 0))
    return {
        "name": name,
        "title": title,
        "rows": records(rows.head(_ROWS)),
        "left": max(0, rows.height - _ROWS),
    }
