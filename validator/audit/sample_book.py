"""The workbook of a sample: written for an auditor, and read back once every finding has a verdict."""

import io
from datetime import datetime, time
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl
import xlsxwriter

from validator.audit.runs import FinishedRun
from validator.audit.sample import Sample, draw
from validator.audit.sheets import Check, cells_of, filled_rows, refuse
from validator.errors import Place, UsageError
from validator.reports.sheet import SAFE
from validator.reports.text import joined_lists, shown

AGREE, DISAGREE = "agree", "disagree"
_SHEET, _HOW = "Sample", "How it was drawn"
_HEADER_ROW = 1
_LONGEST = 16_000  # a cell holds 32,767 UTF-16 units, and a character takes one or two
# Heading, column, width; the auditor fills the last four.
_COLUMNS = (
    ("No.", "number", 6),
    ("Rule", "rule_id", 8),
    ("Claim", "claim_id", 18),
    ("Line", "line_number", 6),
    ("Slot", "slot", 16),
    ("Code", "code", 11),
    ("Finding", "message", 70),
    ("Suggested codes", "suggestions", 34),
    ("Amount at risk", "amount_at_risk", 14),
    ("Verdict", "verdict", 12),
    ("Corrected code", "corrected_code", 14),
    ("Corrected amount", "corrected_amount", 14),
    ("Note", "note", 34),
    ("File", "source_file", 24),
    ("Row", "source_row", 8),
    ("Stratum", "stratum", 11),
    ("Finding id", "finding_id", 20),
)
_TO_FILL = ("verdict", "corrected_code", "corrected_amount", "note")
_HEADINGS = {
    title: column
    for title, column, _ in _COLUMNS
    if column in (*_TO_FILL, "finding_id", "rule_id", "claim_id")
}
_FIX = "Give the workbook that `validator sample` wrote, filled in."


def write_sample(run: FinishedRun, sample: Sample, file: BinaryIO) -> None:
    """Write the workbook; every text is text, never a formula."""
    whole = io.BytesIO()
    book = xlsxwriter.Workbook(whole, SAFE)
    book.set_properties({"created": datetime.combine(run.batch_date, time())})
    _sample_sheet(book, run, sample)
    _how_sheet(book, run, sample)
    book.close()
    file.write(whole.getbuffer())


def read_sample(run: FinishedRun, file: Path) -> tuple[Sample, pl.DataFrame]:
    """The sample that was drawn, and finding_id, stratum, amount_at_risk, agreed, audited of each finding.

    Raises UsageError where the workbook is not that of this run, a finding is missing, or a cell is wrong.
    """
    told = _how(file)
    try:
        asked = int(told["Seed"]), int(told["Size asked for"])
    except (KeyError, ValueError):
        raise UsageError(
            f'has no sheet "{_HOW}" with seed and size', fix=_FIX, place=Place(file.name)
        ) from None
    rules = tuple(told.get("Rules", "").replace("all", "").split())
    sample = draw(run, *asked, rules)
    if told.get("Frame hash") != sample.frame_hash:
        raise UsageError(
            "was drawn from other findings than those of this run",
            fix="Name the run that it was drawn from.",
            place=Place(file.name),
        )
    rows = filled_rows(file, _HEADINGS, ("Finding id", "Verdict"), _FIX).filter(pl.col("sheet") == _SHEET)
    known = run.findings.select("finding_id", "rule_id", "claim_id")
    there = shown(known).with_columns(pl.col("claim_id").str.strip_chars().fill_null(""))
    rows = rows.with_columns(pl.col("verdict").str.to_lowercase()).join(
        sample.drawn.select("finding_id", "stratum", "amount_at_risk"),
        on="finding_id", how="left", maintain_order="left",
    ).join(there, on="finding_id", how="left", suffix="_there", maintain_order="left")  # fmt: skip
    corrected = pl.col("corrected_amount").fill_null("").str.replace_all(r"[$,\s]", "")
    rows = rows.with_columns(
        (corrected != "").alias("is_corrected"),
        corrected.cast(pl.Float64, strict=False).alias("corrected"),
    )
    refuse(rows, _checks(), file)
    missing = sample.drawn.join(rows, on="finding_id", how="anti").height
    if missing:
        raise UsageError(
            f"{missing:,} findings of the sample are not in it", fix=_FIX, place=Place(file.name)
        )
    agreed = pl.col("verdict") == AGREE
    recorded = pl.when(agreed).then("amount_at_risk").otherwise(0.0)
    audited = pl.when("is_corrected").then("corrected").otherwise(recorded)
    return sample, rows.select(
        "finding_id", "stratum", "amount_at_risk", agreed.alias("agreed"), audited.alias("audited")
    )


def _checks() -> list[Check]:
    known = pl.col("stratum").is_not_null()
    number = pl.col("corrected")
    changed = "does not belong to the finding id of this row; sort whole rows only"
    return [
        Check("finding_id", ~known, "is not in the sample of this run"),
        Check("finding_id", known & pl.col("finding_id").is_duplicated(), "stands in several rows"),
        Check("rule_id", known & (pl.col("rule_id") != pl.col("rule_id_there")), changed),
        Check("claim_id", known & (pl.col("claim_id") != pl.col("claim_id_there")), changed),
        Check(
            "verdict",
            known & ~pl.col("verdict").is_in([AGREE, DISAGREE]),
            f"is neither {AGREE} nor {DISAGREE}",
        ),
        Check(
            "corrected_amount",
            pl.col("is_corrected") & (number.is_null() | ~number.is_finite() | (number < 0)),
            "is no amount; write it as 1234.50",
        ),
    ]


def _sample_sheet(book: Any, run: FinishedRun, sample: Sample) -> None:
    sheet = book.add_worksheet(_SHEET)
    top = {"valign": "top"}
    heading = {"bold": True, "text_wrap": True, "valign": "vcenter", "font_color": "#FFFFFF"}
    header = book.add_format({**heading, "bg_color": "#22384D"})
    to_fill = book.add_format({**heading, "bg_color": "#2F6F5E"})
    text = book.add_format({**top, "num_format": "@", "text_wrap": True})
    money = book.add_format({**top, "num_format": "#,##0.00"})
    empty = book.add_format({**top, "bg_color": "#F1F7F4", "text_wrap": True})
    amount = book.add_format({**top, "bg_color": "#F1F7F4", "num_format": "#,##0.00"})
    says = f"Sample of {run.path.name}: {sample.drawn.height:,} of {sample.frame.height:,} findings."
    says += " Every row needs a verdict. Contains patient data (PHI)."
    sheet.write_string(0, 0, says, book.add_format({"bold": True}))
    sheet.set_row(_HEADER_ROW, 32)
    for number, (title, column, width) in enumerate(_COLUMNS):
        sheet.write_string(_HEADER_ROW, number, title, to_fill if column in _TO_FILL else header)
        sheet.set_column(number, number, width)
    rows = _rows(run, sample)
    for number, (_, column, _) in enumerate(_COLUMNS):
        for place, value in enumerate(
            rows[column].to_list() if column in rows.columns else [None] * rows.height
        ):
            at = _HEADER_ROW + 1 + place
            if column in _TO_FILL:
                sheet.write_blank(at, number, None, amount if column == "corrected_amount" else empty)
            elif isinstance(value, (int, float)):
                sheet.write_number(at, number, value, money if column == "amount_at_risk" else text)
            elif value:
                sheet.write_string(at, number, value[:_LONGEST], text)
    last = _HEADER_ROW + max(rows.height, 1)
    titles = [column for _, column, _ in _COLUMNS]
    sheet.data_validation(
        _HEADER_ROW + 1, titles.index("verdict"), last, titles.index("verdict"),
        {"validate": "list", "source": [AGREE, DISAGREE]},
    )  # fmt: skip
    sheet.data_validation(
        _HEADER_ROW + 1, titles.index("corrected_amount"), last, titles.index("corrected_amount"),
        {"validate": "decimal", "criteria": ">=", "value": 0},
    )  # fmt: skip
    sheet.freeze_panes(_HEADER_ROW + 1, 3)
    sheet.autofilter(_HEADER_ROW, 0, last, len(_COLUMNS) - 1)


def _rows(run: FinishedRun, sample: Sample) -> pl.DataFrame:
    """The drawn findings by stratum and id, in the columns of the sheet."""
    told = sample.drawn.select("finding_id", "stratum").join(run.findings, on="finding_id")
    told = shown(joined_lists(told.sort("stratum", "finding_id")))
    role = pl.col("diagnosis_role").cast(pl.String).str.replace_all("_", " ")
    slot = pl.when(role.is_not_null()).then(pl.format("{} {}", role, "diagnosis_position"))
    return told.with_columns(slot.alias("slot"), pl.col("amount_at_risk").cast(pl.Float64)).with_row_index(
        "number", offset=1
    )


def _how_sheet(book: Any, run: FinishedRun, sample: Sample) -> None:
    """Everything that another auditor needs to draw the same sample."""
    sheet = book.add_worksheet(_HOW)
    bold = book.add_format({"bold": True, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 6, 20)
    facts = (
        ("Run", f"{run.path.name}, {run.run_hash}"),
        ("Findings", f"findings.parquet, sha256 {run.manifest['outputs']['findings.parquet']['sha256']}"),
        ("Frame hash", sample.frame_hash),
        ("Seed", str(sample.seed)),
        ("Size asked for", str(sample.size)),
        ("Rules", " ".join(sample.rules) or "all"),
        ("Other rules", " ".join(sample.together) or "none: each rule has strata of its own"),
        (
            "Strata",
            "By rule (those named above as one) and amount, from and to as below. All findings of a stratum "
            "that is called whole are looked at.",
        ),
        (
            "Draw",
            "Within each stratum, findings are put in the order of SHA-256 of `seed:finding id`, and the "
            "first are taken. Frame hash: SHA-256 over `finding id, tab, amount with two decimals, newline` "
            "of every finding of the frame, by finding id.",
        ),
        (
            "Verdict",
            "agree: the finding is true. disagree: it is not. Corrected amount: what is truly at risk; left "
            "blank it is the amount of the finding where you agree, and nothing where you do not.",
        ),
    )
    for row, (name, value) in enumerate(facts):
        sheet.write_string(row, 0, name, bold)
        sheet.merge_range(row, 1, row, 6, value, wrapped)
        sheet.set_row(row, 46 if len(value) > 120 else 16)
    start = len(facts) + 1
    for column, name in enumerate(sample.strata.columns):
        sheet.write_string(start, column, name.replace("_", " ").capitalize(), bold)
        for place, value in enumerate(sample.strata[name].to_list()):
            if isinstance(value, str):
                sheet.write_string(start + 1 + place, column, value)
            else:
                sheet.write_number(start + 1 + place, column, value)


def _how(file: Path) -> dict[str, str]:
    """Name -> value of the sheet that says how the sample was drawn."""
    for name, cells in cells_of(file):
        if name == _HOW and cells.width > 1:
            first, second = cells.columns[:2]
            return dict(zip(cells[first].to_list(), cells[second].to_list(), strict=True))
    return {}
