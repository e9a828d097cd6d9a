"""Official files that are recognised and not taken in, each with the true reason."""

import re

from validator.reference.official.document import Document
from validator.reference.official.sheets import Sheet, find_header

_SHIPPED = "what is shipped covers ICD-10-CM to 2027-03-31, and a new release comes with a new version"
_ORDER = re.compile(r"\d{5} [A-Z][0-9A-Z]{2,6} {1,5}[01] ")
_PCS_ORDER = re.compile(r"\d{5} [0-9A-Z]{3,7} {1,5}[01] ")
_CODES = re.compile(r"[A-Z][0-9A-Z]{2,6} +\S")


def why_not(document: Document) -> str | None:
    """The reason for a file that is known and not used; None for one that nobody knows."""
    for sheet in document.sheets:
        lines = [line for line in sheet.lines if line.strip()]
        text = " ".join(lines[:40])
        if "<ICD10CM.tabular>" in text:
            return f"this is the ICD-10-CM tabular list; {_SHIPPED}"
        if _most(lines, _ORDER):
            return f"this is an ICD-10-CM order file; {_SHIPPED}"
        if _most(lines, _PCS_ORDER):
            return (
                "this is an ICD-10-PCS order file; the procedure codes that are shipped are built in already"
            )
        if _is_conversion(sheet):
            return f"this is the ICD-10-CM conversion table; {_SHIPPED}"
        if _is_other_ncci(sheet):
            return "these are NCCI edits as Medicaid has them, without the column of edits before 1996"
        if _is_hcc(sheet):
            return "this is a mapping of diagnoses to HCCs; those of payment years 2025 and 2026 are shipped"
        if _most(lines, _CODES):
            return f"this is a list of ICD-10-CM codes; {_SHIPPED}"
    return None


def _most(lines: list[str], shape: re.Pattern[str]) -> bool:
    return len(lines) >= 3 and sum(bool(shape.match(line)) for line in lines) > 0.8 * len(lines)


def _is_conversion(sheet: Sheet) -> bool:
    fields = {"code": ("CURRENTCODE",), "since": ("EFFECTIVE",), "previous": ("PREVIOUSCODE",)}
    return find_header(sheet, fields) is not None


def _is_other_ncci(sheet: Sheet) -> bool:
    fields = {"left": ("COLUMN1",), "right": ("COLUMN2",), "from": ("EFFECTIVE",), "indicator": ("MODIFIER",)}
    return find_header(sheet, fields) is not None


def _is_hcc(sheet: Sheet) -> bool:
    fields = {"code": ("DIAGNOSISCODE", "DIAGNOSISCODES"), "hcc": ("CMSHCC", "RXHCC", "2025MIDYEAR", "HCC")}
    return find_header(sheet, fields) is not None
