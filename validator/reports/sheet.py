"""A worksheet that takes its rows as columns of a frame: cell by cell, 50,000 rows take five seconds."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

# For every workbook with claims. Their text stays text: it becomes neither a formula nor a link nor a number
# that loses its zeros. `in_memory` keeps XlsxWriter from spilling claims into the machine's temporary folder.
SAFE = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_EXCEL_DAY_ZERO = date(1899, 12, 30)


class ColumnSheet(Worksheet):
    """XlsxWriter's worksheet with one more way to get rows: `set_body`.

    Texts go through XlsxWriter's own table of strings, which escapes them; a cell that refers to that
    table is text for every spreadsheet, whatever its first character.
    """

    _body = ""

    def set_body(
        self, frame: pl.DataFrame, *, first_row: int, formats: Mapping[int, Any], heights: pl.Series
    ) -> None:
        """Put `frame` below the rows written so far, one sheet column per frame column.

        `formats`: XlsxWriter format by column number; a column of nulls stays empty for the reader to
        fill. Text, numbers and dates only. `heights`: of each row, in points; a spreadsheet does not
        make room for wrapped text by itself.
        """
        if frame.is_empty():
            return
        row = pl.int_range(first_row + 1, first_row + 1 + frame.height).cast(pl.String)  # Excel counts from 1
        cells = []
        for number, values in enumerate(frame):
            attributes, value = self._cell_value(values)
            style = formats[number]._get_xf_index()
            opening = (
                pl.lit(f'<c r="{xl_col_to_name(number)}') + row + pl.lit(f'" s="{style}"{attributes}><v>')
            )
            cells.append((opening + value + pl.lit("</v></c>")).alias(f"c{number}"))
        height = pl.lit(heights.cast(pl.String))
        start = pl.lit('<row r="') + row + pl.lit('" ht="') + height + pl.lit('" customHeight="1">')
        rows = frame.select(start.alias("start"), *cells).select(
            pl.concat_str(pl.all(), pl.lit("</row>"), ignore_nulls=True)
        )
        self._body = "".join(rows.to_series().to_list())
        self.dim_rowmax = first_row + frame.height - 1
        self.dim_colmax = frame.width - 1

    def _cell_value(self, values: pl.Series) -> tuple[str, pl.Expr]:
        """The attributes that tell the type of the cells, and their value as text, null where empty."""
        column = pl.col(values.name)
        if values.dtype == pl.Date:
            return "", (column - pl.lit(_EXCEL_DAY_ZERO)).dt.total_days().cast(pl.String)
        if values.dtype.is_numeric():
            return "", column.cast(pl.String)
        if values.dtype == pl.Null:
            return "", column.cast(pl.String)
        words = values.drop_nulls().cast(pl.String).unique(maintain_order=True)
        numbers = [str(self.str_table._get_shared_string_index(word)) for word in words]
        self.str_table.count += values.len() - values.null_count() - words.len()
        return ' t="s"', column.cast(pl.String).replace_strict(words, numbers, return_dtype=pl.String)

    def _write_rows(self) -> None:
        """The rows written by hand, then the body."""
        last, self.dim_rowmax = self.dim_rowmax, max(self.table, default=0)
        super()._write_rows()
        self.dim_rowmax = last
        self.fh.write(self._body)
        self._body = ""
