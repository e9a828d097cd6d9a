"""Membership of a field in a dated value set, as a column that conditions read."""

from collections.abc import Callable, Iterable
from functools import partial

import polars as pl

from validator.engine.compile import set_column
from validator.engine.frames import Frames
from validator.engine.keyed import is_covered
from validator.engine.marks import every
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
    row = f"{prefix}row"

    def on() -> pl.Series:
        if not days:
            return every(None, frame.height, pl.Date)
        return frame.select(pl.coalesce(days).alias("on")).to_series()

    made = []
    for name, compare in asked.items():
        field, set_name = compare.field.name, str(compare.value)
        if row in frame.columns:
            distinct, places = frames.coded(table, field)
            which, of_what = places[frame[row]], "values"
        else:  # kinds of codes, each of them once
            distinct, of_what = frame[str(compare.field)].cast(pl.String), "kinds"
            which = pl.int_range(distinct.len(), dtype=pl.UInt32, eager=True).set(distinct.is_null(), None)
        held = frames.reference.value_set(set_name)
        if held is None:
            made.append(every(None, frame.height).alias(name))
            continue
        standing = frames.once((of_what, table, field, set_name), partial(_standing, distinct, held))
        made.append(_membership(distinct, which, on, held, *standing).alias(name))
    return frame.hstack(made)


def _standing(distinct: pl.Series, held: ValueSet) -> tuple[pl.Series, pl.Series | None]:
    """Which of the values stand in the set at all, and which on some days only (None: none of them)."""
    members = held.members
    undated = members.filter(pl.col("valid_from").is_null(), pl.col("valid_to").is_null())["code"]
    ever = distinct.is_in(members["code"].implode())
    sometimes = ever & ~distinct.is_in(undated.implode()) if undated.len() < members.height else None
    return ever, sometimes if sometimes is not None and sometimes.any() else None


def _membership(
    distinct: pl.Series,
    which: pl.Series,
    on: Callable[[], pl.Series],
    held: ValueSet,
    ever: pl.Series,
    sometimes: pl.Series | None,
) -> pl.Series:
    """Per row, whether its code (number `which` of `distinct`) stands in the set on the day.

    Blank: no code; a set that does not speak about the day; or a code that stands in it on other days only,
    and no day.
    """
    answer = ever[which]
    if sometimes is not None:
        rows = pl.DataFrame({"on": on(), "code": distinct[which]}).with_row_index("place")
        spans = rows.filter(sometimes[which]).join(held.members, on="code", how="inner")
        begun = pl.col("valid_from").is_null() | (pl.col("on") >= pl.col("valid_from"))
        not_ended = pl.col("valid_to").is_null() | (pl.col("on") <= pl.col("valid_to"))
        holds = pl.when(pl.col("on").is_not_null()).then(begun & not_ended)
        hits = spans.group_by("place").agg(holds.any(ignore_nulls=False).alias("hit"))
        answer = answer.scatter(hits["place"], hits["hit"])
    if held.covers is not None:
        covered = on().to_frame("on").select(is_covered(pl.col("on"), held.covers)).to_series()
        answer = answer.set(~covered, None)
    return answer
