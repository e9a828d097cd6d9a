"""Read delimited text: every row is told apart and accounted for, whatever its quotes and its length.

The rows are cut here and the cells by Polars. A row goes on to the cells only when it has as many of them
as there are headings; a row that has not is rejected by number, and its neighbours are not touched.
"""

import csv
from collections.abc import Iterator, Mapping

import polars as pl

from validator.claims.lines import ROW_LIMIT, TOO_LONG, Lines, join_lines, split_lines
from validator.claims.pieces import COLUMN_LIMIT, ROW, Piece, no_rejections, without_long_cells
from validator.claims.streams import ClaimStream, encoding_of
from validator.errors import ClaimFileError, Place

DELIMITERS = {",": "csv", "\t": "tsv", "|": "pipe", ";": "semicolon"}

WRONG_COUNT = "the number of cells differs from the number of headings"
_HALF_ROW = ROW_LIMIT // 2
QUOTES = "quotation marks do not pair up"


def first_line(stream: ClaimStream) -> str:
    """The line with the headings, from the head of the file, which is not consumed."""
    head = stream.head
    text = head.decode(encoding_of(head), errors="replace").lstrip("\ufeff").lstrip("\r\n")
    line = text.split("\n", 1)[0].split("\r", 1)[0]
    if len(line) >= len(text) and len(head) >= 1 << 16:
        raise ClaimFileError(
            "the first row is too long to hold column names",
            fix="The first row must name the columns.",
            place=Place(stream.name, row=1),
        )
    return line.replace("\0", " ")


def split_headings(line: str, delimiter: str) -> list[str]:
    """The headings of a file, blanks around them removed; a heading that is blank gets its number."""
    cells = next(csv.reader([line], delimiter=delimiter), [])
    return [cell.strip() or f"column {number}" for number, cell in enumerate(cells, start=1)]


class TextReader:
    """Delimited text with a first row of headings. A row's number is that of its first line in the file."""

    def __init__(self, stream: ClaimStream, delimiter: str) -> None:
        self.stream = stream
        self.delimiter = delimiter
        self.format = DELIMITERS[delimiter]
        headings = split_headings(first_line(stream), delimiter)
        if len(headings) > COLUMN_LIMIT:
            raise ClaimFileError(
                f"has {len(headings):,} columns; more than {COLUMN_LIMIT:,} are not read",
                fix="Give a table with one column for each field.",
                place=Place(stream.name, row=1),
            )
        self.columns = told_apart(headings)
        self.types: Mapping[str, pl.DataType] = dict.fromkeys(self.columns, pl.String())
        self.lines = Lines(stream, records=True)
        self.formulas = 0

    def done(self) -> int:
        return self.stream.delivered.bytes_read

    def notes(self) -> list[str]:
        said = 'cells are written ="..." to keep their zeros; what stands in the marks was read'
        return [*self.lines.notes(), *([f"{self.formulas:,} {said}"] if self.formulas else [])]

    def pieces(self, headings: list[str]) -> Iterator[Piece]:
        """The file in pieces of about 16 MB, with these columns."""
        lines_before, headings_read = 0, False
        for chunk in self.lines.chunks():
            if chunk is None:
                lines_before += 1
                yield Piece(self._nothing(headings), _rejections([lines_before], TOO_LONG))
                continue
            above, body = (0, chunk) if headings_read else _below_headings(chunk)
            frame = self._at_once(body, lines_before + above, headings) if body else None
            if frame is not None:
                lines_before, headings_read = lines_before + above + frame.height, True
                yield without_long_cells(Piece(frame))
                continue
            lines = split_lines(chunk)
            start, lines_before = lines_before, lines_before + lines.len()
            numbers = pl.int_range(start + 1, lines_before + 1, dtype=pl.UInt32, eager=True)
            if not headings_read:
                skipped, headings_read = _heading_lines(lines), bool((lines.str.strip_chars() != "").any())
                piece = self._piece(lines.slice(skipped), numbers.slice(skipped), b"", headings)
            else:
                piece = self._piece(lines, numbers, chunk, headings)
            yield without_long_cells(piece)

    def _nothing(self, headings: list[str]) -> pl.DataFrame:
        return pl.DataFrame(schema={ROW: pl.UInt32, **dict.fromkeys(headings, pl.String)})

    def _at_once(self, chunk: bytes, before: int, headings: list[str]) -> pl.DataFrame | None:
        """The cells of a chunk whose rows are all good, without a look at each; None where one may not be.

        Polars refuses a row with too many cells; where none has too many and the separators add up, none
        has too few. Quotation marks, blank lines and endless ones want the closer look.
        """
        rows = chunk.count(b"\n") + (not chunk.endswith(b"\n"))
        separators = (len(self.columns) - 1) * rows
        if b'"' in chunk or not separators or chunk.count(self.delimiter.encode()) != separators:
            return None
        starts = range(0, len(chunk) - _HALF_ROW, _HALF_ROW)
        if any(chunk.find(b"\n", start, start + _HALF_ROW) < 0 for start in starts):
            return None
        # Polars counts the cells of a row only where it cuts all of them.
        frame = self._cut(chunk, self.columns, quoted=False)
        if frame is None or frame.height != rows:
            return None
        first = frame.to_series().str.strip_chars()
        if self.delimiter == "\t" and (first.null_count() or (first == "").any()):
            return None  # a line of tabs is blank
        numbers = pl.int_range(before + 1, before + 1 + rows, dtype=pl.UInt32, eager=True)
        return frame.select(numbers.alias(ROW), *headings)

    def _piece(self, lines: pl.Series, numbers: pl.Series, chunk: bytes, headings: list[str]) -> Piece:
        """Tell good rows from bad ones and cut the good ones into cells."""
        rows = pl.DataFrame({"line": lines, ROW: numbers})
        quoted = bool(rows.select(pl.col("line").str.contains('"', literal=True).any()).item())
        if quoted:
            rows = self._without_formulas(rows)
            rows = _with_whole_records(rows, len(self.columns), self.delimiter)
        rows = rows.with_columns(_wrong(len(self.columns), self.delimiter, quoted).alias("wrong"))
        blank = rows.select(pl.col("line").str.strip_chars("\r\x1a \t") == "").to_series()
        if rows["wrong"].null_count() == rows.height and not blank.any() and not quoted and chunk:
            return Piece(self._cells(chunk, rows[ROW], headings, quoted=True))
        rows = rows.filter(~blank)
        rejected = rows.filter(pl.col("wrong").is_not_null()).select(ROW, pl.col("wrong").alias("reason"))
        good = rows.filter(pl.col("wrong").is_null())
        # A row with a quotation mark inside a cell (5" pipe), which no two readers agree on, is cut at its
        # separators.
        literal = pl.col("line").str.contains('"', literal=True) & ~pl.col("line").str.contains(
            _well_quoted(self.delimiter)
        )
        parts = [
            self._cells(join_lines(part["line"]), part[ROW], headings, quoted=as_quoted)
            for as_quoted, part in ((True, good.filter(~literal)), (False, good.filter(literal)))
            if part.height
        ]
        frame = pl.concat(parts).sort(ROW) if parts else self._nothing(headings)
        return Piece(frame, rejected if rejected.height else no_rejections())

    def _cells(self, body: bytes, numbers: pl.Series, headings: list[str], *, quoted: bool) -> pl.DataFrame:
        """Cut rows that have the right number of cells."""
        frame = self._cut(body, headings, quoted=quoted)
        if frame is not None and not quoted:
            frame = frame.with_columns(_without_quotes(pl.col(headings)))
        if frame is None or frame.height != numbers.len():
            raise ClaimFileError(
                "the cells cannot be told apart",
                fix="Check the quotation marks and separators near this row.",
                place=Place(self.stream.name, row=int(numbers[0])),
            )
        return frame.with_columns(numbers.alias(ROW)).select(ROW, *headings)

    def _cut(self, body: bytes, headings: list[str], *, quoted: bool) -> pl.DataFrame | None:
        """The cells, or None where Polars cannot tell them apart; its errors hold claim values."""
        try:
            return (
                pl.scan_csv(
                    body,
                    has_header=False,
                    schema=dict.fromkeys(self.columns, pl.String),
                    separator=self.delimiter,
                    quote_char='"' if quoted else None,
                    infer_schema=False,
                )
                .select(headings)
                .collect()
            )
        except pl.exceptions.PolarsError:
            return None

    def _without_formulas(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with what a spreadsheet would show for cells like ="00123", a way to keep zeros."""
        if not rows["line"].str.contains('="', literal=True).any():
            return rows
        mark = _escaped(self.delimiter)
        for formula in (rf'(^|{mark})="([^"]*)"', rf'(^|{mark})"=""([^"]*)"""'):
            self.formulas += int(rows["line"].str.count_matches(formula).sum())
            rows = rows.with_columns(pl.col("line").str.replace_all(formula, '$1"$2"'))
        return rows


def told_apart(headings: list[str]) -> list[str]:
    """A second column of the same name gets a mark that recognising layouts does not see: it is ambiguous."""
    seen: dict[str, int] = {}
    names = []
    for heading in headings:
        seen[heading] = seen.get(heading, 0) + 1
        names.append(heading if seen[heading] == 1 else heading + "'" * (seen[heading] - 1))
    return names


def _heading_lines(lines: pl.Series) -> int:
    """How many lines stand before the first row: blank ones and the headings."""
    filled = (lines.str.strip_chars() != "").arg_true()
    return int(filled[0]) + 1 if filled.len() else lines.len()


def _below_headings(chunk: bytes) -> tuple[int, bytes]:
    """The lines that the headings take, one, and what stands below; nothing where they may take more."""
    first, _, below = chunk.partition(b"\n")
    return (1, below) if first.strip() and b'"' not in first else (0, b"")


def _without_quotes(cell: pl.Expr) -> pl.Expr:
    """The cell without the quotation marks around it, for rows that are cut at their separators."""
    around = cell.str.starts_with('"') & cell.str.ends_with('"') & (cell.str.len_bytes() > 1)
    return (
        pl.when(around)
        .then(cell.str.slice(1, cell.str.len_chars() - 2).str.replace_all('""', '"'))
        .otherwise(cell)
    )


def _rejections(numbers: list[int], reason: str) -> pl.DataFrame:
    return pl.DataFrame({ROW: numbers, "reason": [reason] * len(numbers)}, schema=no_rejections().schema)


def _well_quoted(delimiter: str) -> str:
    """A row whose cells are quoted whole or not at all."""
    mark = _escaped(delimiter)
    cell = rf'(?:"(?:[^"]|"")*"|[^"{mark}]*)'
    return rf"^{cell}(?:{mark}{cell})*$"


def _loosely_quoted(delimiter: str) -> str:
    """A row that also has marks inside cells that do not begin with one; never in the first cell.

    What begins with a mark that is not closed, or ends a first cell, is part of a record over several lines.
    """
    mark = _escaped(delimiter)
    quoted = r'"(?:[^"]|"")*"'
    return rf'^(?:{quoted}|[^"{mark}]*)(?:{mark}(?:{quoted}|[^"{mark}][^{mark}]*|))*$'


def _escaped(delimiter: str) -> str:
    return {"|": r"\|", "\t": r"\t"}.get(delimiter, delimiter)


def _wrong(columns: int, delimiter: str, quoted: bool) -> pl.Expr:
    """Why a row cannot be cut into cells; blank where it can."""
    line = pl.col("line")
    plain = line.str.count_matches(delimiter, literal=True) == columns - 1
    too_long = line.str.len_bytes() > ROW_LIMIT
    if not quoted:
        return pl.when(too_long).then(pl.lit(TOO_LONG)).when(~plain).then(pl.lit(WRONG_COUNT))
    outside = (
        line.str.replace_all(r'"(?:[^"]|"")*"', "").str.count_matches(delimiter, literal=True) == columns - 1
    )
    well_quoted = line.str.contains(_well_quoted(delimiter))
    loosely_quoted = line.str.contains(_loosely_quoted(delimiter)) & plain
    return (
        pl.when(too_long)
        .then(pl.lit(TOO_LONG))
        .when(well_quoted & ~outside)
        .then(pl.lit(WRONG_COUNT))
        .when(~well_quoted & ~loosely_quoted)
        .then(pl.lit(QUOTES))
    )


def _with_whole_records(rows: pl.DataFrame, columns: int, delimiter: str) -> pl.DataFrame:
    """Put the lines of a record with line breaks in its cells together, where they then make a good row.

    Other lines stay rows of their own: a missing mark must not let a bad row swallow the good ones after it.
    """
    odd = pl.col("line").str.count_matches('"', literal=True) % 2 == 1
    if not rows.select(odd.any()).item():
        return rows
    open_before = (odd.cum_sum() - odd.cast(pl.UInt32)) % 2 == 1
    rows = rows.with_columns((~open_before).cum_sum().alias("record"))
    records = rows.group_by("record", maintain_order=True).agg(
        pl.col("line").str.join("\n"), pl.col(ROW).first(), pl.len().alias("lines")
    )
    several = records.filter(pl.col("lines") > 1, _wrong(columns, delimiter, quoted=True).is_null())
    alone = rows.filter(~pl.col("record").is_in(several["record"].implode()))
    return pl.concat([several.select("line", ROW), alone.select("line", ROW)]).sort(ROW)
