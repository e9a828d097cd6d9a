"""The fields that a layout can map: one delivered row, as wide as a claim line with its header repeated.

The names are those of the native layout. A field knows how its cells are read (`kind`), whether it belongs
to the claim or to the line, and which canonical columns a feed carries once it has the field.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from validator.claims.schema import CLAIM_TYPES, CODE_SYSTEMS, role_column

Kind = Literal[
    "text",
    "code",  # upper case
    "digits2",  # two digits, padded with zeros: a spreadsheet turns 01 into 1
    "digits3",
    "digits4",
    "procedure",  # five characters: 00140 comes back from a spreadsheet as 140
    "hour",
    "bill",  # type of bill, three characters
    "sex",
    "yes_no",
    "claim_type",
    "system",  # which code set a diagnosis is from
    "diagnosis",  # kept as sent; read in canonical.py
    "diagnosis_list",  # one cell with one diagnosis or several
    "poa",
    "date",
    "money",
    "units",
    "number",
    "list",
    "pointers",
]
Level = Literal["claim", "line"]

MAIN_SLOTS, VISIT_SLOTS, CAUSE_SLOTS, PROCEDURE_SLOTS, MODIFIERS, POINTERS = 25, 3, 12, 25, 5, 12


@dataclass(frozen=True)
class FieldOfRow:
    """One field: its name, how its cells are read, what it belongs to, what carrying it makes known."""

    name: str
    kind: Kind
    level: Level
    carries: tuple[str, ...] = ()


_CLAIM: Mapping[str, Kind] = {
    "claim_id": "text",
    "source_control": "text",
    "claim_type": "claim_type",
    "type_of_bill": "bill",
    "frequency_code": "code",
    "original_claim_id": "text",
    "payer_control_number": "text",
    "patient_id": "text",
    "birth_date": "date",
    "sex": "sex",
    "death_date": "date",
    "from_date": "date",
    "through_date": "date",
    "admission_date": "date",
    "discharge_date": "date",
    "discharge_hour": "hour",
    "discharge_status": "digits2",
    "admission_type": "code",
    "condition_codes": "list",
    "received_date": "date",
    "payer_id": "text",
    "plan_id": "text",
    "billing_npi": "text",
    "billing_tin": "text",
    "billing_taxonomy": "code",
    "facility_npi": "text",
    "attending_npi": "text",
    "biller_id": "text",
    "prior_authorization": "text",
    "drg": "digits3",
    "denied": "yes_no",
    "total_charge": "money",
    "allowed_amount": "money",
    "paid_amount": "money",
}

_LINE: Mapping[str, tuple[Kind, str]] = {
    "line_number": ("number", "line_number"),
    "line_from_date": ("date", "from_date"),
    "line_through_date": ("date", "through_date"),
    "procedure_code": ("procedure", "procedure_code"),
    "modifiers": ("list", "modifiers"),
    **{f"modifier_{n}": ("code", "modifiers") for n in range(1, MODIFIERS + 1)},
    "units": ("units", "units"),
    "line_charge": ("money", "charge"),
    "line_allowed_amount": ("money", "allowed_amount"),
    "line_paid_amount": ("money", "paid_amount"),
    "place_of_service": ("digits2", "place_of_service"),
    "revenue_code": ("digits4", "revenue_code"),
    "rendering_npi": ("text", "rendering_npi"),
    "rendering_taxonomy": ("code", "rendering_taxonomy"),
    "diagnosis_pointers": ("pointers", "diagnosis_pointers"),
    **{f"pointer_{n}": ("pointers", "diagnosis_pointers") for n in range(1, POINTERS + 1)},
    "line_diagnosis": ("diagnosis", "diagnosis_pointers"),
    "ndc": ("text", "ndc"),
}


def _slots(name: str, count: int) -> list[str]:
    return [f"{name}_{n}" for n in range(1, count + 1)]


def _all() -> Iterator[FieldOfRow]:
    extra = {"type_of_bill": ("claims.frequency_code",)}
    for name, kind in _CLAIM.items():
        yield FieldOfRow(name, kind, "claim", (f"claims.{name}", *extra.get(name, ())))
    system, poa = ("diagnoses.declared_code_system",), ("diagnoses.present_on_admission",)
    diagnoses = [
        *_slots("diagnosis", MAIN_SLOTS),
        "principal_diagnosis",
        "admitting_diagnosis",
        *_slots("reason_for_visit", VISIT_SLOTS),
        *_slots("external_cause", CAUSE_SLOTS),
        "first_external_cause",
    ]
    for name in diagnoses:
        yield FieldOfRow(name, "diagnosis", "claim", roles_of(name))
        yield FieldOfRow(system_of(name), "system", "claim", system)
    yield FieldOfRow("diagnoses", "diagnosis_list", "claim", roles_of("diagnoses"))
    yield FieldOfRow("code_system", "system", "claim", system)
    for name in (*_slots("poa", MAIN_SLOTS), *_slots("external_cause_poa", CAUSE_SLOTS)):
        yield FieldOfRow(name, "poa", "claim", poa)
    for name in _slots("procedure", PROCEDURE_SLOTS):
        yield FieldOfRow(name, "code", "claim", ("procedures.code",))
    for name in _slots("procedure_date", PROCEDURE_SLOTS):
        yield FieldOfRow(name, "date", "claim", ("procedures.date",))
    for name, (kind, column) in _LINE.items():
        yield FieldOfRow(name, kind, "line", (f"lines.{column}",))


def roles_of(field: str) -> tuple[str, ...]:
    """The roles in which a feed with this field can deliver diagnoses, as `carried` names them.

    Where the principal diagnosis has a column of its own, the first slot of the list may be another one.
    """
    stem, _, number = field.rpartition("_")
    if field in ("diagnoses", "principal_diagnosis"):
        roles = ["principal", "secondary"]
    elif stem == "diagnosis":
        roles = ["principal" if number == "1" else "secondary"]
    elif field == "first_external_cause":
        roles = ["external_cause"]
    else:
        roles = ["admitting" if field == "admitting_diagnosis" else stem]
    return tuple(role_column(role) for role in roles)


def system_of(diagnosis: str) -> str:
    """Name of the field that says which code set a diagnosis is from: diagnosis_3 -> diagnosis_system_3."""
    stem, _, number = diagnosis.rpartition("_")
    return f"{stem}_system_{number}" if number.isdigit() else f"{diagnosis}_system"


def poa_of(diagnosis: str) -> str:
    """Name of the field with the present-on-admission indicator of a numbered diagnosis field."""
    stem, _, number = diagnosis.rpartition("_")
    return f"poa_{number}" if stem == "diagnosis" else f"{stem}_poa_{number}"


FIELDS: Mapping[str, FieldOfRow] = {field.name: field for field in _all()}
MAIN_LIST = tuple(_slots("diagnosis", MAIN_SLOTS))
VISIT_LIST = tuple(_slots("reason_for_visit", VISIT_SLOTS))
CAUSE_LIST = tuple(_slots("external_cause", CAUSE_SLOTS))
PROCEDURE_LIST = tuple(_slots("procedure", PROCEDURE_SLOTS))

# Cells that mean "blank" in every layout, by kind; `*` holds for all kinds. A layout may add its own.
BLANKS: Mapping[str, tuple[str, ...]] = {
    "*": ("", "~", "[]", "NULL", "null", "Null", r"\N", "None", "N/A", "n/a", "NaN"),
    "date": (
        *("0", "00000000", "0000-00-00", "00/00/0000"),
        *("99991231", "9999-12-31", "12/31/9999", "31-Dec-9999"),
    ),
    "diagnosis": ("0", "000", "0000", "00000", "000000", "0000000"),
    "poa": ("0",),
    "system": ("^",),
}

# What a cell says -> the canonical word, for the kinds that are a choice; compared in lower case.
WORDS: Mapping[str, Mapping[str, str]] = {
    "claim_type": {
        **{word: word for word in CLAIM_TYPES},
        **dict.fromkeys(("p", "prof", "837p", "cms-1500", "cms1500", "hcfa", "hcfa-1500"), "professional"),
        **dict.fromkeys(("i", "inst", "837i", "ub-04", "ub04", "facility"), "institutional"),
        **dict.fromkeys(("d", "837d"), "dental"),
        **dict.fromkeys(("rx", "ncpdp"), "pharmacy"),
    },
    "system": {
        **{word: word for word in CODE_SYSTEMS},
        **dict.fromkeys(("icd-10-cm", "icd-10", "icd10", "10"), "icd10cm"),
        **dict.fromkeys(("icd-9-cm", "icd-9", "icd9", "9"), "icd9cm"),
    },
    "sex": {"m": "M", "male": "M", "f": "F", "female": "F", "u": "U", "unknown": "U"},
    "yes_no": {
        **dict.fromkeys(("y", "yes", "true", "t", "1"), "yes"),
        **dict.fromkeys(("n", "no", "false", "f", "0"), "no"),
    },
}
