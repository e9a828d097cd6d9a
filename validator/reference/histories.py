"""What every code was in every period, packed: a bit mask per fact, and one history for all codes that
share it.

There are about twenty periods and a hundred thousand codes, but only some hundreds of different histories;
so a code is joined to its history's number, and the facts of a period are gathered by position.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from validator.reference.schema import AGE_GROUPS, ICD10_FACTS, Period

MASK = pl.UInt32  # one bit for each period; 32 are enough until about 2040
FIRST_LENGTH, STEM_LENGTH, FULL_LENGTH = 3, 6, 7

# Facts that are an edit flag of the same meaning: fact -> flag in the fact table.
FLAG_FACTS = {
    "manifestation": "manifestation",
    "external_cause": "ecodepdx",
    "unacceptable_principal": "unacceptable",
    "requires_secondary": "reqsdx",
    "questionable_admission": "qadm",
    "unspecified": "unspecified",
    "wrong_procedure": "wrngproc",
    "cc": "cc",
    "mcc": "mcc",
}
# Of these the tables do not go back to the first release: unknown in a period in which no code has one.
LEVEL_FACTS = ("cc", "mcc")
SEX_FLAGS = {"female": "F", "male": "M"}

NO_AGE_GROUPS = pl.DataFrame(
    schema={
        "age_group": pl.String,
        "age_from": pl.String,
        "age_to": pl.String,
        "valid_from": pl.Date,
        "valid_to": pl.Date,
    }
)

# The masks that make a history; two codes with equal masks have equal facts in every period.
HISTORY_MASKS = (
    "in_force",
    "incomplete",
    "header",
    "below",
    "seventh",
    "open_stem",
    "placeholder",
    *FLAG_FACTS,
    *SEX_FLAGS,
    *(f"age_{group}" for group in AGE_GROUPS),
)


def cut_periods(
    releases: Sequence[tuple[str, date, date]], tables: Sequence[pl.DataFrame]
) -> tuple[Period, ...]:
    """Stretches of days on which nothing changes: cut at every release, begin and end of a fact."""
    covers_from, covers_to = releases[0][1], releases[-1][2]
    starts = {valid_from for _, valid_from, _ in releases}
    for table in tables:
        starts |= set(table["valid_from"].drop_nulls())
        starts |= {last + timedelta(days=1) for last in table["valid_to"].drop_nulls()}
    days = sorted(day for day in starts if covers_from <= day <= covers_to)
    ends = [day - timedelta(days=1) for day in days[1:]] + [covers_to]
    named = [next(name for name, begins, _ in reversed(releases) if begins <= day) for day in days]
    return tuple(
        Period(number, name, first, last)
        for number, (name, first, last) in enumerate(zip(named, days, ends, strict=True))
    )


def period_bits(periods: Sequence[Period]) -> pl.DataFrame:
    """period, bit, valid_from, valid_to: one row per period, with its bit in the masks."""
    return pl.DataFrame(
        [(one.number, 1 << one.number, one.valid_from, one.valid_to) for one in periods],
        schema={"period": pl.UInt8, "bit": MASK, "valid_from": pl.Date, "valid_to": pl.Date},
        orient="row",
    )


def with_mask(table: pl.DataFrame, periods: Sequence[Period]) -> pl.DataFrame:
    """Replaces valid_from and valid_to (blank: still open) by `mask`, the periods that lie between them."""
    number = {period.valid_from: period.number for period in periods}
    after = {period.valid_to: period.number + 1 for period in periods}
    first = (
        pl.col("valid_from")
        .clip(lower_bound=periods[0].valid_from)
        .replace_strict(number, return_dtype=pl.Int64)
    )
    stop = pl.col("valid_to").fill_null(periods[-1].valid_to).replace_strict(after, return_dtype=pl.Int64)
    two = pl.lit(2, pl.Int64)
    return table.with_columns(mask=(two.pow(stop) - two.pow(first)).cast(MASK)).drop("valid_from", "valid_to")


def code_masks(spans: pl.DataFrame, flags: pl.DataFrame) -> pl.DataFrame:
    """One row per code, header and stem with HISTORY_MASKS and `skeleton`. Both tables carry `mask`."""
    billable = spans.filter(pl.col("kind") == "billable")
    stems = (
        billable.filter("seventh_character")
        .select(pl.col("code").str.slice(0, STEM_LENGTH), "mask")
        .pipe(_any_of, "incomplete")
    )
    # A stem may be sent without the placeholders at its end: W19 stands for W19.XXX.
    without_x = pl.concat(
        [stems]
        + [
            stems.filter(pl.col("code").str.ends_with("X" * count)).with_columns(
                pl.col("code").str.head(-count)
            )
            for count in range(1, STEM_LENGTH - FIRST_LENGTH + 1)
        ]
    )
    prefixes = pl.concat(
        [
            billable.filter(pl.col("code").str.len_chars() > length)
            .select(pl.col("code").str.slice(0, length), "mask")
            .pipe(_any_of, "below")
            for length in range(FIRST_LENGTH, FULL_LENGTH)
        ]
    )
    parts = [
        billable.pipe(_any_of, "in_force"),
        spans.filter(pl.col("kind") == "header").pipe(_any_of, "header"),
        without_x.rename({"incomplete": "mask"}).pipe(_any_of, "incomplete"),
    ]
    codes = pl.concat([part.select("code") for part in parts]).unique().sort("code")
    masks = codes
    for part in (*parts, prefixes, billable.filter("seventh_character").pipe(_any_of, "seventh")):
        masks = masks.join(part, on="code", how="left")
    masks = masks.with_columns(stem=pl.col("code").str.slice(0, STEM_LENGTH)).join(
        stems.select(stem="code", open_stem="incomplete"), on="stem", how="left"
    )
    # A stem is not its own: only a whole code can carry a 7th character that its stem does not permit.
    whole = pl.col("code").str.len_chars() == FULL_LENGTH
    masks = masks.with_columns(pl.when(whole).then("open_stem").alias("open_stem"), placeholder=None)
    names = {flag: name for name, flag in FLAG_FACTS.items()} | {flag: flag for flag in SEX_FLAGS}
    names |= {group: f"age_{group}" for group in AGE_GROUPS}
    for flag, name in names.items():
        masks = masks.join(flags.filter(pl.col("flag") == flag).pipe(_any_of, name), on="code", how="left")
    return masks.select(
        "code",
        pl.when(pl.col("in_force").is_not_null()).then(skeleton(pl.col("code"))).alias("skeleton"),
        *(pl.col(name).cast(MASK).fill_null(0) for name in HISTORY_MASKS),
    )


def number_histories(masks: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(codes with the number of their history, the distinct histories in order of that number)."""
    distinct = masks.select(HISTORY_MASKS).unique().sort(HISTORY_MASKS).with_row_index("history")
    return masks.join(distinct, on=HISTORY_MASKS, how="left", maintain_order="left"), distinct


def unfold(histories: pl.DataFrame, periods: Sequence[Period], age_groups: pl.DataFrame) -> pl.DataFrame:
    """ICD10_FACTS of every history in every period, history-major, periods in order.

    A fact that is not `always` known is blank unless the code is in force, so that a rule about meaning stays
    silent on a code that has none; CC and MCC are blank too where no grouper version is at hand.
    """
    bits = period_bits(periods).select("period", "bit").with_columns(next_release=_next_release_bits(periods))
    bands = with_mask(age_groups, periods).rename({"mask": "band"})
    ages = (
        bands.join(bits, how="cross")
        .filter((pl.col("band") & pl.col("bit")) != 0)
        .select("age_group", "period", pl.col("age_from", "age_to").cast(pl.Int16))
    )

    def has(name: str) -> pl.Expr:
        return (pl.col(name) & pl.col("bit")) != 0

    stands = pl.col("in_force") | pl.col("incomplete") | pl.col("header")
    earlier = (stands & (pl.col("bit") - 1)) != 0
    later = stands >= pl.col("bit") * 2
    status = (
        pl.when(has("in_force"))
        .then(pl.lit("in_force"))
        .when(has("incomplete"))
        .then(pl.lit("incomplete"))
        .when(has("header") | (earlier & has("below")))
        .then(pl.lit("header"))
        .when(earlier)
        .then(pl.lit("expired"))
        .when(later)
        .then(pl.lit("not_yet"))
        .otherwise(pl.lit("unknown"))
    )
    gone = ~has("in_force") & (earlier | ~later)
    seventh = (
        pl.when(has("seventh"))
        .then(pl.lit("permitted"))
        .when(has("incomplete") & ~has("in_force"))
        .then(pl.lit("missing"))
        .when(has("open_stem") & gone)
        .then(pl.lit("not_permitted"))
        .otherwise(pl.lit("none"))
    )
    levelled = histories.select(
        pl.lit(0, MASK) | pl.col(LEVEL_FACTS[0]).bitwise_or() | pl.col(LEVEL_FACTS[1]).bitwise_or()
    ).item()
    levels_known = (pl.lit(levelled, MASK) & pl.col("bit")) != 0
    sex = pl.coalesce(pl.when(has(flag)).then(pl.lit(letter)) for flag, letter in SEX_FLAGS.items())
    group = pl.coalesce(pl.when(has(f"age_{name}")).then(pl.lit(name)) for name in AGE_GROUPS)
    facts = {
        "status": status,
        "seventh_character": seventh,
        "placeholder_missing": has("placeholder"),
        **{name: has(name) for name in FLAG_FACTS},
        **{name: pl.when(levels_known).then(has(name)) for name in LEVEL_FACTS},
        "ends_next_release": (pl.col("next_release") != 0)
        & ((pl.col("in_force") & pl.col("next_release")) == 0),
        "sex": sex,
        "age_group": group,
    }
    unfolded = (
        histories.join(bits, how="cross")
        .with_columns(**facts)
        .join(ages, on=["age_group", "period"], how="left", maintain_order="left")
        .sort("history", "period")
    )
    in_force = pl.col("status") == "in_force"
    return unfolded.select(
        "history",
        "period",
        *(
            (pl.col(fact.name) if fact.always else pl.when(in_force).then(fact.name))
            .cast(fact.type)
            .alias(fact.name)
            for fact in ICD10_FACTS
        ),
    )


def skeleton(code: pl.Expr) -> pl.Expr:
    """The code without the X's after its category: what stays when a placeholder is lost or misplaced."""
    return code.str.slice(0, FIRST_LENGTH) + code.str.slice(FIRST_LENGTH).str.replace_all(
        "X", "", literal=True
    )


def _next_release_bits(periods: Sequence[Period]) -> pl.Series:
    """For each period the bit of the period with which the next release begins; 0 in the last release."""
    later = ([one for one in periods if one.number > p.number and one.release != p.release] for p in periods)
    return pl.Series([1 << following[0].number if following else 0 for following in later], dtype=MASK)


def _any_of(table: pl.DataFrame, name: str) -> pl.DataFrame:
    return table.group_by("code").agg(pl.col("mask").bitwise_or().alias(name))
