"""What a reader hands on: a piece of a file as a frame of its columns, and the rows it had to reject."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

# The reader's own column: the number of the row in its file. No heading can be this.
ROW = "#row"
CELL_LIMIT = 10_000  # characters; the longest honest cell is a few hundred
COLUMN_LIMIT = 2_000
REJECTED = {ROW: pl.UInt32, "reason": pl.String}


def no_rejections() -> pl.DataFrame:
    return pl.DataFrame(schema=REJECTED)


@dataclass(frozen=True)
class Piece:
    """Some rows of a file, in order. `frame` holds the columns asked for and the row number.

    `delivered` is how many accepted rows of the file it was made from, where that is not one for each.
    """

    frame: pl.DataFrame
    rejected: pl.DataFrame = field(default_factory=no_rejections)
    delivered: int | None = None

    @property
    def rows_read(self) -> int:
        accepted = self.frame.height if self.delivered is None else self.delivered
        return accepted + self.rejected.height


class Reader(Protocol):
    """Reads one file. `types` are its headings and what their columns hold, in order."""

    format: str
    types: Mapping[str, pl.DataType]

    def pieces(self, headings: list[str]) -> Iterator[Piece]:
        """The file in pieces, with these columns."""
        ...

    def done(self) -> int:
        """How many of the delivered bytes are read."""
        ...

    def notes(self) -> list[str]:
        """What is worth saying about the file as a whole, once it is read."""
        ...


def without_long_cells(piece: Piece) -> Piece:
    """Reject the rows with a cell that no claim has: nothing downstream should have to hold it."""
    texts = [name for name, type_ in piece.frame.schema.items() if type_ == pl.String]
    if not texts or piece.frame.is_empty():
        return piece
    longest = piece.frame.select(pl.max_horizontal(pl.col(texts).str.len_bytes().max())).item()
    if longest is None or longest <= CELL_LIMIT:
        return piece
    too_long = pl.any_horizontal(pl.col(texts).str.len_chars() > CELL_LIMIT).fill_null(False)
    reason = pl.lit(f"a cell is longer than {CELL_LIMIT:,} characters").alias("reason")
    rejected = piece.frame.filter(too_long).select(ROW, reason)
    return Piece(piece.frame.filter(~too_long), pl.concat([piece.rejected, rejected]).sort(ROW))
