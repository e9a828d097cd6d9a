"""What both sides of the code-set comparison share: the columns asked of, and the prepared code tables."""

from pathlib import Path

import duckdb
import polars as pl

from validator.reference.lookup import open_reference
from validator.shipped import reference_folder

DIAGNOSES = tuple(f"diagnosis_{n + 1}" for n in range(12))


def prepare_code_tables(out: Path, claims: Path) -> None:
    """Write what the SQL side joins: the status of every code on every day, as stretches and by release.

    The codes are those of the reference and those of the claims, so that cut-short codes are answered too.
    """
    reference = open_reference()
    listed = pl.read_csv(reference_folder() / "facts" / "icd10cm_spans.csv.gz", infer_schema=False)["code"]
    sent = pl.concat(
        [pl.read_parquet(claims, columns=[name]).to_series().alias("code") for name in DIAGNOSES]
    )
    codes = pl.concat([listed, sent.drop_nulls()]).unique().sort()
    periods = pl.DataFrame(
        {
            "release": range(len(reference.periods)),
            "valid_from": [period.valid_from for period in reference.periods],
            "valid_to": [period.valid_to for period in reference.periods],
        }
    )
    statuses = (  # noqa: F841 - read by name below
        codes.to_frame("code")
        .join(periods, how="cross", maintain_order="left_right")
        .with_columns(reference.facts(codes).by_period["status"].cast(pl.String))
        .filter(pl.col("status") != "unknown")
    )
    out.unlink(missing_ok=True)
    with duckdb.connect(str(out)) as connection:
        connection.execute(
            "CREATE TABLE releases AS SELECT release, valid_from FROM periods ORDER BY release"
        )
        connection.execute("CREATE TABLE by_release AS SELECT code, release, status FROM statuses")
        connection.execute(
            """
            CREATE TABLE spans AS
            SELECT code, status, min(r.valid_from) AS valid_from, max(r.valid_to) AS valid_to
            FROM (
                SELECT *, release - row_number() OVER (PARTITION BY code, status ORDER BY release) AS stretch
                FROM statuses
            ) r
            GROUP BY code, status, stretch ORDER BY 1, 3
            """
        )
