"""Settle, once, the day whose code set judges each diagnosis (docs/claims.md)."""

import polars as pl

from validator.claims.main_list import MAIN_LIST, slots, width_of
from validator.claims.schema import CODING_DATE_SOURCES

# First two characters of the type of bill. An inpatient stay is judged on the day of discharge; so are
# home health (32x), whose codes are those of the end of the episode.
INPATIENT_BILLS = ("11", "18", "21", "28", "41")
DISCHARGE_BILLS = (*INPATIENT_BILLS, "32")

_SOURCE = pl.Enum(CODING_DATE_SOURCES)


def with_coding_date(
    diagnoses: pl.DataFrame, claims: pl.DataFrame, lines: pl.DataFrame, line_days: pl.DataFrame
) -> pl.DataFrame:
    """The day whose code set judges each diagnosis, and which date that is (docs/claims.md)."""
    by_claim = claims.select(_claim_date(line_days["first_line_day"]).alias("chosen")).unnest("chosen")
    width = width_of(diagnoses)
    main = diagnoses["role"].is_in(MAIN_LIST)
    places = slots(diagnoses["claim_no"], diagnoses["position"], width)
    found = _pointed_days(lines, claims, width).gather(places).set(~main, None)
    number = diagnoses["claim_no"]
    day, source = by_claim["day"].gather(number), by_claim["source"].gather(number)
    given, given_source = diagnoses["coding_date"], diagnoses["coding_date_source"]
    line = pl.lit("line", _SOURCE)
    computed_source = pl.when(found.is_not_null()).then(line).otherwise(source)
    return diagnoses.with_columns(
        pl.coalesce(given, found, day).alias("coding_date"),
        pl.when(given.is_not_null())
        .then(given_source)
        .otherwise(computed_source)
        .alias("coding_date_source"),
    )


def _claim_date(first_line_day: pl.Series) -> pl.Expr:
    """Struct of `day` and `source` of a claim, before lines that point at a diagnosis are considered."""

    def first_of(*choices: tuple[pl.Expr | pl.Series, str]) -> pl.Expr:
        day = pl.coalesce(*(column for column, _ in choices))
        source = pl.coalesce(
            *(pl.when(column.is_not_null()).then(pl.lit(name, _SOURCE)) for column, name in choices),
            pl.lit(None, _SOURCE),
        )
        return pl.struct(day.alias("day"), source.alias("source"))

    discharge, through, start = pl.col("discharge_date"), pl.col("through_date"), pl.col("from_date")
    institutional = pl.col("claim_type") == "institutional"
    bill = pl.col("type_of_bill").str.slice(0, 2)
    return (
        pl.when(institutional & bill.is_in(DISCHARGE_BILLS))
        .then(first_of((discharge, "discharge"), (through, "through")))
        .when(institutional & bill.is_null())
        .then(first_of((discharge, "discharge"), (start, "from"), (first_line_day, "line")))
        .otherwise(first_of((start, "from"), (first_line_day, "line")))
    )


def _pointed_days(lines: pl.DataFrame, claims: pl.DataFrame, width: int) -> pl.Series:
    """Per slot the earliest from date of the lines that point at it; institutional lines never point."""
    by_pointer = (claims["claim_type"] != "institutional").gather(lines["claim_no"])
    pointed = (
        lines.lazy()
        .select("claim_no", "from_date", by_pointer.alias("by_pointer"), position="diagnosis_pointers")
        .filter("by_pointer", pl.col("from_date").is_not_null(), pl.col("position").list.len() > 0)
        .explode("position")
        .filter(pl.col("position") < width)
        .group_by(slot=pl.col("claim_no").cast(pl.UInt64) * width + pl.col("position"))
        .agg(pl.col("from_date").min())
        .collect()
    )
    days = pl.Series([None], dtype=pl.Date).new_from_index(0, claims.height * width)
    return days.scatter(pointed["slot"], pointed["from_date"])
