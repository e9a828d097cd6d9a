"""Read a worklist that came back: every filled row is checked, and the file counts whole or not at all."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import polars as pl
from xlsxwriter.utility import xl_col_to_name

from validator.audit.runs import FinishedRun
from validator.claims.workbook import sheets_of
from validator.errors import ClaimFileError, Place, UsageError
from validator.ledger.book import DECISIONS
from validator.ledger.schema import DISPOSITIONS, SNOOZED, TO_DO
from validator.reports.text import shown

_MOST_PROBLEMS = 20
_HEADING_ROWS = 20
_LONGEST = 2_000
# Heading of the worklist -> column here. The first two must be there; nobody may change the next two.
_HEADINGS = {
    "Finding id": "finding_id",
    "Disposition": "disposition",
    "Rule": "rule_id",
    "Claim": "claim_id",
    "Snoozed until": "snoozed_until",
    "Owner": "owner",
    "Note": "note",
}
_NEEDED = ("Finding id", "Disposition")
_FILLED = ("disposition", "snoozed_until", "owner", "note")
_DAY = r"^\d{4}-\d{2}-\d{2}(?: 00:00:00)?$"


@dataclass(frozen=True)
class Returned:
    """`decisions` has columns DECISIONS; `untouched` rows were left as the worklist was written."""

    decisions: pl.DataFrame
    untouched: int


def read_worklist(run: FinishedRun, file: Path) -> Returned:
    """The decisions of a filled worklist (xlsx or csv) of this run, whose memory is as of this run.

    Raises UsageError with the place of everything that is wrong; no cell is repeated.
    """
    rows = _rows(file)
    given = _known(rows, run)
    touched = given.filter(pl.any_horizontal(pl.col(_FILLED) != ""))
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_before")) for name in ("owner", "note"))
    asked = touched.filter(~((pl.col("disposition") == "") & (pl.col("snoozed_until") == "") & same))
    asked = asked.with_columns(
        pl.when((pl.col("disposition") == "") & (pl.col("snoozed_until") == ""))
        .then(pl.lit(TO_DO))
        .otherwise("disposition")
        .alias("disposition"),
        pl.col("snoozed_until").str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).alias("day"),
    )
    _refuse(asked, run, file)
    decided = asked.select(
        "finding_id",
        "disposition",
        pl.when(pl.col("disposition") == SNOOZED).then("day").alias("snoozed_until"),
        *(pl.when(pl.col(name) != "").then(name).alias(name) for name in ("owner", "note")),
    )
    return Returned(decided.select(*DECISIONS).unique().sort("finding_id"), rows.height - asked.height)


def _known(rows: pl.DataFrame, run: FinishedRun) -> pl.DataFrame:
    """The rows with what the run and the ledger say of their finding."""
    there = shown(run.findings.select("finding_id", "rule_id", "claim_id"))
    there = there.with_columns(pl.col("rule_id", "claim_id").str.strip_chars().fill_null(""))
    before = run.memory.past.select("finding_id", "owner", "note")
    joined = rows.join(there, on="finding_id", how="left", suffix="_there", maintain_order="left")
    joined = joined.join(before, on="finding_id", how="left", suffix="_before", maintain_order="left")
    return joined.with_columns(pl.col("owner_before", "note_before").fill_null(""))


class _Check(NamedTuple):
    """Which rows are wrong, in which column, and what is said of it."""

    column: str
    wrong: pl.Expr
    says: str


def _checks(run: FinishedRun) -> list[_Check]:
    finding, word, until = pl.col("finding_id"), pl.col("disposition"), pl.col("snoozed_until")
    known, snoozed = pl.col("rule_id_there").is_not_null(), word == SNOOZED
    is_day = pl.col("day").is_not_null() & until.str.contains(_DAY)
    several = pl.struct("disposition", "day", "owner", "note").n_unique().over("finding_id") > 1
    later = finding.is_in(run.decided_later.implode())
    changed = "does not belong to the finding id of this row; sort whole rows only"
    return [
        _Check("finding_id", ~known, "no finding of this run has this id"),
        _Check("rule_id", known & (pl.col("rule_id") != pl.col("rule_id_there")), changed),
        _Check("claim_id", known & (pl.col("claim_id") != pl.col("claim_id_there")), changed),
        _Check("disposition", ~word.is_in(list(DISPOSITIONS)), f"is none of: {', '.join(DISPOSITIONS)}"),
        _Check("snoozed_until", (until != "") & ~is_day, "is no date; write it as 2026-03-31"),
        _Check(
            "snoozed_until",
            snoozed & ~(pl.col("day") > run.batch_date).fill_null(value=False),
            f"needs a date after the night of the run, {run.batch_date}",
        ),
        _Check("disposition", (until != "") & ~snoozed, f'must be "{SNOOZED}" where a date is given'),
        _Check("disposition", several, "another row decides otherwise about the same finding"),
        _Check("finding_id", later, "was decided on a later run already; use the worklist of that run"),
        *(
            _Check(name, pl.col(name).str.len_chars() > _LONGEST, f"is longer than {_LONGEST:,} characters")
            for name in ("owner", "note")
        ),
    ]


def _refuse(asked: pl.DataFrame, run: FinishedRun, file: Path) -> None:
    """Raise for all cells that cannot be taken; the first reason of a cell is told."""
    at = {name: pl.col(f"{name}_at").alias("column") for name in _HEADINGS.values()}
    wrong = [
        asked.filter(check.wrong).select("sheet", "row", at[check.column], pl.lit(check.says).alias("says"))
        for check in _checks(run)
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


def _rows(file: Path) -> pl.DataFrame:
    """The rows below the headings of every sheet that has them: text, with sheet, row and letters."""
    found = [sheet for name, cells in _cells(file) if (sheet := _below_headings(name, cells)) is not None]
    if not found:
        raise UsageError(
            f"has no sheet with the headings {' and '.join(_NEEDED)}",
            fix="Give the worklist of the run, filled in; `validator review export` writes a fresh one.",
            place=Place(file.name),
        )
    return pl.concat(found).with_columns(
        pl.col("disposition").str.to_lowercase().str.replace_all(r"\s+", " ")
    )


def _cells(file: Path) -> list[tuple[str, pl.DataFrame]]:
    """Name and cells of every sheet; a csv is one sheet."""
    try:
        if file.suffix.lower() == ".csv":
            cells = pl.read_csv(file, has_header=False, infer_schema=False, truncate_ragged_lines=True)
            return [(file.name, cells)]
        with tempfile.TemporaryDirectory() as folder:
            sheets = sheets_of(file, Path(folder))
            return [(sheet.name, pl.scan_ipc(sheet.path).collect()) for sheet in sheets]
    except (ClaimFileError, pl.exceptions.PolarsError, OSError, UnicodeError):
        raise UsageError(
            "cannot be read as a workbook or a csv file",
            fix="Save it as xlsx without a password, or as csv in UTF-8.",
            place=Place(file.name),
        ) from None


def _below_headings(name: str, cells: pl.DataFrame) -> pl.DataFrame | None:
    cells = cells.select(pl.all().cast(pl.String).str.strip_chars().fill_null(""))
    for number in range(min(cells.height, _HEADING_ROWS)):
        headings = cells.row(number)
        if not all(heading in headings for heading in _NEEDED):
            continue
        places = {column: headings.index(name) for name, column in _HEADINGS.items() if name in headings}
        kept = [pl.col(cells.columns[place]).alias(column) for column, place in places.items()]
        away = [
            pl.lit("" if column in _FILLED else None, pl.String).alias(column)
            for column in _HEADINGS.values()
            if column not in places
        ]
        letters = [
            pl.lit(xl_col_to_name(places[column]) if column in places else "").alias(f"{column}_at")
            for column in _HEADINGS.values()
        ]
        numbered = cells.with_row_index("row", offset=1)[number + 1 :]
        told = numbered.select(pl.lit(name).alias("sheet"), "row", *kept, *away, *letters)
        return told.select("sheet", "row", *_HEADINGS.values(), pl.selectors.ends_with("_at"))
    return None
