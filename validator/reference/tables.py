"""Reads of the built DuckDB file; whatever is wrong with the file becomes one clear sentence."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import polars as pl

from validator.errors import Place, ReferenceError


@dataclass(frozen=True)
class BuiltTables:
    """One built reference. DuckDB checks each block that it reads, so damage never becomes an answer."""

    path: Path

    def read(self, query: str, **frames: pl.DataFrame) -> pl.DataFrame:
        """The result of a query of ours; `frames` are tables that it may name. Raises ReferenceError."""
        try:
            with self._opened.cursor() as connection:
                for name, frame in frames.items():
                    connection.register(name, frame.to_arrow())
                return connection.sql(query).pl()
        except (duckdb.Error, RuntimeError, ValueError, OSError) as error:
            raise ReferenceError(
                f"the reference is damaged or was made by another version ({type(error).__name__})",
                fix="Build it again: validator reference build",
                place=Place(str(self.path)),
            ) from None

    @cached_property
    def _opened(self) -> "duckdb.DuckDBPyConnection":
        """The file, open as long as these tables are wanted: opening it takes longer than most reads."""
        # The type is quoted because DuckDB reports a class that somebody still holds at exit as a leak.
        return duckdb.connect(str(self.path), read_only=True)
