"""Read a workbook: the sheet that looks most like claims, every cell as text, rows numbered as it shows them.

The cells come from `workbook_cells.py`, which runs as a program of its own within limits.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from validator.claims import workbook_cells
from validator.claims.containers import workbook_kind
from validator.claims.pieces import COLUMN_LIMIT, ROW, Piece, without_long_cells
from validator.claims.streams import ClaimStream
from validator.claims.text import told_apart
from validator.errors import ClaimFileError

HEADING_ROWS = 20
ROWS_PER_PIECE = 50_000
# What reading the cells of one workbook may take: 10 MB take two seconds and 200 MB of memory.
MEGABYTES, SECONDS, SECONDS_PER_MEGABYTE, MOST_SECONDS = 2_048, 30, 5, 600
ONE_CELL = "only one cell is filled: a title or a remark, no claim line"
TOTAL = "a row of totals, no claim line"
HEADINGS_AGAIN = "the headings once more"
_TOTAL = r"(?i)^(?:grand[ -]?|sub[ -]?)?totals?\b"

# How well headings fit: whether a layout has them, and how many of them it knows.
Merit = Callable[[list[str]], tuple[bool, int]]


@dataclass(frozen=True)
class Sheet:
    """A sheet as it was written to an Arrow file; rows count from 1, `heading_row` is one of the first."""

    name: str
    visible: bool
    rows: int
    path: Path
    merit: tuple[bool, int] = (False, 0)
    heading_row: int = 1

    @property
    def label(self) -> str:
        return f'"{self.name}"' if self.visible else f'"{self.name}" (hidden)'

    @cached_property
    def headings(self) -> list[str]:
        return _headings(self.head, self.heading_row)

    @cached_property
    def head(self) -> pl.DataFrame:
        return pl.scan_ipc(self.path).head(HEADING_ROWS).collect()


class WorkbookReader:
    """One sheet of a workbook: the one whose headings, in one of its first 20 rows, fit best."""

    def __init__(self, stream: ClaimStream, path: Path, folder: Path, merit: Merit) -> None:
        """`merit` tells how well headings fit; `folder` takes the cells until the file is read."""
        self.stream = stream
        self.folder = Path(tempfile.mkdtemp(prefix="workbook-", dir=folder))
        if stream.compression:
            path = self.folder / "unpacked"
            with path.open("wb") as file:
                while part := stream.read(1 << 20):
                    file.write(part)
        self.format = workbook_kind(path)
        sheets = [_with_headings(sheet, merit) for sheet in sheets_of(path, self.folder)]
        if not sheets:
            raise ClaimFileError("has no sheet with anything on it", fix="Deliver it again.")
        # Of equals the one that a reader sees, then the first.
        self.sheet = max(sheets, key=lambda one: (one.merit[0], one.visible, one.merit[1]))
        self.others = [sheet for sheet in sheets if sheet is not self.sheet]
        self.columns = self._named_columns()
        self.types: Mapping[str, pl.DataType] = dict.fromkeys(self.columns, pl.String())
        self.rows_done, self.blank_rows = 0, 0

    def done(self) -> int:
        return self.stream.size * self.rows_done // max(self.sheet.rows, 1)

    def notes(self) -> list[str]:
        shutil.rmtree(self.folder, ignore_errors=True)
        notes = [f"sheet {self.sheet.label} is read; its headings are in row {self.sheet.heading_row}"]
        twins = [sheet.label for sheet in self.others if sheet.merit[0]]
        others = [sheet.label for sheet in self.others if not sheet.merit[0]]
        if twins:
            names = ", ".join(twins)
            notes.append(f"NOT READ, though claims by their headings: sheet {names}; give each as a file")
        if others:
            notes.append("other sheets, which are not read: " + ", ".join(others))
        if self.blank_rows:
            notes.append(f"{self.blank_rows:,} blank row(s) of the sheet were passed over")
        return notes

    def pieces(self, headings: list[str]) -> Iterator[Piece]:
        """The rows below the headings, 50,000 at a time, with these columns."""
        cells = pl.scan_ipc(self.sheet.path).select(pl.col(c).alias(name) for name, c in self.columns.items())
        self.rows_done = self.sheet.heading_row
        while self.rows_done < self.sheet.rows:
            frame = cells.slice(self.rows_done, ROWS_PER_PIECE).collect()
            start, self.rows_done = self.rows_done, self.rows_done + frame.height
            numbers = pl.int_range(start + 1, self.rows_done + 1, dtype=pl.UInt32, eager=True)
            frame = frame.with_columns(
                pl.when(pl.all().str.strip_chars() != "").then(pl.all()), numbers.alias(ROW)
            )
            yield without_long_cells(self._piece(frame, headings))

    def _piece(self, frame: pl.DataFrame, headings: list[str]) -> Piece:
        """Tell claim lines from what else people put below the headings of a sheet."""
        cells = pl.all().exclude(ROW)
        filled = pl.sum_horizontal(cells.is_not_null())
        first = pl.coalesce(cells)
        named = [name for name in self.columns if name in self.sheet.headings]
        wrong = (
            pl.when((filled == 1) & (len(self.columns) > 2))
            .then(pl.lit(ONE_CELL))
            .when(first.str.contains(_TOTAL))
            .then(pl.lit(TOTAL))
            .when(pl.all_horizontal(pl.col(name) == name for name in named))
            .then(pl.lit(HEADINGS_AGAIN))
        )
        told = frame.select(ROW, filled.alias("filled"), wrong.alias("reason"))
        blank, bad = told["filled"] == 0, told["reason"].is_not_null() & (told["filled"] > 0)
        self.blank_rows += int(blank.sum())
        return Piece(
            frame.filter(~blank & ~bad).select(ROW, *headings), told.filter(bad).select(ROW, "reason")
        )

    def _named_columns(self) -> dict[str, str]:
        """Heading -> column of the Arrow file; a column without heading and without cells is none."""
        width = self.sheet.head.width
        if width > COLUMN_LIMIT:
            raise ClaimFileError(
                f"has more than {COLUMN_LIMIT:,} columns", fix="Give a table with one column for each field."
            )
        below = pl.scan_ipc(self.sheet.path).slice(self.sheet.heading_row)
        empty = below.select(pl.all().is_null().all()).collect().row(0)
        kept = [n for n, heading in enumerate(self.sheet.headings) if heading or not empty[n]]
        names = told_apart([self.sheet.headings[n] or f"column {n + 1}" for n in kept])
        return {name: f"c{n}" for name, n in zip(names, kept, strict=True)}


def sheets_of(path: Path, folder: Path) -> list[Sheet]:
    """Have the cells of all sheets written to the folder. Raises ClaimFileError when that does not work."""
    program = [sys.executable, "-P", workbook_cells.__file__]
    seconds = min(SECONDS + SECONDS_PER_MEGABYTE * (path.stat().st_size >> 20), MOST_SECONDS)
    given = [str(path), str(folder), str(MEGABYTES), str(seconds)]
    # What the program says when it fails may hold cells: it is looked at and never shown.
    ended = subprocess.run([*program, *given], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    if ended.returncode == 0:
        return [
            Sheet(told["name"], told["visible"], told["rows"], folder / f"sheet-{number}.arrow")
            for number, told in enumerate(json.loads(ended.stdout))
            if told["columns"] and told["rows"]
        ]
    if any(word in ended.stderr for word in (b"memory allocation", b"MemoryError")) or ended.returncode < 0:
        raise ClaimFileError(
            f"takes more than {MEGABYTES:,} MB of memory or {seconds} seconds to read, or is damaged",
            fix="Save the sheet with the claims as CSV.",
        )
    raise ClaimFileError(
        "is a damaged workbook, or one that is protected with a password",
        fix="Open it in a spreadsheet, and save it without a password.",
    )


def _with_headings(sheet: Sheet, merit: Merit) -> Sheet:
    """The sheet with its best row of headings; the fullest row where no layout knows any."""

    def how_good(row: int) -> tuple[tuple[bool, int], int]:
        headings = _headings(sheet.head, row)
        named = [heading or f"column {n}" for n, heading in enumerate(headings)]
        return merit(named), sum(map(bool, headings))

    row = max(range(1, sheet.head.height + 1), key=how_good)
    return Sheet(sheet.name, sheet.visible, sheet.rows, sheet.path, how_good(row)[0], row)


def _headings(head: pl.DataFrame, row: int) -> list[str]:
    """The cells of a row of the head, each on one line."""
    return [" ".join((cell or "").split()) for cell in head.row(row - 1)]
