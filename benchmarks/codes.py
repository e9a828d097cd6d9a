"""Which diagnosis a claim gets: real codes, a few of them very often, each one right on its date."""

from dataclasses import dataclass

import polars as pl

from benchmarks.chance import Chance

# What offices and hospitals see most, so that the head of the distribution is one that readers recognise.
# Some of them ended or were divided between 2016 and 2026; they are used on the days they stood.
EVERYDAY = (
    "I10 Z0000 E119 E785 Z23 J069 M545 M5450 N390 R05 R059 E782 F411 K219 E039 Z1231 I2510 J449 N183 N1830 "
    "E1165 F329 F32A G4733 M25561 M25562 R079 J45909 I4891 E669 Z79899 Z794 R5383 E559 M542 H2513 Z00129 "
    "Z0001 D649 I509 R109 J209 N179 B349 J029 H6690 Z87891 Z7982 I4820 I482 L309 M79604 R0602 R42 R519 R51 "
    "K5900 E860 D509 N400"
).split()
RANK_OFFSET = 8.0
SLOPE = 1.2
DRAWS = 4

IN_FORCE, NEVER_FIRST, NOT_FIRST_INPATIENT, NEVER = 1, 2, 4, 8


@dataclass(frozen=True)
class CodeBook:
    """Every code of the reference in order of frequency, and what is true of it in each period.

    `facts` has one row per code and period, code-major: `traits` (the bits above), `sex`, `age_from`,
    `age_to`.
    """

    codes: pl.Series
    weight_up_to: pl.Series
    facts: pl.DataFrame
    periods: pl.DataFrame

    def period_of(self, on: pl.Series) -> pl.Series:
        """The number of the period that each date lies in."""
        return (self.periods["valid_from"].search_sorted(on, side="right") - 1).cast(pl.UInt32)


def read_code_book(
    codes: pl.Series, by_period: pl.DataFrame, periods: pl.DataFrame, chance: Chance
) -> CodeBook:
    """Rank the codes and keep of their facts what choosing needs; `by_period` is code-major for `codes`."""
    everyday = pl.Series("code", EVERYDAY)
    listed = codes.alias("code").to_frame().with_row_index("row")
    ranked = (
        listed.with_columns(luck=chance.whole(listed, "rank", "row"))
        .join(everyday.to_frame().with_row_index("place"), on="code", how="left")
        .sort(pl.col("place").fill_null(2**31), "luck")
    )
    weights = ranked.select(1.0 / (pl.int_range(pl.len()) + RANK_OFFSET).pow(SLOPE)).to_series().cum_sum()
    rows = ranked.select(
        pl.int_ranges(pl.col("row") * periods.height, (pl.col("row") + 1) * periods.height, dtype=pl.UInt32)
    ).explode(pl.all())
    facts = by_period.select(
        traits=(
            (pl.col("status") == "in_force") * IN_FORCE
            + (pl.col("manifestation") | pl.col("external_cause")).fill_null(False) * NEVER_FIRST
            + (
                pl.col("unacceptable_principal")
                | pl.col("requires_secondary")
                | pl.col("questionable_admission")
            ).fill_null(False)
            * NOT_FIRST_INPATIENT
            + pl.col("wrong_procedure").fill_null(False) * NEVER
        ).cast(pl.UInt8),
        sex=pl.col("sex").cast(pl.String),
        age_from=pl.col("age_from").fill_null(0),
        age_to=pl.col("age_to").fill_null(200),
    )[rows.to_series()]
    return CodeBook(ranked["code"], weights / weights[-1], facts, periods)


def choose_codes(cells: pl.DataFrame, book: CodeBook, chance: Chance) -> pl.Series:
    """A code for every cell (`key`, `period`, `first`, `inpatient`, `sex`, `age`), null where none was found.

    A few draws are made for each cell; the first that fits the patient, the day and the place is taken.
    """
    drawn = [_draw(cells, book, chance, attempt) for attempt in range(DRAWS)]
    return pl.select(pl.coalesce(drawn)).to_series()


def _draw(cells: pl.DataFrame, book: CodeBook, chance: Chance, attempt: int) -> pl.Series:
    luck = cells.select(chance.share(cells, f"code {attempt}", "key")).to_series()
    rank = book.weight_up_to.search_sorted(luck).clip(0, book.codes.len() - 1).cast(pl.UInt32)
    facts = book.facts[rank * book.periods.height + cells["period"]]
    traits = pl.col("traits")
    refused = (
        pl.when("first", "inpatient")
        .then(NEVER | NEVER_FIRST | NOT_FIRST_INPATIENT)
        .when("first")
        .then(NEVER | NEVER_FIRST)
        .otherwise(NEVER)
        .cast(pl.UInt8)
    )
    fits = (
        (traits & (refused | IN_FORCE) == IN_FORCE)
        & (pl.col("own_sex").is_null() | (pl.col("own_sex") == pl.col("sex")))
        & pl.col("age").is_between("age_from", "age_to")
    )
    return (
        pl.concat(
            [cells.select("first", "inpatient", "sex", "age"), facts.rename({"sex": "own_sex"})],
            how="horizontal",
        )
        .select(pl.when(fits).then(book.codes[rank]))
        .to_series()
    )
