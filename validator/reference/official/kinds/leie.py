"""The OIG List of Excluded Individuals/Entities: NPIs and the days of their exclusion, no names."""

from datetime import date, timedelta

import polars as pl

from validator.reference.official.document import Document
from validator.reference.official.kind import SET_ROWS, Asked, Kind, Parsed, check_rows, to_date
from validator.reference.official.sheets import find_header

_FIELDS = {
    "busname": ("BUSNAME",),
    "npi": ("NPI",),
    "type": ("EXCLTYPE",),
    "valid_from": ("EXCLDATE",),
    "ended": ("REINDATE",),
}
_NONE = ("0000000000", "0")
_NO_DAY = ("00000000", "0")
# The first exclusions are of 1977.
_BEGIN = date(1977, 1, 1)


def read(document: Document, _: Asked) -> Parsed | None:
    """Columns: names and addresses (not kept), NPI (0000000000: none), exclusion date, reinstatement date
    (00000000: none). The list is made anew each month, so it speaks to the end of the month after its newest
    exclusion.
    """
    found = next((header for sheet in document.sheets if (header := find_header(sheet, _FIELDS))), None)
    if found is None:
        return None
    table = found.table
    ended = pl.when(~pl.col("ended").is_in(list(_NO_DAY))).then(to_date("ended"))
    check_rows(
        table,
        [
            (
                pl.col("npi").is_null() | pl.col("npi").str.contains(r"^(\d{10}|0)$"),
                "has no NPI of 10 digits",
            ),
            (to_date("valid_from").is_not_null(), "has no exclusion date"),
            (
                pl.col("ended").is_null() | pl.col("ended").is_in(list(_NO_DAY)) | ended.is_not_null(),
                "has a date that is none",
            ),
        ],
    )
    rows = table.select(
        name=pl.lit("leie_npis"),
        code="npi",
        valid_from=to_date("valid_from"),
        valid_to=ended - timedelta(days=1),
    ).select(pl.col(column).cast(kind) for column, kind in SET_ROWS.items())
    newest = rows["valid_from"].max()
    rows = rows.filter(pl.col("code").is_not_null() & ~pl.col("code").is_in(list(_NONE)))
    last = _month_after(newest) if isinstance(newest, date) else _BEGIN
    remark = f"{table.height - rows.height:,} of {table.height:,} exclusions name no NPI"
    return Parsed("leie", {"sets": rows.unique().sort(pl.all())}, (_BEGIN, last), remark=remark)


def _month_after(day: date) -> date:
    """The last day of the month after the day's."""
    months = day.year * 12 + day.month + 1
    return date(months // 12, months % 12 + 1, 1) - timedelta(days=1)


KIND = Kind("leie", "OIG list of excluded individuals and entities", ("leie_npis",), read)
