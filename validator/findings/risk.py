"""The risk of a claim: how likely it comes back, from the severity and confidence of its findings."""

from collections.abc import Mapping
from typing import Any

import polars as pl

FORMULA = (
    "risk score = 100 x (1 - product of (1 - weight)) over the claim's findings; "
    "weight = severity weight x confidence factor (rules/risk.yaml); "
    "expected loss = amount at risk x score / 100"
)


def risk_scores(
    findings: pl.DataFrame, severity: Mapping[Any, float], confidence: Mapping[Any, float]
) -> pl.DataFrame:
    """Per claim: claim_no, findings (count), worst_severity, risk_score (0-100, two decimals).

    findings: claim_no, severity, confidence; one row per finding that counts.
    """
    weight = pl.col("severity").cast(pl.String).replace_strict(severity, return_dtype=pl.Float64) * pl.col(
        "confidence"
    ).cast(pl.String).replace_strict(confidence, return_dtype=pl.Float64)
    return (
        findings.with_columns((1 - weight).alias("passes"))
        .group_by("claim_no")
        .agg(
            pl.len().cast(pl.UInt32).alias("findings"),
            pl.col("severity").min().alias("worst_severity"),
            # Sorted, so that the product of floats does not depend on the order of the findings.
            (100 * (1 - pl.col("passes").sort().product()))
            .round(2)
            .cast(pl.Decimal(5, 2))
            .alias("risk_score"),
        )
    )
