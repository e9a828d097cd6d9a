"""The dated code-set check with this project's reference: same file, same columns, same counts."""

import argparse
import json
import time

import polars as pl

from benchmarks.contestants.code_set import DIAGNOSES
from validator.reference.lookup import Reference, open_reference


def check(claims: str, reference: Reference) -> pl.DataFrame:
    """How often each code has each status on its coding date: `code`, `status`, `cells`."""
    starts = pl.Series([period.valid_from for period in reference.periods])
    counted = (
        pl.scan_parquet(claims)
        .filter(pl.col("line_number") == 1)
        .select(*DIAGNOSES, on=pl.coalesce("discharge_date", "from_date"))
        .with_columns(period=(pl.lit(starts).search_sorted(pl.col("on"), side="right") - 1).cast(pl.UInt8))
        .unpivot(DIAGNOSES, index="period", value_name="code")
        .drop_nulls("code")
        .group_by("code", "period")
        .agg(cells=pl.len())
        .collect(engine="streaming")
    )
    codes = counted["code"].unique()
    facts = reference.facts(codes)
    places = codes.alias("code").to_frame().with_row_index("code_no")
    counted = counted.join(places, on="code", how="left")
    row = counted["code_no"] * len(reference.periods) + counted["period"]
    return (
        counted.select("code", "cells", status=facts.by_period["status"].gather(row))
        .group_by("code", "status")
        .agg(pl.col("cells").sum())
    )


def main() -> None:
    """Time the check, print the seconds and the counts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("claims")
    given = parser.parse_args()
    reference = open_reference()
    start = time.perf_counter()
    answer = check(given.claims, reference)
    seconds = time.perf_counter() - start
    counts = answer.group_by(pl.col("status").cast(pl.String)).agg(pl.col("cells").sum()).sort("status")
    print(json.dumps({"seconds": seconds, "counts": dict(counts.iter_rows())}))


if __name__ == "__main__":
    main()
