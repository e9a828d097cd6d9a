"""The mistakes of the made-up batch, of the kinds that real batches hold, and few."""

from dataclasses import dataclass

import polars as pl

from benchmarks.chance import Chance
from benchmarks.codes import IN_FORCE, NEVER_FIRST, CodeBook

# ICD-9-CM codes that old templates still send.
ICD9 = ("4019", "25000", "2724", "7242", "4660", "53081", "311", "71946")
DUPLICATE, NEVER_FIRST_FIRST = 0.002, 0.001
BAD_NPI, LINE_TWICE, LEFT_BEFORE, UNBORN, NO_UNITS, BEYOND = 0.0008, 0.002, 0.0005, 0.0002, 0.0004, 0.0007


@dataclass(frozen=True)
class WrongCodes:
    """Codes to err with; `by_period` has a row each with the codes `ended`, `begins` and `long`."""

    by_period: pl.DataFrame
    never_first: pl.Series

    def draw(self, kind: str, cells: pl.DataFrame, chance: Chance) -> pl.Expr:
        """One of the codes of this kind in the cell's period; null where the period has none."""
        codes = self.by_period[kind].explode(empty_as_null=False)
        size = self.by_period[kind].list.len().cast(pl.Int64)
        start = pl.lit(size.cum_sum() - size).gather("period")
        row = start + chance.below(pl.lit(size).gather("period"), cells, kind, "number", "slot")
        return pl.when(pl.lit(size).gather("period") > 0).then(
            pl.lit(codes).gather(pl.min_horizontal(row, pl.lit(codes.len() - 1)))
        )


def read_wrong_codes(book: CodeBook) -> WrongCodes:
    """Sort out which codes stood before, stand later, or have a 7th character, for every period."""
    count = book.periods.height
    stands = (
        book.facts.select(
            on=pl.col("traits") & IN_FORCE == IN_FORCE, never=pl.col("traits") & NEVER_FIRST > 0
        )
        .with_columns(code=pl.int_range(pl.len()) // count)
        .group_by("code", maintain_order=True)
        .agg("on", pl.col("never").all())
        .with_columns(code=book.codes)
    )
    rows = []
    for period in range(count):
        on = pl.col("on").list.get(period)
        before = pl.col("on").list.head(period).list.any()
        later = pl.col("on").list.slice(period).list.any()
        kinds = {
            "ended": before & ~later,
            "begins": ~on & ~before & later,
            "long": on & (pl.col("code").str.len_chars() == 7),
        }
        rows.append({kind: stands.filter(which)["code"].to_list() for kind, which in kinds.items()})
    schema = dict.fromkeys(("ended", "begins", "long"), pl.List(pl.String))
    return WrongCodes(pl.DataFrame(rows, schema=schema), stands.filter("never")["code"].head(200))


def spoil_codes(
    cells: pl.DataFrame, codes: WrongCodes, chance: Chance, wrong: float, others: float
) -> pl.DataFrame:
    """Make about the share `wrong` of the codes such that they cannot stand on their date; misplace a few."""
    slot, code = pl.col("slot"), pl.col("code")
    kind = chance.share(cells, "kind of wrong", "number", "slot") * 100
    size = code.str.len_chars()
    spoiled = (
        pl.when(kind < 35)  # cut short: a header, or short of its 7th character
        .then(pl.when(size > 4).then(code.str.slice(0, size - 1)).otherwise(code.str.slice(0, 3)))
        .when(kind < 60)
        .then(codes.draw("ended", cells, chance))
        .when(kind < 65)
        .then(codes.draw("begins", cells, chance))
        .when(kind < 75)
        .then(codes.draw("long", cells, chance).str.slice(0, 6))
        .when(kind < 88)  # a finger beside the key
        .then(code.str.slice(0, size - 1) + pl.lit("8"))
        .when(kind < 92)
        .then(pl.lit("I") + code.str.slice(0, 2) + pl.lit("?"))
        .otherwise(chance.one_of(ICD9, cells, "icd9", "number", "slot"))
    )
    spoil = chance.share(cells, "wrong", "number", "slot") < wrong
    cells = cells.with_columns(code=pl.when(spoil).then(pl.coalesce(spoiled, code)).otherwise(code))
    twice = (chance.share(cells, "twice", "number") < DUPLICATE * others) & (
        slot == slot.max().over("number")
    )
    cells = cells.with_columns(
        code=pl.when(twice & ~pl.col("first")).then(code.first().over("number")).otherwise(code)
    )
    misplaced = pl.col("first") & (chance.share(cells, "misplaced", "number") < NEVER_FIRST_FIRST * others)
    return cells.with_columns(
        code=pl.when(misplaced)
        .then(chance.one_of(codes.never_first.to_list(), cells, "misfit", "number"))
        .otherwise(code)
    )


def misplace(
    claims: pl.DataFrame, lines: pl.DataFrame, chance: Chance, others: float
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Spoil a few claims and lines: check digits, dates in the wrong order, a line sent twice, no units."""

    def few(table: pl.DataFrame, purpose: str, share: float) -> pl.Expr:
        return chance.share(table, purpose, "number") < share * others

    claims = claims.with_columns(
        billing_npi=pl.when(few(claims, "npi", BAD_NPI))
        .then(pl.col("billing_npi").str.slice(0, 8) + pl.col("billing_npi").str.tail(1) + pl.lit("0"))
        .otherwise("billing_npi"),
        discharge_date=pl.when(few(claims, "left", LEFT_BEFORE) & pl.col("inpatient"))
        .then(pl.col("admission_date") - pl.duration(days=3))
        .otherwise("discharge_date"),
        birth_date=pl.when(few(claims, "unborn", UNBORN))
        .then(pl.col("from_date") + pl.duration(days=40))
        .otherwise("birth_date"),
    )
    lines = lines.with_columns(
        units=pl.when(few(lines, "units", NO_UNITS) & (pl.col("line_number") == 1)).then(0).otherwise("units")
    )
    again = lines.filter(few(lines, "again", LINE_TWICE) & (pl.col("line_number") == 1)).with_columns(
        line_number=pl.lit(99, dtype=pl.Int64)
    )
    return claims, pl.concat([lines, again]).sort("row", "line_number", maintain_order=True)
