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
    "history",
    "decision",
    "claim_at",
)
_MONEY = ("amount_at_risk", "expected_loss")  # sent as whole cents
_ID_SHOWN = r"^([0-9a-f]{10})[0-9a-f]{6}"  # ids are random: whole ones would be a third of the page
_NUMBERS = ("line_number", "diagnosis_position", "source_row", "claim_at")
_CODES_OF_CLAIMS = 10_000  # riskiest claims whose codes the drawer lists


def packed(rows: pl.DataFrame, others: Mapping[str, Any]) -> str:
    """`{others..., rows: number, columns: {name: column}}` as JSON, gzip (no time stamp) and base64.

    A column is a list of values, or `{words: [...], at: [...]}` with each distinct text once where texts
    repeat. Of a finding's id the first ten characters are kept. No character of the result means anything
    in HTML.
    """
    frame = joined_lists(rows.with_columns(_decision()).select(COLUMNS))
    frame = frame.with_columns(pl.col("finding_id").str.replace(_ID_SHOWN, "$1"))
    columns = {name: _column(frame[name]) for name in COLUMNS}
    text = json.dumps(
        {**others, "rows": rows.height, "columns": columns}, separators=(",", ":"), ensure_ascii=False
    )
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=6, mtime=0)).decode()


def codes_of_claims(rows: pl.DataFrame, codes: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The rows with `claim_at`, and the codes of the riskiest claims, in the order of each claim.

    Codes stand one claim after the other: those of claim n from `first[n]` to `first[n + 1]`.
    """
    claims = rows.select(pl.col("claim_key").drop_nulls().unique(maintain_order=True)).head(_CODES_OF_CLAIMS)
    claims = claims.with_row_index("claim_at")
    told = claims.join(codes, on="claim_key", how="left").sort(
        "claim_at", "role", "position", nulls_last=True
    )
    counts = told.group_by("claim_at", maintain_order=True).agg(pl.col("code").count().alias("codes"))
    told = told.drop_nulls("code")
    first = [0, *counts["codes"].cum_sum().to_list()]
    beside = {name: _column(told[name]) for name in ("role", "code", "status")}
    marked = rows.join(claims, on="claim_key", how="left", maintain_order="left")
    return marked, {"first": first, **beside, "position": told["position"].to_list()}


def _decision() -> pl.Expr:
    """The last decision of people as a sentence, blank where there is none."""
    until = pl.when(pl.col("snoozed_until").is_not_null()).then(pl.format(" {}", "snoozed_until"))
    note = pl.when(pl.col("note").is_not_null()).then(pl.format(": {}", "note"))
    owner = pl.when(pl.col("owner").is_not_null()).then(pl.format(", owner {}", "owner"))
    said = pl.concat_str(
        "disposition", until.fill_null(""), pl.lit(", by "), "decided_by", pl.lit(" on "),
        pl.col("decided_on").cast(pl.String), owner.fill_null(""), note.fill_null(""),
    )  # fmt: skip
    return said.alias("decision")


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
