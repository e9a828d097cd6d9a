"""Findings as compressed columns: what the page's list unpacks in the browser."""

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from validator.reports.text import joined_lists

# Patient and birth date are left out on purpose: a claim id is enough to find the claim.
COLUMNS = (
    "severity",
    "standing",
    "rule_id",
    "code",
    "message",
    "claim_id",
    "line_number",
    "payer_id",
    "billing_npi",
    "coding_date",
    "amount_at_risk",
    "expected_loss",
    "finding_id",
    "confidence",
    "claim_type",
    "rendering_npi",
    "diagnosis_role",
    "diagnosis_position",
    "code_title",
    "suggestions",
    "related",
    "citation",
    "carc",
    "rarc",
    "source_file",
    "source_row",
    "reference_release",
    "first_seen",
)
_MONEY = ("amount_at_risk", "expected_loss")  # sent as whole cents
_ID_SHOWN = r"^([0-9a-f]{10})[0-9a-f]{6}"  # ids are random: whole ones would be a third of the page
_NUMBERS = ("line_number", "diagnosis_position", "source_row")


def packed(rows: pl.DataFrame, others: Mapping[str, Any]) -> str:
    """`{others..., rows: number, columns: {name: column}}` as JSON, gzip (no time stamp) and base64.

    A column is a list of values, or `{words: [...], at: [...]}` with each distinct text once where texts
    repeat. Of a finding's id the first ten characters are kept. No character of the result means anything
    in HTML.
    """
    frame = joined_lists(rows.select(COLUMNS))
    frame = frame.with_columns(pl.col("finding_id").str.replace(_ID_SHOWN, "$1"))
    columns = {name: _column(frame[name]) for name in COLUMNS}
    text = json.dumps(
        {**others, "rows": rows.height, "columns": columns}, separators=(",", ":"), ensure_ascii=False
    )
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=6, mtime=0)).decode()


def _column(values: pl.Series) -> Any:
    if values.name in _MONEY:
        return (values.fill_null(0) * 100).cast(pl.Int64).to_list()
    if values.name in _NUMBERS:
        return values.to_list()
    texts = values.cast(pl.String).fill_null("")
    words = texts.unique(maintain_order=True)
    if words.len() * 2 > texts.len() > 16:
        return texts.to_list()
    at = texts.cast(pl.Enum(words)).to_physical() if words.len() else texts
    return {"words": words.to_list(), "at": at.to_list()}
