"""Hold tonight's findings against the nights before: where each stands, and what became of the others."""

from collections.abc import Collection
from datetime import date

import polars as pl

from validator.findings.schema import FINDINGS, STANDING
from validator.ledger.schema import (
    ACCEPTED,
    FALSE_ALARM,
    FIXED,
    GONE_WORDS,
    REOPENED,
    RESOLVED,
    SNOOZED,
    Past,
)

# A claim of these frequency codes takes the place of the claim that it names, or takes it back.
_REPLACES = ("7", "8")
_CLAIM = ("billing_npi", "claim_id")

_GONE = pl.Enum(tuple(GONE_WORDS))


class Presence:
    """Which of the claims and providers with open findings are in tonight's batch."""

    def __init__(self, past: Past) -> None:
        self._watched = past.findings.filter("is_open").select("finding_id", *_CLAIM, "provider")
        self._found: list[pl.Series] = []

    def add(self, claims: pl.DataFrame, lines: pl.DataFrame) -> None:
        """Look through a partition of tonight's claims, before netting, and their lines.

        claims: billing_npi, claim_id, frequency_code, original_claim_id; lines: rendering_npi. A claim that
        tonight's batch replaces or voids is there too: its replacement speaks for it.
        """
        if self._watched.is_empty():
            return
        replaced = claims.filter(pl.col("frequency_code").is_in(_REPLACES))
        named = pl.concat(
            [
                claims.select(_CLAIM),
                replaced.select("billing_npi", pl.col("original_claim_id").alias("claim_id")).drop_nulls(
                    "claim_id"
                ),
            ]
        ).unique()
        of_claims = self._watched.filter(pl.col("claim_id").is_not_null())
        self._found.append(of_claims.join(named, on=_CLAIM, how="semi", nulls_equal=True)["finding_id"])
        providers = pl.concat([claims["billing_npi"], lines["rendering_npi"]]).drop_nulls().unique()
        of_providers = self._watched.filter(pl.col("claim_id").is_null())
        self._found.append(of_providers.filter(pl.col("provider").is_in(providers.implode()))["finding_id"])

    def finding_ids(self) -> pl.Series:
        """The open findings whose claim or provider was met."""
        none = pl.Series("finding_id", [], dtype=pl.String)
        return pl.concat([none, *self._found]).unique()


def standing_of(findings: pl.DataFrame, past: Past, batch_date: date) -> pl.DataFrame:
    """Columns STANDING, one row per finding, in their order.

    findings: finding_id, suppressed_by (blank unless a decision covers the finding).
    """
    known = past.findings.select(
        *("finding_id", "is_open", "first_seen", "last_day", "disposition", "snoozed_until", "decided_after")
    )
    told = findings.select("finding_id", "suppressed_by").join(
        known, on="finding_id", how="left", maintain_order="left"
    )
    # Fixed or set aside, and there once more: it is reopened on the first such night, and open after it.
    comes_back = pl.col("disposition").is_in([FIXED, SNOOZED]) & (
        pl.col("last_day") <= pl.col("decided_after")
    )
    word = (
        pl.when(pl.col("suppressed_by").is_not_null())
        .then(pl.lit("suppressed"))
        .when(pl.col("is_open").is_null())
        .then(pl.lit("new"))
        .when(pl.col("disposition").is_in([ACCEPTED, FALSE_ALARM]))
        .then(pl.lit("accepted"))
        .when((pl.col("disposition") == SNOOZED) & (pl.col("snoozed_until") > batch_date))
        .then(pl.lit("snoozed"))
        .when(~pl.col("is_open") | comes_back)
        .then(pl.lit(REOPENED))
        .otherwise(pl.lit("open"))
    )
    return told.select(
        "finding_id",
        word.cast(STANDING["standing"]).alias("standing"),
        pl.col("first_seen").fill_null(batch_date),
    )


def gone(past: Past, findings: pl.DataFrame, met: pl.Series, rules: Collection[str]) -> pl.DataFrame:
    """finding_id, rule_id, word: the open findings of nights before that tonight does not have, and why.

    `met` are those whose claim or provider is in tonight's batch, `rules` the rules that speak tonight.
    """
    away = past.findings.filter("is_open").join(findings, on="finding_id", how="anti")
    word = (
        pl.when(~pl.col("rule_id").is_in(sorted(rules)))
        .then(pl.lit("not judged"))
        .when(pl.col("finding_id").is_in(met.implode()))
        .then(pl.lit(RESOLVED))
        .otherwise(pl.lit("not seen"))
    )
    return away.select("finding_id", "rule_id", word.cast(_GONE).alias("word")).sort("finding_id")


def remembered(findings: pl.DataFrame) -> pl.DataFrame:
    """What the ledger keeps of a finding, from columns FINDINGS."""
    about_nobody = pl.col("claim_id").is_null()
    return findings.select(
        "finding_id",
        "rule_id",
        "billing_npi",
        "claim_id",
        pl.when(about_nobody).then(pl.coalesce("billing_npi", "rendering_npi")).alias("provider"),
        pl.col("severity").cast(pl.String),
        pl.col("amount_at_risk").cast(FINDINGS["amount_at_risk"]),
    )
