"""Read Parquet: columns keep their types, rows are counted from 1."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from validator.claims.pieces import COLUMN_LIMIT, ROW, Piece, without_long_cells
from validator.claims.streams import ClaimStream
from validator.errors import ClaimFileError, Place

ROWS_PER_PIECE = 100_000
# A Parquet file can say "the same row a billion times" in a few bytes; no export of claims does.
ROWS_PER_BYTE, ROWS_ALWAYS_READ = 50, 5_000_000


class ParquetReader:
    """A Parquet file, plain or unpacked into `folder` first when it is compressed as a whole."""

    format = "parquet"

    def __init__(self, stream: ClaimStream, path: Path, folder: Path) -> None:
        self.stream = stream
        self.path = path
        self.unpacked: Path | None = None
        if stream.compression:
            self.path = self.unpacked = folder / "unpacked.parquet"
            with self.unpacked.open("wb") as file:
                while part := stream.read(1 << 20):
                    file.write(part)
        self.rows, self.rows_done = self._rows(), 0
        try:
            self.types: Mapping[str, pl.DataType] = {
                name: type_() if isinstance(type_, type) else type_
                for name, type_ in pl.scan_parquet(self.path, glob=False).collect_schema().items()
            }
        except pl.exceptions.PolarsError:
            raise self._damaged() from None
        if len(self.types) > COLUMN_LIMIT:
            raise ClaimFileError(
                f"has {len(self.types):,} columns; more than {COLUMN_LIMIT:,} are not read",
                fix="Give a table with one column for each field.",
                place=Place(stream.name),
            )

    def done(self) -> int:
        return self.stream.size * self.rows_done // max(self.rows, 1)

    def notes(self) -> list[str]:
        if self.unpacked:
            self.unpacked.unlink(missing_ok=True)
        return []

    def pieces(self, headings: list[str]) -> Iterator[Piece]:
        """The file in pieces of 100,000 rows, with these columns."""
        frames = pl.scan_parquet(self.path, glob=False).select(headings)
        try:
            for frame in frames.collect_batches(chunk_size=ROWS_PER_PIECE, maintain_order=True):
                start, self.rows_done = self.rows_done, self.rows_done + frame.height
                numbers = pl.int_range(start + 1, self.rows_done + 1, dtype=pl.UInt32, eager=True)
                yield without_long_cells(Piece(frame.with_columns(numbers.alias(ROW)).select(ROW, *headings)))
        except pl.exceptions.PolarsError:
            raise self._damaged() from None

    def _rows(self) -> int:
        try:
            rows = int(pq.read_metadata(self.path).num_rows)
            size = self.path.stat().st_size
        except (pa.ArrowException, OSError):
            raise self._damaged() from None
        if rows > max(ROWS_ALWAYS_READ, ROWS_PER_BYTE * size):
            raise ClaimFileError(
                f"says that it holds {rows:,} rows in {size:,} bytes, as no export of claims does",
                fix="Check how it was written.",
                place=Place(self.stream.name),
            )
        return rows

    def _damaged(self) -> ClaimFileError:
        return ClaimFileError(
            "is a damaged or unsupported Parquet file", fix="Write it again.", place=Place(self.stream.name)
        )
