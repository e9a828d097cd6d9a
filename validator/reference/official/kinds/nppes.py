"""The NPPES monthly file: which NPIs exist, of which type, on which days; read in pieces, no names kept."""

import io
from datetime import date, timedelta
from typing import IO, cast

import polars as pl

from validator.errors import ReferenceError
from validator.reference.official.document import Document, Part
from validator.reference.official.kind import SET_ROWS, Asked, Kind, Parsed

_COLUMNS = {
    "NPI": "npi",
    "Entity Type Code": "type",
    "Provider Enumeration Date": "enumerated",
    "NPI Deactivation Date": "deactivated",
    "NPI Reactivation Date": "reactivated",
}
_SETS = {"1": "nppes_individual", "2": "nppes_organization"}
# The day the first NPIs were given out.
_BEGIN = date(2005, 5, 23)
_BLOCK = 32 << 20
# The whole file has more than 8 million NPIs; the weekly one, which holds changes only, some ten thousand.
_FEWEST = 1_000_000


def read(document: Document, _: Asked) -> Parsed | None:
    """Columns used: NPI, entity type (1 individual, 2 organization), dates of enumeration, deactivation and
    reactivation. A deactivated NPI has no type left; it counts as both until the day before. The file speaks
    to its newest enumeration, so that an NPI given out later is not called unknown.
    """
    part = next((part for part in document.parts if _is_main_file(part)), None)
    if part is None:
        return None
    with part.open() as stream:
        table = _table(stream)
    if table.height < _FEWEST:
        raise ReferenceError(
            f"the file has {table.height:,} NPIs and the whole file more than {_FEWEST:,}: it is cut off, or "
            "a weekly file that holds changes only",
            fix="Add the full replacement monthly file.",
        )
    before = pl.col("deactivated") - timedelta(days=1)
    back = pl.col("reactivated").is_not_null() & (
        pl.col("deactivated").is_null() | (pl.col("reactivated") >= pl.col("deactivated"))
    )
    first_span = table.with_columns(valid_from=pl.lit(None, pl.Date), valid_to=before)
    second_span = table.filter(back & pl.col("deactivated").is_not_null()).with_columns(
        valid_from=pl.col("reactivated"), valid_to=pl.lit(None, pl.Date)
    )
    spans = pl.concat([first_span, second_span])
    parts = [
        spans.filter((pl.col("type") == kind) | pl.col("type").is_null()).select(
            name=pl.lit(name),
            code=pl.col("npi").cast(pl.String),
            valid_from="valid_from",
            valid_to="valid_to",
        )
        for kind, name in _SETS.items()
    ]
    rows = pl.concat(parts).select(pl.col(column).cast(kind) for column, kind in SET_ROWS.items())
    newest = table["enumerated"].max()
    last = newest if isinstance(newest, date) else _BEGIN
    return Parsed("nppes", {"sets": rows.unique().sort(pl.all())}, (_BEGIN, last))


def _is_main_file(part: Part) -> bool:
    """Whether the first line names the columns; the files of other names and endpoints lack some."""
    if part.ending not in (".csv", ".txt", ""):
        return False
    first = part.head(1 << 16).partition(b"\n")[0].decode("utf-8", errors="replace")
    return all(f'"{name}"' in first or f",{name}" in f",{first}" for name in _COLUMNS)


def _table(stream: IO[bytes]) -> pl.DataFrame:
    """npi, type and the three dates of every row, gathered block by block."""
    import pyarrow as pa
    from pyarrow import csv

    strings = {name: pa.string() for name in _COLUMNS}
    parts = []
    try:
        reader = csv.open_csv(
            cast(io.BufferedIOBase, stream),
            read_options=csv.ReadOptions(block_size=_BLOCK),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                include_columns=list(_COLUMNS),
                column_types=strings,
                check_utf8=False,
                strings_can_be_null=False,
            ),
        )
        for batch in reader:
            block = cast(pl.DataFrame, pl.from_arrow(batch)).rename(_COLUMNS)
            dates = ("enumerated", "deactivated", "reactivated")
            made = block.select(
                pl.col("npi").str.strip_chars().cast(pl.UInt64, strict=False),
                pl.col("type").str.strip_chars().replace("", None),
                *(pl.col(name).str.strip_chars().str.to_date("%m/%d/%Y", strict=False) for name in dates),
            )
            odd = (
                made["npi"].null_count()
                or (made["npi"] < 1_000_000_000).any()
                or (made["npi"] > 9_999_999_999).any()
            )
            if odd or not made["type"].drop_nulls().is_in(list(_SETS)).all():
                raise ReferenceError("a row has no NPI of 10 digits or another entity type than 1 and 2")
            parts.append(made.with_columns(pl.col("type").cast(pl.Categorical)))
    except pa.ArrowInvalid:
        raise ReferenceError(
            "a row has another number of columns than the header",
            fix="Download the file again; it may be cut off.",
        ) from None
    return pl.concat(parts) if parts else pl.DataFrame(schema={"npi": pl.UInt64})


KIND = Kind("nppes", "NPPES registry of NPIs", ("nppes_individual", "nppes_organization"), read)
