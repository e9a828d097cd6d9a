"""What a finding points at besides itself: the row that its `there_is` found, in words."""

import polars as pl

from validator.engine.frames import Frames
from validator.engine.outcomes import GrainOutcomes
from validator.reference.dotted import dotted

_ROLE_WORDS = {
    "principal": "principal diagnosis",
    "secondary": "diagnosis",
    "admitting": "admitting diagnosis",
    "reason_for_visit": "reason for visit",
    "external_cause": "external cause",
}


def related_rows(judged: GrainOutcomes, rule_id: str, rows: pl.Series, frames: Frames) -> pl.Series:
    """Per flagged row a list with the other row it was held against, empty where there is none."""
    if rule_id not in judged.matches:
        return pl.Series("related", [[]], dtype=pl.List(pl.String)).new_from_index(0, rows.len())
    match = judged.matches[rule_id]
    table, matches = match.table, match.rows.filter(pl.col("row").is_in(rows.implode()))
    others = frames.base(table)[matches["other.row"]]
    mine = frames.base(judged.grain)["claim_no"][matches["row"]]
    claim_id = pl.lit(frames.tables.claims["claim_id"]).gather(pl.col("claim_no"))
    elsewhere = (
        pl.when(pl.col("claim_no") != mine).then(pl.format(" on claim {}", claim_id)).otherwise(pl.lit(""))
    )
    words = others.select((_in_words(table) + elsewhere).alias("related")).to_series()
    found = matches.select("row", pl.Series("related", words))
    joined = rows.to_frame("row").join(found, on="row", how="left", maintain_order="left")
    nothing = pl.lit([], dtype=pl.List(pl.String))
    return joined.select(
        pl.when(pl.col("related").is_null()).then(nothing).otherwise(pl.concat_list("related"))
    ).to_series()


def _in_words(table: str) -> pl.Expr:
    match table:
        case "diagnosis":
            role = pl.col("role").cast(pl.String).replace_strict(_ROLE_WORDS, return_dtype=pl.String)
            return pl.format("{} {} in position {}", role, dotted(pl.col("code")), "position")
        case "line":
            return pl.format("line {}", "line_number")
        case "procedure":
            return pl.format("procedure {}", "code")
        case _:
            return pl.lit("another claim")
