"""The tables of the run folder: Parquet for machines, CSV for spreadsheets."""

from collections.abc import Sequence
from typing import BinaryIO

import polars as pl

from validator.reports.text import guarded, joined_lists

_ROWS_AT_ONCE = 100_000  # bounds the memory for the text of a CSV, however many findings there are


def write_parquet(frame: pl.DataFrame, file: BinaryIO) -> None:
    """The frame as Parquet; the same frame gives the same bytes."""
    frame.write_parquet(file, compression="zstd")


def write_csv(frame: pl.DataFrame, file: BinaryIO, *, columns: Sequence[str]) -> None:
    """`columns` as CSV after RFC 4180 (UTF-8, CRLF), lists joined by `; `; no cell can become a formula."""
    for start in range(0, max(frame.height, 1), _ROWS_AT_ONCE):
        rows = frame.select(columns).slice(start, _ROWS_AT_ONCE)
        guarded(joined_lists(rows)).write_csv(file, line_terminator="\r\n", include_header=start == 0)
