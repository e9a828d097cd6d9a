"""Try a layout on a file: what becomes of its rows, what is lost, what the feed cannot tell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from validator.claims.accounts import FileAccount
from validator.claims.batch import open_batch
from validator.claims.draft import ROWS_LOOKED_AT
from validator.claims.layout import find_layout
from validator.claims.looks import look_of
from validator.claims.opening import open_claims
from validator.claims.pieces import Piece
from validator.claims.schema import TABLES, ClaimTables
from validator.claims.scratch import Scratch
from validator.errors import ClaimFileError, Place

_ROWS_NAMED = 5
_KEYS = ("claim_no", "claim_key", "source_file", "feed")


@dataclass(frozen=True)
class Trial:
    """One file read with one layout.

    `read` maps a field to its headings. `tables` holds the first claims and what belongs to them, the columns
    that a feed can deliver and that are filled. `first_rows` gives the first rows that were rejected or had
    an unusable cell, by (column or "", reason). `looks` says what the cells of unused columns look like.
    `carried` are the canonical columns that the file tells, as in ClaimTables.
    """

    account: FileAccount
    read: Mapping[str, tuple[str, ...]]
    tables: Mapping[str, pl.DataFrame]
    first_rows: Mapping[tuple[str, str], list[int]]
    looks: Mapping[str, str]
    carried: frozenset[str]


def try_layout(layout: str, file: Path, *, claims: int) -> Trial:
    """Read the whole file with a layout; `claims` is how many of the first claims are shown.

    Raises ClaimFileError when the file does not have the layout, UsageError when there is no such layout.
    """
    if not file.is_file():
        raise ClaimFileError("is no file", fix="Give one claim file.", place=Place(str(file)))
    found = find_layout(layout)
    with Scratch() as scratch:
        assert scratch.path is not None
        with open_claims(file, file.name, found, scratch.path) as opened:
            read, unused = opened.binding.columns, list(opened.binding.unused)
            looks = _looks(opened.reader.pieces(unused), unused) if unused else {}
            opened.reader.notes()
    parts: list[dict[str, pl.DataFrame]] = []
    carried: frozenset[str] = frozenset()
    with open_batch([str(file)], layout=layout) as batch:
        for tables in batch.partitions():
            carried |= frozenset().union(*tables.carried.values())
            parts.append(_first_claims(tables, claims))
        (account,), rejected = batch.accounts(), batch.rejected()
    return Trial(account, read, _together(parts, claims), _first_rows(rejected), looks, carried)


def _first_claims(tables: ClaimTables, count: int) -> dict[str, pl.DataFrame]:
    """The first claims of a partition and what belongs to them, by claim key."""
    first = tables.claims.sort("source_row").head(count)
    numbers = first["claim_no"].implode()
    names = tables.claims.select("claim_no", "claim_key", "claim_id")
    of_first = {
        table: frame.filter(pl.col("claim_no").is_in(numbers)).join(
            names, on="claim_no", how="left", maintain_order="left"
        )
        for table, frame in tables
        if table != "claims"
    }
    return {"claims": first, **of_first}


def _together(parts: list[dict[str, pl.DataFrame]], count: int) -> dict[str, pl.DataFrame]:
    """The first claims of all partitions, with the columns that a feed can deliver and that are filled."""
    if not parts:
        return {}
    claims = pl.concat(part["claims"] for part in parts).sort("source_row").head(count)
    order = claims.select("claim_key", pl.int_range(pl.len()).alias("#order"))
    found = {"claims": claims}
    for table in ("diagnoses", "procedures", "lines"):
        frame = pl.concat(part[table] for part in parts)
        found[table] = frame.join(order, on="claim_key").sort("#order", maintain_order=True)
    return {table: _delivered(table, frame) for table, frame in found.items()}


def _delivered(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The columns that are filled and not derived from others."""
    shown = [
        column.name
        for column in TABLES[table]
        if not column.derived and column.name not in _KEYS and frame[column.name].null_count() < frame.height
    ]
    return frame.select("claim_id", *(name for name in shown if name != "claim_id"))


def _first_rows(rejected: pl.DataFrame) -> dict[tuple[str, str], list[int]]:
    """The first rows of every column and reason; a row that was rejected whole has no column."""
    columns = rejected.with_columns(pl.col("column").fill_null("")).sort("column", "reason", "row")
    grouped = columns.group_by("column", "reason", maintain_order=True).agg(pl.col("row").head(_ROWS_NAMED))
    keys = zip(grouped["column"], grouped["reason"], strict=True)
    return dict(zip(keys, grouped["row"].to_list(), strict=True))


def _looks(pieces: Iterator[Piece], unused: list[str]) -> dict[str, str]:
    """What the cells of the unused columns look like, where they look like anything."""
    piece = next(pieces, None)
    if piece is None:
        return {}
    rows = piece.frame.head(ROWS_LOOKED_AT)
    found = {name: look_of(rows[name]) for name in unused if rows.schema[name] == pl.String}
    return {name: look.what for name, look in found.items() if look}
