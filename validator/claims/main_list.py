"""The main diagnosis list of a claim: its slots by number, how many are filled, where it has a gap."""

import polars as pl

MAIN_LIST = ("principal", "secondary")

# Slot n of a list as a number with one bit set; a list has far fewer slots than a number has bits.
_BITS = 64
_BIT_OF_SLOT = pl.Series([0, *(1 << place for place in range(_BITS))], dtype=pl.UInt64)


def width_of(diagnoses: pl.DataFrame) -> int:
    """How many slots a claim can have in this partition, slot 0 (which none uses) included."""
    highest = diagnoses["position"].max()
    return 1 + (highest if isinstance(highest, int) else 0)


def slots(claim_no: pl.Series, position: pl.Series, width: int) -> pl.Series:
    """Number of a slot among all slots of all claims: looking up by place beats a join."""
    return claim_no.cast(pl.UInt64) * width + position


def by_claim(rows: pl.DataFrame) -> pl.dataframe.group_by.GroupBy:
    """The rows grouped by claim; saying that they are in order makes it many times faster."""
    if rows["claim_no"].is_sorted():
        rows = rows.with_columns(pl.col("claim_no").set_sorted())
    return rows.group_by("claim_no")


def with_main_list(claims: pl.DataFrame, diagnoses: pl.DataFrame) -> pl.DataFrame:
    """Count the diagnoses of the main list, find its first gap, and write its codes one after another.

    Slots are taken in their order; where a feed names a principal diagnosis that stands in no slot, it comes
    before the first. The first gap of a list is the first zero below a one among the bits of its slots.
    """
    main = diagnoses.filter(pl.col("role").is_in(MAIN_LIST)).select("claim_no", "position", "code")
    place = slots(main["claim_no"], main["position"], width_of(main))
    if not place.is_sorted():
        main = main[place.arg_sort()]
    told = by_claim(
        main.with_columns(_BIT_OF_SLOT.gather(main["position"].clip(upper_bound=_BITS)).alias("bit"))
    ).agg(
        pl.len().cast(pl.Int16).alias("diagnosis_count"),
        pl.col("code").str.join(" ").alias("diagnosis_list"),
        pl.col("bit").bitwise_or().alias("filled"),
    )
    without_gap = pl.col("filled").bitwise_trailing_ones()
    gap = pl.when(pl.col("filled").bitwise_count_ones() > without_gap).then(without_gap + 1)
    told = told.select(
        "claim_no", "diagnosis_count", "diagnosis_list", gap.cast(pl.UInt8).alias("diagnosis_gap")
    )
    return (
        claims.drop("diagnosis_count", "diagnosis_list", "diagnosis_gap", strict=False)
        .join(told, on="claim_no", how="left", maintain_order="left")
        .with_columns(pl.col("diagnosis_count").fill_null(0))
    )
