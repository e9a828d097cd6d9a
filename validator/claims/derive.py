"""Compute, once, the columns that no feed delivers: setting, coding date, age, days, list and line checks.

Nothing is derived inside a rule, so what a rule reads is what every report and every rerun can show.
Everything here is a pure function of the canonical tables of one partition.
"""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from validator.claims.coding_date import INPATIENT_BILLS, with_coding_date
from validator.claims.line_facts import with_line_facts, with_lines_total
from validator.claims.main_list import by_claim, with_main_list
from validator.claims.npis import with_npis
from validator.claims.schema import SETTINGS, ClaimTables, polars_schema, role_column

_SETTING = pl.Enum(SETTINGS)
_MAIN_LIST = (("diagnoses.code",), (role_column("principal"), role_column("secondary")))
_LINE_DAYS = (("lines.from_date",), ("lines.through_date",))

# Which canonical columns must be carried (any one column of each group) for a derived one to be known.
INPUTS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "claims.setting": (),
    "claims.age": (("claims.birth_date",), ("claims.from_date", "claims.admission_date", "lines.from_date")),
    "claims.days": (
        ("claims.discharge_date", "claims.through_date"),
        ("claims.admission_date", "claims.from_date"),
    ),
    "claims.days_to_receipt": (("claims.received_date",), ("claims.through_date", "claims.from_date")),
    "claims.diagnosis_count": _MAIN_LIST,
    "claims.diagnosis_gap": _MAIN_LIST,
    "claims.diagnosis_list": _MAIN_LIST,
    "claims.lines_total": (("lines.charge",),),
    "claims.npis_sent": (
        ("claims.billing_npi", "claims.facility_npi", "claims.attending_npi", "lines.rendering_npi"),
    ),
    "claims.npis_malformed": (
        ("claims.billing_npi", "claims.facility_npi", "claims.attending_npi", "lines.rendering_npi"),
    ),
    "diagnoses.code_system": (),
    "lines.units_fractional": (("lines.units",),),
    "lines.pointer_count": (("lines.diagnosis_pointers",),),
    "lines.pointers_repeated": (("lines.diagnosis_pointers",),),
    "lines.pointers_to_nothing": (("lines.diagnosis_pointers",),),
    "lines.first_pointer": (("lines.diagnosis_pointers",),),
    "lines.side": (("lines.modifiers",),),
    "lines.days": _LINE_DAYS,
    "lines.spans_code_years": _LINE_DAYS,
    "lines.spans_calendar_years": _LINE_DAYS,
}
_DATES = (
    "claims.discharge_date",
    "claims.through_date",
    "claims.from_date",
    "claims.received_date",
    "lines.from_date",
)


def derive(tables: ClaimTables) -> ClaimTables:
    """Fill every derived column but `diagnoses.code_system` (it needs the reference), and the coding date.

    `claim_no` must be the row number of the claim in `claims`. A coding date that is already there stays:
    that is how a reader says that a layout allows the received date.
    """
    line_days = _line_days(tables)
    claims = _with_setting(tables.claims)
    claims = _with_age_and_days(claims, line_days)
    claims = with_npis(claims, tables.lines)
    claims = with_main_list(claims, tables.diagnoses)
    claims = with_lines_total(claims, tables.lines)
    diagnoses = with_coding_date(tables.diagnoses, claims, tables.lines, line_days)
    lines = with_line_facts(tables.lines, tables.diagnoses, tables.claims.height)
    if "code_system" not in diagnoses.columns:
        blank = pl.lit(None, polars_schema("diagnoses")["code_system"])
        diagnoses = diagnoses.with_columns(blank.alias("code_system"))
    return replace(
        tables,
        claims=_in_order("claims", claims),
        diagnoses=_in_order("diagnoses", diagnoses),
        lines=_in_order("lines", lines),
        carried={file: columns | derived_columns(columns) for file, columns in tables.carried.items()},
    )


def derived_columns(carried: frozenset[str]) -> frozenset[str]:
    """The derived columns (`claims.age`) that are known in a feed carrying these canonical columns."""
    known = {name for name, groups in INPUTS.items() if all(carried.intersection(group) for group in groups)}
    if carried.intersection(_DATES):
        known |= {"diagnoses.coding_date", "diagnoses.coding_date_source"}
    return frozenset(known)


def _in_order(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Canonical column order, so that two partitions can be put under one another."""
    return frame.select(name for name in polars_schema(table) if name in frame.columns)


def _line_days(tables: ClaimTables) -> pl.DataFrame:
    """The earliest from date of each claim's lines, one row per claim, in the order of the claims."""
    earliest = by_claim(tables.lines).agg(pl.col("from_date").min().alias("first_line_day"))
    return tables.claims.select("claim_no").join(earliest, on="claim_no", how="left", maintain_order="left")


def _with_setting(claims: pl.DataFrame) -> pl.DataFrame:
    """An institutional claim without a type of bill may be either kind of stay, so its setting is unknown."""
    bill = pl.col("type_of_bill").str.slice(0, 2)
    institutional = pl.col("claim_type") == "institutional"
    setting = (
        pl.when(pl.col("claim_type") == "professional")
        .then(pl.lit("office"))
        .when(institutional & bill.is_in(INPATIENT_BILLS))
        .then(pl.lit("inpatient"))
        .when(institutional & bill.is_not_null())
        .then(pl.lit("outpatient"))
        .otherwise(pl.lit("unknown"))
    )
    return claims.with_columns(setting.cast(_SETTING).alias("setting"))


def _month_and_day(day: pl.Expr) -> pl.Expr:
    """February 29th as 229: who was born that day has the birthday on March 1st in a common year."""
    return day.dt.month().cast(pl.Int32) * 100 + day.dt.day()


def _with_age_and_days(claims: pl.DataFrame, line_days: pl.DataFrame) -> pl.DataFrame:
    """Age, length of stay and days to receipt; blank where the dates contradict each other."""
    first_day = pl.coalesce("from_date", line_days["first_line_day"])
    inpatient_day = pl.coalesce(pl.col("admission_date"), first_day)
    day = pl.when(pl.col("setting") == "inpatient").then(inpatient_day).otherwise(first_day)
    birth = pl.col("birth_date")
    before_birthday = _month_and_day(day) < _month_and_day(birth)
    years = day.dt.year() - birth.dt.year() - before_birthday.cast(pl.Int32)
    last, first = pl.coalesce("discharge_date", "through_date"), pl.coalesce("admission_date", "from_date")
    stay = (last - first).dt.total_days()
    waited = (pl.col("received_date") - pl.coalesce("through_date", "from_date")).dt.total_days()
    return claims.with_columns(
        pl.when(years.is_between(0, 999)).then(years).cast(pl.Int16).alias("age"),
        pl.when(stay >= 0).then(stay.clip(lower_bound=1)).cast(pl.Int32).alias("days"),
        waited.cast(pl.Int32).alias("days_to_receipt"),
    )
