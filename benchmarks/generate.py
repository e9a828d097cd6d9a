"""Make up a batch of realistic volume: the same file for the same seed, written piece by piece.

`python -m benchmarks.generate --claims 1000000 --out benchmarks/work/claims.parquet`
"""

import argparse
import time
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from benchmarks.chance import Chance
from benchmarks.claims import Mix, make_piece
from benchmarks.codes import CodeBook, read_code_book
from benchmarks.company import read_company
from benchmarks.mistakes import read_wrong_codes
from validator.reference.lookup import Reference, open_reference
from validator.shipped import reference_folder

PIECE = 200_000


def code_book(reference: Reference, chance: Chance) -> CodeBook:
    """Every diagnosis code that was billable on some day, with its facts from the built reference."""
    listed = pl.read_csv(reference_folder() / "facts" / "icd10cm_spans.csv.gz", infer_schema=False)
    return read_code_book(
        listed.filter(pl.col("kind") == "billable")["code"].unique().sort(), reference, chance
    )


def generate(out: Path, *, claims: int, seed: int = 1, mix: Mix = Mix()) -> int:  # noqa: B008 - frozen
    """Write so many claims to a .parquet or .csv file and return the number of rows (claim lines)."""
    chance = Chance(seed)
    reference = open_reference()
    book = code_book(reference, chance)
    company = read_company(reference, book)
    wrong_codes = read_wrong_codes(book)
    rows = 0
    unfinished = out.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        parquet = None
        for first in range(0, claims, PIECE):
            piece = make_piece(
                first,
                min(PIECE, claims - first),
                book=book,
                company=company,
                wrong_codes=wrong_codes,
                chance=chance,
                mix=mix,
            )
            rows += piece.height
            if out.suffix == ".csv":
                piece.write_csv(file, include_header=first == 0)
                continue
            table = piece.to_arrow()
            parquet = parquet or pq.ParquetWriter(file, table.schema, compression="zstd")
            parquet.write_table(table, row_group_size=100_000)
        if parquet:
            parquet.close()
    unfinished.rename(out)
    return rows


def main() -> None:
    """Read the arguments and write the file."""
    parser = argparse.ArgumentParser(description="Make up a batch of claims in the native layout.")
    parser.add_argument("--claims", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inpatient-only", action="store_true", help="every claim is an inpatient stay")
    parser.add_argument(
        "--wrong-codes", type=float, default=0.005, help="share of diagnosis codes that are wrong"
    )
    parser.add_argument("--out", type=Path, required=True, help="a .parquet or .csv file")
    given = parser.parse_args()
    if given.out.suffix not in {".parquet", ".csv"}:
        parser.error("--out must end in .parquet or .csv")
    given.out.parent.mkdir(parents=True, exist_ok=True)
    inpatient, outpatient = (1.0, 0.0) if given.inpatient_only else (Mix.inpatient, Mix.outpatient)
    mix = Mix(inpatient, outpatient, given.wrong_codes)
    start = time.perf_counter()
    rows = generate(given.out, claims=given.claims, seed=given.seed, mix=mix)
    seconds = time.perf_counter() - start
    size = given.out.stat().st_size / 1e6
    print(f"{given.out}: {given.claims:,} claims, {rows:,} lines, {size:,.0f} MB, {seconds:.1f} s")


if __name__ == "__main__":
    main()
