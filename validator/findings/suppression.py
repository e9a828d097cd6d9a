"""Findings that somebody decided not to see: marked, counted, never dropped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

# Rule names that `where` may use -> the findings column they are held against.
WHERE_COLUMNS = {
    "claim.id": "claim_id",
    "claim.type": "claim_type",
    "claim.payer_id": "payer_id",
    "claim.billing_npi": "billing_npi",
    "patient.id": "patient_id",
    "diagnosis.code": "code",
    "diagnosis.role": "diagnosis_role",
    "diagnosis.position": "diagnosis_position",
    "line.number": "line_number",
    "line.rendering_npi": "rendering_npi",
}


@dataclass(frozen=True)
class Suppress:
    """One decision: the rule, where (rule name -> value as text), until when (included)."""

    rule_id: str
    where: tuple[tuple[str, str], ...]
    until: date


def suppressed_by(findings: pl.DataFrame, suppressions: Sequence[Suppress], batch_date: date) -> pl.Series:
    """Per finding, the position of the first decision in force that covers it; blank if none does."""
    number = pl.lit(None, dtype=pl.Int32)
    for position, decision in reversed(list(enumerate(suppressions))):
        if batch_date > decision.until:
            continue
        fits = [pl.col("rule_id") == decision.rule_id]
        for name, value in decision.where:
            column = pl.col(WHERE_COLUMNS[name]).cast(pl.String)
            same = (
                column.str.replace(".", "", literal=True) == value.replace(".", "")
                if name == "diagnosis.code"
                else column == value
            )
            fits.append(same.fill_null(False))
        number = pl.when(pl.all_horizontal(fits)).then(pl.lit(position, dtype=pl.Int32)).otherwise(number)
    return findings.with_columns(number.alias("suppressed_by"))["suppressed_by"]
