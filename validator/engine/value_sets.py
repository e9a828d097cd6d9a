"""Membership of a field in a dated value set, as a column that conditions read."""

from collections.abc import Iterable

import polars as pl

from validator.engine.compile import set_column
from validator.engine.frames import Frames
from validator.rules.model import Compare, Rule
from validator.rules.reads import OWN_DATE, conditions_of, parts


def with_value_sets(frame: pl.DataFrame, grain: str, rules: Iterable[Rule], frames: Frames) -> pl.DataFrame:
    """Add `in:<field>:<set>` for each `in_set` or `not_in_set` that these rules hold against their own row.

    True: the code stands in the set on the row's date. Blank: no code, or it stands in the set on other
    days only and the row has no date.
    """
    asked = {
        set_column(compare): compare
        for rule in rules
        for condition in conditions_of(rule)
        for compare in parts(condition)
        if isinstance(compare, Compare) and compare.operator in ("in_set", "not_in_set")
    }
    return frame.with_columns(
        membership(frame, grain, str(compare.field), str(compare.value), frames).alias(name)
        for name, compare in asked.items()
    )


def membership(frame: pl.DataFrame, table: str, field: str, value_set: str, frames: Frames) -> pl.Series:
    """Per row, whether the code in `field` stands in the set on the row's own date."""
    listed = frames.reference.value_set(value_set)
    if listed is None:  # nobody can say whether the code stands in a list that was not added
        return pl.Series("in", [None] * frame.height, dtype=pl.Boolean)
    members = listed.members.rename({"code": "member"})
    on = pl.coalesce(*(pl.col(name) for name in OWN_DATE[table]))
    rows = frame.select("row", pl.col(field).alias("member"), on.alias("on"))
    spans = rows.join(members, on="member", how="inner")
    begun = pl.col("valid_from").is_null() | (pl.col("on") >= pl.col("valid_from"))
    not_ended = pl.col("valid_to").is_null() | (pl.col("on") <= pl.col("valid_to"))
    holds = pl.when(pl.col("on").is_not_null()).then(begun & not_ended)
    hits = spans.group_by("row").agg(holds.any(ignore_nulls=False).alias("hit"), pl.lit(True).alias("listed"))
    joined = rows.join(hits, on="row", how="left", maintain_order="left")
    return joined.select(
        pl.when(pl.col("member").is_not_null())
        .then(pl.when(pl.col("listed")).then("hit").otherwise(pl.lit(False)))
        .alias("in")
    ).to_series()
