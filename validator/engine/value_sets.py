"""Membership of a field in a dated value set, as a column that conditions read."""

from collections.abc import Iterable

import polars as pl

from validator.engine.compile import set_column
from validator.engine.frames import Frames
from validator.engine.keyed import is_covered
from validator.reference.schema import ValueSet
from validator.rules.model import Condition
from validator.rules.reads import OWN_DATE, comparisons

SETS = ("in_set", "not_in_set")


def with_value_sets(
    frame: pl.DataFrame, table: str, conditions: Iterable[Condition], frames: Frames, *, other: bool = False
) -> pl.DataFrame:
    """Add `in:<field>:<set>` for each `in_set` or `not_in_set` of the conditions about this row.

    `frame` holds the fields and the dates that its rows are judged on (OWN_DATE); `other` says that it is the
    row that is looked for.
    """
    asked = {
        set_column(compare): compare
        for condition in conditions
        for compare in comparisons(condition)
        if compare.operator in SETS and compare.field.other == other
    }
    if not asked:
        return frame
    prefix = "other." if other else ""
    days = [f"{prefix}{name}" for name in OWN_DATE[table] if f"{prefix}{name}" in frame.columns]
    on = frame.select(pl.coalesce(days) if days else pl.lit(None, pl.Date).alias("on")).to_series()
    if on.len() != frame.height:  # a literal has one row
        on = pl.repeat(None, frame.height, dtype=pl.Date, eager=True)
    row = f"{prefix}row"
    made = []
    for name, compare in asked.items():
        if row in frame.columns:
            distinct, places = frames.coded(table, compare.field.name)
            which = places[frame[row]]
        else:  # kinds of codes, each of them once
            distinct = frame[str(compare.field)].cast(pl.String)
            which = pl.int_range(distinct.len(), dtype=pl.UInt32, eager=True).set(distinct.is_null(), None)
        made.append(
            membership(distinct, which, on, frames.reference.value_set(str(compare.value))).alias(name)
        )
    return frame.with_columns(made)


def membership(distinct: pl.Series, which: pl.Series, on: pl.Series, held: ValueSet | None) -> pl.Series:
    """Per row, whether its code (number `which` of `distinct`) stands in the set on the day.

    Blank: no code; a set that was not added or does not speak about the day; or a code that stands in it on
    other days only, and no day.
    """
    if held is None:
        return pl.repeat(None, which.len(), dtype=pl.Boolean, eager=True)
    members = held.members
    undated = members.filter(pl.col("valid_from").is_null(), pl.col("valid_to").is_null())["code"]
    ever = distinct.is_in(members["code"].implode())
    sometimes = ever & ~distinct.is_in(undated.implode())
    answer = ever[which]
    if sometimes.any():
        rows = pl.DataFrame({"on": on, "code": distinct[which]}).with_row_index("place")
        spans = rows.filter(sometimes[which]).join(members, on="code", how="inner")
        begun = pl.col("valid_from").is_null() | (pl.col("on") >= pl.col("valid_from"))
        not_ended = pl.col("valid_to").is_null() | (pl.col("on") <= pl.col("valid_to"))
        holds = pl.when(pl.col("on").is_not_null()).then(begun & not_ended)
        hits = spans.group_by("place").agg(holds.any(ignore_nulls=False).alias("hit"))
        answer = answer.scatter(hits["place"], hits["hit"])
    if held.covers is not None:
        covered = on.to_frame("on").select(is_covered(pl.col("on"), held.covers)).to_series()
        answer = answer.set(~covered, None)
    return answer
