"""Read one CSV file: with Polars as text, with this project's reader as rows, or on to canonical tables."""

import argparse
import json
import tempfile
import time
from pathlib import Path

import polars as pl

from validator.claims.batch import open_batch
from validator.claims.mapping import RowMapper
from validator.claims.opening import open_claims


def with_polars(claims: Path) -> int:
    """Every column as text."""
    return pl.scan_csv(claims, infer_schema=False).collect().height


def as_rows(claims: Path) -> int:
    """Every row told apart, numbered and checked, in pieces."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open_claims(claims, claims.name, None, Path(folder)) as opened,
    ):
        headings = RowMapper(opened.binding, opened.reader.types).headings
        return sum(piece.frame.height for piece in opened.reader.pieces(headings))


def as_tables(claims: Path) -> int:
    """Canonical and derived tables, as a night reads them."""
    with open_batch([str(claims)]) as batch:
        return sum(tables.lines.height for tables in batch.partitions())


WAYS = {"polars": with_polars, "rows": as_rows, "tables": as_tables}


def main() -> None:
    """Read once, print the seconds and the rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("claims", type=Path)
    parser.add_argument("way", choices=WAYS)
    given = parser.parse_args()
    start = time.perf_counter()
    rows = WAYS[given.way](given.claims)
    print(json.dumps({"seconds": time.perf_counter() - start, "rows": rows}))


if __name__ == "__main__":
    main()
