"""One piece of the made-up batch: whole patients, their claims, diagnoses and lines, in the native layout."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from benchmarks.chance import Chance
from benchmarks.codes import CodeBook, choose_codes
from benchmarks.mistakes import BEYOND, WrongCodes, misplace, spoil_codes

FIRST_DAY, LAST_DAY = date(2016, 1, 1), date(2026, 10, 15)
CLAIMS_PER_PATIENT = 8
PROVIDERS = 20_000
SLOTS = 12
# How many diagnoses are drawn (5 are left on average once repeats are gone), and how many lines there are.
DIAGNOSES = (1, 2, 3, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 8, 9, 10, 12)
LINES = (1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5)
CHRONIC = 6

# Numbers only, as they stand on claims; what they mean is not ours to ship.
OFFICE_SERVICES = (
    "99213 99214 99212 99203 99204 99215 36415 80053 85025 80061 83036 84443 81003 93000 71046 90471 90686 "
    "96372 97110 97140 97530 20610 G0439 G0444 G0008 87880 87086 82306 82607 77067 73030 73560 94010 92014 "
    "11042 17000 J1885 J3301 A4253 E0601"
).split()
HOSPITAL_SERVICES = (
    "99283 99284 71045 70450 74177 93005 80048 85610 36415 96374 96361 45380 43239 G0378 J2405 J1170".split()
)
REVENUE = "0450 0300 0320 0250 0636 0730 0351 0270 0360 0710 0120 0206 0420 0440 0258 0301".split()
PLACES = ("11",) * 12 + ("22", "22", "23", "21", "19", "02", "10", "81")


@dataclass(frozen=True)
class Mix:
    """What the batch is made of: shares of claim kinds, and of codes that are wrong."""

    inpatient: float = 0.04
    outpatient: float = 0.11
    wrong_codes: float = 0.005
    other_mistakes: float = 1.0


def make_piece(
    first: int, count: int, *, book: CodeBook, wrong_codes: WrongCodes, chance: Chance, mix: Mix
) -> pl.DataFrame:
    """Claim lines of the claims numbered `first` to `first + count - 1`; no patient is in two pieces."""
    claims = _claims(_encounters(first, count, chance, mix), chance)
    lines = _lines(claims, chance)
    claims, lines = misplace(claims, lines, chance, mix.other_mistakes)
    claims = claims.hstack(_diagnoses(claims, book, wrong_codes, chance, mix))
    lines = lines.with_columns(_pointers(lines, claims["slots"], chance, mix.other_mistakes))
    totals = lines.group_by("number", maintain_order=True).agg(
        total_charge=pl.col("line_charge").sum().cast(pl.Decimal(12, 2))
    )
    claims = claims.hstack(totals.select("total_charge"))
    header = claims.drop("number", "patient", "inpatient", "institutional", "age", "slots", "office")
    return header[lines["row"]].hstack(lines.drop("row", "number", "institutional"))


def _encounters(first: int, count: int, chance: Chance, mix: Mix) -> pl.DataFrame:
    """Who came, when, where and what for: what the rest of a claim follows from."""
    patients = max(1, count // CLAIMS_PER_PATIENT)
    met = pl.select(number=pl.int_range(first, first + count, dtype=pl.UInt64))
    met = met.with_columns(patient=first + chance.below(patients, met, "patient", "number"))
    kind = chance.share(met, "kind", "number")
    days_old = chance.below(18 * 365, met, "born", "patient")
    met = met.with_columns(
        birth_date=pl.when(chance.share(met, "young", "patient") < 0.15)
        .then(pl.lit(date(2006, 1, 1)) + pl.duration(days=days_old))
        .otherwise(pl.lit(date(1932, 1, 1)) + pl.duration(days=days_old * 4)),
        sex=chance.one_of("FFFFFFMMMMM", met, "sex", "patient"),
        inpatient=kind < mix.inpatient,
        institutional=kind < mix.inpatient + mix.outpatient,
        visit=chance.below(3, met, "place", "number"),
    )
    earliest = pl.max_horizontal(pl.lit(FIRST_DAY), pl.col("birth_date"))
    days_since = (pl.lit(LAST_DAY) - earliest).dt.total_days() + 1
    return met.with_columns(
        office=chance.below(PROVIDERS, met, "office", "patient", "visit"),
        from_date=earliest + pl.duration(days=chance.below(days_since, met, "from", "number")),
        stay=pl.when("inpatient").then(1 + chance.below(9, met, "stay", "number")).otherwise(0),
    ).with_columns(
        age=((pl.col("from_date") - pl.col("birth_date")).dt.total_days() / 365.2425).floor().cast(pl.Int16),
        through_date=pl.col("from_date") + pl.duration(days="stay"),
    )


def _claims(met: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """One row per claim with the header columns of the native layout."""
    met = met.with_columns(doctor=PROVIDERS + pl.col("office") * 8 + chance.below(8, met, "doctor", "number"))
    return met.select(
        "number",
        "patient",
        "inpatient",
        "institutional",
        "age",
        "office",
        claim_id=pl.format("C{}", pl.col("number") + 10_000_000),
        claim_type=pl.when("institutional").then(pl.lit("institutional")).otherwise(pl.lit("professional")),
        type_of_bill=pl.when("inpatient").then(pl.lit("111")).when("institutional").then(pl.lit("131")),
        frequency_code=pl.lit("1"),
        patient_id=pl.format("P{}", pl.col("patient") + 10_000_000),
        birth_date="birth_date",
        sex="sex",
        from_date="from_date",
        through_date="through_date",
        admission_date=pl.when("inpatient").then("from_date"),
        discharge_date=pl.when("inpatient").then("through_date"),
        discharge_status=pl.when("institutional").then(pl.lit("01")),
        admission_type=pl.when("inpatient").then(pl.lit("1")),
        payer_id=pl.format("PAYER{}", 1 + chance.below(12, met, "payer", "patient")),
        billing_npi=_npi(met, chance, "office"),
        attending_npi=pl.when("institutional").then(_npi(met, chance, "doctor")),
        rendering_npi=pl.when(~pl.col("institutional")).then(_npi(met, chance, "doctor")),
    )


def _npi(table: pl.DataFrame, chance: Chance, provider: str) -> pl.Expr:
    """A ten-digit number with the check digit of an NPI: Luhn over the number with 80840 before it."""
    # Numbers given out so far begin with 1; these begin with 2, so that they are nobody's.
    stems = table.select(200_000_000 + chance.below(100_000_000, table, "npi", provider)).to_series()
    digits = [stems // 10**place % 10 for place in range(9)]
    doubled = [digit * 2 // 10 + digit * 2 % 10 for digit in digits[0::2]]
    # 24 is what the prefix 80840 adds to the sum.
    check = (10 - (24 + pl.sum_horizontal(*doubled, *digits[1::2])) % 10) % 10
    return (pl.lit(stems) * 10 + check).cast(pl.String)


def _diagnoses(
    claims: pl.DataFrame, book: CodeBook, wrong_codes: WrongCodes, chance: Chance, mix: Mix
) -> pl.DataFrame:
    """For each claim `diagnosis_1` and on, present on admission for stays, how many `slots` are filled."""
    cells = (
        claims.select(
            "number", "patient", "inpatient", "sex", "age", on=pl.coalesce("discharge_date", "from_date")
        )
        .with_columns(slot=pl.int_ranges(chance.one_of(DIAGNOSES, claims, "cells", "number")))
        .explode("slot")
    )
    cells = cells.with_columns(
        first=pl.col("slot") == 0,
        period=book.period_of(cells["on"]),
        illness=chance.below(CHRONIC, cells, "illness", "number", "slot"),
    )
    # A patient comes back with what he had before: such cells draw by the patient, not by the claim.
    chronic = chance.share(cells, "chronic", "number", "slot") < 0.6
    before = pl.lit(chance.whole(cells, "before", "patient", "illness"))
    now = pl.lit(chance.whole(cells, "now", "number", "slot"))
    cells = cells.with_columns(key=pl.when(chronic).then(before).otherwise(now))
    cells = cells.with_columns(code=choose_codes(cells, book, chance)).drop_nulls("code")
    cells = cells.unique(["number", "code"], keep="first", maintain_order=True)
    cells = spoil_codes(cells, wrong_codes, chance, mix.wrong_codes, mix.other_mistakes)
    listed = cells.group_by("number", maintain_order=True).agg("code")
    filled = pl.col("code").list.len()
    return (
        claims.select("number", "inpatient")
        .join(listed, on="number", how="left", maintain_order="left")
        .select(
            *(pl.col("code").list.get(n, null_on_oob=True).alias(f"diagnosis_{n + 1}") for n in range(SLOTS)),
            *(
                pl.when(pl.col("inpatient") & (filled > n)).then(pl.lit("Y")).alias(f"poa_{n + 1}")
                for n in range(SLOTS)
            ),
            slots=filled.fill_null(0).cast(pl.Int64),
        )
    )


def _lines(claims: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """One row per line, `row` being the claim's row; a claim never has the same service twice."""
    lines = (
        claims.select("number", "institutional", "from_date", "through_date")
        .with_row_index("row")
        .with_columns(
            line_number=pl.int_ranges(1, chance.one_of(LINES, claims, "lines", "number") + 1),
            first_service=chance.below(1000, claims, "service", "number"),
        )
        .explode("line_number")
    )

    def draw(bound: int | pl.Expr, purpose: str) -> pl.Expr:
        return chance.below(bound, lines, purpose, "number", "line_number")

    service = pl.col("first_service") + pl.col("line_number") * 3
    nights = (pl.col("through_date") - pl.col("from_date")).dt.total_days()
    on = pl.col("from_date") + pl.duration(days=draw(nights + 1, "day"))
    office = ~pl.col("institutional")
    modifier = chance.one_of(("25", "59", "RT", "LT", "GP"), lines, "modifier", "number", "line_number")
    return lines.select(
        "row",
        "number",
        "institutional",
        line_number="line_number",
        line_from_date=on,
        line_through_date=on,
        line_charge=((2_000 + draw(40_000, "charge")) / 100).cast(pl.Decimal(12, 2)),
        procedure_code=pl.when(office)
        .then(_from(OFFICE_SERVICES, service))
        .otherwise(_from(HOSPITAL_SERVICES, service)),
        modifier_1=pl.when(office & (draw(100, "modified") < 6)).then(modifier),
        units=pl.when(draw(10, "many") == 0).then(1 + draw(4, "units")).otherwise(1),
        place_of_service=pl.when(office).then(chance.one_of(PLACES, lines, "place", "number")),
        revenue_code=pl.when("institutional").then(_from(REVENUE, service)),
    )


def _from(choices: Sequence[str], place: pl.Expr) -> pl.Expr:
    return pl.lit(pl.Series(choices)).gather(place % len(choices))


def _pointers(lines: pl.DataFrame, slots: pl.Series, chance: Chance, other_mistakes: float) -> pl.Expr:
    """`1`, `2:1`, ...: up to two different filled slots among the first four; office claims only."""
    reach = pl.lit(slots[lines["row"]]).clip(1, 4)
    count = 1 + chance.below(20, lines, "how many", "number", "line_number") // 11
    start = chance.below(reach, lines, "start", "number", "line_number")
    pointed = [
        pl.when(n < pl.min_horizontal(count, reach)).then(((start + n) % reach + 1).cast(pl.String))
        for n in range(2)
    ]
    beyond = chance.share(lines, "beyond", "number", "line_number") < BEYOND * other_mistakes
    pointers = (
        pl.when(beyond).then(pl.lit("12")).otherwise(pl.concat_str(pointed, separator=":", ignore_nulls=True))
    )
    return pl.when(~pl.col("institutional")).then(pointers).alias("diagnosis_pointers")
