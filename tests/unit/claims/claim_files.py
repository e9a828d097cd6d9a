"""Write small claim files and read them back: what the tests of the claims room share."""

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from tests.unit.claims.workbooks import workbook
from validator.claims.accounts import FileAccount
from validator.claims.batch import open_batch
from validator.claims.checks import problems
from validator.claims.schema import ClaimTables

DELIMITERS = {"csv": ",", "tsv": "\t", "pipe": "|", "semicolon": ";"}
Row = Mapping[str, str | None]


@dataclass(frozen=True)
class Read:
    """A batch that was read: its partitions, its accounts, its rejections."""

    partitions: list[ClaimTables]
    accounts: list[FileAccount]
    rejected: pl.DataFrame

    @property
    def tables(self) -> ClaimTables:
        (only,) = self.partitions
        return only

    @property
    def account(self) -> FileAccount:
        (only,) = self.accounts
        return only


def read(*files: Path | str, **options: Any) -> Read:
    """Read files; every row is accounted for and every table is as the schema declares it, or the test fails."""
    with open_batch([str(file) for file in files], **options) as batch:
        partitions = list(batch.partitions())
        accounts, rejected = batch.accounts(), batch.rejected()
    for tables in partitions:
        assert problems(tables) == []
    for account in accounts:
        assert account.rows_read == account.rows_accepted + account.rows_rejected
        whole = rejected.filter(pl.col("source_file") == account.path, pl.col("column").is_null())
        assert whole.height == account.rows_rejected == sum(account.rejected_by_reason.values())
    return Read(partitions, accounts, rejected)


def read_text(folder: Path, text: str | bytes, name: str = "claims.csv", **options: Any) -> Read:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path, **options)


def headings_of(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(heading for row in rows for heading in row))


def as_bytes(rows: Sequence[Row], format_: str) -> bytes:
    """The rows in one of the formats; a blank cell is empty or null, as the format has it."""
    headings = headings_of(rows)
    if format_ == "xlsx":
        return workbook({"Claims": as_cells(rows)})
    if format_ == "ndjson":
        lines = [json.dumps({h: row.get(h) for h in headings}, ensure_ascii=False) for row in rows]
        return "".join(f"{line}\n" for line in lines).encode()
    if format_ == "parquet":
        table = pl.DataFrame({h: pl.Series([row.get(h) for row in rows], dtype=pl.String) for h in headings})
        buffer = io.BytesIO()
        table.write_parquet(buffer)
        return buffer.getvalue()
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=DELIMITERS[format_], lineterminator="\n")
    writer.writerow(headings)
    writer.writerows([row.get(h) or "" for h in headings] for row in rows)
    return text.getvalue().encode()


def as_cells(rows: Sequence[Row]) -> list[list[str | None]]:
    """The rows as the cells of a sheet, the headings first."""
    headings = headings_of(rows)
    return [list(headings), *([row.get(heading) or None for heading in headings] for row in rows)]


def compressed(content: bytes, compression: str) -> bytes:
    if compression == "gzip":
        return gzip.compress(content)
    if compression == "zstd":
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, "zstd") as stream:
            stream.write(content)
        return bytes(sink.getvalue().to_pybytes())
    return content


def one_line(**cells: str | None) -> dict[str, str | None]:
    """A native row that is a clean professional claim of one line, with changes."""
    row: dict[str, str | None] = {
        "claim_id": "C1",
        "claim_type": "professional",
        "patient_id": "P1",
        "birth_date": "1980-05-05",
        "sex": "F",
        "from_date": "2026-02-10",
        "through_date": "2026-02-10",
        "billing_npi": "1234567893",
        "diagnosis_1": "M54.50",
        "total_charge": "120.00",
        "line_number": "1",
        "line_from_date": "2026-02-10",
        "procedure_code": "99213",
        "units": "1",
        "line_charge": "120.00",
        "place_of_service": "11",
        "diagnosis_pointers": "1",
    }
    return {**row, **cells}


def read_rows(folder: Path, *rows: Row, format_: str = "csv", **options: Any) -> Read:
    return read_text(folder, as_bytes(rows, format_), name="claims.dat", **options)


def whole(partitions: Sequence[ClaimTables]) -> dict[str, pl.DataFrame]:
    """The tables of all partitions under one another, by claim key instead of claim number, in a fixed order."""
    tables: dict[str, list[pl.DataFrame]] = {}
    for part in partitions:
        keys = part.claims["claim_key"]
        for name, frame in part:
            keyed = frame.with_columns(keys.gather(frame["claim_no"]).alias("claim_key")).drop("claim_no")
            tables.setdefault(name, []).append(keyed)
    order = {
        "claims": ["claim_key"],
        "diagnoses": ["claim_key", "role", "position"],
        "procedures": ["claim_key", "position"],
        "lines": ["claim_key", "source_row"],
    }
    return {name: pl.concat(frames).sort(order[name]) for name, frames in tables.items()}
