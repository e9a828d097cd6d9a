"""Open one file as claims: what it is, how it is written, which layout it has."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from validator.claims.cclf import CclfPartReader, CclfReader, part_of_stream
from validator.claims.fhir.reader import FhirReader
from validator.claims.fields import FIELDS
from validator.claims.layout import Layout
from validator.claims.mapping import check_binding
from validator.claims.ndjson import NdjsonReader
from validator.claims.parquet import ParquetReader
from validator.claims.pieces import Reader
from validator.claims.recognise import Binding, best_binding, candidates
from validator.claims.streams import ClaimStream, recognise_content
from validator.claims.text import DELIMITERS, TextReader, first_line, split_headings
from validator.claims.workbook import HEADING_ROWS, WorkbookReader
from validator.claims.x12.reader import X12Reader
from validator.errors import ClaimFileError, Place

# Where a file of this format has its headings, for the sentence that they are not known.
_WHERE = {
    "parquet": "the columns have",
    "ndjson": "the keys of the objects are",
    **dict.fromkeys(("xlsx", "xls", "ods"), f"the first {HEADING_ROWS} rows of its sheets have"),
}
_SNOMED = r"^\d{6,18}$"


@dataclass(frozen=True)
class Opened:
    """A file that is claims: its bytes, its reader, and its columns held against a layout."""

    path: Path
    stream: ClaimStream
    reader: Reader
    binding: Binding

    @property
    def format(self) -> str:
        """`csv`, `csv gzip`, `parquet` ..."""
        return f"{self.reader.format} {self.stream.compression}".strip()


@contextmanager
def open_claims(
    path: Path, name: str, layout: Layout | None, folder: Path, among: Sequence[Path] = ()
) -> Iterator[Opened]:
    """Open a file with this layout, or the best one. Raises ClaimFileError when it cannot be read as claims.

    `folder` is a place for an unpacked copy, where the format needs one; `among` are the files of the batch,
    for those formats that have a claim in several files.
    """
    with _stream(path, name) as stream:
        reader = _reader(path, stream, layout, folder, among)
        binding = best_binding(list(reader.types), layout)
        if not binding.fits:
            raise _does_not_fit(list(reader.types), binding, layout, reader.format)
        check_binding(binding)
        yield Opened(path, stream, reader, binding)


@contextmanager
def open_table(path: Path, name: str, folder: Path) -> Iterator[Reader]:
    """Open a file as a table of whatever: its reader, without asking whether a layout knows its columns."""
    with _stream(path, name) as stream:
        yield _reader(path, stream, None, folder, ())


@contextmanager
def _stream(path: Path, name: str) -> Iterator[ClaimStream]:
    """The bytes of the file, closed in the end; errors that do not say where they are name the file."""
    stream = ClaimStream(path, name)
    try:
        yield stream
    except ClaimFileError as error:
        raise error if error.place else ClaimFileError(error.what, fix=error.fix, place=Place(name)) from None
    finally:
        stream.close()


def _reader(
    path: Path, stream: ClaimStream, layout: Layout | None, folder: Path, among: Sequence[Path]
) -> Reader:
    content = recognise_content(stream)
    reader: Reader
    if content == "text":
        part, delimiter = part_of_stream(stream)
        if part == 1:
            reader = CclfReader(path, stream, delimiter, among)
        elif part:
            reader = CclfPartReader(path, stream, part, delimiter, among)
        else:
            reader = TextReader(stream, _delimiter(stream, layout))
    elif content == "parquet":
        reader = ParquetReader(stream, path, folder)
    elif content == "fhir":
        reader = FhirReader(stream)
    elif content == "x12":
        reader = X12Reader(stream)
    elif content == "workbook":
        reader = WorkbookReader(stream, path, folder, lambda headings: _merit(headings, layout))
    else:
        again = ClaimStream(path, stream.name)
        try:
            reader = NdjsonReader(stream, again)
        finally:
            again.close()
    return reader


def _delimiter(stream: ClaimStream, layout: Layout | None) -> str:
    """The separator with which a layout knows most of the headings; the layout's own order breaks ties."""
    line = first_line(stream)
    order = layout.delimiters if layout else tuple(DELIMITERS)
    known = [delimiter for delimiter in order if delimiter in DELIMITERS]

    def merit(delimiter: str) -> tuple[bool, int, int]:
        headings = split_headings(line, delimiter)
        return *_merit(headings, layout), len(headings)

    return max(known, key=merit)


def _merit(headings: list[str], layout: Layout | None) -> tuple[bool, int]:
    binding = best_binding(headings, layout)
    return binding.fits, binding.used


def _does_not_fit(
    headings: Sequence[str], binding: Binding, layout: Layout | None, format_: str
) -> ClaimFileError:
    """Say what is missing: of the layout asked for, or of the nearest one."""
    missing = "; ".join(binding.missing)
    if layout:
        return ClaimFileError(
            f"does not have the layout {layout.name}: {missing}",
            fix="`validator layouts guess FILE` says which layout it has.",
        )
    where = _WHERE.get(format_, "the first row has")
    nearest = min(candidates(headings), key=lambda one: (one.used == 0, len(one.missing), -one.used))
    if nearest.used == 0:
        what = f"no layout fits: {where} no name that any layout knows"
    else:
        what = f"no layout fits; nearest is {nearest.layout.name}: {missing}"
    return ClaimFileError(
        what,
        fix="Name the columns in the first row; `validator layouts show native` lists names that are known.",
    )


def refuse_other_code_systems(frame: pl.DataFrame, binding: Binding) -> None:
    """Raise ClaimFileError when the diagnoses of a piece are mostly SNOMED CT: said once, not per cell."""
    headings = [
        heading
        for name, columns in binding.columns.items()
        if FIELDS[name].kind == "diagnosis" and FIELDS[name].level == "claim"
        for heading in columns
        if frame.schema.get(heading) == pl.String
    ]
    if not headings:
        return
    cells = pl.concat([frame[heading].alias("code") for heading in headings]).str.strip_chars()
    filled = cells.filter(cells != "").drop_nulls()
    numbers = filled.filter(filled.str.contains(_SNOMED))
    # One number again and again is a filler (9999999), not a code system.
    if numbers.len() * 2 > filled.len() and numbers.n_unique() > 1:
        raise ClaimFileError(
            "the diagnosis codes are SNOMED CT numbers, which no ICD rule can judge",
            fix="Export the ICD-10-CM codes of the claims.",
        )
