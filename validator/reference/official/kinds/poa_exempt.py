"""Codes exempt from present-on-admission reporting: the whole list of one fiscal year."""

import re
from datetime import date

import polars as pl

from validator.errors import ReferenceError
from validator.reference.official.document import Document
from validator.reference.official.kind import SET_ROWS, Asked, Kind, Parsed, check_rows
from validator.reference.official.sheets import Header, find_header

_FIELDS = {"order": ("ORDER",), "code": ("POAEXEMPTCODE",)}
# Every published list has more than 35,000 codes; the lists of additions beside it have some hundred.
_FEWEST = 20_000


def read(document: Document, _: Asked) -> Parsed | None:
    """Columns: order number of the year (`Order26`), code with its point, title (not kept)."""
    headers = [found for sheet in document.sheets if (found := find_header(sheet, _FIELDS))]
    if not headers:
        if any(find_header(sheet, {"code": _FIELDS["code"]}) for sheet in document.sheets):
            raise ReferenceError(
                "these are only the codes that left or joined the exempt list",
                fix="Add the whole list of the year, POAexemptCodesFY...",
            )
        return None
    found = max(headers, key=lambda header: header.table.height)
    table = found.table
    code = pl.col("code").str.to_uppercase().str.replace(".", "", literal=True)
    check_rows(
        table,
        [
            (pl.col("order").str.contains(r"^\d{1,6}$"), "has no order number"),
            (code.str.contains(r"^[A-Z][0-9A-Z]{2,6}$"), "has no diagnosis code"),
        ],
    )
    if table.height < _FEWEST:
        raise ReferenceError(
            f"the list has {table.height:,} codes and a whole list more than {_FEWEST:,}: it is cut off or "
            "holds only the additions of a year",
            fix="Add the whole list of the year, POAexemptCodesFY...",
        )
    year = _fiscal_year(found, document.names)
    first, last = date(year - 1, 10, 1), date(year, 9, 30)
    rows = table.select(
        name=pl.lit("poa_exempt"), code=code, valid_from=pl.lit(first), valid_to=pl.lit(last)
    ).select(pl.col(column).cast(kind) for column, kind in SET_ROWS.items())
    return Parsed("poa_exempt", {"sets": rows.unique().sort("code")}, (first, last))


def _fiscal_year(header: Header, names: str) -> int:
    """The year that the header's order column names, else the file's name."""
    cell = header.sheet.head[header.row][header.columns["order"]]
    found = re.search(r"(\d\d)$", cell.strip()) or re.search(r"FY(?:20)?(\d\d)(?!\d)", names, re.IGNORECASE)
    if found is None:
        raise ReferenceError(
            "neither the file nor its name says the fiscal year of the exempt list",
            fix="Add the file with the name it is published under (POAexemptCodesFY26...).",
        )
    return 2000 + int(found[1])


KIND = Kind("poa_exempt", "codes exempt from present on admission reporting", ("poa_exempt",), read)
