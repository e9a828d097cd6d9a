"""Read Parquet: columns keep their types, rows are counted from 1."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from validator.claims.pieces import COLUMN_LIMIT, ROW, Piece, without_long_cells
from validator.claims.streams import ClaimStream
from validator.errors import ClaimFileError, Place

ROWS_PER_PIECE = 128_000
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
        self.lengths = [part for rows in self._groups() for part in _parts(rows)]
        self.rows, self.rows_done = sum(self.lengths), 0
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
        """The file in pieces of at most 128,000 rows, with these columns.

        Row groups are read one by one: reading ahead, as Polars does on its own, would take 1 GB of memory.
        """
        frames = pl.scan_parquet(self.path, glob=False).select(headings)
        for length in self.lengths:
            try:
                frame = frames.slice(self.rows_done, length).collect()
            except pl.exceptions.PolarsError:
                raise self._damaged() from None
            start, self.rows_done = self.rows_done, self.rows_done + length
            numbers = pl.int_range(start + 1, self.rows_done + 1, dtype=pl.UInt32, eager=True)
            yield without_long_cells(Piece(frame.with_columns(numbers.alias(ROW)).select(ROW, *headings)))

    def _groups(self) -> list[int]:
        """How many rows each row group has. Raises ClaimFileError when they cannot be true."""
        try:
            metadata = pq.read_metadata(self.path)
            groups = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
            size = self.path.stat().st_size
        except (pa.ArrowException, OSError):
            raise self._damaged() from None
        if sum(groups) > max(ROWS_ALWAYS_READ, ROWS_PER_BYTE * size):
            raise ClaimFileError(
                f"says that it holds {sum(groups):,} rows in {size:,} bytes, as no export of claims does",
                fix="Check how it was written.",
                place=Place(self.stream.name),
            )
        return groups

    def _damaged(self) -> ClaimFileError:
        return ClaimFileError(
            "is a damaged or unsupported Parquet file", fix="Write it again.", place=Place(self.stream.name)
        )


def _parts(rows: int) -> list[int]:
    """The rows of a row group in equal parts that are no longer than a piece."""
    count = max(1, -(-rows // ROWS_PER_PIECE))
    return [rows * (n + 1) // count - rows * n // count for n in range(count)]
