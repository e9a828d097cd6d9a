"""Compute, once, the columns that no feed delivers: setting, coding date, age, days, NPI and pointer checks.

Nothing is derived inside a rule, so what a rule reads is what every report and every rerun can show.
Everything here is a pure function of the canonical tables of one partition.
"""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from validator.claims.schema import (
    CODING_DATE_SOURCES,
    SETTINGS,
    ClaimTables,
    polars_schema,
)

# First two characters of the type of bill. An inpatient stay is judged on the day of discharge; so are
# home health (32x), whose codes are those of the end of the episode.
INPATIENT_BILLS = ("11", "18", "21", "28", "41")
DISCHARGE_BILLS = (*INPATIENT_BILLS, "32")
MAIN_LIST = ("principal", "secondary")

_SOURCE = pl.Enum(CODING_DATE_SOURCES)
_SETTING = pl.Enum(SETTINGS)

# Which canonical columns must be carried (any one column of each group) for a derived one to be known.
_INPUTS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "claims.setting": (),
    "claims.age": (("claims.birth_date",), ("claims.from_date", "claims.admission_date", "lines.from_date")),
    "claims.days": (
        ("claims.discharge_date", "claims.through_date"),
        ("claims.admission_date", "claims.from_date"),
    ),
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
    claims = _with_npis(claims, tables.lines)
    diagnoses = _with_coding_date(tables.diagnoses, claims, tables.lines, line_days)
    lines = _with_pointer_checks(tables.lines, tables.diagnoses, tables.claims.height)
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
    known = {name for name, groups in _INPUTS.items() if all(carried.intersection(group) for group in groups)}
    if carried.intersection(_DATES):
        known |= {"diagnoses.coding_date", "diagnoses.coding_date_source"}
    return frozenset(known)


def malformed_npis(npis: pl.Series) -> pl.Series:
    """Those of the given texts that cannot be NPIs: not 10 digits starting 1 or 2, or a wrong check digit.

    The check digit is Luhn's over 80840 and the number (45 CFR 162.406); the prefix adds 24 to every sum.
    """
    distinct = npis.drop_nulls().unique()
    digits = [distinct.str.slice(place, 1).cast(pl.Int16, strict=False) for place in range(10)]
    total = pl.Series([24], dtype=pl.Int16).new_from_index(0, distinct.len())
    for place, digit in enumerate(digits):
        doubled = digit * 2
        total = total + (doubled - 9 * (digit > 4).cast(pl.Int16) if place % 2 == 0 else digit)
    well_formed = distinct.str.contains(r"^[12][0-9]{9}$") & (total % 10 == 0).fill_null(False)
    return distinct.filter(~well_formed)


def _in_order(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Canonical column order, so that two partitions can be put under one another."""
    return frame.select(name for name in polars_schema(table) if name in frame.columns)


def _by_claim(lines: pl.DataFrame) -> pl.dataframe.group_by.GroupBy:
    """The lines grouped by claim; saying that they are in order makes it many times faster."""
    if lines["claim_no"].is_sorted():
        lines = lines.with_columns(pl.col("claim_no").set_sorted())
    return lines.group_by("claim_no")


def _line_days(tables: ClaimTables) -> pl.DataFrame:
    """The earliest from date of each claim's lines, one row per claim, in the order of the claims."""
    earliest = _by_claim(tables.lines).agg(pl.col("from_date").min().alias("first_line_day"))
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
    """Age in whole years and length of stay; blank where the dates contradict each other."""
    first_day = pl.coalesce("from_date", line_days["first_line_day"])
    inpatient_day = pl.coalesce(pl.col("admission_date"), first_day)
    day = pl.when(pl.col("setting") == "inpatient").then(inpatient_day).otherwise(first_day)
    birth = pl.col("birth_date")
    before_birthday = _month_and_day(day) < _month_and_day(birth)
    years = day.dt.year() - birth.dt.year() - before_birthday.cast(pl.Int32)
    last, first = pl.coalesce("discharge_date", "through_date"), pl.coalesce("admission_date", "from_date")
    stay = (last - first).dt.total_days()
    return claims.with_columns(
        pl.when(years.is_between(0, 999)).then(years).cast(pl.Int16).alias("age"),
        pl.when(stay >= 0).then(stay.clip(lower_bound=1)).cast(pl.Int32).alias("days"),
    )


def _with_npis(claims: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Count the NPI fields that are filled and name those that cannot be NPIs; blank where none is wrong."""
    fields = {"billing": "billing_npi", "facility": "facility_npi", "attending": "attending_npi"}
    columns = [*(claims[column] for column in fields.values()), lines["rendering_npi"]]
    wrong = malformed_npis(pl.concat([column.unique() for column in columns])).implode()
    wrong_fields = [
        claims.lazy()
        .filter(pl.col(column).is_in(wrong))
        .select("claim_no", pl.lit(order, pl.UInt32).alias("order"), pl.lit(name).alias("field"))
        for order, (name, column) in enumerate(fields.items())
    ]
    wrong_lines = (
        lines.lazy()
        .filter(pl.col("rendering_npi").is_in(wrong))
        .select(
            "claim_no",
            (pl.col("line_number").cast(pl.UInt32) + len(fields)).alias("order"),
            pl.format("rendering on line {}", "line_number").alias("field"),
        )
    )
    named = (
        pl.concat([*wrong_fields, wrong_lines])
        .sort("claim_no", "order")
        .group_by("claim_no", maintain_order=True)
        .agg(pl.col("field").alias("npis_malformed"))
        .collect()
    )
    on_lines = _by_claim(lines).agg(sent_on_lines=pl.col("rendering_npi").count().cast(pl.Int16))
    on_claim = pl.sum_horizontal(pl.col(column).is_not_null().cast(pl.Int16) for column in fields.values())
    return (
        claims.drop("npis_malformed", strict=False)
        .join(on_lines, on="claim_no", how="left", maintain_order="left")
        .join(named, on="claim_no", how="left", maintain_order="left")
        .with_columns((on_claim + pl.col("sent_on_lines").fill_null(0)).cast(pl.Int16).alias("npis_sent"))
        .drop("sent_on_lines")
    )


def _with_coding_date(
    diagnoses: pl.DataFrame, claims: pl.DataFrame, lines: pl.DataFrame, line_days: pl.DataFrame
) -> pl.DataFrame:
    """The day whose code set judges each diagnosis, and which date that is (docs/claims.md)."""
    by_claim = claims.select(_claim_date(line_days["first_line_day"]).alias("chosen")).unnest("chosen")
    width = _width(diagnoses)
    main = diagnoses["role"].is_in(MAIN_LIST)
    slots = _slots(diagnoses["claim_no"], diagnoses["position"], width)
    found = _pointed_days(lines, claims, width).gather(slots).set(~main, None)
    number = diagnoses["claim_no"]
    day, source = by_claim["day"].gather(number), by_claim["source"].gather(number)
    given, given_source = diagnoses["coding_date"], diagnoses["coding_date_source"]
    line = pl.lit("line", _SOURCE)
    computed_source = pl.when(found.is_not_null()).then(line).otherwise(source)
    return diagnoses.with_columns(
        pl.coalesce(given, found, day).alias("coding_date"),
        pl.when(given.is_not_null())
        .then(given_source)
        .otherwise(computed_source)
        .alias("coding_date_source"),
    )


def _claim_date(first_line_day: pl.Series) -> pl.Expr:
    """Struct of `day` and `source` of a claim, before lines that point at a diagnosis are considered."""

    def first_of(*choices: tuple[pl.Expr | pl.Series, str]) -> pl.Expr:
        day = pl.coalesce(*(column for column, _ in choices))
        source = pl.coalesce(
            *(pl.when(column.is_not_null()).then(pl.lit(name, _SOURCE)) for column, name in choices),
            pl.lit(None, _SOURCE),
        )
        return pl.struct(day.alias("day"), source.alias("source"))

    discharge, through, start = pl.col("discharge_date"), pl.col("through_date"), pl.col("from_date")
    institutional = pl.col("claim_type") == "institutional"
    bill = pl.col("type_of_bill").str.slice(0, 2)
    return (
        pl.when(institutional & bill.is_in(DISCHARGE_BILLS))
        .then(first_of((discharge, "discharge"), (through, "through")))
        .when(institutional & bill.is_null())
        .then(first_of((discharge, "discharge"), (start, "from"), (first_line_day, "line")))
        .otherwise(first_of((start, "from"), (first_line_day, "line")))
    )


def _width(diagnoses: pl.DataFrame) -> int:
    """How many slots a claim can have in this partition, slot 0 (which none uses) included."""
    highest = diagnoses["position"].max()
    return 1 + (highest if isinstance(highest, int) else 0)


def _slots(claim_no: pl.Series, position: pl.Series, width: int) -> pl.Series:
    """Number of a slot among all slots of all claims: looking up by place beats a join."""
    return claim_no.cast(pl.UInt64) * width + position


def _pointed_days(lines: pl.DataFrame, claims: pl.DataFrame, width: int) -> pl.Series:
    """Per slot the earliest from date of the lines that point at it; institutional lines never point."""
    by_pointer = (claims["claim_type"] != "institutional").gather(lines["claim_no"])
    pointed = (
        lines.lazy()
        .select("claim_no", "from_date", by_pointer.alias("by_pointer"), position="diagnosis_pointers")
        .filter("by_pointer", pl.col("from_date").is_not_null(), pl.col("position").list.len() > 0)
        .explode("position")
        .filter(pl.col("position") < width)
        .group_by(slot=pl.col("claim_no").cast(pl.UInt64) * width + pl.col("position"))
        .agg(pl.col("from_date").min())
        .collect()
    )
    days = pl.Series([None], dtype=pl.Date).new_from_index(0, claims.height * width)
    return days.scatter(pointed["slot"], pointed["from_date"])


def _with_pointer_checks(lines: pl.DataFrame, diagnoses: pl.DataFrame, claim_count: int) -> pl.DataFrame:
    """How many pointers a line has, whether one repeats or points at nothing; whether units are whole."""
    pointers = pl.col("diagnosis_pointers")
    width = _width(diagnoses)
    main = diagnoses.filter(pl.col("role").is_in(MAIN_LIST))
    filled = pl.Series([False]).new_from_index(0, claim_count * width)
    filled = filled.scatter(_slots(main["claim_no"], main["position"], width), True)
    pointed = (
        lines.lazy()
        .select("claim_no", pointers.alias("position"))
        .with_row_index("line")
        .filter(pl.col("position").list.len() > 0)
        .explode("position")
        .collect()
    )
    within = pointed["position"].fill_null(0) < width
    slots = _slots(pointed["claim_no"], pointed["position"].fill_null(0).set(~within, 0), width)
    astray = pointed.filter(~filled.gather(slots))["line"].value_counts()
    counts = pl.Series([0], dtype=pl.Int16).new_from_index(0, lines.height)
    counts = counts.scatter(astray["line"], astray["count"].cast(pl.Int16))
    return lines.with_columns(
        pointers.list.len().fill_null(0).cast(pl.Int16).alias("pointer_count"),
        (pointers.list.n_unique() < pointers.list.len()).fill_null(False).alias("pointers_repeated"),
        counts.alias("pointers_to_nothing"),
        (pl.col("units") != pl.col("units").floor()).alias("units_fractional"),
    )
