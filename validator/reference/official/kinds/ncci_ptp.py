"""NCCI procedure-to-procedure edits: which column 2 code is not paid beside which column 1 code, and when."""

import re
from datetime import date

import polars as pl

from validator.reference.official.document import Document
from validator.reference.official.kind import (
    CODE,
    PAIR_ROWS,
    Asked,
    Kind,
    Parsed,
    Quarter,
    asked_quarter,
    asked_setting,
    check_rows,
    code_of,
    to_date,
)
from validator.reference.official.sheets import find_header

# The first edits took effect on this day.
_BEGIN = date(1996, 1, 1)
_FIELDS = {
    "left": ("COLUMN1",),
    "right": ("COLUMN2",),
    "before_1996": ("INEXISTENCE",),
    "valid_from": ("EFFECTIVE",),
    "valid_to": ("DELETION",),
    "indicator": ("MODIFIER",),
}
_SETTINGS = {
    "ccipra": "practitioner",
    "practitioner": "practitioner",
    "ccioph": "hospital",
    "hospital": "hospital",
}
# Indicator 9: the edit was deleted as of the day it began. Such a row is kept, since it takes the place of
# one that an earlier file still has.
NAMES = {"0": "ncci_ptp_never", "1": "ncci_ptp_unless_modifier", "9": ""}


def read(document: Document, asked: Asked) -> Parsed | None:
    """Columns: column 1 code, column 2 code, `*` where older than 1996, effective date, deletion date (`*`:
    none), modifier indicator 0, 1 or 9, rationale (not kept)."""
    headers = [
        found
        for sheet in document.sheets
        if (found := find_header(sheet, _FIELDS)) and found.columns["left"] == 0
    ]
    if not headers:
        return None
    # An archive holds the same edits as text and as workbook.
    table = headers[0].table
    # The header goes on below in columns that hold no codes.
    table = table.filter(pl.col("left").is_not_null() | pl.col("right").is_not_null())
    day = r"^\d{8}$"
    check_rows(
        table,
        [
            (code_of("left").str.contains(CODE) & code_of("right").str.contains(CODE), "has no two codes"),
            (
                pl.col("valid_from").str.contains(day) & to_date("valid_from").is_not_null(),
                "has no effective date",
            ),
            (
                (pl.col("valid_to") == "*")
                | (pl.col("valid_to").str.contains(day) & to_date("valid_to").is_not_null()),
                "has neither a deletion date nor *",
            ),
            (pl.col("indicator").is_in(list(NAMES)), "has no modifier indicator 0, 1 or 9"),
        ],
    )
    setting = asked_setting(asked, document.names, _SETTINGS, "these edits")
    pairs = table.select(
        name=pl.col("indicator").replace_strict(NAMES),
        left=code_of("left"),
        right=code_of("right"),
        valid_from=to_date("valid_from"),
        valid_to=to_date("valid_to"),
    ).select(pl.col(column).cast(kind) for column, kind in PAIR_ROWS.items())
    newest = max(day for day in pairs["valid_from"] if day is not None)
    quarter = asked_quarter(asked) or _quarter_of(document.names) or Quarter.of(newest)
    first, last = pairs["left"].sort().gather([0, -1])
    return Parsed(
        "ncci_ptp",
        {"pairs": pairs.unique().sort(pl.all())},
        (_BEGIN, max(quarter, Quarter.of(newest), key=lambda one: one.first).last),
        setting=setting,
        remark=f"column 1 codes {first} to {last}; CMS publishes the edits of a setting in several files",
    )


def _quarter_of(names: str) -> Quarter | None:
    """The quarter in the names: 2026q3, or the version (v322: the third quarter of 1994 + 32)."""
    if found := Quarter.said(names):
        return found
    versions = {(int(year), int(part)) for year, part in re.findall(r"v(\d\d)([0-3])r\d", names.lower())}
    if len(versions) != 1:
        return None
    year, part = versions.pop()
    return Quarter(1994 + year, part + 1)


KIND = Kind(
    "ncci_ptp",
    "NCCI procedure-to-procedure edits",
    ("ncci_ptp_never", "ncci_ptp_unless_modifier"),
    read,
    in_parts=True,
)
