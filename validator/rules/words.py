"""How a coder says the names and values of rules: nouns for columns, sentences for yes-or-no columns."""

from datetime import date
from decimal import Decimal

from validator.reference.schema import KEYED_TABLES
from validator.rules.model import Field, Scalar
from validator.rules.names import NAMES, Name
from validator.rules.problems import listed
from validator.rules.values import written_form

# Nouns that the column's own words do not make, without article; everything else is made by `_noun`.
_NOUNS = {
    "batch.date": "date of the batch",
    "claim.id": "claim number",
    "claim.type": "claim type",
    "claim.from_date": "first day of the claim",
    "claim.through_date": "last day of the claim",
    "claim.days": "number of days of the stay",
    "claim.npis_sent": "number of NPIs on the claim",
    "claim.npis_malformed": "malformed NPIs",
    "claim.feed": "kind of feed",
    "patient.id": "patient number",
    "diagnosis.code": "diagnosis code",
    "diagnosis.code_as_sent": "diagnosis code as it was sent",
    "diagnosis.code_system": "code system of the code",
    "diagnosis.declared_code_system": "code system that the feed declares for the diagnosis",
    "icd10.date_reach": "coding date",
    "icd10.sex": "sex that the code is reserved to",
    "icd10.age_group": "age group that the code belongs to",
    "icd10.age_from": "lowest age for the code",
    "icd10.age_to": "highest age for the code",
    "icd10.seventh_character": "7th character",
    "icd10.side": "side that the code names",
    "icd10.side_family": "family of codes that differ in the side only",
    "icd10.encounter": "encounter that the 7th character names",
    "icd10.stem": "code without its 7th character",
    "icd10.trimester": "trimester that the code names",
    "icd10.gestation_trimester": "trimester of the weeks that the code names",
    "icd10.intent": "intent that the code names",
    "icd10.code_first": "code first note of the code",
    "icd10.hcc_v24": "payment HCC (V24) of the code",
    "icd10.hcc_v28": "payment HCC (V28) of the code",
    "icd10pcs.status": "status of the procedure code",
    "mpfs.status": "fee schedule status of the procedure code",
    "mpfs.bilateral": "bilateral surgery indicator of the procedure code",
    "mpfs.global_days": "global period of the procedure code",
    "mue.value": "medically unlikely edit of the procedure code",
    "mue.adjudication": "adjudication indicator of the medically unlikely edit",
    "visit_time.minutes": "typical minutes of the procedure code",
    "line.number": "line number",
    "line.units": "number of units",
    "line.from_date": "first day of the line",
    "line.through_date": "last day of the line",
    "line.pointer_count": "number of diagnosis pointers",
    "line.pointers_to_nothing": "number of pointers to a slot without diagnosis",
    "procedure.code": "procedure code",
    "procedure.date": "day of the procedure",
}

# What a yes-or-no column says when it is true, and when it is false.
_SAYINGS = {
    "claim.denied": ("the payer denied the claim", "the payer did not deny the claim"),
    "line.pointers_repeated": (
        "the line gives a diagnosis pointer twice",
        "no diagnosis pointer is given twice",
    ),
    "line.units_fractional": ("the units are not a whole number", "the units are a whole number"),
    "icd10.manifestation": ("the code is a manifestation code", "the code is not a manifestation code"),
    "icd10.external_cause": ("the code is an external cause code", "the code is not an external cause code"),
    "icd10.unacceptable_principal": (
        "the code is not acceptable as principal diagnosis",
        "the code is acceptable as principal diagnosis",
    ),
    "icd10.requires_secondary": (
        "the code is a principal diagnosis only beside a secondary one",
        "the code needs no secondary diagnosis beside it",
    ),
    "icd10.questionable_admission": (
        "the code is a questionable reason for an admission",
        "the code is not a questionable reason for an admission",
    ),
    "icd10.unspecified": (
        "the code is on the list of unspecified codes",
        "the code is not on the list of unspecified codes",
    ),
    "icd10.wrong_procedure": (
        "the code says that a wrong procedure was performed",
        "the code does not say that a wrong procedure was performed",
    ),
    "icd10.well_formed": (
        "the code has the form of an ICD-10-CM code",
        "the code does not have the form of an ICD-10-CM code",
    ),
    "icd10.ever_listed": (
        "the code stands in a release of ICD-10-CM",
        "the code stands in no release of ICD-10-CM",
    ),
    "icd10.ever_billable": (
        "the code was billable on some day of the loaded releases",
        "the code was never billable",
    ),
    "icd10.placeholder_missing": (
        "the code would be valid with the placeholder X in its place",
        "the placeholder X would not make the code valid",
    ),
    "icd10.cc": ("the code is a CC", "the code is no CC"),
    "icd10.mcc": ("the code is an MCC", "the code is no MCC"),
    "icd10.ends_next_release": (
        "the code is not in the next loaded release",
        "the code goes on in the next loaded release",
    ),
    "icd10.family_has_sides": (
        "the code has siblings for the right and for the left side",
        "the code has no siblings for the right and for the left side",
    ),
    "icd10.family_has_bilateral": (
        "the code has a sibling for both sides",
        "the code has no sibling for both sides",
    ),
    "icd10.says_unspecified": (
        "the code is unspecified although more specific codes stand beside it",
        "the code is specific, or no more specific code stands beside it",
    ),
    "icd10.hcc_chronic": (
        "the code belongs to a chronic payment HCC",
        "the code belongs to no chronic payment HCC",
    ),
    "icd10.in_tabular": (
        "the code stands in the loaded tabular list",
        "the code does not stand in the loaded tabular list",
    ),
    "icd10pcs.vaginal_delivery": (
        "the procedure is a vaginal delivery",
        "the procedure is no vaginal delivery",
    ),
    "icd10pcs.cesarean": ("the procedure is a cesarean delivery", "the procedure is no cesarean delivery"),
    "icd10pcs.noncovered": (
        "the procedure is not covered by Medicare",
        "the procedure is not on the list of procedures that Medicare does not cover",
    ),
    "icd10pcs.limited_coverage": (
        "the procedure is covered by Medicare within limits only",
        "the procedure is not on the list of procedures that Medicare covers within limits",
    ),
    "icd9.exists": ("the code stands in ICD-9-CM", "the code does not stand in ICD-9-CM"),
}

# Words of the data that read badly as they are.
_VALUES = {
    "diagnosis.role": {"reason_for_visit": "reason for visit", "external_cause": "external cause"},
    "diagnosis.code_system": {"icd10cm": "ICD-10-CM", "icd9cm": "ICD-9-CM"},
    "diagnosis.declared_code_system": {"icd10cm": "ICD-10-CM", "icd9cm": "ICD-9-CM"},
    "icd10.status": {
        "in_force": "in force",
        "not_yet": "not yet in force",
        "header": "header (billable codes stand below it)",
        "incomplete": "incomplete (its 7th character is missing)",
    },
    "icd10.seventh_character": {"not_permitted": "not permitted", "none": "not part of the code"},
    "icd10.date_reach": {
        "before_first_release": "before the first loaded release",
        "covered": "covered by the loaded releases",
        "after_last_release": "after the last loaded release",
    },
}
_OF = {"icd10": "code", "icd9": "code", **dict.fromkeys(KEYED_TABLES, "procedure code")}
_CAPITALS = {"npi": "NPI", "npis": "NPIs", "tin": "tax number", "drg": "DRG", "ndc": "NDC"}


def noun(field: Field) -> str:
    """The column of the judged row with article: "the first day of the claim"."""
    return f"the {_NOUNS.get(field.name) or _of_table(NAMES[field.name])}"


def short_noun(field: Field, table: str) -> str:
    """The column of the other row after "whose": "role", "claim type"."""
    name = NAMES[field.name]
    if name.table in (table, *_OF):
        made = _NOUNS.get(field.name, "").removesuffix(f" of the {table}")
        return made if made and " of the " not in made else _words(name.column)
    return _NOUNS.get(field.name) or f"{name.table} {_words(name.column)}"


def _of_table(name: Name) -> str:
    return f"{_words(name.column)} of the {_OF.get(name.table, name.table)}"


def _words(column: str) -> str:
    return " ".join(_CAPITALS.get(word, word) for word in column.split("_"))


def things(field: Field) -> str:
    """A list column without article: "modifiers"."""
    name = NAMES[field.name]
    return _NOUNS.get(field.name) or _words(name.column)


def saying(field: Field, truth: bool) -> str:
    """A yes-or-no column as a sentence about this row."""
    pair = _SAYINGS.get(field.name)
    if pair:
        return pair[0] if truth else pair[1]
    return f"{noun(field)} is {'true' if truth else 'false'}"


def value_in_words(field: Field, value: Scalar) -> str:
    """A value as a reader writes it: codes with their point, words without underscore."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | Decimal):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    otherwise = value.replace("_", " ") if NAMES[field.name].words else written_form(field.name, value)
    return _VALUES.get(field.name, {}).get(value, otherwise)


def values_in_words(field: Field, value: Scalar | tuple[Scalar, ...], last: str = "or") -> str:
    values = value if isinstance(value, tuple) else (value,)
    return listed((value_in_words(field, each) for each in values), last)
