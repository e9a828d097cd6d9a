"""`how_many` and `total`: what is asked of all rows that a search finds together, three-valued."""

import polars as pl

from validator.engine.frames import Frames
from validator.engine.marks import answers
from validator.rules.model import Field, HowMany, Total
from validator.rules.reads import OWN_DATE


def count_verdict(
    how_many: HowMany,
    table: str,
    asked: pl.DataFrame,
    hits: pl.DataFrame,
    possible: pl.DataFrame,
    frames: Frames,
) -> pl.Series:
    """Per row asked about, whether so many rows (claims, days) were found.

    `possible`: rows with an undecided one.
    """
    counted = _units(how_many.of, table, hits, frames).group_by("row").agg(pl.col("unit").n_unique())
    told = asked.select("row").join(counted, on="row", how="left", maintain_order="left")
    found = pl.col("unit").fill_null(0)
    number = how_many.number
    holds = {
        "less_than": found < number,
        "at_most": found <= number,
        "more_than": found > number,
        "at_least": found >= number,
        "equals": found == number,
    }[how_many.operator]
    # How many undecided rows there are does not matter: one may be enough to turn the answer. What is true
    # already of "at least" stays true, what is false already of "at most" stays false.
    decided = {"less_than": ~holds, "at_most": ~holds, "more_than": holds, "at_least": holds}.get(
        how_many.operator, found > number
    )
    if how_many.of == "days":  # a row found on a day that nobody told may add one
        undated = hits.filter(_units("days", table, hits, frames, dated=False)["unit"].is_null())
        possible = pl.concat([possible.select("row"), undated.select("row")])
    open_ = pl.col("row").is_in(possible["row"].unique().implode())
    return answers(told, pl.when(~open_ | decided).then(holds))


def _units(of: str, table: str, hits: pl.DataFrame, frames: Frames, *, dated: bool = True) -> pl.DataFrame:
    """row, unit: what is counted of each row found; days that nobody told only where `dated` is false."""
    other = pl.col("other.row")
    if of == "rows":
        return hits.select("row", other.alias("unit"))
    if of == "claims":
        return hits.select("row", pl.lit(frames.base(table)["claim_no"]).gather(other).alias("unit"))
    fields = frames.fields(table, OWN_DATE[table], hits["other.row"])
    days = fields.select(pl.coalesce(OWN_DATE[table]).alias("unit")).to_series()
    told = hits.select("row").with_columns(days)
    return told.drop_nulls() if dated else told


def total_verdict(
    total: Total,
    table: str,
    asked: pl.DataFrame,
    hits: pl.DataFrame,
    possible: pl.DataFrame,
    frames: Frames,
) -> pl.Series:
    """Per row asked about, how the sum over it and those found compares; blank where a part of it is."""
    name = total.of.name
    parts = frames.fields(table, [name], hits["other.row"])[name]
    others = hits.select("row").with_columns(parts.alias("part"))
    summed = others.group_by("row").agg(pl.col("part").sum(), pl.col("part").is_null().any().alias("unknown"))
    told = asked.join(summed, on="row", how="left", maintain_order="left")
    whole = pl.col(name) + pl.col("part").fill_null(0)
    right = pl.col(str(total.value)) if isinstance(total.value, Field) else pl.lit(total.value)
    holds = {
        "less_than": whole < right,
        "at_most": whole <= right,
        "more_than": whole > right,
        "at_least": whole >= right,
    }[total.operator]
    open_ = pl.col("row").is_in(possible["row"].unique().implode()) | pl.col("unknown").fill_null(False)
    return answers(told, pl.when(~open_).then(holds))
