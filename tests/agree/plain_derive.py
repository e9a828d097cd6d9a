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


def days_to_receipt(claim: Row) -> int | None:
    """Days from the last day of service to the day of receipt."""
    served = claim["through_date"] or claim["from_date"]
    if claim["received_date"] is None or served is None:
        return None
    return (claim["received_date"] - served).days


def main_list(diagnoses: Sequence[Row]) -> dict[str, object]:
    """How many diagnoses the main list holds, its first gap, its codes; a slot of its own goes first."""
    main = [row for row in diagnoses if row["role"] in ("principal", "secondary")]
    main.sort(key=lambda row: (row["position"], row["role"]))
    filled = {row["position"] for row in main}
    gaps = [slot for slot in range(1, max(filled, default=0)) if slot not in filled]
    return {
        "diagnosis_count": len(main),
        "diagnosis_gap": gaps[0] if gaps else None,
        "diagnosis_list": " ".join(str(row["code"]) for row in main) or None,
    }


def lines_total(lines: Sequence[Row]) -> object:
    """What the lines charge together, without the line that is itself a total."""
    charges = [line["charge"] for line in lines if line["revenue_code"] != "0001"]
    return sum(charges) if charges and None not in charges else None


def side(line: Row) -> str | None:
    """The side that the modifiers name, if they name one only; 50 says both."""
    sides = set()
    for modifier in line["modifiers"] or []:
        text = str(modifier)
        if text == "50":
            sides |= {"right", "left"}
        elif text in ("RT", "LT"):
            sides.add("right" if text == "RT" else "left")
        elif re.fullmatch(r"E[1-4]", text):
            sides.add("left" if text in ("E1", "E2") else "right")
        elif re.fullmatch(r"[FT][A1-9]", text):
            sides.add("left" if text[1] in "A1234" else "right")
    return sides.pop() if len(sides) == 1 else None


def line_days(line: Row) -> dict[str, object]:
    """How many days the line has, and whether a year of codes or of the calendar ends within it."""
    first, last = line["from_date"], line["through_date"]
    if first is None or last is None:
        return dict.fromkeys(("days", "spans_code_years", "spans_calendar_years"))
    turns = [date(year, month, 1) for year in range(first.year, last.year + 1) for month in (1, 10)]
    within = {turn.month for turn in turns if first < turn <= last}
    return {
        "days": (last - first).days + 1 if last >= first else None,
        "spans_code_years": 10 in within,
        "spans_calendar_years": 1 in within,
    }


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
        "first_pointer": pointers[0] if pointers else None,
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
