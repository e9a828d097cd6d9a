"""The dated code-set check as one would write it in SQL: DuckDB reads the Parquet file, joins a code table.

There are several good ways to write it; this script runs the one named, and the comparison takes the fastest.
The code table is prepared beforehand and generous to SQL: it holds a row for every code and stretch of days
with the status already decided, so that one join answers. Its preparation is not timed.
"""

import argparse
import json
import time

import duckdb

from benchmarks.contestants.code_set import DIAGNOSES

CELLS = f"""
    cells AS (
        UNPIVOT (
            SELECT coalesce(discharge_date, from_date) AS coding_date, {", ".join(DIAGNOSES)}
            FROM read_parquet($claims) WHERE line_number = 1
        )
        ON {", ".join(DIAGNOSES)} INTO NAME slot VALUE code
    )
"""
WAYS = {
    # Each cell meets the stretches of its code and keeps the one its date lies in.
    "range join": f"""
        WITH {CELLS}
        SELECT coalesce(s.status, 'unknown') AS status, c.code, count(*) AS cells
        FROM cells c LEFT JOIN spans s ON s.code = c.code
            AND c.coding_date BETWEEN s.valid_from AND s.valid_to
        GROUP BY ALL
    """,
    # Equal cells are counted first, so that fewer meet the join.
    "count first": f"""
        WITH {CELLS},
        counted AS (SELECT code, coding_date, count(*) AS cells FROM cells GROUP BY ALL)
        SELECT coalesce(s.status, 'unknown') AS status, c.code, sum(c.cells)::BIGINT AS cells
        FROM counted c LEFT JOIN spans s ON s.code = c.code
            AND c.coding_date BETWEEN s.valid_from AND s.valid_to
        GROUP BY ALL
    """,
    # The date becomes the number of its release first, then codes are joined by equality only.
    "by release": f"""
        WITH {CELLS},
        counted AS (
            SELECT c.code, r.release, count(*) AS cells
            FROM cells c ASOF LEFT JOIN releases r ON c.coding_date >= r.valid_from
            GROUP BY ALL
        )
        SELECT coalesce(s.status, 'unknown') AS status, c.code, sum(c.cells)::BIGINT AS cells
        FROM counted c LEFT JOIN by_release s ON c.code = s.code AND c.release = s.release
        GROUP BY ALL
    """,
}


def main() -> None:
    """Time one way, print the seconds and a digest of the answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("claims")
    parser.add_argument("codes", help="DuckDB file with the tables spans, releases and by_release")
    parser.add_argument("way", choices=WAYS)
    given = parser.parse_args()
    connection = duckdb.connect(given.codes, read_only=True)
    start = time.perf_counter()
    connection.execute(f"CREATE TEMP TABLE answer AS {WAYS[given.way]}", {"claims": given.claims})
    seconds = time.perf_counter() - start
    counts = connection.sql(
        "SELECT status, sum(cells)::BIGINT FROM answer GROUP BY status ORDER BY status"
    ).fetchall()
    print(json.dumps({"seconds": seconds, "counts": dict(counts)}))


if __name__ == "__main__":
    main()
