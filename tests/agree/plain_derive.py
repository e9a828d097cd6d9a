"""Derived columns, worked out again one claim at a time from the words of the schema and the design.

Claims, diagnoses and lines are plain dicts with the canonical column names. Nothing of the package's own
derivation is used, so that the two can be compared.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date

Row = Mapping[str, object]

INPATIENT_BILLS = ("11", "18", "21", "28", "41")
BILLS_CODED_AT_DISCHARGE = ("11", "18", "21", "28", "32", "41")
ICD10_STARTS = date(2015, 10, 1)


def setting(claim: Row) -> str:
    """Where the service was given, told from the form and the type of bill."""
    if claim["claim_type"] == "professional":
        return "office"
    if claim["claim_type"] == "institutional":
        bill = claim["type_of_bill"]
        if bill is None:
            return "unknown"
        return "inpatient" if str(bill)[:2] in INPATIENT_BILLS else "outpatient"
    return "unknown"


def coding_date(claim: Row, lines: Sequence[Row], role: str, position: int) -> tuple[date | None, str | None]:
    """The day whose code set judges the diagnosis in that slot, and where that day comes from.

    A claim without a from date takes the earliest day of its lines.
    """
    if claim["claim_type"] == "institutional":
        bill = claim["type_of_bill"]
        if bill is not None and str(bill)[:2] in BILLS_CODED_AT_DISCHARGE:
            return _first_filled(claim, lines, ("discharge", "through"))
        if bill is None:
            return _first_filled(claim, lines, ("discharge", "from", "line"))
        return _first_filled(claim, lines, ("from", "line"))
    if role in ("principal", "secondary"):
        pointing = [line for line in lines if position in (line["diagnosis_pointers"] or [])]
        if first_line_day(pointing) is not None:
            return first_line_day(pointing), "line"
    return _first_filled(claim, lines, ("from", "line"))


def first_line_day(lines: Sequence[Row]) -> date | None:
    """The earliest from date among the lines, if any of them has one."""
    return min((line["from_date"] for line in lines if line["from_date"] is not None), default=None)


def _first_filled(claim: Row, lines: Sequence[Row], sources: Sequence[str]) -> tuple[date | None, str | None]:
    for source in sources:
        day = first_line_day(lines) if source == "line" else claim[f"{source}_date"]
        if day is not None:
            return day, source
    return None, None


def age(claim: Row, lines: Sequence[Row]) -> int | None:
    """Whole years on the day of admission (inpatient) or the first day of service; never negative."""
    day = claim["from_date"] or first_line_day(lines)
    if setting(claim) == "inpatient" and claim["admission_date"] is not None:
        day = claim["admission_date"]
    born = claim["birth_date"]
    if day is None or born is None:
        return None
    years = day.year - born.year
    if (day.month, day.day) < (born.month, born.day):
        years -= 1
    return years if years >= 0 else None


def days(claim: Row) -> int | None:
    """Days of the stay, at least one; blank where the stay would end before it starts."""
    ends = claim["discharge_date"] or claim["through_date"]
    starts = claim["admission_date"] or claim["from_date"]
    if ends is None or starts is None or ends < starts:
        return None
    return max(1, (ends - starts).days)


def is_npi(text: str) -> bool:
    """Ten digits from 1 or 2 on, with a right check digit once 80840 stands before them (45 CFR 162.406)."""
    if len(text) != 10 or any(c not in "0123456789" for c in text) or text[0] not in "12":
        return False
    total = 0
    for place, digit in enumerate(reversed("80840" + text)):
        number = int(digit)
        if place % 2 == 1:
            number *= 2
        total += number if number < 10 else number - 9
    return total % 10 == 0


def npis(claim: Row, lines: Sequence[Row]) -> list[tuple[str, str]]:
    """Every NPI field that is filled: where it stands and what it holds."""
    found = [(name, claim[f"{name}_npi"]) for name in ("billing", "facility", "attending")]
    found += [(f"rendering on line {line['line_number']}", line["rendering_npi"]) for line in lines]
    return [(name, str(npi)) for name, npi in found if npi is not None]


def pointer_facts(line: Row, filled_slots: set[int]) -> dict[str, object]:
    """How the line points at the main diagnosis list; blank pointers are no pointers."""
    pointers = list(line["diagnosis_pointers"] or [])
    return {
        "pointer_count": len(pointers),
        "pointers_repeated": len(set(pointers)) < len(pointers),
        "pointers_to_nothing": sum(1 for pointer in pointers if pointer not in filled_slots),
    }


def units_fractional(line: Row) -> bool | None:
    """Whether the units are no whole number; nobody knows where they are blank."""
    units = line["units"]
    return None if units is None else units % 1 != 0


def looks_like_icd9(code: str) -> bool:
    """Three digits with up to two more; the V and E codes of ICD-9 look like ICD-10 and prove nothing."""
    return re.fullmatch(r"[0-9]{3,5}", code) is not None


def code_system(
    diagnosis: Row, *, listed10: bool, listed9: bool, well_formed: bool, on: date | None
) -> str | None:
    """The code system that the evidence supports: membership, then the declaration, then date and shape.

    A code of ICD-9 that was sent with its point after the fourth character (E888.1) can be nothing else.
    """
    code, declared = str(diagnosis["code"]), diagnosis["declared_code_system"]
    if listed9 and re.fullmatch(r"[Ee][0-9]{3}\.[0-9]", str(diagnosis["code_as_sent"]).strip()):
        return "icd9cm"
    if listed10 and not listed9:
        return "icd10cm"
    if listed9 and not listed10:
        return "icd9cm"
    if listed9 and listed10:
        if declared in ("icd10cm", "icd9cm"):
            return str(declared)
        if on is None:
            return None
        return "icd9cm" if on < ICD10_STARTS else "icd10cm"
    if declared == "icd9cm" or looks_like_icd9(code):
        return "icd9cm"
    return "icd10cm" if well_formed else "other"
