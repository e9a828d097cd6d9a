"""What the lines of a claim say by themselves: pointers, side, days, and what their charges add up to."""

import polars as pl

from validator.claims.main_list import MAIN_LIST, by_claim, slots, width_of
from validator.claims.schema import MONEY, SIDES, TOTAL_REVENUE_CODE

# Modifiers that name a side: HCPCS level II, eyelids E1-E4, fingers FA-F9, toes TA-T9. 50 is both sides.
_BILATERAL = "50"
_RIGHT = ("RT", "E3", "E4", *(f"F{n}" for n in range(5, 10)), *(f"T{n}" for n in range(5, 10)))
_LEFT = ("LT", "E1", "E2", "FA", *(f"F{n}" for n in range(1, 5)), "TA", *(f"T{n}" for n in range(1, 5)))
_SIDE = pl.Enum(SIDES)


def with_line_facts(lines: pl.DataFrame, diagnoses: pl.DataFrame, claim_count: int) -> pl.DataFrame:
    """Pointers held against the slots, the side, the days, and whether units are whole."""
    lines = _with_pointer_checks(lines, diagnoses, claim_count)
    days = (pl.col("through_date") - pl.col("from_date")).dt.total_days()
    return lines.with_columns(
        _sides(lines),
        (pl.col("units") != pl.col("units").floor()).alias("units_fractional"),
        pl.when(days >= 0).then(days + 1).cast(pl.Int32).alias("days"),
        (_code_year("through_date") > _code_year("from_date")).alias("spans_code_years"),
        (pl.col("through_date").dt.year() > pl.col("from_date").dt.year()).alias("spans_calendar_years"),
    )


def with_lines_total(claims: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The sum of the charges of a claim's lines; blank where a charge is unknown or there are no lines.

    The line with revenue code 0001 is the total of the others and is not added.
    """
    added = lines.select("claim_no", "charge").filter(
        (lines["revenue_code"] != TOTAL_REVENUE_CODE).fill_null(True)
    )
    sums = by_claim(added).agg(
        pl.col("charge").sum().alias("lines_total"), pl.col("charge").is_null().any().alias("unknown")
    )
    # A sum too large for the column is not known.
    total = pl.when(~pl.col("unknown")).then(pl.col("lines_total").cast(MONEY, strict=False))
    told = sums.select("claim_no", total.alias("lines_total"))
    return claims.drop("lines_total", strict=False).join(
        told, on="claim_no", how="left", maintain_order="left"
    )


def _code_year(column: str) -> pl.Expr:
    """The year whose list of codes was in force: from 1 October on, the next one's."""
    day = pl.col(column)
    return day.dt.year() + (day.dt.month() >= 10).cast(pl.Int32)


def _sides(lines: pl.DataFrame) -> pl.Series:
    """The side that the modifiers name; blank where they name none or both."""
    named = (
        lines.lazy()
        .select(modifier="modifiers")
        .with_row_index("line")
        .filter(pl.col("modifier").list.len() > 0)
        .explode("modifier")
        .filter(pl.col("modifier").is_in([*_RIGHT, *_LEFT, _BILATERAL]))
        .collect()
    )
    right, left = (
        pl.Series([False])
        .new_from_index(0, lines.height)
        .scatter(named.filter(pl.col("modifier").is_in([*side, _BILATERAL]))["line"], True)
        for side in (_RIGHT, _LEFT)
    )
    side = pl.when(right & ~left).then(pl.lit("right", _SIDE)).when(left & ~right).then(pl.lit("left", _SIDE))
    return pl.select(side.alias("side")).to_series()


def _with_pointer_checks(lines: pl.DataFrame, diagnoses: pl.DataFrame, claim_count: int) -> pl.DataFrame:
    """How many pointers a line has, which is the first, whether one repeats or points at nothing."""
    pointers = pl.col("diagnosis_pointers")
    width = width_of(diagnoses)
    main = diagnoses.filter(pl.col("role").is_in(MAIN_LIST))
    filled = pl.Series([False]).new_from_index(0, claim_count * width)
    filled = filled.scatter(slots(main["claim_no"], main["position"], width), True)
    pointed = (
        lines.lazy()
        .select("claim_no", pointers.alias("position"))
        .with_row_index("line")
        .filter(pl.col("position").list.len() > 0)
        .explode("position")
        .collect()
    )
    within = pointed["position"].fill_null(0) < width
    places = slots(pointed["claim_no"], pointed["position"].fill_null(0).set(~within, 0), width)
    astray = pointed.filter(~filled.gather(places))["line"].value_counts()
    counts = pl.Series([0], dtype=pl.Int16).new_from_index(0, lines.height)
    counts = counts.scatter(astray["line"], astray["count"].cast(pl.Int16))
    return lines.with_columns(
        pointers.list.len().fill_null(0).cast(pl.Int16).alias("pointer_count"),
        pointers.list.first().alias("first_pointer"),
        (pointers.list.n_unique() < pointers.list.len()).fill_null(False).alias("pointers_repeated"),
        counts.alias("pointers_to_nothing"),
    )
