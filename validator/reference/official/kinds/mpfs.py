"""The Medicare physician fee schedule's relative value file: indicators of each code for a year."""

import re
from datetime import date

import polars as pl

from validator.errors import ReferenceError
from validator.reference.official.document import Document
from validator.reference.official.kind import CODE, Asked, Kind, Parsed, check_rows, code_of
from validator.reference.official.sheets import Sheet, plain

_TITLE = re.compile(r"(20\d\d) National Physician Fee Schedule Relative Value File", re.IGNORECASE)
_MONTHS = {"JANUARY": 1, "APRIL": 4, "JULY": 7, "OCTOBER": 10}
# A column's name stands on two lines of the header.
_COLUMNS = {"status": "STATUSCODE", "global_days": "GLOBDAYS", "bilateral": "BILATSURG"}


def read(document: Document, _: Asked) -> Parsed | None:
    """One row for each code and modifier; the rows without a modifier are kept, with status, global days and
    bilateral indicator. The title names year and release; a release holds to the end of its year or until the
    next one that is loaded.
    """
    for sheet in document.sheets:
        header = _header(sheet)
        if header is not None:
            return _parse(sheet, *header, document)
    if any(_TITLE.search(" ".join(sheet.lines[:12])) for sheet in document.sheets):
        raise ReferenceError(
            "this is the relative value file as fixed-width text, which is not read",
            fix="Add the .csv or the .xlsx that lies beside it in the same archive.",
        )
    return None


def _header(sheet: Sheet) -> tuple[int, dict[str, int]] | None:
    for number, cells in enumerate(sheet.head[1:], start=1):
        names = [plain(cell) for cell in cells]
        if names[:2] != ["HCPCS", "MOD"]:
            continue
        above = [plain(cell) for cell in sheet.head[number - 1]]
        whole = [above[place] + name if place < len(above) else name for place, name in enumerate(names)]
        if all(name in whole for name in _COLUMNS.values()):
            places = {field: whole.index(name) for field, name in _COLUMNS.items()}
            return number, {"code": 0, "modifier": 1, **places}
    return None


def _parse(sheet: Sheet, row: int, columns: dict[str, int], document: Document) -> Parsed:
    cells = sheet.below(row)
    table = cells.select("row", *(pl.col(f"c{place}").alias(name) for name, place in columns.items()))
    check_rows(
        table,
        [
            (code_of("code").str.contains(CODE), "has no code"),
            (
                pl.col("modifier").is_null() | pl.col("modifier").str.contains(r"^[0-9A-Z]{2}$"),
                "has no modifier of two characters",
            ),
            (pl.col("status").str.contains(r"^[A-Z]$"), "has no status code"),
            (pl.col("global_days").str.contains(r"^(\d{1,3}|MMM|XXX|YYY|ZZZ)$"), "has no global period"),
            (pl.col("bilateral").str.contains(r"^[01239]$"), "has no bilateral indicator"),
        ],
    )
    begins = _begins(sheet)
    rows = table.filter(pl.col("modifier").is_null()).select(
        code=code_of("code"),
        status="status",
        bilateral="bilateral",
        global_days=pl.col("global_days").str.zfill(3),
        valid_from=pl.lit(begins),
        valid_to=pl.lit(date(begins.year, 12, 31)),
    )
    if rows["code"].is_duplicated().any():
        raise ReferenceError("a code has two rows without a modifier", fix="Download the file again.")
    return Parsed("mpfs", {"keyed": rows.sort("code")}, (begins, date(begins.year, 12, 31)))


def _begins(sheet: Sheet) -> date:
    """The first day of the release, from the lines above the header."""
    above = " ".join(cell for cells in sheet.head[:12] for cell in cells)
    title = _TITLE.search(above)
    if title is None:
        raise ReferenceError(
            "the title that says the year of these relative values is missing",
            fix="Add the file as it is published, with the lines above its header.",
        )
    said = above[title.end() : title.end() + 40].upper()
    # A title without a release is that of the first file of the year.
    month = next((number for name, number in _MONTHS.items() if name in said), 1)
    return date(int(title[1]), month, 1)


KIND = Kind("mpfs", "Medicare physician fee schedule relative values", ("mpfs",), read)
