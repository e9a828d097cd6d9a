"""What a finding points at besides itself: the row that its `there_is` found, in words."""

import polars as pl

from validator.claims.schema import RULE_TABLES
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
    table, matches = judged.matches[rule_id]
    others = getattr(frames.tables, RULE_TABLES[table])[matches["other.row"]]
    words = others.select(_in_words(table, frames).alias("related")).to_series()
    found = matches.select("row", pl.Series("related", words))
    joined = rows.to_frame("row").join(found, on="row", how="left", maintain_order="left")
    return joined.select(
        pl.when(pl.col("related").is_null())
        .then(pl.lit([], dtype=pl.List(pl.String)))
        .otherwise(pl.concat_list("related"))
    ).to_series()


def _in_words(table: str, frames: Frames) -> pl.Expr:
    claim_id = pl.lit(frames.tables.claims["claim_id"]).gather(pl.col("claim_no"))
    match table:
        case "diagnosis":
            role = pl.col("role").cast(pl.String).replace_strict(_ROLE_WORDS, return_dtype=pl.String)
            return pl.format("{} {} {} on claim {}", role, "position", dotted(pl.col("code")), claim_id)
        case "line":
            return pl.format("line {} of claim {}", "line_number", claim_id)
        case "procedure":
            return pl.format("procedure {} on claim {}", "code", claim_id)
        case _:
            return pl.format("claim {}", claim_id)
