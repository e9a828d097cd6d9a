"""Tables of cells as text, whatever file they come from, and where in them the header stands."""

import csv
import io
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import polars as pl

_HEAD_ROWS = 60
_HEAD_BYTES = 1 << 18
_MOST_SHEETS = 8


@dataclass(frozen=True)
class Sheet:
    """`head`: the first rows as cells. `lines`: the first lines of a text file, blank for a workbook."""

    name: str
    head: list[list[str]]
    read_below: Callable[[int], pl.DataFrame] = field(repr=False)
    lines: list[str] = field(default_factory=list, repr=False)
    content: bytes = field(default=b"", repr=False)

    def below(self, header: int) -> pl.DataFrame:
        """Every row after row number `header` of the head: columns c0, c1 ... of stripped text, blank as
        null, and `row`, the number of the row in the file. Rows without any cell are left out.
        """
        cells = self.read_below(header + 1)
        cells = cells.select(pl.col(name).str.strip_chars().replace("", None) for name in cells.columns)
        rows = pl.int_range(header + 2, header + 2 + cells.height, dtype=pl.UInt32, eager=True)
        filled = cells.select(pl.any_horizontal(pl.all().is_not_null())).to_series() if cells.width else None
        numbered = cells.with_columns(rows.alias("row"))
        return numbered if filled is None else numbered.filter(filled)


@dataclass(frozen=True)
class Header:
    """Where a sheet's header stands: its row in the head, and the column of each field."""

    sheet: Sheet
    row: int
    columns: Mapping[str, int]

    @cached_property
    def table(self) -> pl.DataFrame:
        """The rows below the header: one column of text for each field, and `row`."""
        cells = self.sheet.below(self.row)
        blank = pl.lit(None, pl.String)
        return cells.select(
            "row",
            *(
                (pl.col(f"c{place}") if f"c{place}" in cells.columns else blank).alias(name)
                for name, place in self.columns.items()
            ),
        )


def plain(cell: str) -> str:
    """A header's letters and digits, upper case: `Add-On_Code` and `ADD-ON CODE` are the same."""
    return re.sub(r"[^A-Z0-9]", "", cell.upper())


def find_header(
    sheet: Sheet, fields: Mapping[str, Collection[str]], *, optional: Collection[str] = ()
) -> Header | None:
    """The first row of the head in which every field (but the optional ones) has a column that begins so.

    A column is taken by the first field that fits, exact names before beginnings.
    """
    for number, cells in enumerate(sheet.head):
        names = [plain(cell) for cell in cells]
        columns: dict[str, int] = {}
        for name, wanted in fields.items():
            free = [place for place in range(len(names)) if place not in columns.values() and names[place]]
            exact = [place for place in free if names[place] in wanted]
            begins = [place for place in free if names[place].startswith(tuple(wanted))]
            if exact or begins:
                columns[name] = (exact or begins)[0]
        if all(name in columns or name in optional for name in fields):
            return Header(sheet, number, columns)
    return None


def text_sheet(name: str, content: bytes) -> list[Sheet]:
    """The sheet of a text file; none where the bytes are no text."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = content.decode("utf-16", errors="replace").encode()
    content = content.removeprefix(b"\xef\xbb\xbf")
    start = content[:_HEAD_BYTES]
    if b"\0" in start or not start.strip():
        return []
    lines = start.decode("utf-8", errors="replace").splitlines()[: _HEAD_ROWS * 4]
    separator = next((mark for mark in "\t,|~" if sum(line.count(mark) >= 2 for line in lines) >= 2), ",")
    separator = separator if any(separator in line for line in lines) else ","
    quoting: Literal[0, 3] = 3 if separator == "\t" else 0  # csv.QUOTE_NONE, csv.QUOTE_MINIMAL
    reader = csv.reader(io.StringIO("\n".join(lines)), delimiter=separator, quoting=quoting)
    head: list[list[str]] = []
    ends: list[int] = []  # the number of lines that the first rows take, line breaks inside quotes included
    try:
        for cells in reader:
            head.append(cells)
            ends.append(reader.line_num)
            if len(head) == _HEAD_ROWS:
                break
    except csv.Error:
        return []

    def below(rows: int) -> pl.DataFrame:
        rest = io.BytesIO(content)
        for _ in range(ends[rows - 1]):
            rest.readline()
        return _read_text(rest.read(), separator, quoted=quoting != csv.QUOTE_NONE)

    return [Sheet(name, head, below, lines[:_HEAD_ROWS], content)]


def _read_text(content: bytes, separator: str, *, quoted: bool) -> pl.DataFrame:
    if not content.strip():
        return pl.DataFrame()
    # One row may be shorter than another where trailing separators were dropped; none may be longer than the
    # longest of the first rows, or the columns would shift.
    first = content[:_HEAD_BYTES].splitlines()[:1000]
    mark = separator.encode()
    reader = csv.reader(
        [line.decode("utf-8", errors="replace") for line in first],
        delimiter=mark.decode(),
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
    )
    try:
        width = max((len(cells) for cells in reader), default=1)
    except csv.Error:
        raise pl.exceptions.ComputeError("the rows cannot be told apart") from None
    found = pl.read_csv(
        content,
        has_header=False,
        separator=separator,
        quote_char='"' if quoted else None,
        schema={f"c{place}": pl.String for place in range(width)},
        encoding="utf8-lossy",
        raise_if_empty=False,
    )
    return found


def workbook_sheets(name: str, content: bytes) -> list[Sheet]:
    """The worksheets of a workbook, every cell as text."""
    import fastexcel

    book = fastexcel.read_excel(content)
    found = []
    for title in book.sheet_names[:_MOST_SHEETS]:
        cells = book.load_sheet(
            title, header_row=None, dtypes="string", skip_whitespace_tail_rows=True
        ).to_polars()
        cells = cells.rename({old: f"c{place}" for place, old in enumerate(cells.columns)})
        head = [[cell or "" for cell in row] for row in cells.head(_HEAD_ROWS).rows()]
        found.append(Sheet(name, head, lambda rows, cells=cells: cells.slice(rows)))  # type: ignore[misc]
    return found
