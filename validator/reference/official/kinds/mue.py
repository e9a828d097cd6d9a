"""NCCI medically unlikely edits: the most units of a code, for one setting and one quarter."""

import polars as pl

from validator.errors import ReferenceError
from validator.reference.official.document import Document
from validator.reference.official.kind import (
    CODE,
    Asked,
    Kind,
    Parsed,
    Quarter,
    asked_quarter,
    check_rows,
    code_of,
)
from validator.reference.official.sheets import Sheet, find_header, plain

_FIELDS = {
    "code": ("HCPCSCPTCODE", "HCPCSCPT", "HCPCSCODE"),
    "adjudication": ("MUEADJUDICATIONINDICATOR", "MAI"),
    "value": (
        "PRACTITIONERSERVICESMUEVALUE",
        "OUTPATIENTHOSPITALSERVICESMUEVALUE",
        "OUTPATIENTSERVICESMUEVALUE",
        "DMESUPPLIERSERVICESMUEVALUE",
        "DMESUPPLIERMUEVALUE",
    ),
}
# The header of the value says the setting.
_SETTINGS = {"PRACTITIONER": "practitioner", "OUTPATIENT": "hospital", "DME": "dme"}


def read(document: Document, asked: Asked) -> Parsed | None:
    """Columns: code, value, adjudication indicator (`2 Date of Service Edit: Policy`), rationale (not kept).
    Only the name of the file says the quarter.
    """
    found = next((header for sheet in document.sheets if (header := find_header(sheet, _FIELDS))), None)
    if found is None:
        return None
    name = plain(found.sheet.head[found.row][found.columns["value"]])
    setting = next(setting for word, setting in _SETTINGS.items() if name.startswith(word))
    table = found.table
    check_rows(
        table,
        [
            (code_of("code").str.contains(CODE), "has no code"),
            (pl.col("value").str.contains(r"^\d{1,6}$"), "has no number of units"),
            (pl.col("adjudication").str.contains(r"^[123]\b"), "has no adjudication indicator 1, 2 or 3"),
        ],
    )
    quarter = asked_quarter(asked) or Quarter.said(document.names) or _in_words(found.sheet)
    if quarter is None:
        raise ReferenceError(
            "neither the file nor its name says the quarter that these values are for",
            fix="Say it: --quarter 2026Q3",
        )
    rows = table.select(
        code=code_of("code"),
        value=pl.col("value").cast(pl.Int32),
        adjudication=pl.col("adjudication").str.head(1),
        valid_from=pl.lit(quarter.first),
        valid_to=pl.lit(quarter.last),
    ).unique()
    if rows["code"].is_duplicated().any():
        raise ReferenceError("a code has two different values", fix="Download the file again.")
    return Parsed("mue", {"keyed": rows.sort("code")}, (quarter.first, quarter.last), setting=setting)


def _in_words(sheet: Sheet) -> Quarter | None:
    """The quarter that a line above the header names."""
    return next((said for cells in sheet.head[:10] for cell in cells if (said := Quarter.said(cell))), None)


KIND = Kind("mue", "NCCI medically unlikely edits", ("mue",), read)
