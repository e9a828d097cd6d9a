"""Read back a sheet that people filled in, and name every cell that cannot be taken."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl
from xlsxwriter.utility import xl_col_to_name

from validator.claims.workbook import sheets_of
from validator.errors import ClaimFileError, Place, UsageError

_MOST_PROBLEMS = 20
_HEADING_ROWS = 20


class Check(NamedTuple):
    """Which rows are wrong, in which column, and what is said of it."""

    column: str
    wrong: pl.Expr
    says: str


def filled_rows(file: Path, headings: Mapping[str, str], needed: Sequence[str], fix: str) -> pl.DataFrame:
    """The rows below the headings of every sheet that has those needed, of an xlsx or csv file.

    `headings`: heading of the sheet -> column here. Columns: `sheet`, `row` (as the sheet counts), the
    columns (text, stripped, blank where empty, null where the sheet has no such heading), and the letter of
    each as `<column>_at`. Raises UsageError where there is no such sheet.
    """
    found = [
        sheet
        for name, cells in cells_of(file)
        if (sheet := _below_headings(name, cells, headings, needed)) is not None
    ]
    if not found:
        raise UsageError(
            f"has no sheet with the headings {' and '.join(needed)}", fix=fix, place=Place(file.name)
        )
    return pl.concat(found)


def cells_of(file: Path) -> list[tuple[str, pl.DataFrame]]:
    """Name and cells of every sheet, as text; a csv is one sheet. Raises UsageError."""
    try:
        if file.suffix.lower() == ".csv":
            cells = pl.read_csv(file, has_header=False, infer_schema=False, truncate_ragged_lines=True)
            return [(file.name, _text(cells))]
        with tempfile.TemporaryDirectory() as folder:
            sheets = sheets_of(file, Path(folder))
            return [(sheet.name, _text(pl.scan_ipc(sheet.path).collect())) for sheet in sheets]
    except (ClaimFileError, pl.exceptions.PolarsError, OSError, UnicodeError):
        raise UsageError(
            "cannot be read as a workbook or a csv file",
            fix="Save it as xlsx without a password, or as csv in UTF-8.",
            place=Place(file.name),
        ) from None


def refuse(rows: pl.DataFrame, checks: Sequence[Check], file: Path) -> None:
    """Raise UsageError for all cells that cannot be taken; the first reason of a cell is told, no cell is."""
    wrong = [
        rows.filter(check.wrong).select(
            "sheet", "row", pl.col(f"{check.column}_at").alias("column"), pl.lit(check.says).alias("says")
        )
        for check in checks
    ]
    told = pl.concat(wrong).unique(["sheet", "row", "column"], keep="first", maintain_order=True)
    if told.is_empty():
        return
    told = told.sort("sheet", "row", "column", maintain_order=True)
    lines = told.select(pl.format("{}!{}{}: {}", "sheet", "column", "row", "says")).to_series().to_list()
    rest = [f"and {len(lines) - _MOST_PROBLEMS:,} more"] if len(lines) > _MOST_PROBLEMS else []
    listed = "\n    ".join([*lines[:_MOST_PROBLEMS], *rest])
    raise UsageError(
        f"{len(lines):,} cells cannot be taken, so nothing was:\n    {listed}",
        fix="Mend these cells and give the file again.",
        place=Place(file.name),
    )


def _text(cells: pl.DataFrame) -> pl.DataFrame:
    return cells.select(pl.all().cast(pl.String).str.strip_chars().fill_null(""))


def _below_headings(
    name: str, cells: pl.DataFrame, headings: Mapping[str, str], needed: Sequence[str]
) -> pl.DataFrame | None:
    for number in range(min(cells.height, _HEADING_ROWS)):
        there = cells.row(number)
        if not all(heading in there for heading in needed):
            continue
        places = {column: there.index(heading) for heading, column in headings.items() if heading in there}
        told = cells.with_row_index("row", offset=1)[number + 1 :].select(
            pl.lit(name).alias("sheet"),
            "row",
            *(
                pl.col(cells.columns[places[column]]).alias(column)
                if column in places
                else pl.lit(None, pl.String).alias(column)
                for column in headings.values()
            ),
            *(
                pl.lit(xl_col_to_name(places[column]) if column in places else "").alias(f"{column}_at")
                for column in headings.values()
            ),
        )
        return told.filter(pl.any_horizontal(pl.col(list(headings.values())).fill_null("") != ""))
    return None
