"""NCCI add-on code edits: which codes are add-on codes of type 1, 2 or 3, and beside which primary codes."""

from datetime import date, timedelta

import polars as pl

from validator.reference.official.document import Document
from validator.reference.official.kind import (
    CODE,
    PAIR_ROWS,
    SET_ROWS,
    Asked,
    Kind,
    Parsed,
    Quarter,
    asked_quarter,
    check_rows,
    code_of,
)
from validator.reference.official.sheets import find_header

_FIELDS = {
    "type": ("AOCEDITTYPE", "EDITTYPE"),
    "ended": ("AOCDELDT", "ADDONCODEDELDT", "AOCDELETION"),
    "code": ("ADDONCODE",),
    "primary_ended": ("PRIMARYCODEDEL",),
    "primary": ("PRIMARYCODE",),
    "valid_from": ("AOCEDITEFF", "EDITEFF"),
    "valid_to": ("AOCEDITDEL", "EDITDEL"),
}
# The first file took effect on this day. Contractors decide the primary codes of rows that name this one.
_BEGIN = date(2013, 4, 1)
_CONTRACTOR = "CCCCC"


def read(document: Document, asked: Asked) -> Parsed | None:
    """Columns: edit type, add-on code and the day it ended, primary code (CCCCC: contractors decide) and
    the day it ended, first and last day of the edit; days as year and number of the
    day (2026091: 1 April 2026).

    Where a deletion date could be the last day or the day after, the silent reading is taken.
    """
    found = next((header for sheet in document.sheets if (header := find_header(sheet, _FIELDS))), None)
    if found is None:
        return None
    table = found.table
    dates = ("ended", "primary_ended", "valid_from", "valid_to")
    check_rows(
        table,
        [
            (pl.col("type").str.contains(r"^[123]$"), "has no edit type 1, 2 or 3"),
            (code_of("code").str.contains(CODE) & code_of("primary").str.contains(CODE), "has no two codes"),
            *(
                (pl.col(name).is_null() | _day(name).is_not_null(), "has a date that is none")
                for name in dates
            ),
            (_day("valid_from").is_not_null(), "has no date on which the edit began"),
        ],
    )
    ended, edit_ended = _day("ended"), _day("valid_to")
    day_before = pl.min_horizontal(ended, edit_ended) - timedelta(days=1)
    sets = table.select(
        name=pl.when(pl.col("type") == "1")
        .then(pl.lit("add_on_type_1"))
        .otherwise(pl.lit("add_on_type_2_3")),
        code=code_of("code"),
        valid_from=_day("valid_from"),
        valid_to=day_before,
    ).select(pl.col(column).cast(kind) for column, kind in SET_ROWS.items())
    pairs = (
        table.filter(pl.col("primary") != _CONTRACTOR)
        .select(
            name=pl.lit("add_on_primary"),
            left=code_of("code"),
            right=code_of("primary"),
            valid_from=_day("valid_from"),
            valid_to=pl.min_horizontal(ended, edit_ended, _day("primary_ended")),
        )
        .select(pl.col(column).cast(kind) for column, kind in PAIR_ROWS.items())
    )
    newest = sets["valid_from"].max()
    quarter = asked_quarter(asked) or Quarter.said(document.names)
    quarter = quarter or Quarter.of(newest if isinstance(newest, date) else _BEGIN)
    return Parsed(
        "add_on",
        {"sets": sets.unique().sort(pl.all()), "pairs": pairs.unique().sort(pl.all())},
        (_BEGIN, quarter.last),
    )


def _day(column: str) -> pl.Expr:
    """A day written as year and day of the year, else as any other date."""
    text = pl.col(column)
    ordinal = pl.when(text.str.contains(r"^\d{7}$")).then(text)
    number = ordinal.str.slice(4).cast(pl.Int32, strict=False)
    year = ordinal.str.head(4).cast(pl.Int32, strict=False)
    made = pl.date(year, 1, 1) + pl.duration(days=number - 1)
    other = pl.when(text.str.contains(r"^\d{8}$")).then(text).str.to_date("%Y%m%d", strict=False)
    return pl.coalesce(pl.when((number >= 1) & (made.dt.year() == year)).then(made), other)


KIND = Kind("add_on", "NCCI add-on code edits", ("add_on_type_1", "add_on_type_2_3", "add_on_primary"), read)
