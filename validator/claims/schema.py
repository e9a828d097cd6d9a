"""The canonical tables: the one place where a column is declared, with its type, its blank and its meaning.

Rule names, the docs page and the checks of the readers are generated from here. A blank in a column
means one of two things, and each column says which: `none` (there is no such thing: an office visit has
no discharge date) or `not recorded` (there is one, we were not told). A column that a feed does not
carry at all is *not recorded* for every row of that feed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

Blank = Literal["none", "not recorded", "never"]

MONEY = pl.Decimal(12, 2)
UNITS = pl.Decimal(14, 4)
TEXT_LIST = pl.List(pl.String)

CLAIM_TYPES = ("professional", "institutional", "dental", "pharmacy", "unknown")
SETTINGS = ("office", "inpatient", "outpatient", "unknown")
FEEDS = ("submission", "adjudicated")
ROLES = ("principal", "secondary", "admitting", "reason_for_visit", "external_cause")
CODING_DATE_SOURCES = ("discharge", "through", "line", "from", "received")
CODE_SYSTEMS = ("icd10cm", "icd9cm", "other")
# The words of the reference for the side of a code, so that a line and a code can be held side by side.
SIDES = ("right", "left", "bilateral", "unspecified")

# The line that carries the total of a claim's other lines.
TOTAL_REVENUE_CODE = "0001"


@dataclass(frozen=True)
class Column:
    """One canonical column.

    `rule_name` is the name rules use (`claim.type`), None where rules may not read it. `derived` columns
    are computed from the others, once, before any rule runs; no feed delivers them.
    """

    name: str
    type: pl.DataType | type[pl.DataType]
    doc: str
    blank: Blank = "not recorded"
    rule_name: str | None = None
    derived: bool = False


# The row key within one partition: the position of the claim in its claims table. Joins use it because
# it is four bytes; `claim_key` is the lasting name of the same thing.
CLAIM_NO = Column("claim_no", pl.UInt32, "row number of the claim within its partition", "never")


def _named(
    table: str, columns: tuple[Column, ...], other_names: Mapping[str, str | None] = {}
) -> tuple[Column, ...]:
    """Give each column its rule name: `<table>.<column>`, unless `other_names` says otherwise."""
    return tuple(
        Column(c.name, c.type, c.doc, c.blank, other_names.get(c.name, f"{table}.{c.name}"), c.derived)
        for c in columns
    )


CLAIMS = (
    CLAIM_NO,
    *_named(
        "claim",
        (
            Column(
                "claim_key",
                pl.String,
                "file sha256 (first 16 characters) and claim id: unique per delivered claim",
                "never",
            ),
            Column("claim_id", pl.String, "claim number as the source says it", "never"),
            Column("claim_type", pl.Enum(CLAIM_TYPES), "which form the claim came on", "never"),
            Column(
                "setting",
                pl.Enum(SETTINGS),
                "office: every professional claim; inpatient: bill types 11x 18x 21x 28x 41x; outpatient: other institutional",
                "never",
                derived=True,
            ),
            Column(
                "feed",
                pl.Enum(FEEDS),
                "what a provider submits, or what a payer keeps after adjudication; said by the layout",
                "never",
            ),
            Column(
                "type_of_bill", pl.String, "three characters without the leading zero (UB-04 FL 4)", "none"
            ),
            Column(
                "frequency_code",
                pl.String,
                "third character of the type of bill, or CMS-1500 item 22 code",
                "none",
            ),
            Column("original_claim_id", pl.String, "the claim that this one replaces or voids", "none"),
            Column(
                "payer_control_number", pl.String, "the payer's own number of the claim (ICN, DCN)", "none"
            ),
            Column("patient_id", pl.String, "member or patient number"),
            Column("birth_date", pl.Date, "date of birth of the patient"),
            Column("sex", pl.String, "M, F or U as delivered"),
            Column("death_date", pl.Date, "date of death, if the feed knows one", "none"),
            Column("from_date", pl.Date, "first day of service (statement from)"),
            Column("through_date", pl.Date, "last day of service (statement through)"),
            Column("admission_date", pl.Date, "day of admission", "none"),
            Column("discharge_date", pl.Date, "day of discharge", "none"),
            Column("discharge_hour", pl.String, "hour of discharge, two digits", "none"),
            Column(
                "discharge_status", pl.String, "patient discharge status, two digits (UB-04 FL 17)", "none"
            ),
            Column("admission_type", pl.String, "priority of admission or visit (UB-04 FL 14)", "none"),
            Column("condition_codes", TEXT_LIST, "UB-04 condition codes", "none"),
            Column("received_date", pl.Date, "day the payer received the claim"),
            Column("payer_id", pl.String, "payer"),
            Column("plan_id", pl.String, "plan of the payer"),
            Column("billing_npi", pl.String, "NPI of the billing provider"),
            Column("billing_tin", pl.String, "tax number of the billing provider"),
            Column("billing_taxonomy", pl.String, "taxonomy of the billing provider"),
            Column("facility_npi", pl.String, "NPI of the service facility", "none"),
            Column("attending_npi", pl.String, "NPI of the attending provider", "none"),
            Column("biller_id", pl.String, "who keyed or scrubbed the claim, if the feed says", "none"),
            Column("prior_authorization", pl.String, "prior authorization number", "none"),
            Column("drg", pl.String, "diagnosis related group as billed", "none"),
            Column("denied", pl.Boolean, "the payer denied the claim"),
            Column("total_charge", MONEY, "what was charged for the whole claim, US dollars"),
            Column("allowed_amount", MONEY, "what the payer allowed for the whole claim"),
            Column("paid_amount", MONEY, "what the payer paid for the whole claim"),
            Column("source_file", pl.String, "path of the file below the argument given", "never"),
            Column(
                "source_control",
                pl.String,
                "where the claim stood in an exchange file: X12 control numbers (ISA13/GS06/ST02) and number of"
                " its CLM segment; id and number of a FHIR resource",
                "none",
            ),
            Column(
                "source_row",
                pl.UInt32,
                "first row of the claim in its file; the header is row 1 in text files",
                "never",
            ),
            Column(
                "age",
                pl.Int16,
                "age of the patient in whole years on the day of admission (inpatient) or else the first day of service",
                derived=True,
            ),
            Column(
                "days",
                pl.Int32,
                "days of the stay: discharge (else through) less admission (else from), at least 1",
                derived=True,
            ),
            Column(
                "days_to_receipt",
                pl.Int32,
                "days from the last day of service (through, else from) to the day of receipt",
                derived=True,
            ),
            Column("diagnosis_count", pl.Int16, "how many diagnoses the main list holds", derived=True),
            Column(
                "diagnosis_gap",
                pl.UInt8,
                "first empty slot of the main list that has a filled one after it",
                "none",
                derived=True,
            ),
            Column(
                "diagnosis_list",
                pl.String,
                "the codes of the main list in their order, separated by blanks",
                "none",
                derived=True,
            ),
            Column(
                "lines_total",
                MONEY,
                "sum of the line charges, revenue code 0001 not added; blank where a charge is unknown or there are no lines",
                derived=True,
            ),
            Column(
                "npis_sent",
                pl.Int16,
                "how many NPI fields of the claim and its lines are filled",
                derived=True,
            ),
            Column(
                "npis_malformed",
                TEXT_LIST,
                "which of them cannot be NPIs: field names, `rendering on line 2`",
                derived=True,
            ),
        ),
        {
            "claim_id": "claim.id",
            "claim_key": None,
            "claim_type": "claim.type",
            "patient_id": "patient.id",
            "birth_date": "patient.birth_date",
            "sex": "patient.sex",
            "death_date": "patient.death_date",
            "age": "patient.age",
            "payer_control_number": None,
            "source_file": None,
            "source_control": None,
            "source_row": None,
        },
    ),
)

DIAGNOSES = (
    CLAIM_NO,
    *_named(
        "diagnosis",
        (
            Column(
                "role",
                pl.Enum(ROLES),
                "slot 1 of the main list is principal (first-listed outside inpatient), the others secondary",
                "never",
            ),
            Column(
                "position",
                pl.UInt8,
                "the slot as delivered; blank slots keep their number, each role's list counts from 1",
                "never",
            ),
            Column("code_as_sent", pl.String, "the code exactly as delivered", "never"),
            Column(
                "code",
                pl.String,
                "upper case, stripped, without the point where the point stands in its place",
                "never",
            ),
            Column("declared_code_system", pl.Enum(CODE_SYSTEMS), "what the feed says the code is"),
            Column("present_on_admission", pl.String, "present on admission indicator as delivered", "none"),
            Column("coding_date", pl.Date, "the day whose code set judges this code"),
            Column("coding_date_source", pl.Enum(CODING_DATE_SOURCES), "which date that is"),
            Column("source_row", pl.UInt32, "row of the file", "never"),
            Column(
                "code_system",
                pl.Enum(CODE_SYSTEMS),
                "what the evidence says the code is: declared system, membership, date",
                derived=True,
            ),
        ),
        {"source_row": None},
    ),
)

PROCEDURES = (
    CLAIM_NO,
    *_named(
        "procedure",
        (
            Column("position", pl.UInt8, "slot as delivered", "never"),
            Column("code", pl.String, "ICD-10-PCS code", "never"),
            Column("date", pl.Date, "day of the procedure"),
        ),
    ),
)

LINES = (
    CLAIM_NO,
    *_named(
        "line",
        (
            Column("line_number", pl.UInt16, "number of the service line", "never"),
            Column("from_date", pl.Date, "first day of the service"),
            Column("through_date", pl.Date, "last day of the service"),
            Column("procedure_code", pl.String, "HCPCS or CPT code", "none"),
            Column("modifiers", TEXT_LIST, "modifiers in order", "none"),
            Column("units", UNITS, "service units"),
            Column("units_fractional", pl.Boolean, "the units are not a whole number", derived=True),
            Column("charge", MONEY, "charge of the line, US dollars"),
            Column("allowed_amount", MONEY, "what the payer allowed"),
            Column("paid_amount", MONEY, "what the payer paid"),
            Column("place_of_service", pl.String, "CMS place of service, two digits", "none"),
            Column("revenue_code", pl.String, "revenue code, four digits", "none"),
            Column("rendering_npi", pl.String, "NPI of the rendering provider", "none"),
            Column("rendering_taxonomy", pl.String, "taxonomy of the rendering provider", "none"),
            Column(
                "diagnosis_pointers",
                pl.List(pl.UInt8),
                "positions of the main diagnosis list, in order",
                "none",
            ),
            Column("ndc", pl.String, "national drug code", "none"),
            Column("source_row", pl.UInt32, "row of the file", "never"),
            Column("pointer_count", pl.Int16, "how many diagnosis pointers the line carries", derived=True),
            Column("pointers_repeated", pl.Boolean, "a pointer is given twice", derived=True),
            Column(
                "pointers_to_nothing", pl.Int16, "pointers to a slot that holds no diagnosis", derived=True
            ),
            Column(
                "first_pointer", pl.UInt8, "the first diagnosis pointer of the line", "none", derived=True
            ),
            Column(
                "side",
                pl.Enum(SIDES),
                "right or left, as a modifier says (RT, LT, E1-E4, FA-F9, TA-T9); blank where none does or both sides are named",
                "none",
                derived=True,
            ),
            Column(
                "days",
                pl.Int32,
                "days of the line, the first and the last counted; blank where they are the wrong way round",
                derived=True,
            ),
            Column(
                "spans_code_years",
                pl.Boolean,
                "a 1 October, on which new codes begin, lies after the first day of the line and not after its last",
                derived=True,
            ),
            Column(
                "spans_calendar_years",
                pl.Boolean,
                "a 1 January lies after the first day of the line and not after its last",
                derived=True,
            ),
        ),
        {"line_number": "line.number", "source_row": None},
    ),
)

TABLES: Mapping[str, tuple[Column, ...]] = {
    "claims": CLAIMS,
    "diagnoses": DIAGNOSES,
    "procedures": PROCEDURES,
    "lines": LINES,
}

# What `there_is:` and `check_each:` call a table -> the canonical table it stands for.
RULE_TABLES: Mapping[str, str] = {
    "claim": "claims",
    "patient": "claims",
    "diagnosis": "diagnoses",
    "procedure": "procedures",
    "line": "lines",
}


def role_column(role: str) -> str:
    """What `carried` calls a role of diagnoses that a feed can deliver: `diagnoses.role=admitting`."""
    return f"diagnoses.role={role}"


ROLE_COLUMNS = frozenset(role_column(role) for role in ROLES)

# Claims of tonight that others replaced or voided, and the voids themselves: they are not judged.
SUPERSEDED: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "claim_id": pl.String,
    "claim_key": pl.String,
    "billing_npi": pl.String,
    "frequency_code": pl.String,
    "total_charge": MONEY,
    "by": pl.String,  # number of the claim that speaks in its place; blank for a void that names none
    "why": pl.String,  # replaced | voided | is a void
    "source_file": pl.String,
    "source_row": pl.UInt32,
}

REJECTED_ROWS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "source_file": pl.String,
    "row": pl.UInt32,
    "column": pl.String,
    "reason": pl.String,
}


def polars_schema(table: str) -> dict[str, pl.DataType | type[pl.DataType]]:
    """Column name -> Polars type of one canonical table."""
    return {column.name: column.type for column in TABLES[table]}


def rule_columns() -> dict[str, tuple[str, Column]]:
    """Rule name -> (canonical table, column), for every column that a rule may read."""
    return {c.rule_name: (table, c) for table, columns in TABLES.items() for c in columns if c.rule_name}


@dataclass(frozen=True)
class ClaimTables:
    """The canonical tables of one partition: whole patients, joined by `claim_no`.

    `carried` says, per source file, which columns (`claims.discharge_date`) the feed carries; what is
    not carried is *not recorded*, whatever the column's own blank means. Which roles of diagnoses a feed can
    deliver stands there too, as `role_column` names them.
    """

    claims: pl.DataFrame
    diagnoses: pl.DataFrame
    procedures: pl.DataFrame
    lines: pl.DataFrame
    carried: Mapping[str, frozenset[str]] = field(default_factory=dict)
    earlier: frozenset[str] = frozenset()

    def __iter__(self) -> Iterator[tuple[str, pl.DataFrame]]:
        return iter((name, getattr(self, name)) for name in TABLES)


def no_claims() -> ClaimTables:
    """The tables of a batch without a claim."""
    claims, diagnoses, procedures, lines = (pl.DataFrame(schema=polars_schema(table)) for table in TABLES)
    return ClaimTables(claims, diagnoses, procedures, lines)
