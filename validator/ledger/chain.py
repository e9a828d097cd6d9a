"""The chain of hashes over the runs of a ledger: a past that was edited no longer fits it."""

from hashlib import sha256
from typing import TYPE_CHECKING

from validator.ledger.schema import CHAINED

if TYPE_CHECKING:
    import duckdb

START = "0" * 64
_RUN = ("run_no", "batch_date", "run_name", "run_hash", "tool_version", "whole", "claims")


def hashes(connection: "duckdb.DuckDBPyConnection", first_run: int = 0) -> list[tuple[int, str]]:
    """Run number and hash as they follow from the rows, from `first_run` on, in order."""
    columns = ", ".join(f"cast({name} as varchar)" for name in _RUN)
    runs = connection.execute(
        f"select run_no, previous_hash, concat_ws(chr(31), {columns}) from runs "
        "where run_no >= ? order by run_no",
        [first_run],
    ).fetchall()
    rows = {table: _rows(connection, table, first_run) for table in CHAINED}
    told = []
    for number, previous, run in runs:
        parts = [previous, run, *(rows[table].get(number, "") for table in CHAINED)]
        told.append((number, sha256("\n".join(parts).encode()).hexdigest()))
    return told


def broken_at(connection: "duckdb.DuckDBPyConnection") -> int | None:
    """The first run that no longer fits the chain; None when all do."""
    written = connection.execute("select run_no, previous_hash, hash from runs order by run_no").fetchall()
    previous = START
    for (number, told_previous, told), (_, made) in zip(written, hashes(connection), strict=True):
        if told_previous != previous or told != made:
            return int(number)
        previous = told
    known = "select min(run_no) from {} where run_no not in (select run_no from runs)"
    for table in CHAINED:
        [(stray,)] = connection.execute(known.format(table)).fetchall()
        if stray is not None:
            return int(stray)
    return None


def _rows(connection: "duckdb.DuckDBPyConnection", table: str, first_run: int) -> dict[int, str]:
    """One hash per run over its rows in a table, whatever their order in the file."""
    cells = ", ".join(f"coalesce(cast({name} as varchar), chr(30))" for name in CHAINED[table])
    return dict(
        connection.execute(
            f"select run_no, sha256(string_agg(line, chr(10) order by line)) from "
            f"(select run_no, concat_ws(chr(31), {cells}) as line from {table} where run_no >= ?) "
            "group by run_no",
            [first_run],
        ).fetchall()
    )
