"""Facts that a dated table holds under a code: fee schedule, unit limits, procedure codes of hospitals."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import polars as pl

from validator.reference.schema import KEYED_TABLES, PCS_STATUSES, Fact, Keyed, Pairs

if TYPE_CHECKING:
    from datetime import date

    from validator.reference.lookup import Reference

KEYED_FACTS: Mapping[str, Fact] = {
    f"{name}.{fact.name}": fact for name, table in KEYED_TABLES.items() for fact in table.facts
}
_PCS_STATUS = "icd10pcs.status"


def known_name(field_name: str) -> str:
    """The column that says whether the table of a fact speaks about the row's day."""
    return f"known:{field_name.split('.', 1)[0]}"


def keyed_fields(names: Collection[str], keys: pl.DataFrame, reference: "Reference") -> list[pl.Series]:
    """The facts (and `known:<table>`) of rows that have `code`, `on` and `setting`.

    A table that was not added, or that does not speak about the day, leaves its facts unknown.
    """
    tables = sorted({n.removeprefix("known:").split(".", 1)[0] for n in names})
    made: list[pl.Series] = []
    for table in tables:
        held = reference.keyed(table)
        wanted = [n for n in names if n.startswith(f"{table}.")]
        if held is None:
            nothing = pl.repeat(None, keys.height, eager=True)
            made += [nothing.cast(KEYED_FACTS[n].type).alias(n) for n in wanted]
            made.append(pl.repeat(False, keys.height, dtype=pl.Boolean, eager=True).alias(f"known:{table}"))
        else:
            made += _of_table(table, wanted, keys, held)
    return [series for series in made if series.name in names]


def _of_table(table: str, wanted: list[str], keys: pl.DataFrame, held: Keyed) -> list[pl.Series]:
    speaks = does_speak(held) & pl.col("on").is_not_null() & pl.col("code").is_not_null()
    covered = keys.select(speaks.alias(f"known:{table}")).to_series()
    asked = keys.with_row_index("place")
    setting = pl.col("setting_right")
    spans = asked.drop_nulls(["code", "on"]).join(held.rows, on="code", how="inner")
    stands = spans.filter(
        (pl.col("valid_from").is_null() | (pl.col("on") >= pl.col("valid_from")))
        & (pl.col("valid_to").is_null() | (pl.col("on") <= pl.col("valid_to")))
        & (setting.is_null() | (setting == pl.col("setting")))
    )
    stands = stands.sort("place", "valid_from", nulls_last=False).unique("place", keep="last")
    facts = {n: n.split(".", 1)[1] for n in wanted if n != _PCS_STATUS}
    found = asked.select("place").join(
        stands.select("place", *(pl.col(fact).alias(n) for n, fact in facts.items())),
        on="place",
        how="left",
        maintain_order="left",
    )
    made = [found[n].set(~covered, None).cast(KEYED_FACTS[n].type) for n in facts]
    if _PCS_STATUS in wanted:
        made.append(_status(asked, spans, stands).set(~covered, None))
    return [*made, covered]


def _status(asked: pl.DataFrame, spans: pl.DataFrame, stands: pl.DataFrame) -> pl.Series:
    """Whether the code is valid on the day, was, will be, or never is; blank without a day."""
    later = spans.group_by("place").agg((pl.col("valid_from") > pl.col("on")).all().alias("later"))
    told = asked.join(later, on="place", how="left", maintain_order="left")
    stands_now = pl.col("place").is_in(stands["place"].implode())
    return told.select(
        pl.when(pl.col("on").is_null()).then(None)
        .when(stands_now).then(pl.lit("in_force"))
        .when(pl.col("later")).then(pl.lit("not_yet"))
        .when(~pl.col("later")).then(pl.lit("expired"))
        .otherwise(pl.lit("unknown"))
        .cast(pl.Enum(PCS_STATUSES)).alias(_PCS_STATUS)
    ).to_series()  # fmt: skip


def does_speak(held: "Keyed | Pairs") -> pl.Expr:
    """Whether a table says anything on the day `on` of a row; in its `setting`, where the table has several.

    With the file of one setting alone, a claim of the other is not judged by it.
    """
    if held.settings is None:
        return is_covered(pl.col("on"), held.covers)
    speaks = pl.lit(False)
    for setting in held.settings:
        speaks = speaks | (pl.col("setting") == setting) & is_covered(pl.col("on"), held.covers_in(setting))
    return speaks.fill_null(False)


def is_covered(on: pl.Expr, covers: "tuple[tuple[date, date | None], ...] | None") -> pl.Expr:
    """Whether a table speaks about a day; one without spans speaks about every day, also an unknown one."""
    if covers is None:
        return on.is_null() | pl.lit(True)
    inside = pl.lit(False)
    for first, last in covers:
        within = on >= pl.lit(first)
        inside = inside | (within if last is None else within & (on <= pl.lit(last)))
    return inside.fill_null(False)
