"""Worklists go out, come back filled, and count whole or not at all."""

import csv
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import fastexcel
import pytest
import xlsxwriter
from typer.testing import CliRunner

from tests.night.test_week import claim, night, standing
from validator.audit.progress import progress_of
from validator.audit.returned import read_worklist
from validator.audit.runs import FinishedRun, open_run, with_decisions
from validator.cli import app
from validator.errors import OutputError, UsageError
from validator.ledger.book import Ledger, Review
from validator.run import Request, run_night

HEADER, FINE, UNKNOWN = "M53.2", "M53.2X6", "M99.999"
Cells = list[list[str]]


def cells_of(book: Path, sheet: str = "Worklist") -> Cells:
    found = fastexcel.read_excel(book).load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string")
    return [["" if cell is None else str(cell) for cell in row] for row in found.to_polars().rows()]


def written(folder: Path, cells: Cells, name: str = "filled.xlsx") -> Path:
    """The cells as a workbook or csv, as somebody would save it."""
    path = folder / name
    if path.suffix == ".csv":
        text = io.StringIO()
        csv.writer(text).writerows(cells)
        path.write_text(text.getvalue())
        return path
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("Worklist")
    for number, row in enumerate(cells):
        for column, cell in enumerate(row):
            sheet.write_string(number, column, cell)
    book.close()
    return path


def column(cells: Cells, heading: str) -> int:
    return cells[1].index(heading)


def fill(cells: Cells, claim_id: str, **said: str) -> None:
    """Write into the row of a claim; `until` is Snoozed until."""
    names = {"until": "Snoozed until"}
    [row] = [row for row in cells[2:] if row[column(cells, "Claim")] == claim_id]
    for name, text in said.items():
        row[column(cells, names.get(name, name.capitalize()))] = text


def first_night(folder: Path) -> tuple[FinishedRun, Cells]:
    made = night(folder, 1, *(claim(number, HEADER) for number in "ABCDE"))
    return with_decisions(open_run(made.published.path)), cells_of(made.published.path / "worklist.xlsx")


def take_in(run: FinishedRun, file: Path) -> int:
    told = read_worklist(run, file)
    return Ledger(run.out).decide(Review(run.run_hash, "me", date(2026, 5, 5), told.decisions))


@pytest.mark.parametrize("name", ["filled.xlsx", "filled.csv"])
def test_decisions_come_back_and_the_next_nights_know_them(tmp_path: Path, name: str) -> None:
    run, cells = first_night(tmp_path)
    fill(cells, "A", disposition="accepted", note="agreed with the payer")
    fill(cells, "B", disposition=" Snoozed  until", until="2026-02-03")
    fill(cells, "C", disposition="fixed", owner="east")
    fill(cells, "D", owner="west")
    file = written(tmp_path, cells, name)
    assert read_worklist(run, file).untouched == 1
    assert take_in(run, file) == 4
    assert take_in(run, file) == 0, "the same file again"

    same = [claim(number, HEADER) for number in "ABCDE"]
    two = night(tmp_path, 2, *same)
    words = {"A": "accepted", "B": "snoozed", "C": "reopened", "D": "open", "E": "open"}
    assert standing(two) == {f"{number} DX002": word for number, word in words.items()}
    work = cells_of(two.published.path / "worklist.xlsx")
    assert {row[column(work, "Claim")]: row[column(work, "Owner")] for row in work[2:]} == {
        "C": "east",
        "D": "west",
        "E": "",
    }
    assert {row[column(work, "Disposition")] for row in work[2:]} == {""}
    assert standing(night(tmp_path, 3, *same))["B DX002"] == "reopened"

    untouched = read_worklist(with_decisions(open_run(two.published.path)), written(tmp_path, work))
    assert untouched.decisions.is_empty() and untouched.untouched == 3


def test_what_is_decided_is_shown_when_the_worklist_is_written_again(tmp_path: Path) -> None:
    run, cells = first_night(tmp_path)
    fill(cells, "A", disposition="accepted")
    fill(cells, "B", disposition="snoozed until", until="2026-02-09")
    take_in(run, written(tmp_path, cells))
    again = tmp_path / "again.xlsx"
    done = CliRunner().invoke(app, ["review", "export", str(run.path), str(again)], catch_exceptions=False)
    assert done.exit_code == 0 and again.stat().st_mode & 0o777 == 0o600
    work = cells_of(again)
    told = {row[column(work, "Claim")]: row[column(work, "Disposition")] for row in work[2:]}
    assert told == {"A": "accepted", "B": "snoozed until", "C": "", "D": "", "E": ""}
    assert take_in(with_decisions(run), again) == 0, "what stands there is known"


def test_a_sheet_for_each_payer_is_read_back_too(tmp_path: Path) -> None:
    head = "claim_id,claim_type,patient_id,payer_id,from_date,billing_npi,total_charge,diagnosis_1\n"
    hostile = "[a]:*?/\\'" + "x" * 40
    rows = [
        f"{n},professional,P{n},{p},2026-01-15,1234567893,100,M53.2\n"
        for n, p in (("A", hostile), ("B", ""), ("C", "P1"))
    ]
    file = tmp_path / "claims.csv"
    file.write_text(head + "".join(rows))
    out = tmp_path / "out"
    CliRunner().invoke(app, ["run", str(file), "--out", str(out), "--batch-date", "2026-02-01", "--quiet"])
    book = tmp_path / "per.xlsx"
    done = CliRunner().invoke(
        app, ["review", "export", str(out / "latest"), str(book), "--sheet-per", "payer"]
    )
    assert done.exit_code == 0, done.output
    names = fastexcel.read_excel(book).sheet_names
    assert len(names) == 4 and "P1" in names and "none" in names
    run = with_decisions(open_run(out / "latest"))
    assert read_worklist(run, book).untouched == run.findings.height >= 3


def wrong(cells: Cells, change: Callable[[Cells], None]) -> Cells:
    change(cells)
    return cells


def _swap(cells: Cells) -> None:
    at = column(cells, "Finding id")
    cells[2][at], cells[3][at] = cells[3][at], cells[2][at]
    cells[2][column(cells, "Disposition")] = "fixed"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: fill(c, "A", disposition="done SECRET"), "Worklist!J3: is none of: fixed, accepted"),
        (lambda c: fill(c, "A", disposition="snoozed until"), "!K3: needs a date after the night of the run, 2026-02-01"),
        (lambda c: fill(c, "A", disposition="snoozed until", until="2026-02-01"), "!K3: needs a date after"),
        (lambda c: fill(c, "A", disposition="snoozed until", until="SECRET"), "!K3: is no date"),
        (lambda c: fill(c, "A", until="2026-13-45"), "!J3: is none of"),
        (lambda c: fill(c, "A", disposition="fixed", until="2026-03-01"), '!J3: must be "snoozed until"'),
        (lambda c: (fill(c, "A", disposition="fixed"), c[2].__setitem__(column(c, "Finding id"), "SECRET")),
         "!Y3: no finding of this run has this id"),
        (_swap, "!C3: does not belong to the finding id of this row"),
        (lambda c: (fill(c, "A", disposition="fixed"), c.append([*c[2]]), c[-1].__setitem__(9, "accepted")),
         "another row decides otherwise"),
        (lambda c: fill(c, "A", disposition="fixed", note="SECRET" * 1000), "!M3: is longer than 2,000 characters"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_named_by_its_cell_and_nothing_is_taken(
    tmp_path: Path, change: Callable[[Cells], None], says: str
) -> None:
    run, cells = first_night(tmp_path)
    cells[2:] = sorted(cells[2:], key=lambda row: row[column(cells, "Claim")])
    fill(cells, "E", disposition="fixed")
    change(cells)
    with pytest.raises(UsageError) as caught:
        take_in(run, written(tmp_path, cells))
    assert says in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert Ledger(run.out).as_of(run.batch_date).findings["disposition"].null_count() == 5


def test_a_worklist_of_an_older_run_cannot_undo_a_later_decision(tmp_path: Path) -> None:
    run, cells = first_night(tmp_path)
    two = night(tmp_path, 2, claim("A", HEADER), claim("B", HEADER))
    later = cells_of(two.published.path / "worklist.xlsx")
    fill(later, "A", disposition="accepted")
    take_in(with_decisions(open_run(two.published.path)), written(tmp_path, later))
    fill(cells, "B", disposition="fixed")
    assert take_in(with_decisions(run), written(tmp_path, cells)) == 1
    fill(cells, "A", disposition="fixed")
    with pytest.raises(UsageError, match="was decided on a later run already"):
        take_in(with_decisions(run), written(tmp_path, cells))


@pytest.mark.parametrize("content", [b"", b"PK\3\4 no workbook", b"\xff\xfe\0", b"a,b\n1,2\n"])
@pytest.mark.parametrize("name", ["w.xlsx", "w.csv"])
def test_what_is_no_worklist_is_refused(tmp_path: Path, content: bytes, name: str) -> None:
    run, _ = first_night(tmp_path)
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(UsageError, match=r"cannot be read as|has no sheet with"):
        read_worklist(run, file)


def test_progress_is_counted(tmp_path: Path) -> None:
    run, cells = first_night(tmp_path)
    fill(cells, "A", disposition="false alarm")
    fill(cells, "B", disposition="fixed")
    fill(cells, "C", owner="west")
    take_in(run, written(tmp_path, cells))
    told = progress_of(with_decisions(run))
    assert (told["asked"], told["left"], told["left_amount"]) == (5, 3, "300.00")
    assert told["decided"]["false alarm"] == told["decided"]["fixed"] == 1
    assert told["rules"] == [{"rule_id": "DX002", "decided": 2, "false_alarms": 1, "rate": 0.5}]
    done = CliRunner().invoke(app, ["review", "status", str(run.path)])
    assert "2 of 5 findings decided (40%)" in done.output
    assert "DX002: 1 of 2 (50%)" in done.output


def test_a_folder_that_is_no_run_and_one_that_was_changed_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no finished run here"):
        open_run(tmp_path)
    run, _ = first_night(tmp_path)
    (run.path / "rules.csv").write_text("changed")
    with pytest.raises(OutputError, match=r"rules\.csv is not what was written"):
        open_run(run.path)


def test_the_worklist_says_until_when_a_claim_can_be_filed(tmp_path: Path) -> None:
    """By payer, from the last day of service; a payer without a limit of its own has the profile's."""
    import shutil

    from validator.shipped import rules_folder

    rules = shutil.copytree(rules_folder(), tmp_path / "rules")
    profile = rules / "profiles" / "default.yaml"
    text = profile.read_text()
    assert "timely_filing: {days: 365}" in text
    profile.write_text(
        text.replace("timely_filing: {days: 365}", "timely_filing: {days: 365, payers: {P100: 90}}")
    )
    head = "claim_id,claim_type,patient_id,payer_id,from_date,through_date,billing_npi,total_charge,diagnosis_1\n"
    row = "{},professional,P{},{},2026-01-15,2026-01-20,1234567893,100,M53.2\n"
    file = tmp_path / "claims.csv"
    file.write_text(head + row.format("A", 1, "P100") + row.format("B", 2, "P200"))
    made = run_night(Request([str(file)], date(2026, 2, 1), out=tmp_path / "out", rules=rules))
    cells = cells_of(made.published.path / "worklist.xlsx")
    number, day = column(cells, "Claim"), column(cells, "File by")
    assert {line[number]: line[day][:10] for line in cells[2:]} == {"A": "2026-04-20", "B": "2027-01-20"}
