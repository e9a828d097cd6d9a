"""A claim that was replaced or voided is not judged: its last state speaks."""

import polars as pl

from validator.claims.numbering import only
from validator.claims.schema import ClaimTables

# Third character of the type of bill, or CMS-1500 item 22 (Medicare Claims Processing Manual, chapter 1):
# a claim of these kinds takes the place of the claim that it names, or takes it back.
REPLACEMENT = "7"
VOID = "8"


def net(tables: ClaimTables) -> tuple[ClaimTables, int]:
    """The claims that stand, and how many of tonight's do not: replaced and voided ones, and the voids.

    A claim is superseded by another of the same patient that carries frequency code 7 or 8 and names its
    number as the original. Whoever names a claim that is not in the partition, or itself, supersedes
    nothing; two claims that name each other both stand. Earlier claims take part like any other.
    """
    claims = tables.claims
    acting = claims.filter(
        pl.col("frequency_code").is_in([REPLACEMENT, VOID]), pl.col("original_claim_id").is_not_null()
    )
    named = acting.select("patient_id", pl.col("original_claim_id").alias("claim_id"), by=pl.col("claim_id"))
    pairs = claims.select("claim_no", "patient_id", "claim_id", "original_claim_id").join(
        named, on=["patient_id", "claim_id"], how="inner"
    )
    one_way = (pl.col("by") != pl.col("claim_id")) & (pl.col("original_claim_id").ne_missing(pl.col("by")))
    superseded = pairs.filter(one_way)["claim_no"]
    gone = pl.col("claim_no").is_in(superseded.unique().implode()) | (pl.col("frequency_code") == VOID)
    standing = claims.filter(~gone.fill_null(False))
    if standing.height == claims.height:
        return tables, 0
    away = claims.filter(gone.fill_null(False), ~pl.col("source_file").is_in(sorted(tables.earlier)))
    return only(tables, standing["claim_no"]), away.height
