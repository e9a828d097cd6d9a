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
SIDES = ("right", "left", "bilateral", "unspecified")
ENCOUNTERS = ("initial", "subsequent", "sequela")
TRIMESTERS = ("first", "second", "third", "unspecified")
INTENTS = ("accidental", "self_harm", "assault", "undetermined", "adverse_effect", "underdosing")
CODE_FIRST = ("required", "examples", "permissive", "without_codes")


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
    Fact("cc", pl.Boolean, "complication or comorbidity (CC) of the MS-DRG version in force"),
    Fact("mcc", pl.Boolean, "major complication or comorbidity (MCC) of the MS-DRG version in force"),
    Fact("ends_next_release", pl.Boolean, "billable now and no longer in the next loaded release"),
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
    Fact("ever_billable", pl.Boolean, "billable on some day of the loaded releases", always=True),
    Fact("icd9", pl.Boolean, "stands in the last ICD-9-CM code master as code or header", always=True),
)

# Facts of the code alone that only a code with a meaning has: blank unless it is in force, and unknown for
# codes that began after the loaded tabular list (`in_tabular` tells).
LIST_FACTS = (
    Fact("side", pl.Enum(SIDES), "the side that the code names, or that it leaves open"),
    Fact(
        "side_family",
        pl.UInt32,
        "number of the family of codes that differ in the side only; blank where there is no such family",
    ),
    Fact("family_has_sides", pl.Boolean, "the family has codes for the right and for the left side"),
    Fact("family_has_bilateral", pl.Boolean, "the family has a code for both sides"),
    Fact("encounter", pl.Enum(ENCOUNTERS), "what the 7th character says about the encounter"),
    Fact("stem", pl.String, "the code without the 7th character that says the encounter"),
    Fact("trimester", pl.Enum(TRIMESTERS), "the trimester that an obstetric code names"),
    Fact("gestation_trimester", pl.Enum(TRIMESTERS[:3]), "the trimester of the weeks that a Z3A code names"),
    Fact("intent", pl.Enum(INTENTS), "how the drug or substance of a T36-T65 code came to do harm"),
    Fact(
        "code_first",
        pl.Enum(CODE_FIRST),
        "what the code first note at or above the code asks: codes it names, examples only, codes only if "
        "applicable or known, or nothing that names a code",
    ),
    Fact("says_unspecified", pl.Boolean, "unspecified although the list has more specific codes beside it"),
    Fact("hcc_v24", pl.String, "payment HCC of model V24 (payment year 2025); of two the lower"),
    Fact("hcc_v28", pl.String, "payment HCC of model V28 (payment year 2026); of two the lower"),
    Fact(
        "hcc_chronic", pl.Boolean, "its V28 payment HCC is one of the chronic ones; blank where it has none"
    ),
)
IN_TABULAR = Fact(
    "in_tabular", pl.Boolean, "the loaded tabular list has the code, so its notes are known", always=True
)

# Facts of the date alone: `icd10.date_reach`. Title is looked up for findings, by code and date.
RULE_FACTS: Mapping[str, Fact] = {
    **{f"icd10.{fact.name}": fact for fact in ICD10_FACTS},
    "icd10.well_formed": CODE_FACTS[0],
    "icd10.ever_listed": CODE_FACTS[1],
    **{f"icd10.{fact.name}": fact for fact in LIST_FACTS},
    "icd10.in_tabular": IN_TABULAR,
    "icd10.ever_billable": CODE_FACTS[2],
    "icd9.exists": CODE_FACTS[3],
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

    `codes`: one row per distinct code, in the order asked for: `code`, CODE_FACTS, LIST_FACTS (of the code as the
    list has it, on any date; blank where it has not) and IN_TABULAR.
    `by_period`: codes x periods rows, code-major: row `code_no * len(periods) + period.number` holds
    ICD10_FACTS of that code in that period.
    """

    codes: pl.DataFrame
    by_period: pl.DataFrame


@dataclass(frozen=True)
class KeyedTable:
    """Facts that a table holds under a code and a span of days: `mpfs.bilateral` of `line.procedure_code`.

    `row` is the rule table whose rows have such facts, `key` the column they are looked up by. `file` names
    the official file that a user adds, blank where the project ships the table.
    """

    row: str
    key: str
    doc: str
    facts: tuple[Fact, ...]
    file: str = ""


PCS_STATUSES = ("in_force", "expired", "not_yet", "unknown")

KEYED_TABLES: Mapping[str, KeyedTable] = {
    "icd10pcs": KeyedTable(
        "procedure",
        "procedure.code",
        "ICD-10-PCS codes with the procedure edits of the Medicare Code Editor",
        (
            Fact("status", pl.Enum(PCS_STATUSES), "in_force, expired, not_yet or unknown", always=True),
            Fact("vaginal_delivery", pl.Boolean, "a vaginal delivery"),
            Fact("cesarean", pl.Boolean, "a cesarean delivery"),
            Fact("noncovered", pl.Boolean, "not covered by Medicare (MCE edit 11)"),
            Fact("limited_coverage", pl.Boolean, "covered by Medicare within limits only (MCE edit 17)"),
        ),
    ),
    "mpfs": KeyedTable(
        "line",
        "line.procedure_code",
        "Medicare physician fee schedule, relative value file",
        (
            Fact("status", pl.String, "status indicator"),
            Fact("bilateral", pl.String, "bilateral surgery indicator"),
            Fact("global_days", pl.String, "global period: 000, 010, 090, MMM, XXX, YYY, ZZZ"),
        ),
        file="the Medicare physician fee schedule relative value file (PPRRVU)",
    ),
    "mue": KeyedTable(
        "line",
        "line.procedure_code",
        "NCCI medically unlikely edits of the claim's setting",
        (
            Fact("value", pl.Int32, "most units"),
            Fact("adjudication", pl.String, "1: each line; 2 and 3: the day"),
        ),
        file="the NCCI medically unlikely edits table (practitioner, outpatient hospital or DME)",
    ),
    "visit_time": KeyedTable(
        "line",
        "line.procedure_code",
        "typical minutes of timed procedure codes, as the user supplies them",
        (Fact("minutes", pl.Int32, "typical minutes of one unit"),),
        file="a list of timed procedure codes (columns code, minutes)",
    ),
}


@dataclass(frozen=True)
class PairTable:
    """Which pairs of codes a table lists. `left` and `right` say what its two columns hold."""

    left: str  # "diagnosis" or "procedure" (HCPCS or CPT)
    right: str
    doc: str
    file: str = ""  # the official file that a user adds, blank where the project ships the table


PAIR_TABLES: Mapping[str, PairTable] = {
    "icd10_excludes1": PairTable(
        "diagnosis", "diagnosis", "kept apart by an Excludes1 note at or above one of them; both ways round"
    ),
    "icd10_excludes1_broad": PairTable(
        "diagnosis",
        "diagnosis",
        "the same, where one side is a symptom or an external cause, or the note names a broad range",
    ),
    "icd10_excludes2": PairTable(
        "diagnosis", "diagnosis", "named by an Excludes2 note, so allowed together; both ways round"
    ),
    "icd10_code_first": PairTable(
        "diagnosis", "diagnosis", "a code and one that its code first note wants before it"
    ),
    "icd10_code_first_permissive": PairTable(
        "diagnosis", "diagnosis", "the same for notes that say if applicable or if known"
    ),
    "icd10_without_with": PairTable(
        "diagnosis", "diagnosis", "a code without a complication, and one with it below the same parent"
    ),
    "use_additional_required": PairTable(
        "diagnosis", "diagnosis", "a combination code and the code that its note always asks for besides"
    ),
    "history_of_active": PairTable(
        "diagnosis", "diagnosis", "an active disease and the history code that takes its place; both ways"
    ),
    "symptom_of_disease": PairTable(
        "diagnosis", "diagnosis", "a symptom and a disease that it routinely belongs to"
    ),
    "digit_neighbours": PairTable(
        "diagnosis", "diagnosis", "a code that pays under V28, and one of another category a slip away"
    ),
    "permanent_status": PairTable(
        "diagnosis", "diagnosis", "a permanent status and a code that contradicts it later"
    ),
    "ncci_ptp_never": PairTable(
        "procedure",
        "procedure",
        "NCCI column 1 and column 2 code; no modifier allows both",
        file="the NCCI procedure-to-procedure edits (practitioner or hospital)",
    ),
    "ncci_ptp_unless_modifier": PairTable(
        "procedure",
        "procedure",
        "NCCI column 1 and column 2 code; a modifier may allow both",
        file="the NCCI procedure-to-procedure edits (practitioner or hospital)",
    ),
    "add_on_primary": PairTable(
        "procedure",
        "procedure",
        "an add-on code and a primary code it may be reported with",
        file="the NCCI add-on code edits",
    ),
    "coverage": PairTable(
        "procedure",
        "diagnosis",
        "a procedure and a diagnosis that supports it under a coverage article",
        file="the billing and coding articles of your contractor (Medicare Coverage Database)",
    ),
}

# Value sets that a user's file makes, each with the file that makes it.
OFFICIAL_SETS: Mapping[str, str] = {
    "poa_exempt": "the list of codes exempt from present on admission reporting, of the claim's year",
    "hcpcs_level_2": "the HCPCS quarterly file (alphanumeric)",
    "hcpcs_modifiers": "the HCPCS quarterly file (alphanumeric)",
    "cpt": "a list of CPT codes that you are licensed to use (columns code, valid_from, valid_to)",
    "add_on_type_1": "the NCCI add-on code edits",
    "add_on_type_2_3": "the NCCI add-on code edits",
    "coverage_procedures": "the billing and coding articles of your contractor (Medicare Coverage Database)",
    "nppes_individual": "the NPPES monthly file",
    "nppes_organization": "the NPPES monthly file",
    "leie_npis": "the OIG List of Excluded Individuals/Entities (LEIE)",
    "ra_eligible_procedures": "the CMS list of CPT/HCPCS codes eligible for risk adjustment",
    "cancer_treatment_procedures": "the procedure codes of the OIG toolkit that count as cancer treatment",
    "anticoagulant_ndcs": "a list of the drug codes (NDC, as your claims write them) of anticoagulants",
    "antidepressant_ndcs": "a list of the drug codes (NDC, as your claims write them) of antidepressants",
    "neurogenic_claudication_ndcs": "a list of the drug codes (NDC, as your claims write them) of drugs "
    "for neurogenic claudication",
}


# Spans of days, first and last included; a last day of None leaves the end open.
Spans = tuple[tuple[date, date | None], ...]


@dataclass(frozen=True)
class ValueSet:
    """One dated list of codes. `members`: code, valid_from, valid_to (blank: that end is open).

    `covers` are the spans of days that the list speaks about; None means always. `note` says, for its users,
    what the list stands in for.
    """

    members: pl.DataFrame
    covers: Spans | None = None
    source: str = ""
    note: str = ""


@dataclass(frozen=True)
class Pairs:
    """One pair table over classes of codes. `left` and `right`: code, class; a code may have several.

    `listed`: left, right (classes), valid_from, valid_to (blank: open), setting (`practitioner`,
    `hospital`, blank: any), note (number of the note that says so, blank: none). `notes`: number, text.
    `covers` as in ValueSet, for any setting. Where `settings` is not None, it says so for each setting, and
    the table is silent about a setting that it does not name (covers_in decides). `source` and `note` as in
    ValueSet.
    """

    left: pl.DataFrame
    right: pl.DataFrame
    listed: pl.DataFrame
    notes: pl.DataFrame
    covers: Spans | None = None
    settings: Mapping[str, Spans] | None = None
    source: str = ""
    note: str = ""

    def covers_in(self, setting: str) -> Spans | None:
        """The days that the table speaks about for one setting; None means always, () never."""
        return self.covers if self.settings is None else self.settings.get(setting, ())


@dataclass(frozen=True)
class Keyed:
    """One keyed table. `rows`: code, setting (blank: any), valid_from, valid_to, then the table's facts.

    `covers` and `settings` as in Pairs.
    """

    rows: pl.DataFrame
    covers: Spans | None = None
    settings: Mapping[str, Spans] | None = None

    def covers_in(self, setting: str) -> Spans | None:
        """The days that the table speaks about for one setting; None means always, () never."""
        return self.covers if self.settings is None else self.settings.get(setting, ())
