"""What a finding puts at risk, with every service line counted once."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from validator.claims.schema import MONEY

_ZERO = pl.lit(0, dtype=MONEY)


@dataclass(frozen=True)
class Coverage:
    """Which money each finding touches.

    `whole`: finding_no, claim_no of findings that bring the whole claim back. `lines`: finding_no, line_row,
    claim_no, charge of findings that touch single lines. A finding in neither risks nothing.
    """

    whole: pl.DataFrame
    lines: pl.DataFrame


def coverage(findings: pl.DataFrame, lines: pl.DataFrame) -> Coverage:
    """Decide what each finding touches.

    findings: finding_no, grain, severity, claim_no, line_row (of line findings), pointed_position (slot in
    the main diagnosis list, of diagnosis findings). lines: row, claim_no, charge, diagnosis_pointers.

    `reject` returns the whole claim, or the line that it is about. `deny` and `audit` touch the lines that
    point at the diagnosis, the whole claim where nothing on the claim points anywhere, nothing where lines
    point elsewhere only. `advise` touches nothing.
    """
    weighty = findings.filter(pl.col("severity") != "advise")
    lines = lines.filter(pl.col("claim_no").is_in(weighty["claim_no"].unique().implode()))
    pointing = lines.filter(pl.col("diagnosis_pointers").list.len() > 0)["claim_no"].unique()
    by_pointer = (
        (pl.col("grain") == "diagnosis")
        & (pl.col("severity") != "reject")
        & pl.col("claim_no").is_in(pointing.implode())
    )
    of_lines = weighty.filter(pl.col("grain") == "line").select("finding_no", pl.col("line_row").alias("row"))
    pointed = (
        lines.select("row", "claim_no", pl.col("diagnosis_pointers").alias("pointed_position"))
        .explode("pointed_position")
        .with_columns(pl.col("pointed_position").cast(pl.UInt8))  # of no pointers at all, it has no type
        .join(
            weighty.filter(by_pointer).select("finding_no", "claim_no", "pointed_position"),
            on=["claim_no", "pointed_position"],
        )
        .select("finding_no", "row")
        .unique()
    )
    touched = pl.concat([of_lines, pointed]).join(lines.select("row", "claim_no", "charge"), on="row")
    whole = weighty.filter((pl.col("grain") != "line") & ~by_pointer).select("finding_no", "claim_no")
    return Coverage(whole, touched.rename({"row": "line_row"}))


def amounts(findings: pl.DataFrame, claims: pl.DataFrame, covered: Coverage) -> pl.Series:
    """Amount at risk of each finding, US dollars. claims: claim_no, total_charge."""
    whole = covered.whole.join(claims, on="claim_no").select(
        "finding_no", pl.col("total_charge").alias("amount")
    )
    single = covered.lines.group_by("finding_no").agg(pl.col("charge").sum().alias("amount"))
    both = pl.concat([whole, single.with_columns(pl.col("amount").cast(MONEY))])
    joined = findings.select("finding_no").join(both, on="finding_no", how="left", maintain_order="left")
    return joined["amount"].fill_null(0).cast(MONEY).alias("amount_at_risk")


def amounts_once(
    findings: pl.DataFrame, claims: pl.DataFrame, covered: Coverage, by: Sequence[str]
) -> pl.DataFrame:
    """Per claim and `by`: the money touched, each line once and never more than the claim's charge.

    findings: finding_no and the `by` columns. Result: claim_no, by..., amount.
    """
    keys = ["claim_no", *by]
    told = findings.select("finding_no", *by)
    whole = covered.whole.join(told, on="finding_no").select(keys).unique()
    single = covered.lines.join(told, on="finding_no").unique([*keys, "line_row"])
    single = single.group_by(keys).agg(pl.col("charge").sum().alias("lines_amount"))
    touched = pl.concat([whole, single.select(keys)]).unique()
    return (
        touched.join(whole.with_columns(pl.lit(True).alias("is_whole")), on=keys, how="left")
        .join(single, on=keys, how="left")
        .join(claims, on="claim_no", how="left")
        .with_columns(
            pl.when(pl.col("is_whole"))
            .then(pl.col("total_charge").fill_null(0))
            .otherwise(
                pl.min_horizontal("lines_amount", pl.col("total_charge").fill_null(pl.col("lines_amount")))
            )
            .fill_null(0)
            .cast(MONEY)
            .alias("amount")
        )
        .select(*keys, "amount")
    )


def amounts_by_severity(findings: pl.DataFrame, claims: pl.DataFrame, covered: Coverage) -> pl.DataFrame:
    """severity, amount: each line once, under its worst severity; the sum never exceeds what was charged.

    A claim that comes back whole counts under the worst severity that brings it back, less its lines that
    a worse one touches.
    """
    severity = findings.select("finding_no", pl.col("severity").to_physical().alias("rank"))
    whole = covered.whole.join(severity, on="finding_no").group_by("claim_no").agg(pl.col("rank").min())
    single = covered.lines.join(severity, on="finding_no")
    single = single.group_by("claim_no", "line_row").agg(pl.col("rank").min(), pl.col("charge").first())
    single = single.join(whole.rename({"rank": "whole_rank"}), on="claim_no", how="left")
    single = single.filter(pl.col("whole_rank").is_null() | (pl.col("rank") < pl.col("whole_rank")))
    before = single.group_by("claim_no").agg(pl.col("charge").sum().alias("already"))
    rest = (
        whole.join(claims, on="claim_no")
        .join(before, on="claim_no", how="left")
        .select(
            "rank", (pl.col("total_charge").fill_null(0) - pl.col("already").fill_null(0)).alias("amount")
        )
        .with_columns(pl.max_horizontal("amount", _ZERO).cast(MONEY).alias("amount"))
    )
    parts = pl.concat(
        [rest, single.select("rank", pl.col("charge").fill_null(0).cast(MONEY).alias("amount"))]
    )
    names = findings.schema["severity"]
    return (
        parts.group_by("rank")
        .agg(pl.col("amount").sum().cast(MONEY))
        .sort("rank")
        .select(pl.col("rank").cat.to(names).alias("severity"), "amount")
    )
