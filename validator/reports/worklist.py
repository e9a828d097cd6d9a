"""worklist.xlsx: one row per finding that somebody has to act on, claims with most at stake first."""

import io
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, time
from typing import Any, BinaryIO

import polars as pl
import xlsxwriter

from validator.ledger.schema import DISPOSITIONS, QUERY_SENT
from validator.reports.content import WorkToDo
from validator.reports.order import riskiest_first
from validator.reports.sheet import SAFE, ColumnSheet
from validator.reports.text import joined_lists, shown
from validator.reports.words import CONFIDENCE_WORDS, SEVERITY_WORDS, STANDING_WORDS

ROWS_AT_MOST = 50_000
_MOST_SHEETS = 100
_TEXT_AT_MOST = 16_000  # a cell holds 32,767 UTF-16 units, and a character takes one or two
_HEADER_ROW = 1  # row 0 says what this is

# Title, column of the finding, width in characters.
_COLUMNS: tuple[tuple[str, str, int], ...] = (
    ("Severity", "severity", 10),
    ("Rule", "rule_id", 8),
    ("Claim", "claim_id", 18),
    ("Line", "line_number", 6),
    ("Code", "code", 11),
    ("Finding", "message", 70),
    ("Suggested codes", "suggestions", 38),
    ("Amount at risk", "amount_at_risk", 14),
    ("File by", "due_date", 12),
    ("Disposition", "disposition", 15),
    ("Snoozed until", "snoozed_until", 14),
    ("Owner", "owner", 14),
    ("Note", "note", 30),
    ("Standing", "standing", 10),
    ("Expected loss of the claim", "expected_loss", 14),
    ("Code date", "coding_date", 11),
    ("Code title", "code_title", 40),
    ("Citation", "citation", 34),
    ("Payer", "payer_id", 12),
    ("Billing NPI", "billing_npi", 13),
    ("Rendering NPI", "rendering_npi", 13),
    ("Confidence", "confidence", 11),
    ("File", "source_file", 24),
    ("Row", "source_row", 8),
    ("Finding id", "finding_id", 19),
)
_TO_FILL = ("disposition", "snoozed_until", "owner", "note")
_MONEY = ("amount_at_risk", "expected_loss")
_WRAPPED = ("message", "suggestions")
_WHOLE_NUMBERS = ("line_number", "source_row")
_COLOURS = {"reject": "#FBE3E0", "deny": "#FCEBD3", "audit": "#E9E4F8", "advise": "#E8EDF2"}


def write_worklist(work: WorkToDo, file: BinaryIO, sheet_per: str | None = None) -> None:
    """Write the workbook; the same work gives the same bytes, because its date is the batch date.

    `sheet_per` is a column of the rows (payer_id, billing_npi, owner ...): each of its values gets a sheet.
    """
    rows, in_all = riskiest_first(work, rows_at_most=ROWS_AT_MOST, to_do_only=True)
    rows = _filled_before(rows, work)
    whole = io.BytesIO()  # a workbook half written to a full disk complains once more when it is let go
    workbook = xlsxwriter.Workbook(whole, SAFE)
    workbook.set_properties({"created": datetime.combine(work.batch_date, time())})
    formats = _formats(workbook)
    says = _says(work, rows.height, in_all)
    for name, part in _sheets(rows, sheet_per):
        _worklist_sheet(workbook, name, says, part, formats)
    _words_sheet(workbook, work)
    workbook.close()
    file.write(whole.getbuffer())


def _filled_before(rows: pl.DataFrame, work: WorkToDo) -> pl.DataFrame:
    """What is decided on this run, and questions that wait; what came back asks for a new decision."""
    stands = (pl.col("decided_after") == work.batch_date) | (pl.col("disposition") == QUERY_SENT)
    return rows.with_columns(pl.when(stands).then(pl.col("disposition", "snoozed_until")))


def _sheets(rows: pl.DataFrame, sheet_per: str | None) -> Iterator[tuple[str, pl.DataFrame]]:
    """Name and rows of each sheet, most at stake first; beyond the most, the rest shares one."""
    if sheet_per is None:
        yield "Worklist", rows
        return
    values = shown(rows.select(pl.col(sheet_per).unique(maintain_order=True))).to_series().to_list()
    taken: set[str] = set()
    for value in values[:_MOST_SHEETS]:
        name = stem = re.sub(r"[\[\]:*?/\\']", " ", value or "none")[:24].strip() or "none"
        while name.lower() in taken:
            name = f"{stem} {len(taken)}"
        taken.add(name.lower())
        yield name, rows.filter(pl.col(sheet_per).eq_missing(pl.lit(value)))
    if values[_MOST_SHEETS:]:
        yield "all others", rows.filter(pl.col(sheet_per).is_in(values[_MOST_SHEETS:]))


def _formats(workbook: Any) -> dict[str, Any]:
    heading = {"bold": True, "text_wrap": True, "valign": "vcenter", "font_color": "#FFFFFF"}
    top = {"valign": "top"}
    return {
        "title": workbook.add_format({"bold": True}),
        "title row": workbook.add_format({"valign": "vcenter"}),
        "header": workbook.add_format({**heading, "bg_color": "#22384D"}),
        "to fill": workbook.add_format({**heading, "bg_color": "#2F6F5E"}),
        "sentence": workbook.add_format({**top, "num_format": "@", "text_wrap": True}),
        "text": workbook.add_format({**top, "num_format": "@"}),
        "money": workbook.add_format({**top, "num_format": "#,##0.00"}),
        "date": workbook.add_format({**top, "num_format": "yyyy-mm-dd", "align": "left"}),
        "number": workbook.add_format({**top, "num_format": "0", "align": "left"}),
        "input": workbook.add_format({**top, "bg_color": "#F1F7F4"}),
        "input date": workbook.add_format(
            {**top, "bg_color": "#F1F7F4", "num_format": "yyyy-mm-dd", "align": "left"}
        ),
        **{severity: workbook.add_format({"bg_color": colour}) for severity, colour in _COLOURS.items()},
    }


def _worklist_sheet(
    workbook: Any, name: str, says: str, rows: pl.DataFrame, formats: Mapping[str, Any]
) -> None:
    sheet = workbook.add_worksheet(name, worksheet_class=ColumnSheet)
    sheet.write_string(0, 0, says, formats["title"])
    sheet.set_row(0, 20, formats["title row"])
    sheet.set_row(_HEADER_ROW, 32)
    column_formats = {}
    for number, (title, column, width) in enumerate(_COLUMNS):
        column_formats[number] = formats[_kind(column)]
        sheet.write_string(_HEADER_ROW, number, title, formats["to fill" if column in _TO_FILL else "header"])
        sheet.set_column(number, number, width, column_formats[number])
    body = _body(rows)
    sheet.set_body(body, first_row=_HEADER_ROW + 1, formats=column_formats, heights=_heights(body))
    last_row = _HEADER_ROW + max(rows.height, 1)
    sheet.freeze_panes(_HEADER_ROW + 1, 3)
    sheet.autofilter(_HEADER_ROW, 0, last_row, len(_COLUMNS) - 1)
    _validate(sheet, last_row)
    for severity in _COLOURS:
        sheet.conditional_format(
            _HEADER_ROW + 1, 0, last_row, 0,
            {"type": "cell", "criteria": "==", "value": f'"{severity}"', "format": formats[severity]},
        )  # fmt: skip
    sheet.set_landscape()
    sheet.repeat_rows(_HEADER_ROW)
    sheet.print_area(0, 0, last_row, [title for title, _, _ in _COLUMNS].index("Note"))
    sheet.fit_to_pages(1, 0)


def _says(work: WorkToDo, shown_rows: int, in_all: int) -> str:
    what = f"Worklist of {work.batch_date}: {in_all:,} findings to work on, most at stake first."
    if in_all > shown_rows:
        what += f" Only the {shown_rows:,} riskiest are on this sheet; all are in findings.csv."
    if not work.whole:
        what += " THE BATCH IS NOT WHOLE: see report.html."
    return f"{what} Contains patient data (PHI)."


def _kind(column: str) -> str:
    """Which format a column has; codes and ids are text, so that they keep their zeros."""
    if column in _TO_FILL:
        return "input date" if column == "snoozed_until" else "input"
    if column in _MONEY:
        return "money"
    if column in ("coding_date", "due_date"):
        return "date"
    if column in _WRAPPED:
        return "sentence"
    return "number" if column in _WHOLE_NUMBERS else "text"


def _body(rows: pl.DataFrame) -> pl.DataFrame:
    """One column per column of the sheet, by its title."""
    texts = joined_lists(shown(rows)).with_columns(pl.col(pl.String).str.slice(0, _TEXT_AT_MOST))
    filled = texts.with_columns(pl.col("suggestions").replace("", None))
    return filled.select(pl.col(column).alias(title) for title, column, _ in _COLUMNS)


def _heights(body: pl.DataFrame) -> pl.Series:
    """Points for the lines that the wrapped columns take, six lines at most."""
    widths = {title: width for title, column, width in _COLUMNS if column in _WRAPPED}
    lines = [(pl.col(title).str.len_chars() / (1.1 * width)).ceil() for title, width in widths.items()]
    return body.select((15 * pl.max_horizontal(*lines).fill_null(1).clip(1, 6)).cast(pl.Int64)).to_series()


def _validate(sheet: Any, last_row: int) -> None:
    """Disposition is chosen from a list and the date is a date, so that both can be read back."""
    titles = [title for title, _, _ in _COLUMNS]
    disposition, until = titles.index("Disposition"), titles.index("Snoozed until")
    sheet.data_validation(
        _HEADER_ROW + 1, disposition, last_row, disposition,
        {
            "validate": "list",
            "source": list(DISPOSITIONS),
            "error_title": "Disposition",
            "error_message": "Choose one of: " + ", ".join(DISPOSITIONS) + ".",
        },
    )  # fmt: skip
    sheet.data_validation(
        _HEADER_ROW + 1, until, last_row, until,
        {
            "validate": "date",
            "criteria": ">",
            "value": datetime(2000, 1, 1),
            "error_title": "Snoozed until",
            "error_message": "Write a date, and choose the disposition snoozed until.",
        },
    )  # fmt: skip


def _words_sheet(workbook: Any, work: WorkToDo) -> None:
    """What the words mean, for somebody who got only this file."""
    sheet = workbook.add_worksheet("What the words mean")
    bold = workbook.add_format({"bold": True, "valign": "top"})
    wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 110)
    lines = [
        *SEVERITY_WORDS.items(),
        *CONFIDENCE_WORDS.items(),
        *STANDING_WORDS.items(),
        ("Amount at risk", "What this finding puts at risk. Amounts of one claim overlap: do not add them."),
        ("File by", "The last day to file the claim, by the profile's timely_filing; blank for paid claims."),
        ("Expected loss", work.risk_formula or "Amount at risk of the claim x its risk score / 100."),
        ("Disposition", "What was done. Choose from the list; `validator review import` takes it in."),
        *((f"- {word}", meaning) for word, meaning in DISPOSITIONS.items()),
        ("Run", f"{work.batch_date.isoformat()}, {work.run_hash}, validator {work.tool_version}"),
    ]
    for row, (word, meaning) in enumerate(lines):
        sheet.write_string(row, 0, word, bold)
        sheet.write_string(row, 1, meaning, wrapped)
