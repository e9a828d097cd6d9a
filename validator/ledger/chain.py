"""The chains of hashes over the runs and reviews of a ledger: a past that was edited no longer fits them."""

from hashlib import sha256
from typing import TYPE_CHECKING

from validator.ledger.schema import Chain

if TYPE_CHECKING:
    import duckdb

START = "0" * 64


def end_of(connection: "duckdb.DuckDBPyConnection", chain: Chain) -> tuple[int, str]:
    """Number and hash of the last link; 0 and START where there is none."""
    last = connection.execute(
        f"select {chain.key}, hash from {chain.head} order by {chain.key} desc limit 1"
    ).fetchall()
    return last[0] if last else (0, START)


def seal(connection: "duckdb.DuckDBPyConnection", chain: Chain, number: int) -> None:
    """Write the hash of the last link, once its rows are there."""
    [(_, made)] = hashes(connection, chain, number)
    connection.execute(f"update {chain.head} set hash = ? where {chain.key} = ?", [made, number])


def hashes(connection: "duckdb.DuckDBPyConnection", chain: Chain, first: int = 0) -> list[tuple[int, str]]:
    """Number and hash of each link as they follow from the rows, from `first` on, in order."""
    columns = ", ".join(f"cast({name} as varchar)" for name in chain.columns)
    links = connection.execute(
        f"select {chain.key}, previous_hash, concat_ws(chr(31), {columns}) from {chain.head} "
        f"where {chain.key} >= ? order by {chain.key}",
        [first],
    ).fetchall()
    rows = {table: _rows(connection, chain, table, first) for table in chain.tables}
    told = []
    for number, previous, link in links:
        parts = [previous, link, *(rows[table].get(number, "") for table in chain.tables)]
        told.append((number, sha256("\n".join(parts).encode()).hexdigest()))
    return told


def broken_at(connection: "duckdb.DuckDBPyConnection", chain: Chain) -> int | None:
    """The first link that no longer fits the chain; None when all do."""
    written = connection.execute(
        f"select {chain.key}, previous_hash, hash from {chain.head} order by {chain.key}"
    ).fetchall()
    previous = START
    for (number, told_previous, told), (_, made) in zip(written, hashes(connection, chain), strict=True):
        if told_previous != previous or told != made:
            return int(number)
        previous = told
    stray = (
        f"select min({chain.key}) from {{}} where {chain.key} not in (select {chain.key} from {chain.head})"
    )
    for table in chain.tables:
        [(number,)] = connection.execute(stray.format(table)).fetchall()
        if number is not None:
            return int(number)
    return None


def _rows(connection: "duckdb.DuckDBPyConnection", chain: Chain, table: str, first: int) -> dict[int, str]:
    """One hash per link over its rows in a table, whatever their order in the file."""
    cells = ", ".join(f"coalesce(cast({name} as varchar), chr(30))" for name in chain.tables[table])
    return dict(
        connection.execute(
            f"select {chain.key}, sha256(string_agg(line, chr(10) order by line)) from "
            f"(select {chain.key}, concat_ws(chr(31), {cells}) as line from {table} where {chain.key} >= ?) "
            "group by all",
            [first],
        ).fetchall()
    )
