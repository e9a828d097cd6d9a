"""Which diagnosis a claim gets: real codes, a few of them very often, each one right on its date.

A coder who takes care reports a code that the reference has for the patient's sex and age, that may stand
where it stands and that does not leave the side open. A few claims are drawn without that care.
"""

from dataclasses import dataclass

import polars as pl

from benchmarks.chance import Chance
from validator.reference.lookup import Reference

# What offices and hospitals see most, so that the head of the distribution is one that readers recognise.
# Some of them ended or were divided between 2016 and 2026; they are used on the days they stood.
EVERYDAY = (
    "I10 Z0000 E119 E785 Z23 J069 M545 M5450 N390 R05 R059 E782 F411 K219 E039 Z1231 I2510 J449 N183 N1830 "
    "E1165 F329 F32A G4733 M25561 M25562 R079 J45909 I4891 E669 Z79899 Z794 R5383 E559 M542 H2513 Z00129 "
    "Z0001 D649 I509 R109 J209 N179 B349 J029 H6690 Z87891 Z7982 I4820 I482 L309 M79604 R0602 R42 R519 R51 "
    "K5900 E860 D509 N400"
).split()
# Half of all codes are injuries, and few claims are about one; the same goes for what follows here.
SELDOM = {"S": 0.08, "T": 0.08, "V": 0.01, "W": 0.03, "X": 0.02, "Y": 0.02, "O": 0.2, "P": 0.2, "Q": 0.3}
# What stands first when no draw fits; it may on any claim.
OTHERWISE = "N390"
RANK_OFFSET = 8.0
SLOPE = 1.2
DRAWS = 6

IN_FORCE, NEVER_FIRST, NOT_FIRST_INPATIENT, NEVER, ONLY_FIRST, VAGUE, STAYS_ONLY, WANTS_FIRST = (
    2**bit for bit in range(8)
)
# What auditors look at when it stands outside a hospital.
TREATED_IN_BED = ("acute_stroke", "acute_mi", "sepsis", "embolism", "pressure_ulcer_advanced")


@dataclass(frozen=True)
class CodeBook:
    """Every code of the reference in order of frequency, and what is true of it in each period.

    `facts` has one row per code and period, code-major: `traits` (the bits above), `sex`, `age_from`,
    `age_to`. `about`: `code`, its `side`, the families (`side_family`, `stem`) of which a claim has
    one code, whether it only adds to a disease (`adds_only`), whether it `wants_first` another before it.
    """

    codes: pl.Series
    weight_up_to: pl.Series
    facts: pl.DataFrame
    about: pl.DataFrame
    periods: pl.DataFrame

    def period_of(self, on: pl.Series) -> pl.Series:
        """The number of the period that each date lies in."""
        return (self.periods["valid_from"].search_sorted(on, side="right") - 1).cast(pl.UInt32)


def read_code_book(codes: pl.Series, reference: Reference, chance: Chance) -> CodeBook:
    """Rank the codes, the everyday ones first, and keep of their facts what choosing needs."""
    periods = pl.DataFrame({"valid_from": [period.valid_from for period in reference.periods]})
    listed = codes.alias("code").to_frame().with_row_index("row")
    weight = pl.col("code").str.head(1).replace_strict(SELDOM, default=1.0)
    ranked = (
        listed.with_columns(luck=chance.share(listed, "rank", "row") / weight)
        .join(pl.DataFrame({"code": EVERYDAY}).with_row_index("place"), on="code", how="left")
        .sort(pl.col("place").fill_null(2**31), "luck", "row")["code"]
    )
    weights = pl.select(1.0 / (pl.int_range(ranked.len()) + RANK_OFFSET).pow(SLOPE)).to_series().cum_sum()
    about = reference.facts(ranked)
    alone = about.codes.with_columns(_always(reference))
    facts = about.by_period.hstack(
        alone.select(pl.all().repeat_by(periods.height).explode()).select(pl.exclude(about.by_period.columns))
    )
    facts = facts.select("code", _traits(), *_patients())
    traits = pl.col("traits")
    ever = facts.group_by("code", maintain_order=True).agg(
        adds_only=(traits & NEVER_FIRST > 0).any(), wants_first=(traits & WANTS_FIRST > 0).any()
    )
    return CodeBook(
        ranked,
        weights / weights[-1],
        facts.drop("code"),
        alone.select("code", "side", "side_family", "stem").hstack(ever.drop("code")),
        periods,
    )


def _always(reference: Reference) -> list[pl.Expr]:
    """Per code, whether the value sets have it."""

    def stands_in(*names: str) -> pl.Expr:
        sets = [found.members["code"] for name in names if (found := reference.value_set(name))]
        return pl.col("code").is_in(pl.concat(sets).unique().implode())

    return [
        stands_in("secondary_only_status", "social_determinants").alias("adds_only"),
        stands_in("first_listed_only").alias("only_first"),
        stands_in(*TREATED_IN_BED).alias("in_bed"),
    ]


def _traits() -> pl.Expr:
    """The bits above."""
    name = pl.col
    bits = {
        IN_FORCE: name("status") == "in_force",
        NEVER_FIRST: name("manifestation")
        | name("external_cause")
        | name("adds_only")
        | (name("encounter") == "sequela").fill_null(False)
        | name("intent").is_in(["adverse_effect", "underdosing"]).fill_null(False)
        | name("code_first").is_in(["required", "examples"]).fill_null(False),
        NOT_FIRST_INPATIENT: name("unacceptable_principal")
        | name("requires_secondary")
        | name("questionable_admission"),
        NEVER: name("wrong_procedure"),
        ONLY_FIRST: name("only_first"),
        VAGUE: name("unspecified") | ((name("side") == "unspecified") & name("family_has_sides")),
        STAYS_ONLY: name("in_bed"),
        WANTS_FIRST: name("manifestation") | (name("code_first") == "required"),
    }
    return pl.sum_horizontal(
        said.fill_null(False).cast(pl.Int32) * bit for bit, said in bits.items()
    ).cast(pl.UInt8).alias("traits")  # fmt: skip


def _patients() -> list[pl.Expr]:
    """Whom a code fits. The sex that the code editor tells until 2024 holds on after that."""
    return [
        pl.col("sex").cast(pl.String).drop_nulls().first().over("code").alias("sex"),
        pl.col("age_from").fill_null(0),
        pl.col("age_to").fill_null(200),
    ]


def choose_codes(cells: pl.DataFrame, book: CodeBook, chance: Chance) -> pl.Series:
    """A code for every cell; null where none was found.

    Read of the cells: key, period, first, inpatient, careless, sex, age. A few draws are
    made for each cell; the first that fits the patient, the day and the place is taken.
    """
    drawn = [_draw(cells, book, chance, attempt) for attempt in range(DRAWS)]
    otherwise = pl.when(cells["first"]).then(pl.lit(OTHERWISE))
    return pl.select(pl.coalesce(*drawn, otherwise)).to_series()


def _draw(cells: pl.DataFrame, book: CodeBook, chance: Chance, attempt: int) -> pl.Series:
    luck = cells.select(chance.share(cells, f"code {attempt}", "key")).to_series()
    rank = book.weight_up_to.search_sorted(luck).clip(0, book.codes.len() - 1).cast(pl.UInt32)
    facts = book.facts[rank * book.periods.height + cells["period"]]
    traits = pl.col("traits")
    refused = NEVER + pl.when("careless").then(0).otherwise(
        VAGUE
        + pl.when("first").then(NEVER_FIRST).otherwise(ONLY_FIRST)
        + pl.when("inpatient")
        .then(pl.when("first").then(NOT_FIRST_INPATIENT).otherwise(0))
        .otherwise(STAYS_ONLY)
    )
    fits = (
        (traits & (refused.cast(pl.UInt8) | IN_FORCE) == IN_FORCE)
        & (pl.col("own_sex").is_null() | (pl.col("own_sex") == pl.col("sex")))
        & pl.col("age").is_between("age_from", "age_to")
    )
    return (
        pl.concat(
            [cells.select("first", "inpatient", "careless", "sex", "age"), facts.rename({"sex": "own_sex"})],
            how="horizontal",
        )
        .select(pl.when(fits).then(book.codes[rank]))
        .to_series()
    )
