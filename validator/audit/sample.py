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
from validator.audit.strata import OTHERS, plans
from validator.errors import UsageError

FRAME = ("finding_id", "rule_id", "amount_at_risk", "stratum")
STRATA = {
    "stratum": pl.String,
    "rule_id": pl.String,  # or OTHERS
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
    together: tuple[str, ...] = ()  # rules that share the strata of OTHERS


def draw(run: FinishedRun, seed: int, size: int, rules: Sequence[str] = ()) -> Sample:
    """The sample of `size` findings (all of them where there are no more).

    Raises UsageError where the frame is empty.
    """
    frame = run.findings.select("finding_id", "rule_id", pl.col("amount_at_risk").cast(pl.Float64))
    if rules:
        frame = frame.filter(pl.col("rule_id").is_in(list(rules)))
    if frame.is_empty():
        raise UsageError("there is no finding to draw from", fix="Name another run, or other rules.")
    frame, strata, together = _with_strata(frame, size)
    drawn = _drawn(frame, strata, seed)
    return Sample(seed, size, tuple(sorted(rules)), frame_hash(frame), frame, strata, drawn, together)


def in_short(sample: Sample) -> dict[str, Any]:
    """What draws the sample again, and its strata, as plain values."""
    return {
        "seed": sample.seed,
        "size": sample.size,
        "rules": list(sample.rules),
        "frame_hash": sample.frame_hash,
        "findings": sample.frame.height,
        "drawn": sample.drawn.height,
        "together": list(sample.together),
        "strata": sample.strata.to_dicts(),
    }


def frame_hash(frame: pl.DataFrame) -> str:
    """SHA-256 over `finding id<tab>amount with two decimals<newline>`, by finding id."""
    lines = frame.sort("finding_id").select(
        pl.format("{}\t{}\n", "finding_id", pl.col("amount_at_risk").round(2).cast(pl.Decimal(18, 2)))
    )
    return sha256("".join(lines.to_series().to_list()).encode()).hexdigest()


def _with_strata(frame: pl.DataFrame, size: int) -> tuple[pl.DataFrame, pl.DataFrame, tuple[str, ...]]:
    """Frame and strata as a Sample has them, and the rules that share strata."""
    cents = (pl.col("amount_at_risk") * 100).round().cast(pl.Int64).alias("cents")
    frame = frame.with_columns(cents)
    counted = frame.group_by("rule_id", "cents").len().sort("rule_id", "cents")
    rules: dict[str, dict[int, int]] = {}
    for rule, each, count in counted.iter_rows():
        rules.setdefault(rule, {})[each] = count
    planned, together = plans(rules, size)
    strata = pl.DataFrame(
        [(f"{each.group}/{each.band}", *each) for each in planned],
        schema=["stratum", "rule_id", "band", "from_cents", "to_cents", "findings", "drawn"],
        orient="row",
    ).sort("stratum")
    grouped = frame.with_columns(
        pl.when(pl.col("rule_id").is_in(together)).then(pl.lit(OTHERS)).otherwise("rule_id").alias("group")
    )
    placed = grouped.join(
        strata.select("stratum", pl.col("rule_id").alias("group"), "from_cents", "to_cents"), on="group"
    ).filter(pl.col("cents").is_between("from_cents", "to_cents"))
    money = placed.group_by("stratum").agg(pl.col("cents").sum().alias("cents"))
    strata = strata.join(money, on="stratum", maintain_order="left").with_columns(
        from_amount=pl.col("from_cents") / 100,
        to_amount=pl.col("to_cents") / 100,
        amount=pl.col("cents") / 100,
    )
    return placed.select(FRAME).sort("finding_id"), strata.select(*STRATA), together


def _drawn(frame: pl.DataFrame, strata: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The first of each stratum in the order of SHA-256 of `seed:finding id`."""
    order = [sha256(f"{seed}:{finding}".encode()).hexdigest() for finding in frame["finding_id"]]
    placed = frame.with_columns(pl.Series("order", order)).sort("stratum", "order")
    placed = placed.with_columns(pl.int_range(pl.len()).over("stratum").alias("place"))
    wanted = strata.select("stratum", "drawn")
    return placed.join(wanted, on="stratum").filter(pl.col("place") < pl.col("drawn")).select(FRAME)
