"""One piece of the made-up batch: whole patients, their claims, diagnoses and lines, in the native layout."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from benchmarks.chance import Chance
from benchmarks.codes import CodeBook, choose_codes
from benchmarks.company import Company
from benchmarks.mistakes import BEYOND, WrongCodes, misplace, spoil_codes
from benchmarks.services import draw_lines, draw_visits

FIRST_DAY, LAST_DAY = date(2016, 1, 1), date(2026, 10, 15)
CLAIMS_PER_PATIENT = 8
PROVIDERS = 20_000
SLOTS = 12
# How many diagnoses are drawn; 5 are left on average once repeats and what cannot stand together are gone.
DIAGNOSES = (1, 2, 3, 4, 5, 5, 6, 6, 6, 6, 6, 7, 7, 7, 8, 8, 9, 10, 11, 12)
CHRONIC = 6
# ICD-10-PCS codes that stood on every day from 2016 on.
OPERATIONS = ("0DTJ4ZZ", "5A1955Z", "02HV33Z", "30233N1", "0SRC0J9", "4A023N7", "B2111ZZ")

# What the rest of a claim follows from and no claim tells.
BEHIND = (
    "number", "patient", "inpatient", "institutional", "age", "office", "careless", "visit", "side",
    "treated",
)  # fmt: skip


@dataclass(frozen=True)
class Mix:
    """What the batch is made of: shares of kinds of claims, of wrong codes, of claims coded without care."""

    inpatient: float = 0.04
    outpatient: float = 0.11
    wrong_codes: float = 0.005
    other_mistakes: float = 1.0
    careless: float = 0.015


def make_piece(
    first: int,
    count: int,
    *,
    book: CodeBook,
    company: Company,
    wrong_codes: WrongCodes,
    chance: Chance,
    mix: Mix,
) -> pl.DataFrame:
    """Claim lines of the claims numbered `first` to `first + count - 1`; no patient is in two pieces."""
    claims = _claims(_encounters(first, count, chance, mix), chance)
    claims = claims.hstack(_diagnoses(claims, book, company, wrong_codes, chance, mix))
    lines = draw_lines(claims, chance)
    claims, lines = misplace(claims, lines, chance, mix.other_mistakes)
    lines = lines.with_columns(_pointers(lines, claims, chance, mix.other_mistakes))
    totals = lines.group_by("number", maintain_order=True).agg(
        total_charge=pl.col("line_charge").sum().cast(pl.Decimal(12, 2))
    )
    claims = claims.hstack(totals.select("total_charge"))
    return claims.drop(BEHIND)[lines["row"]].hstack(lines.drop("row", "number", "institutional", "sided"))


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
        careless=chance.share(met, "careless", "number") < mix.careless,
        site=chance.below(3, met, "place", "number"),
    )
    met = met.with_columns(draw_visits(met, chance))
    earliest = pl.max_horizontal(pl.lit(FIRST_DAY), pl.col("birth_date"))
    days_since = (pl.lit(LAST_DAY) - earliest).dt.total_days() + 1
    return met.with_columns(
        office=chance.below(PROVIDERS, met, "office", "patient", "site"),
        from_date=earliest + pl.duration(days=chance.below(days_since, met, "from", "number")),
        stay=pl.when("inpatient").then(1 + chance.below(9, met, "stay", "number")).otherwise(0),
    ).with_columns(
        age=((pl.col("from_date") - pl.col("birth_date")).dt.total_days() / 365.2425).floor().cast(pl.Int16),
        through_date=pl.col("from_date") + pl.duration(days="stay"),
    )


def _claims(met: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """One row per claim with the header columns of the native layout."""
    met = met.with_columns(doctor=PROVIDERS + pl.col("office") * 8 + chance.below(8, met, "doctor", "number"))
    operated = pl.col("inpatient") & (chance.below(10, met, "operated", "number") < 6)
    return met.select(
        "number",
        "patient",
        "inpatient",
        "institutional",
        "age",
        "office",
        "careless",
        "visit",
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
        procedure_1=pl.when(operated).then(chance.one_of(OPERATIONS, met, "operation", "number")),
        procedure_date_1=pl.when(operated).then("from_date"),
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
    claims: pl.DataFrame,
    book: CodeBook,
    company: Company,
    wrong_codes: WrongCodes,
    chance: Chance,
    mix: Mix,
) -> pl.DataFrame:
    """For each claim `diagnosis_1` and on with what belongs to them, and what its lines need to know."""
    cells = (
        claims.select(
            "number",
            "patient",
            "inpatient",
            "careless",
            "sex",
            "age",
            on=pl.coalesce("discharge_date", "from_date"),
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
    cells = company.settle(cells)
    cells = cells.with_columns(reason="code").join(
        book.about.select("code", "side", "adds_only"), on="code", how="left", maintain_order="left"
    )
    cells = spoil_codes(cells, wrong_codes, chance, mix.wrong_codes, mix.other_mistakes)
    listed = cells.group_by("number", maintain_order=True).agg(
        "code",
        pl.col("side").first(),
        pl.col("reason").first(),
        # What a line may point at first: the first diagnosis, or a disease behind it.
        treated=(~pl.col("adds_only") | (pl.int_range(pl.len()) == 0)).arg_true().cast(pl.Int64) + 1,
    )
    filled = pl.col("code").list.len()
    needs_reason = pl.col("institutional") & ~pl.col("inpatient")
    # The last of several came up in the hospital now and then.
    last = chance.one_of(("Y",) * 15 + ("N",), claims, "present", "number")
    return (
        claims.select("number", "inpatient", "institutional", last=last)
        .join(listed, on="number", how="left", maintain_order="left")
        .select(
            *(pl.col("code").list.get(n, null_on_oob=True).alias(f"diagnosis_{n + 1}") for n in range(SLOTS)),
            *(
                pl.when(pl.col("inpatient") & (filled > n))
                .then(pl.when((filled == n + 1) & (n > 0)).then("last").otherwise(pl.lit("Y")))
                .alias(f"poa_{n + 1}")
                for n in range(SLOTS)
            ),
            admitting_diagnosis=pl.when("inpatient").then("reason"),
            reason_for_visit_1=pl.when(needs_reason).then("reason"),
            side="side",
            treated="treated",
        )
    )


def _pointers(lines: pl.DataFrame, claims: pl.DataFrame, chance: Chance, other_mistakes: float) -> pl.Expr:
    """`1`, `2:1`, ...: up to two of the first four diagnoses that are treated; office claims only."""
    treated = claims["treated"].list.head(4)[lines["row"]]
    held = pl.lit(treated.list.len().cast(pl.Int64))
    count = 1 + chance.below(20, lines, "how many", "number", "line_number") // 11
    # A service on one side of the body is for the first diagnosis alone.
    start = pl.when("sided").then(0).otherwise(chance.below(held, lines, "start", "number", "line_number"))
    reach = pl.when("sided").then(1).otherwise(held)
    pointed = [
        pl.when(n < pl.min_horizontal(count, reach)).then(
            pl.lit(treated).list.get((start + n) % held).cast(pl.String)
        )
        for n in range(2)
    ]
    beyond = chance.share(lines, "beyond", "number", "line_number") < BEYOND * other_mistakes
    pointers = (
        pl.when(beyond).then(pl.lit("12")).otherwise(pl.concat_str(pointed, separator=":", ignore_nulls=True))
    )
    return pl.when(~pl.col("institutional")).then(pointers).alias("diagnosis_pointers")
