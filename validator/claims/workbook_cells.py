"""Write the cells of a workbook, as text, into one Arrow file per sheet: a program of its own.

Workbooks come from anywhere, and the library that reads them ends the whole process when one asks for more
memory than there is. `workbook.py` therefore starts this file as a program of its own, which may use so much
memory and time and no more. It imports nothing else of the package.

`python workbook_cells.py WORKBOOK FOLDER MEGABYTES SECONDS` writes FOLDER/sheet-0.arrow ..., each with a
column of text per column of the sheet and a row per row of the sheet, its first row first; and to standard
output a JSON list of `{"name", "visible", "rows", "columns"}`. It ends with 3 where the file is no workbook.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

MOST_SHEETS, MOST_COLUMNS, ROWS_AT_ONCE = 64, 2_000, 20_000
NO_WORKBOOK = 3
# A number of a spreadsheet has 15 digits and zeros beyond them; programs write whole numbers up to this one.
_LARGEST_EXACT, _DIGITS_KEPT = 1 << 53, 15


def limit(megabytes: int, seconds: int) -> None:
    """Let the system end this process where it takes more."""
    for what, wanted in ((resource.RLIMIT_DATA, megabytes << 20), (resource.RLIMIT_CPU, seconds)):
        hard = resource.getrlimit(what)[1]
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(what, (most, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def write_sheets(workbook: Path, folder: Path) -> list[dict[str, Any]]:
    """Write every sheet and tell what they are."""
    import fastexcel
    import pyarrow as pa

    book, found = fastexcel.read_excel(workbook), []
    for number, name in enumerate(book.sheet_names[:MOST_SHEETS]):
        sheet = book.load_sheet(number, header_row=None, skip_rows=0, dtypes="string")
        told = {"name": name, "visible": sheet.visible == "visible", "rows": sheet.height}
        columns = sheet.to_arrow().columns[: MOST_COLUMNS + 1]
        found.append({**told, "columns": len(columns)})
        if not columns:
            continue
        for place, cells in enumerate(columns):
            columns[place] = _as_shown(book, number, place, cells)
        table = pa.table(columns, names=[f"c{place}" for place in range(len(columns))])
        with pa.ipc.new_file(folder / f"sheet-{number}.arrow", table.schema) as file:
            file.write_table(table, max_chunksize=ROWS_AT_ONCE)
        del sheet, columns, table
    return found


def _as_shown(book: Any, number: int, place: int, cells: Any) -> Any:
    """The column with days and hours apart, and numbers in scientific notation where digits are lost.

    A number is told from a text of digits by asking for booleans: texts have none.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = cells.cast(pa.large_string())
    for shown in (r"^(\d{4}-\d\d-\d\d) 00:00:00$", r"^1899-12-3[01] (\d\d:\d\d:\d\d)$"):
        cells = pc.replace_substring_regex(cells, shown, r"\1")
    long = pc.match_substring_regex(cells, rf"^-?\d{{{_DIGITS_KEPT + 1},}}$")
    if not pc.any(long).as_py():
        return cells
    options = {"header_row": None, "skip_rows": 0, "use_columns": [place]}
    numbers = book.load_sheet(number, dtypes="boolean", **options).to_arrow().column(0)
    lost = pc.and_kleene(long, pc.is_valid(numbers))
    rounded = [
        _scientific(text) if is_lost else text
        for text, is_lost in zip(cells.to_pylist(), lost.to_pylist(), strict=True)
    ]
    return pa.array(rounded, pa.large_string())


def _scientific(digits: str) -> str:
    """1.23457E+17 for 123456789012346000; a number that can be exact stays as it is."""
    exact = abs(int(digits)) <= _LARGEST_EXACT and not digits.endswith("0")
    return digits if exact else f"{float(digits):.5E}"


def main() -> int:
    """Read the arguments and write the sheets."""
    workbook, folder, megabytes, seconds = sys.argv[1:]
    # Before the limit: what the libraries take to start (numpy too, where it is there) is not the workbook's.
    import fastexcel
    import pyarrow.compute

    del pyarrow
    limit(int(megabytes), int(seconds))
    try:
        sheets = write_sheets(Path(workbook), Path(folder))
    except fastexcel.FastExcelError:
        return NO_WORKBOOK
    json.dump(sheets, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
