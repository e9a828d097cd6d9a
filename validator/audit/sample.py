"""Draw a seeded sample of a run's findings, stratified by rule and money, that anybody can draw again.

Stratified random sampling as the CMS Medicare Program Integrity Manual (Pub. 100-08), chapter 8, section 8.4
asks for: a defined frame, strata, and a documented draw that can be repeated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import polars as pl

from validator.audit.runs import FinishedRun
from validator.errors import UsageError

LEAST = 2  # of each stratum, so that its spread can be estimated
_BANDS, _ENOUGH_FOR_BANDS = 3, 24
FRAME = ("finding_id", "rule_id", "amount_at_risk", "stratum")
STRATA = {
    "stratum": pl.String,
    "rule_id": pl.String,
    "from_amount": pl.Float64,
    "to_amount": pl.Float64,
    "findings": pl.Int64,  # in the frame
    "amount": pl.Float64,  # of these
    "drawn": pl.Int64,
}


@dataclass(frozen=True)
class Sample:
    """A drawn sample: `frame` has columns FRAME, `strata` STRATA, `drawn` is the frame's rows in order."""

    seed: int
    size: int
    rules: tuple[str, ...]  # blank: all
    frame_hash: str
    frame: pl.DataFrame
    strata: pl.DataFrame
    drawn: pl.DataFrame


def draw(run: FinishedRun, seed: int, size: int, rules: Sequence[str] = ()) -> Sample:
    """The sample of `size` findings (all of them where there are no more).

    Raises UsageError where the frame is empty, or the size is less than two of each stratum.
    """
    frame = run.findings.select("finding_id", "rule_id", pl.col("amount_at_risk").cast(pl.Float64))
    if rules:
        frame = frame.filter(pl.col("rule_id").is_in(list(rules)))
    if frame.is_empty():
        raise UsageError("there is no finding to draw from", fix="Name another run, or other rules.")
    frame = _with_strata(frame).select(FRAME).sort("finding_id")
    strata = (
        frame.group_by("stratum", "rule_id")
        .agg(
            pl.col("amount_at_risk").min().alias("from_amount"),
            pl.col("amount_at_risk").max().alias("to_amount"),
            pl.len().cast(pl.Int64).alias("findings"),
            pl.col("amount_at_risk").sum().alias("amount"),
        )
        .sort("stratum")
    )
    strata = strata.with_columns(pl.Series("drawn", _allocation(strata, size), dtype=pl.Int64)).select(
        *STRATA
    )
    return Sample(
        seed, size, tuple(sorted(rules)), frame_hash(frame), frame, strata, _drawn(frame, strata, seed)
    )


def in_short(sample: Sample) -> dict[str, Any]:
    """What draws the sample again, and its strata, as plain values."""
    return {
        "seed": sample.seed,
        "size": sample.size,
        "rules": list(sample.rules),
        "frame_hash": sample.frame_hash,
        "findings": sample.frame.height,
        "drawn": sample.drawn.height,
        "strata": sample.strata.to_dicts(),
    }


def frame_hash(frame: pl.DataFrame) -> str:
    """SHA-256 over `finding id<tab>amount with two decimals<newline>`, by finding id."""
    lines = frame.sort("finding_id").select(
        pl.format("{}\t{}\n", "finding_id", pl.col("amount_at_risk").round(2).cast(pl.Decimal(18, 2)))
    )
    return sha256("".join(lines.to_series().to_list()).encode()).hexdigest()


def _with_strata(frame: pl.DataFrame) -> pl.DataFrame:
    """Each rule by itself; its findings without money apart, those with money in up to three bands.

    Bands hold about equal sums of the square roots of the amounts: few large amounts, many small ones.
    """
    ordered = frame.sort("rule_id", "amount_at_risk", "finding_id")
    root = pl.col("amount_at_risk").sqrt()
    paid = pl.col("amount_at_risk") > 0
    # Equal amounts stay in one band: that of the first of them.
    share = (root.cum_sum().over("rule_id") - root) / root.sum().over("rule_id")
    band = (share.fill_nan(0) * _BANDS).floor().clip(0, _BANDS - 1).cast(pl.Int64) + 1
    many = paid.sum().over("rule_id") >= _ENOUGH_FOR_BANDS
    banded = ordered.with_columns(
        pl.when(~paid).then(0).when(many).then(band).otherwise(1).alias("band")
    ).with_columns(pl.col("band").min().over("rule_id", "amount_at_risk"))
    return banded.with_columns(pl.format("{}/{}", "rule_id", "band").alias("stratum"))


def _allocation(strata: pl.DataFrame, size: int) -> list[int]:
    """Two of each stratum (or all it has), the rest half by findings and half by money."""
    there = strata["findings"].to_list()
    drawn = [min(count, LEAST) for count in there]
    if size < sum(drawn):
        raise UsageError(
            f"--size {size:,} is too small: two findings of each of {len(there):,} strata are {sum(drawn):,}",
            fix=f"Ask for --size {sum(drawn)} or more, or for some rules only with --rule.",
        )
    counts, money = sum(there), float(strata["amount"].sum()) or 1.0
    shares = [
        0.5 * count / counts + 0.5 * amount / money
        for count, amount in zip(there, strata["amount"].to_list(), strict=True)
    ]
    left = min(size, counts) - sum(drawn)
    while left > 0:  # to the stratum that is furthest below its share and has findings left
        wanting = [
            (share / (taken + 1), -number)
            for number, (share, taken) in enumerate(zip(shares, drawn, strict=True))
            if taken < there[number]
        ]
        number = -max(wanting)[1]
        drawn[number] += 1
        left -= 1
    return drawn


def _drawn(frame: pl.DataFrame, strata: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The first of each stratum in the order of SHA-256 of `seed:finding id`."""
    order = [sha256(f"{seed}:{finding}".encode()).hexdigest() for finding in frame["finding_id"]]
    placed = frame.with_columns(pl.Series("order", order)).sort("stratum", "order")
    placed = placed.with_columns(pl.int_range(pl.len()).over("stratum").alias("place"))
    wanted = strata.select("stratum", "drawn")
    return placed.join(wanted, on="stratum").filter(pl.col("place") < pl.col("drawn")).select(FRAME)
