"""A claim that was replaced or voided is not judged: its last state speaks."""

from dataclasses import replace

import polars as pl

from validator.claims.schema import ClaimTables

# Third character of the type of bill, or CMS-1500 item 22 (Medicare Claims Processing Manual, chapter 1):
# a claim of these kinds takes the place of the claim that it names, or takes it back.
REPLACEMENT = "7"
VOID = "8"


def net(tables: ClaimTables) -> tuple[ClaimTables, int]:
    """The claims that stand, and how many were netted away: replaced and voided ones, and the voids.

    A claim is superseded by another of the same patient that carries frequency code 7 or 8 and names its
    number as the original. Whoever names a claim that is not in the partition, or itself, supersedes
    nothing; two claims that name each other both stand.
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
    return _only(tables, standing["claim_no"]), claims.height - standing.height


def _only(tables: ClaimTables, claim_numbers: pl.Series) -> ClaimTables:
    """The tables of these claims, numbered anew."""
    numbers = pl.DataFrame({"claim_no": claim_numbers}).with_row_index("new")

    def kept(frame: pl.DataFrame) -> pl.DataFrame:
        found = frame.join(numbers, on="claim_no", how="inner", maintain_order="left")
        return found.with_columns(pl.col("new").alias("claim_no")).drop("new")

    return replace(
        tables,
        claims=kept(tables.claims),
        diagnoses=kept(tables.diagnoses),
        procedures=kept(tables.procedures),
        lines=kept(tables.lines),
    )
