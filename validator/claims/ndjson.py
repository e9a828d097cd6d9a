"""Read NDJSON: one JSON object a line, every value as text, every line accounted for."""

from collections.abc import Iterator, Mapping

import polars as pl

from validator.claims.lines import TOO_LONG, Lines, join_lines, split_lines
from validator.claims.pieces import COLUMN_LIMIT, ROW, Piece, without_long_cells
from validator.claims.streams import ClaimStream
from validator.errors import ClaimFileError, Place

NOT_JSON = "not a JSON object"


class NdjsonReader:
    """One object a line; the keys of all objects are the columns. The first line is row 1."""

    format = "ndjson"

    def __init__(self, stream: ClaimStream, again: ClaimStream) -> None:
        """`again` is the same file, opened a second time: keys may first stand in the last line."""
        self.stream = stream
        self.lines = Lines(stream, records=False)
        keys: dict[str, None] = {}
        for chunk in Lines(again, records=False).chunks():
            if chunk is not None:
                keys.update(dict.fromkeys(_keys(split_lines(chunk))))
        if not 0 < len(keys) <= COLUMN_LIMIT:
            raise ClaimFileError(
                f"has {len(keys):,} different keys" if keys else "has no line that is a JSON object",
                fix="Write one flat JSON object for each claim line.",
                place=Place(stream.name, row=1),
            )
        self.types: Mapping[str, pl.DataType] = dict.fromkeys(keys, pl.String())

    def done(self) -> int:
        return self.stream.delivered.bytes_read

    def notes(self) -> list[str]:
        return self.lines.notes()

    def pieces(self, headings: list[str]) -> Iterator[Piece]:
        """The file in pieces of about 16 MB, with these keys as columns."""
        before = 0
        for chunk in self.lines.chunks():
            lines = pl.Series(["-"]) if chunk is None else split_lines(chunk)
            wrong = pl.lit(TOO_LONG if chunk is None else NOT_JSON).alias("reason")
            numbers = pl.int_range(before + 1, before + 1 + lines.len(), dtype=pl.UInt32, eager=True)
            before += lines.len()
            rows = pl.DataFrame({"line": lines, ROW: numbers}).filter(pl.col("line").str.strip_chars() != "")
            frame = _decoded(rows["line"], headings)
            bad = rows.clear()
            if frame is None:
                # Look at each line only where the fast way met one that is not an object.
                whole = pl.col("line").str.json_path_match("$").str.starts_with("{").fill_null(False)
                rows, bad = rows.filter(whole), rows.filter(~whole)
                frame = _decoded(rows["line"], headings)
            if frame is None:
                raise ClaimFileError(
                    "the lines cannot be read as JSON objects",
                    fix="Write one flat JSON object for each claim line.",
                    place=Place(self.stream.name, row=int(rows[ROW][0])),
                )
            piece = Piece(frame.with_columns(rows[ROW]).select(ROW, *headings), bad.select(ROW, wrong))
            yield without_long_cells(piece)


def _decoded(lines: pl.Series, headings: list[str]) -> pl.DataFrame | None:
    """The values as text; None where some line is not an object. Polars' errors hold claim values."""
    if lines.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(headings, pl.String))
    body = join_lines(lines)
    try:
        frame = pl.scan_ndjson(body, schema=dict.fromkeys(headings, pl.String)).collect()
    except pl.exceptions.PolarsError:
        return None
    return frame if frame.height == lines.len() else None


def _keys(lines: pl.Series) -> list[str]:
    """The keys of the outermost objects of these lines: those of one line of each shape."""
    shape = pl.col("line").str.replace_all(r':\s*(?:"(?:[^"\\]|\\.)*"|[^,}"]*)', "")
    frame = (
        lines.alias("line").to_frame().with_columns(shape.alias("shape")).unique("shape", maintain_order=True)
    )
    whole = frame.filter(pl.col("line").str.json_path_match("$").str.starts_with("{").fill_null(False))[
        "line"
    ]
    if whole.is_empty():
        return []
    try:
        body = join_lines(whole)
        return pl.scan_ndjson(body, infer_schema_length=None).collect_schema().names()
    except pl.exceptions.PolarsError:
        return []
