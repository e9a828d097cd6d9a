"""The stated order of rows: which of two was reported earlier."""

import polars as pl

from validator.engine.frames import Frames


def with_order(pairs: pl.DataFrame, table: str, frames: Frames, *, within_claim: bool) -> pl.DataFrame:
    """Add the order columns of both rows of each pair: `order_0..2` and `other.order_0..2`.

    `within_claim` says that both rows of every pair are on one claim.

    Between claims: received date (blank last), from date (blank last), claim id, file, row of the file.
    Within a claim: role and position of a diagnosis, number of a line, then the row of the file.
    """
    within = _order_within_claim(table, frames)
    ranks = pl.Series([0], dtype=pl.UInt32) if within_claim else frames.claim_ranks
    for prefix in ("", "other."):
        row = pl.col(f"{prefix}row")
        place = pl.lit(0, pl.UInt32) if within_claim else pl.lit(ranks).gather(pl.col(f"{prefix}claim_no"))
        pairs = pairs.with_columns(
            place.alias(f"{prefix}order_0"),
            pl.lit(within["order_1"]).gather(row).alias(f"{prefix}order_1"),
            pl.lit(within["order_2"]).gather(row).alias(f"{prefix}order_2"),
        )
    return pairs


def first_per(hits: pl.DataFrame, by: list[str], table: str, frames: Frames) -> pl.DataFrame:
    """Of the rows found (`other.row`, positions in `table`), the first in the stated order for each `by`."""
    if hits.select(by).is_duplicated().any():
        numbers = pl.lit(frames.base(table)["claim_no"]).gather(pl.col("other.row"))
        placed = hits.with_columns(numbers.alias("other.claim_no"))
        ranks = frames.claim_ranks
        within = _order_within_claim(table, frames)
        row = pl.col("other.row")
        hits = placed.sort(
            pl.lit(ranks).gather(pl.col("other.claim_no")),
            pl.lit(within["order_1"]).gather(row),
            pl.lit(within["order_2"]).gather(row),
        ).select(hits.columns)
    return hits.unique(by, keep="first", maintain_order=True)


def stands_earlier() -> pl.Expr:
    """Whether the other row of a pair stands before this one."""
    earlier = pl.lit(False)
    for n in (2, 1, 0):
        other, mine = pl.col(f"other.order_{n}"), pl.col(f"order_{n}")
        earlier = (other < mine) | ((other == mine) & earlier)
    return earlier


def _order_within_claim(table: str, frames: Frames) -> pl.DataFrame:
    return frames.once(("order", table), lambda: _made_order(table, frames.base(table)))


def _made_order(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    match table:
        case "diagnosis":
            place = pl.col("role").to_physical().cast(pl.UInt32) * 256 + pl.col("position")
            return rows.select(place.alias("order_1"), pl.col("source_row").alias("order_2"))
        case "line":
            return rows.select(
                pl.col("line_number").cast(pl.UInt32).alias("order_1"), pl.col("source_row").alias("order_2")
            )
        case "procedure":
            return rows.select(*(pl.col("position").cast(pl.UInt32).alias(f"order_{n}") for n in (1, 2)))
        case _:
            return rows.select(pl.col("source_row").alias("order_1"), pl.col("source_row").alias("order_2"))
