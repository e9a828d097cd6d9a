"""What a spreadsheet does to the cells of claims: recognised, counted, put right where there is one way only.

A spreadsheet takes 0043 for the number 43, 123456789012345678 for 1.23457E+17, and 3-2 for the second of
March. What is put right (zeros that a code must have, `.0` behind a whole number, day numbers in date
columns) is read as it was meant. An identifier that is lost is not used, for two claims may now have the same
one. A code is judged as it was sent. Each kind is said once per file.
"""

from collections.abc import Mapping
from typing import Literal

import polars as pl

from validator.claims.fields import FieldOfRow
from validator.claims.pieces import ROW

Damage = Literal["rounded", "dated", "error", "icd9_zeros", "zeros", "decimals", "day_numbers"]

# Why an identifier cannot be used.
LOST: Mapping[Damage, str] = {
    "rounded": "rounded by a spreadsheet (scientific notation)",
    "dated": "turned into a day by a spreadsheet",
    "error": "an error value of a spreadsheet",
}
NOTES: Mapping[Damage, str] = {
    "rounded": "cells are in scientific notation, rounded by a spreadsheet; codes are judged as sent",
    "dated": "cells were turned into days by a spreadsheet; codes are judged as sent",
    "error": "cells are error values of a spreadsheet; codes are judged as sent",
    "icd9_zeros": "ICD-9 codes lack leading zeros, as after a spreadsheet; they are judged as sent",
    "zeros": "cells lack leading zeros, as after a spreadsheet; the zeros were put back",
    "decimals": "whole numbers end in .0, as after a spreadsheet; it was taken off",
    "day_numbers": "days are day numbers of a spreadsheet; they were read as days",
}
CELLS = {ROW: pl.UInt32, "column": pl.String, "damage": pl.String}

_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_ROUNDED = r"\d(?:[.,]\d+)?[Ee]\+\d{2,3}"
_DATED = rf"\d{{1,2}}-{_MONTH}(?:-\d{{2,4}})?|{_MONTH}-\d{{2}}|\d{{4}}-\d\d-\d\d|\d{{1,2}}/\d{{1,2}}/\d{{4}}"
_ERROR = r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|#+)"
_WHOLE = rf"^(?:{_ROUNDED}|{_DATED}|{_ERROR})$"
_ICD9_ZEROS = r"\d{1,2}\.\d{1,2}"  # 041.6 has three digits before its point
_DECIMALS = r"^(\d+)\.0+$"
_EXCEL_SERIAL = r"^[2-7]\d{4}(?:\.0+)?$"  # 1954-10-03 to 2119
_ANESTHESIA = r"^(?:[1-9]|1\d)\d{2}(?:\.0+)?$"  # 00100-01999
_IDENTIFIERS, _CODES = ("text",), ("code", "procedure", "digits2", "digits3", "digits4", "bill")


def without_decimals(field: FieldOfRow, text: pl.Expr) -> pl.Expr:
    """The cells of a code or an NPI without the `.0` of a number; 47.0 is a procedure of ICD-9."""
    return text.str.replace(_DECIMALS, "$1") if _has_no_decimals(field) else text


def damaged(field: FieldOfRow, texts: pl.Series, values: pl.Series) -> pl.Series | None:
    """What happened to each cell of a column of text, blank where nothing did; None where no cell is damaged.

    `values` are the cells as they are read.
    """
    pattern = _pattern(field)
    if not pattern or texts.dtype != pl.String:
        return None
    if not (texts.unique() if field.kind in _CODES else texts).str.contains(pattern).any():
        return None
    return _which(field, texts, texts.str.contains(pattern) & values.is_not_null())


def usable(field: FieldOfRow, values: pl.Series, happened: pl.Series) -> pl.Series:
    """The values without identifiers that are lost, and without the decimals of those that are not."""
    if field.kind not in _IDENTIFIERS:
        return values
    whole = values.alias("cell").to_frame().select(without_decimals(field, pl.col("cell"))).to_series()
    return whole.scatter(happened.is_in(list(LOST)).fill_null(False).arg_true(), None)


def days_of(text: pl.Expr) -> pl.Expr:
    """The days that day numbers stand for, blank where there is none."""
    days = pl.when(text.str.contains(_EXCEL_SERIAL)).then(text.str.slice(0, 5)).cast(pl.Int64)
    return pl.date(1899, 12, 30) + pl.duration(days=days)


def note(damage: str, columns: Mapping[str, int]) -> str:
    """One sentence for all cells of a file that this happened to: how many, in which columns."""
    stems = sorted({column.rstrip("0123456789").rstrip("_") for column in columns})
    return f"{sum(columns.values()):,} {NOTES[damage]} ({', '.join(stems)})"  # type: ignore[index]


def _has_no_decimals(field: FieldOfRow) -> bool:
    return (field.kind in _CODES and not field.name.startswith("procedure_")) or (
        field.name == "procedure_code" or field.name.endswith("_npi")
    )


def _pattern(field: FieldOfRow) -> str:
    """What any damage to a cell of this field looks like; empty where none is looked for."""
    if field.kind == "date":
        return _EXCEL_SERIAL
    if field.kind == "diagnosis":
        return rf"^\s*(?:{_ROUNDED}|{_DATED}|{_ERROR}|{_ICD9_ZEROS})\s*$"
    if field.kind not in (*_IDENTIFIERS, *_CODES):
        return ""
    patterns = [_WHOLE]
    if _has_no_decimals(field):
        patterns.append(_DECIMALS)
    if field.kind.startswith("digits"):
        patterns.append(rf"^\d{{1,{int(field.kind[-1]) - 1}}}$")
    if field.kind == "procedure":
        patterns.append(_ANESTHESIA)
    return "|".join(patterns)


def _which(field: FieldOfRow, texts: pl.Series, hit: pl.Series) -> pl.Series:
    """The kind of damage of the cells that were hit. A cell without zeros and with decimals counts once."""
    if field.kind == "date":
        return pl.select(pl.when(hit).then(pl.lit("day_numbers"))).to_series()
    cell = pl.col("cell").str.strip_chars()
    kinds: list[tuple[str, Damage]] = [
        (rf"^(?:{_ROUNDED})$", "rounded"),
        (rf"^(?:{_DATED})$", "dated"),
        (rf"^(?:{_ERROR})$", "error"),
    ]
    if field.kind == "diagnosis":
        kinds.append((rf"^(?:{_ICD9_ZEROS})$", "icd9_zeros"))
    kinds.append((_DECIMALS, "decimals"))
    which = pl.coalesce(pl.when(cell.str.contains(pattern)).then(pl.lit(kind)) for pattern, kind in kinds)
    which = pl.when(pl.col("hit")).then(pl.coalesce(which, pl.lit("zeros")))
    return pl.DataFrame({"cell": texts, "hit": hit}).select(which.alias("damage")).to_series()
