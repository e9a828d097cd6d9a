"""The HCPCS quarterly file: level II procedure codes and modifiers with the days they hold."""

import re
from datetime import date

import polars as pl

from validator.reference.official.document import Document
from validator.reference.official.kind import SET_ROWS, Asked, Kind, Parsed, Quarter, check_rows, to_date
from validator.reference.official.sheets import Sheet, find_header

_FIELDS = {
    "code": ("HCPC", "HCPCS"),
    "sequence": ("SEQNUM",),
    "record": ("RECID",),
    "added": ("ADDDT",),
    "acted": ("ACTEFFDT",),
    "ended": ("TERMDT",),
}
# The published layout of the fixed-width file: first column (from 1) and length.
_PLACES = {
    "code": (1, 5),
    "sequence": (6, 5),
    "record": (11, 1),
    "added": (269, 8),
    "acted": (277, 8),
    "ended": (285, 8),
}
_LINE = 292
_RECORD = re.compile(r"[ 0-9A-Z]{5}\d{5}[3478]")
# 3: first record of a procedure, 4: its description goes on; 7 and 8: the same for a modifier.
_RECORDS = {"3": "hcpcs_level_2", "7": "hcpcs_modifiers"}
# A code that ended stays in the file for five years and more; the file is taken to be whole for three.
_YEARS_BACK = 3


def read(document: Document, _: Asked) -> Parsed | None:
    """Columns: code, sequence, record kind, texts and prices (not kept), date added, date of the last action,
    date ended. Continuation records and descriptions are left out.
    """
    for sheet in document.sheets:
        if found := find_header(sheet, _FIELDS):
            return _parse(found.table)
        if _is_fixed(sheet):
            return _parse(_fixed(sheet))
    return None


def _parse(table: pl.DataFrame) -> Parsed:
    date_or_blank = [(pl.col(name).is_null() | to_date(name).is_not_null()) for name in ("acted", "ended")]
    check_rows(
        table,
        [
            (pl.col("record").is_in(["3", "4", "7", "8"]), "has no record kind 3, 4, 7 or 8"),
            (pl.col("code").str.contains(r"^([A-Z][0-9]{4}|[0-9A-Z]{2})$"), "has no HCPCS code or modifier"),
        ],
    )
    table = table.filter(pl.col("record").is_in(list(_RECORDS)))
    procedure = pl.col("record") == "3"
    check_rows(
        table,
        [
            (
                procedure == (pl.col("code").str.len_chars() == 5),
                "has a code of another length than its record kind",
            ),
            (to_date("added").is_not_null(), "has no date on which the code was added"),
            (date_or_blank[0] & date_or_blank[1], "has a date that is none"),
        ],
    )
    rows = table.select(
        name=pl.col("record").replace_strict(_RECORDS),
        code="code",
        valid_from=to_date("added"),
        valid_to=to_date("ended"),
    ).select(pl.col(column).cast(kind) for column, kind in SET_ROWS.items())
    newest = table.select(pl.max_horizontal(to_date("acted"), to_date("added")).max()).item()
    quarter = Quarter.of(newest)
    begin = date(quarter.year - _YEARS_BACK, 1, 1)
    return Parsed("hcpcs", {"sets": rows.unique().sort(pl.all())}, (begin, quarter.last))


def _is_fixed(sheet: Sheet) -> bool:
    """Whether every line from the first record on has the shape of one, and some records are whole."""
    lines = [line for line in sheet.lines if line.strip()]
    first = next((number for number, line in enumerate(lines) if _RECORD.match(line)), len(lines))
    records = lines[first:]
    whole = [line for line in records if len(line) >= _LINE and line[10] in _RECORDS]
    return len(whole) >= 3 and all(_RECORD.match(line) for line in records)


def _fixed(sheet: Sheet) -> pl.DataFrame:
    """The records of the fixed-width file as a table; the notes above the first record are left out."""
    lines = pl.DataFrame({"line": sheet.content.decode("cp1252", errors="replace").splitlines()})
    lines = lines.with_row_index("row", offset=1).with_columns(pl.col("row").cast(pl.UInt32))
    first = next(number for number, line in enumerate(lines["line"]) if _RECORD.match(line))
    lines = lines.slice(first).filter(pl.col("line").str.strip_chars().str.len_chars() > 1)
    return lines.select(
        "row",
        *(
            pl.col("line").str.slice(start - 1, length).str.strip_chars().replace("", None).alias(name)
            for name, (start, length) in _PLACES.items()
        ),
    )


KIND = Kind("hcpcs", "HCPCS level II codes and modifiers", ("hcpcs_level_2", "hcpcs_modifiers"), read)
