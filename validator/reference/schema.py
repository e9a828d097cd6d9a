"""What the reference answers: the words for a code's status and the facts that rules may read.

A fact depends on the code and the period only. A *period* is a stretch of days on which no loaded fact
changes; `covers_from` is 2015-10-01, the day ICD-10-CM became the HIPAA code set (45 CFR 162.1002).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

# Order matters nowhere; the meaning is in docs/reference.md. See Reference.facts for how one is chosen.
STATUSES = ("in_force", "incomplete", "header", "expired", "not_yet", "unknown")
SEVENTH_CHARACTER = ("none", "permitted", "missing", "not_permitted")
AGE_GROUPS = ("newborn", "pediatric", "maternity", "adult")
DATE_REACH = ("before_first_release", "covered", "after_last_release")


@dataclass(frozen=True)
class Fact:
    """One reference fact about a diagnosis code on its coding date.

    `always` facts are known for every code on a covered date; the others are blank unless the code is in
    force, so that a rule about meaning stays silent on a code that has none.
    """

    name: str
    type: pl.DataType | type[pl.DataType]
    doc: str
    always: bool = False


# Facts of (code, period).
ICD10_FACTS = (
    Fact(
        "status", pl.Enum(STATUSES), "in_force, incomplete, header, expired, not_yet or unknown", always=True
    ),
    Fact(
        "seventh_character",
        pl.Enum(SEVENTH_CHARACTER),
        "permitted, missing, not_permitted, or none where the code takes none",
        always=True,
    ),
    Fact(
        "placeholder_missing",
        pl.Boolean,
        "the code is unknown as it stands and in force once X is put where it belongs",
        always=True,
    ),
    Fact("manifestation", pl.Boolean, "manifestation code, not allowed as principal (MCE edit 6)"),
    Fact("external_cause", pl.Boolean, "external cause code, not allowed as principal (MCE edit 2)"),
    Fact("unacceptable_principal", pl.Boolean, "unacceptable principal diagnosis (MCE edit 9)"),
    Fact(
        "requires_secondary", pl.Boolean, "acceptable principal only with a secondary diagnosis (MCE edit 9)"
    ),
    Fact("questionable_admission", pl.Boolean, "questionable admission (MCE edit 8)"),
    Fact("unspecified", pl.Boolean, "unspecified code edit (MCE edit 20, since 2022-04-01)"),
    Fact("wrong_procedure", pl.Boolean, "wrong procedure performed (MCE edit 18)"),
    Fact("sex", pl.Enum(("F", "M")), "reserved to one sex by MCE edit 5 (until 2024-09-30)"),
    Fact("age_group", pl.Enum(AGE_GROUPS), "age group of MCE edit 4"),
    Fact("age_from", pl.Int16, "lowest age in years of that group on the date"),
    Fact("age_to", pl.Int16, "highest age in years of that group on the date"),
)

# Facts of the code alone, whatever the date.
CODE_FACTS = (
    Fact("well_formed", pl.Boolean, "a letter, then 2 to 6 letters or digits", always=True),
    Fact(
        "ever_listed", pl.Boolean, "stands in some release of ICD-10-CM as code, header or stem", always=True
    ),
    Fact("icd9", pl.Boolean, "stands in the last ICD-9-CM code master as code or header", always=True),
)

# Facts of the date alone: `icd10.date_reach`. Title is looked up for findings, by code and date.
RULE_FACTS: Mapping[str, Fact] = {
    **{f"icd10.{fact.name}": fact for fact in ICD10_FACTS},
    "icd10.well_formed": CODE_FACTS[0],
    "icd10.ever_listed": CODE_FACTS[1],
    "icd9.exists": CODE_FACTS[2],
    "icd10.date_reach": Fact(
        "date_reach",
        pl.Enum(DATE_REACH),
        "where the coding date lies against the loaded releases",
        always=True,
    ),
    "icd10.title": Fact("title", pl.String, "official title; for messages only", always=True),
}


@dataclass(frozen=True)
class Period:
    """Days from `valid_from` to `valid_to` (both included) on which no fact changes, within one release."""

    number: int
    release: str
    valid_from: date
    valid_to: date


@dataclass(frozen=True)
class CodeFacts:
    """Facts of a set of distinct codes, ready to be gathered by position.

    `codes`: one row per distinct code, in the order asked for: `code`, then CODE_FACTS.
    `by_period`: codes x periods rows, code-major: row `code_no * len(periods) + period.number` holds
    ICD10_FACTS of that code in that period.
    """

    codes: pl.DataFrame
    by_period: pl.DataFrame
