"""Claims made of canaries: every identifier, date and amount is a text that nothing else in the world holds.

Whatever of them is seen outside the places made for it has leaked.
"""

import csv
import io
from dataclasses import dataclass

# Each stands for one kind of value; the numbers make the values of one claim differ from the next.
SERVICE_DAY = "2019-08-23"
THROUGH_DAY = "2019-08-27"
BIRTH_DAY = "1931-07-19"
DEATH_DAY = "2019-09-29"
CLAIM_ID = "KANARIKLM"
TEXTS = {
    "patient_id": "KANARIPAT",
    "payer_id": "KANARIPYR",
    "plan_id": "KANARIPLN",
    "original_claim_id": "KANARIORG",
    "billing_tin": "KANARITIN",
    "biller_id": "KANARIBLR",
    "prior_authorization": "KANARIAUT",
    "drg": "KANARIDRG",
    "ndc": "KANARINDC",
}
NPIS = {"billing_npi": "1903174407", "facility_npi": "1903174415", "rendering_npi": "1903174423"}
AMOUNTS = {"total_charge": "90417.73", "line_charge": "80317.29", "paid_amount": "70217.57"}
# Charges are added up and the sums are printed, so only an amount that no sum holds can prove a leak.
NEVER_SUMMED = AMOUNTS["paid_amount"]
# A code that is in force, a header, and two that are none: the codes of a claim are the patient's, too.
CODES = ("M532", "Q878", "QX9KAN", "KANARIDX")

COLUMNS = (
    *("claim_id", "claim_type", "sex", "birth_date", "death_date", "from_date", "through_date"),
    *TEXTS,
    *NPIS,
    *AMOUNTS,
    *(
        "diagnosis_1",
        "diagnosis_2",
        "diagnosis_3",
        "line_number",
        "line_from_date",
        "procedure_code",
        "units",
    ),
    *("place_of_service", "diagnosis_pointers"),
)


@dataclass(frozen=True)
class Canaries:
    """Everything that must not be seen, and what may be seen where findings are reported."""

    secrets: tuple[str, ...]
    claim_ids: tuple[str, ...]


def canary_rows(how_many: int = 6) -> list[dict[str, str]]:
    """One line per claim, some of them wrong enough that findings name them."""
    rows = []
    for number in range(how_many):
        row = {name: f"{text}{number}" for name, text in TEXTS.items()} | NPIS | AMOUNTS
        row |= {
            "claim_id": f"{CLAIM_ID}{number}",
            "claim_type": "professional",
            "sex": "F",
            "birth_date": BIRTH_DAY,
            "death_date": DEATH_DAY,
            "from_date": SERVICE_DAY,
            "through_date": THROUGH_DAY,
            "diagnosis_1": CODES[number % len(CODES)],
            "diagnosis_2": "KANARIDX",
            "diagnosis_3": "I10",
            "line_number": "1",
            "line_from_date": SERVICE_DAY,
            "procedure_code": "99213",
            "units": "1",
            "place_of_service": "11",
            "diagnosis_pointers": "1:2",
        }
        rows.append(row)
    return rows


def as_csv(rows: list[dict[str, str]], *, header: bool = True) -> str:
    """The rows as a file of the native layout."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def spellings(day: str) -> tuple[str, ...]:
    """The ways in which a program might print a day."""
    year, month, date = day.split("-")
    return (
        day,
        f"{year}{month}{date}",
        f"{month}/{date}/{year}",
        f"{month}-{date}-{year}",
        f"{date}.{month}.{year}",
    )


def seen_in(text: str, *, claim_ids_too: bool = True) -> list[str]:
    """Which canaries a text holds; letter case does not hide one."""
    canaries = ["KANARI", "QX9KAN", "QX9.KAN", *NPIS.values(), NEVER_SUMMED, NEVER_SUMMED.replace(".", "")]
    for day in (SERVICE_DAY, THROUGH_DAY, BIRTH_DAY, DEATH_DAY):
        canaries += spellings(day)
    lowered = text.lower()
    if not claim_ids_too:
        lowered = lowered.replace(CLAIM_ID.lower(), "")
    return [canary for canary in canaries if canary.lower() in lowered]
