"""Make small workbooks: sheets of cells, and workbooks that no spreadsheet would write."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

import xlsxwriter

_EMPTY = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
Cells = Sequence[Sequence[Any]]


def workbook(sheets: Mapping[str, Cells], *, hidden: Sequence[str] = ()) -> bytes:
    """A workbook with these sheets; text stays text, numbers and days are what Excel keeps them as."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"strings_to_formulas": False, "strings_to_urls": False})
    day = book.add_format({"num_format": "mm/dd/yyyy"})
    hour = book.add_format({"num_format": "hh:mm"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        if name in hidden:
            sheet.hide()
        else:
            sheet.activate()
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if isinstance(cell, (date, time)):
                    sheet.write_datetime(row, column, cell, hour if isinstance(cell, time) else day)
                elif isinstance(cell, str):
                    sheet.write_string(row, column, cell)
                elif cell is not None:
                    sheet.write(row, column, cell)
    if not sheets:
        book.add_worksheet()
    book.close()
    return buffer.getvalue()


def with_cells(cells: str) -> bytes:
    """A workbook whose only sheet is written by hand: `<row r="1"><c r="A1">...`."""
    return with_part("xl/worksheets/sheet1.xml", _EMPTY.format(cells).encode())


def with_part(name: str, content: bytes, book: bytes | None = None) -> bytes:
    """The workbook with one of its parts put in or exchanged."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book or workbook({}))) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return buffer.getvalue()


def ods(rows: Cells) -> bytes:
    """A workbook as LibreOffice keeps it."""
    body = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
            if cell
            else "<table:table-cell/>"
            for cell in cells
        )
        + "</table:table-row>"
        for cells in rows
    )
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {names}><office:body><office:spreadsheet>'
        f'<table:table table:name="Claims">{body}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return buffer.getvalue()
