"""Choose claims from their tables, and put tables of different claims together; claims are numbered anew."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from validator.claims.schema import TABLES, ClaimTables


def only(tables: ClaimTables, claim_numbers: pl.Series) -> ClaimTables:
    """The tables of these claims, numbered anew."""
    numbers = pl.DataFrame({"claim_no": claim_numbers}).with_row_index("new")

    def kept(frame: pl.DataFrame) -> pl.DataFrame:
        found = frame.join(numbers, on="claim_no", how="inner", maintain_order="left")
        return found.with_columns(pl.col("new").alias("claim_no")).drop("new")

    return replace(
        tables,
        claims=kept(tables.claims),
        diagnoses=kept(tables.diagnoses),
        procedures=kept(tables.procedures),
        lines=kept(tables.lines),
    )


def together(parts: Sequence[ClaimTables]) -> ClaimTables:
    """Tables of different claims under one another, the claims numbered on."""
    parts = [part for part in parts if part.claims.height] or list(parts[:1])
    first = parts[0]
    if len(parts) == 1:
        return first
    frames: dict[str, list[pl.DataFrame]] = {name: [] for name in TABLES}
    carried: dict[str, frozenset[str]] = {}
    offset = 0
    for part in parts:
        number = (pl.col("claim_no") + offset).cast(pl.UInt32)
        for name, frame in part:
            frames[name].append(frame.with_columns(number))
        offset += part.claims.height
        carried |= part.carried
    whole = {name: pl.concat(each) for name, each in frames.items()}
    return ClaimTables(**whole, carried=carried, earlier=frozenset().union(*(part.earlier for part in parts)))
