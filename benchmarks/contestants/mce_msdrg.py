"""The Medicare Code Editor of the `msdrg` package over inpatient claims, one process for each core.

Timed are its own work, with the claims ready as the dictionaries it takes and the editors open, and the whole
way from the Parquet file.
"""

import argparse
import json
import multiprocessing
import os
import time
from multiprocessing.synchronize import Barrier
from typing import Any

import polars as pl

from benchmarks.contestants.code_set import DIAGNOSES


def read_claims(path: str, first: int, count: int) -> list[dict[str, Any]]:
    """Claims `first` to `first + count - 1` of the file, as the editor takes them."""
    diagnoses = pl.concat_list(DIAGNOSES).list.drop_nulls()
    days = (pl.col("admission_date") - pl.col("birth_date")).dt.total_days()
    claims = (
        pl.scan_parquet(path)
        .filter(pl.col("line_number") == 1)
        .slice(first, count)
        .select(
            discharge_date=pl.col("discharge_date").dt.strftime("%Y%m%d").cast(pl.Int64),
            age=(days / 365.2425).floor().cast(pl.Int64).clip(0, 124),
            sex=pl.when(pl.col("sex") == "M").then(0).otherwise(1),
            discharge_status=pl.col("discharge_status").cast(pl.Int64),
            codes=diagnoses,
        )
        .filter(pl.col("codes").list.len() > 0)
        .collect()
    )
    return [
        {
            "discharge_date": on,
            "icd_version": 10,
            "age": age,
            "sex": sex,
            "discharge_status": status,
            "pdx": {"code": codes[0], "poa": "Y"},
            "sdx": [{"code": code, "poa": "Y"} for code in codes[1:]],
            "procedures": [],
        }
        for on, age, sex, status, codes in claims.iter_rows()
    ]


def edit(path: str, first: int, count: int, start_line: Barrier, results: Any) -> None:
    """Edit this process's claims once all processes are ready; say how many, with edits, seconds."""
    from msdrg import MceEditor

    with MceEditor() as editor:
        start_line.wait()
        began = time.perf_counter()
        claims = read_claims(path, first, count)
        start_line.wait()
        start = time.perf_counter()
        edited = sum(1 for claim in claims if editor.edit(claim)["edits"])
        end = time.perf_counter()
        results.put((len(claims), edited, end - start, end - began))


def main() -> None:
    """Share the claims out, wait for the slowest process, print claims and seconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("claims")
    parser.add_argument("--count", type=int, default=100_000)
    given = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    share = given.count // cores
    # Spawned, not forked: Polars' threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    start_line, results = context.Barrier(cores), context.Queue()
    processes = [
        context.Process(target=edit, args=(given.claims, n * share, share, start_line, results))
        for n in range(cores)
    ]
    for process in processes:
        process.start()
    done = [results.get() for _ in processes]
    for process in processes:
        process.join()
    claims, edited = sum(one[0] for one in done), sum(one[1] for one in done)
    seconds, from_file = max(one[2] for one in done), max(one[3] for one in done)
    answer = {
        "seconds": seconds,
        "from_file": from_file,
        "claims": claims,
        "edited": edited,
        "processes": cores,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
