"""Hold the findings of two runs against each other: what is new, gone, changed or the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from validator.findings.schema import MONEY
from validator.rules.model import SEVERITIES

WORDS = ("new", "gone", "severity changed", "otherwise changed", "unchanged")
# What a finding is: everything else that differs is its wording, its money or what the reference says.
_KEY = "finding_id"
# Where a finding came from says nothing about it: the same file may lie elsewhere.
_PLACES = ("claim_key", "source_file", "source_row", "reference_release", "rule_version")


@dataclass(frozen=True)
class Side:
    """One of two runs: its findings (columns FINDINGS) and its totals as run.json has them."""

    name: str
    findings: pl.DataFrame
    totals: Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """`changes`: one row per finding of either run: finding_id, change (WORDS), rule_id, code, billing_npi,
    payer_id, claim_id, line_number, severity_before, severity_after, amount_before, amount_after, message.
    """

    before: Side
    after: Side
    changes: pl.DataFrame

    def counts(self, by: str | None = None) -> pl.DataFrame:
        """How many findings of each word, and by how much the amounts differ; by a column if one is named.

        Amounts are those of single findings: findings of one claim overlap.
        """
        keys = [by] if by else []
        rows = self.changes.group_by(keys or pl.lit(1).alias("all")).agg(
            *((pl.col("change") == word).sum().alias(word) for word in WORDS),
            (pl.col("amount_after").fill_null(0).sum() - pl.col("amount_before").fill_null(0).sum()).alias(
                "amount"
            ),
        )
        rows = rows.select(*keys, *WORDS, "amount")
        changed = pl.sum_horizontal(WORDS[:-1])
        return rows.sort(changed, *keys, descending=[True, *[False] * len(keys)], nulls_last=True)

    def claims_by_severity(self) -> pl.DataFrame:
        """severity, claims_before, claims_after (by the worst finding of each), amount_before, amount_after.

        Amounts are the totals of the runs: each line counts once, under its worst severity.
        """
        sides = []
        for side in (self.before, self.after):
            worst = side.findings.drop_nulls("claim_key").group_by("claim_key").agg(pl.col("severity").min())
            counts = dict(worst["severity"].cast(pl.String).value_counts().iter_rows())
            amounts = side.totals.get("amount_by_severity") or {}
            sides.append((counts, {name: Decimal(str(amount)) for name, amount in amounts.items()}))
        (before, before_amounts), (after, after_amounts) = sides
        return pl.DataFrame(
            [
                (
                    severity,
                    before.get(severity, 0),
                    after.get(severity, 0),
                    before_amounts.get(severity, Decimal(0)),
                    after_amounts.get(severity, Decimal(0)),
                )
                for severity in SEVERITIES
            ],
            schema={
                "severity": pl.String,
                "claims_before": pl.Int64,
                "claims_after": pl.Int64,
                "amount_before": MONEY,
                "amount_after": MONEY,
            },
            orient="row",
        )


def compare(before: Side, after: Side) -> Comparison:
    """Findings by their id: the same mistake at the same place of the same claim."""
    compared = [name for name in before.findings.columns if name not in (_KEY, *_PLACES)]
    both = before.findings.join(after.findings, on=_KEY, how="full", suffix="_after", coalesce=True)
    there, here = pl.col("rule_id").is_not_null(), pl.col("rule_id_after").is_not_null()
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_after")) for name in compared)
    word = (
        pl.when(~there)
        .then(pl.lit("new"))
        .when(~here)
        .then(pl.lit("gone"))
        .when(pl.col("severity") != pl.col("severity_after"))
        .then(pl.lit("severity changed"))
        .when(~same)
        .then(pl.lit("otherwise changed"))
        .otherwise(pl.lit("unchanged"))
    )
    shared = (
        "rule_id",
        "code",
        "billing_npi",
        "payer_id",
        "claim_id",
        "line_number",
        "message",
        "source_file",
    )
    changes = both.select(
        _KEY,
        word.alias("change"),
        *(pl.coalesce(f"{name}_after", name).alias(name) for name in shared),
        pl.col("severity").cast(pl.String).alias("severity_before"),
        pl.col("severity_after").cast(pl.String),
        pl.col("amount_at_risk").alias("amount_before"),
        pl.col("amount_at_risk_after").alias("amount_after"),
    )
    return Comparison(before, after, changes.sort("change", "rule_id", "claim_id", _KEY, nulls_last=True))


def in_words(
    comparison: Comparison, *, most: int = 10, by: Sequence[str] = ("rule_id", "code", "billing_npi")
) -> str:
    """The comparison for a person."""
    [all_together] = [comparison.counts().row(0)] if comparison.changes.height else [(0,) * (len(WORDS) + 1)]
    told = dict(zip((*WORDS, "amount"), all_together, strict=True))
    lines = [f"{comparison.before.name} -> {comparison.after.name}"]
    lines.append(", ".join(f"{told[word]:,} {word}" for word in WORDS))
    for severity, claims, claims_after, amount, amount_after in comparison.claims_by_severity().iter_rows():
        if (claims, amount) != (claims_after, amount_after):
            lines.append(
                f"  {severity}: {claims:,} -> {claims_after:,} claims ({claims_after - claims:+,}), "
                f"${amount:,} -> ${amount_after:,} ({amount_after - amount:+,})"
            )
    titles = {"rule_id": "by rule", "code": "by code", "billing_npi": "by billing provider"}
    for column in by:
        counts = comparison.counts(column).filter(pl.sum_horizontal(WORDS[:-1]) > 0)
        if counts.height:
            lines.append(f"{titles.get(column, column)}:")
        for value, *numbers, amount in counts.head(most).iter_rows():
            words = ", ".join(
                f"{number:,} {word}" for word, number in zip(WORDS[:-1], numbers, strict=False) if number
            )
            lines.append(f"  {value or 'none'}: {words} (amounts {amount:+,})")
        if counts.height > most:
            lines.append(f"  and {counts.height - most:,} more")
    return "\n".join(lines)
