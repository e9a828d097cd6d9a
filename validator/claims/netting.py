"""A claim that was replaced or voided is not judged: its last state speaks."""

import polars as pl

from validator.claims.numbering import only
from validator.claims.schema import SUPERSEDED, ClaimTables

# Third character of the type of bill, or CMS-1500 item 22 (Medicare Claims Processing Manual, chapter 1):
# a claim of these kinds takes the place of the claim that it names, or takes it back.
REPLACEMENT = "7"
VOID = "8"
_WHY = {REPLACEMENT: "replaced", VOID: "voided"}


def net(tables: ClaimTables) -> tuple[ClaimTables, pl.DataFrame]:
    """The claims that stand, and those of tonight that do not: columns SUPERSEDED.

    A claim is superseded by another of the same patient with frequency code 7 or 8 that names it as the
    original, by claim number or by the payer's control number; or that comes after it under the same claim
    number of the same billing provider. Whoever names a claim that is not in the partition, or itself,
    supersedes nothing by that; two claims that name each other both stand. Voids themselves are not judged.
    Earlier claims take part like any other.
    """
    claims = tables.claims
    # The history goes before tonight, whatever the numbers of its claims.
    order = pl.col("claim_no") + pl.when(pl.col("source_file").is_in(sorted(tables.earlier))).then(
        0
    ).otherwise(claims.height)
    claims = claims.with_columns(order.alias("order"))
    acting = claims.filter(pl.col("frequency_code").is_in(list(_WHY))).select(
        "patient_id",
        "billing_npi",
        by_no="order",
        by="claim_id",
        by_control="payer_control_number",
        names="original_claim_id",
        why=pl.col("frequency_code").replace_strict(_WHY, return_dtype=pl.String),
    )
    if acting.is_empty():
        return tables, pl.DataFrame(schema=dict(SUPERSEDED))
    pairs = pl.concat([_named(claims, acting), _resubmitted(claims, acting)])
    # Of several that act on a claim, the last one is told.
    pairs = pairs.sort("claim_no", "by_no").unique("claim_no", keep="last", maintain_order=True)
    voids = claims.filter(pl.col("frequency_code") == VOID).join(pairs, on="claim_no", how="anti")
    voids = voids.select("claim_no", by=pl.lit(None, pl.String), why=pl.lit("is a void"))
    gone = pl.concat([pairs.select("claim_no", "by", "why"), voids]).sort("claim_no")
    standing = claims.join(gone, on="claim_no", how="anti", maintain_order="left")["claim_no"]
    told = claims.join(gone, on="claim_no", maintain_order="left").filter(
        ~pl.col("source_file").is_in(sorted(tables.earlier))
    )
    return only(tables, standing), told.select(pl.col(name).cast(kind) for name, kind in SUPERSEDED.items())


def _named(claims: pl.DataFrame, acting: pl.DataFrame) -> pl.DataFrame:
    """Claims that an acting one names, without pairs that name each other."""
    found = []
    told = acting.drop("billing_npi").drop_nulls("names")
    for number in ("claim_id", "payer_control_number"):
        targets = claims.select(
            "claim_no", "order", "patient_id", "claim_id", "original_claim_id",
            names=pl.col(number),
        )  # fmt: skip
        found.append(targets.drop_nulls("names").join(told, on=["patient_id", "names"], how="inner"))
    pairs = pl.concat(found)
    itself = pl.col("order") == pl.col("by_no")
    back = pl.col("original_claim_id").eq_missing(pl.col("by")) | (
        pl.col("original_claim_id") == pl.col("by_control")
    ).fill_null(False)
    same = pl.col("claim_id") == pl.col(
        "by"
    )  # which of two deliveries of one number is meant, their order says
    return pairs.filter(~itself & ~back & ~same).select("claim_no", "by_no", "by", "why")


def _resubmitted(claims: pl.DataFrame, acting: pl.DataFrame) -> pl.DataFrame:
    """Claims before an acting one of the same number, patient and billing provider."""
    targets = claims.select("claim_no", "order", "patient_id", "billing_npi", by=pl.col("claim_id"))
    pairs = targets.join(
        acting.drop("by_control", "names"), on=["patient_id", "billing_npi", "by"], how="inner"
    )
    return pairs.filter(pl.col("order") < pl.col("by_no")).select("claim_no", "by_no", "by", "why")
