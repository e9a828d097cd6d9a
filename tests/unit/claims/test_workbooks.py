"""Workbooks as claim files: the right sheet, its headings wherever they stand, each row told from the rest."""

import io
import zipfile
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tests.unit.claims.claim_files import as_bytes, as_cells, compressed, one_line, read, read_text, whole
from tests.unit.claims.workbooks import ods, with_cells, with_part, workbook
from validator.claims import containers
from validator.claims import workbook as reader
from validator.claims.opening import open_claims
from validator.errors import ClaimFileError

CORPUS = Path(__file__).parent / "corpus"
OLD_OFFICE = b"\xd0\xcf\x11\xe0" + b"\0" * 60
FLAT = ["Claim Number", "Patient ID", "DOS", "Diagnosis 1", "CPT", "Rev Code", "POS", "Charge", "Units"]


def test_the_headings_are_found_below_titles_and_the_rows_have_the_numbers_of_the_sheet(
    tmp_path: Path,
) -> None:
    rows = [
        ["Claims of one clinic"],
        [],
        ["printed", "on", date(2026, 3, 1)],
        FLAT,
        ["K1", "P1", date(2026, 2, 10), "M54.50", 99213, 43, 1, 120.5, 1],
        [],
        ["Clinic North"],
        FLAT,
        ["K2", "P2", date(2026, 2, 11), "E11.9", 140, 450, 11, 99, 2],
        [None, "P2", date(2026, 2, 11), "E11.9", 140, 450, 11, 99, 2],
        ["Total", None, None, None, None, None, None, 318.5, None],
    ]
    found = read_text(tmp_path, workbook({"Claims": rows}), "claims.xlsx")
    assert (found.account.format, found.account.layout) == ("xlsx", "flat")
    assert found.account.rejected_by_reason == {
        reader.ONE_CELL: 1,
        reader.HEADINGS_AGAIN: 1,
        "no claim number": 1,
        reader.TOTAL: 1,
    }
    assert found.rejected["row"].to_list() == [7, 8, 10, 11]
    assert found.account.notes == (
        'sheet "Claims" is read; its headings are in row 4',
        "1 blank row(s) of the sheet were passed over",
        "4 cells lack leading zeros, as after a spreadsheet; the zeros were put back "
        "(place_of_service, procedure_code, revenue_code)",
    )
    claims, lines = found.tables.claims, found.tables.lines
    assert claims.select("claim_id", "from_date").rows() == [
        ("K1", date(2026, 2, 10)),
        ("K2", date(2026, 2, 11)),
    ]
    wanted = ("source_row", "procedure_code", "revenue_code", "place_of_service")
    assert lines.select(wanted).rows() == [(5, "99213", "0043", "01"), (9, "00140", "0450", "11")]


def test_the_sheet_that_fits_best_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    claims = as_cells([one_line()])
    sheets = {
        "Read me": [["How to fill this in"], ["claim_id", "the number of the claim"]],
        "March": claims,
        "April": claims,
        "Codes": [["a", "b"]],
    }
    found = read_text(tmp_path, workbook(sheets, hidden=["Codes"]), "claims.xlsx")
    assert found.account.rows_read == 1
    assert found.account.notes == (
        'sheet "March" is read; its headings are in row 1',
        'NOT READ, though claims by their headings: sheet "April"; give each as a file',
        'other sheets, which are not read: "Read me", "Codes" (hidden)',
    )


def test_a_sheet_that_a_reader_sees_goes_before_a_hidden_one(tmp_path: Path) -> None:
    sheets = {
        "Old": as_cells([one_line(claim_id="OLD", prior_authorization="1")]),
        "New": as_cells([one_line()]),
    }
    found = read_text(tmp_path, workbook(sheets, hidden=["Old"]), "claims.xlsx")
    assert found.tables.claims["claim_id"].to_list() == ["C1"]
    assert (
        'NOT READ, though claims by their headings: sheet "Old" (hidden); give each as a file'
        in found.account.notes
    )


def test_an_old_workbook_and_one_of_libreoffice_read_the_same(tmp_path: Path) -> None:
    old = read(CORPUS / "old_workbook.xls")
    rows = [
        ["Claims of one clinic"],
        FLAT,
        ["K1", "P0", "2026-02-10", "M54.50", "99213", "43", "1", "120.5", "1"],
        ["K2", "P1", "2026-02-11", "E11.9", "140", "450", "11", "120.5", "1"],
    ]
    other = read_text(tmp_path, ods(rows), "claims.ods")
    assert (old.account.format, other.account.format) == ("xls", "ods")
    for name, frame in whole(old.partitions).items():
        kept = [column for column in frame.columns if column not in ("claim_key", "source_file")]
        assert frame.select(kept).equals(whole(other.partitions)[name].select(kept)), name


def test_a_compressed_workbook_is_unpacked_first(tmp_path: Path) -> None:
    found = read_text(tmp_path, compressed(as_bytes([one_line()], "xlsx"), "gzip"), "claims.xlsx.gz")
    assert (found.account.format, found.account.rows_accepted) == ("xlsx gzip", 1)


def test_a_number_that_the_spreadsheet_rounded_is_shown_as_it_shows_it(tmp_path: Path) -> None:
    rows = [
        ["claim_id", "patient_id", "diagnosis_1", "prior_authorization"],
        ["123456789012346000", "P1", "I10", 123456789012346000],
        ["2", "P1", "I10", 1234567890123456],
        ["3", "P1", "I10", "123456789012346000"],
    ]
    path = tmp_path / "claims.xlsx"
    path.write_bytes(workbook({"A": rows}))
    with open_claims(path, "claims.xlsx", None, tmp_path) as opened:
        (piece,) = opened.reader.pieces(["claim_id", "prior_authorization"])
    assert piece.frame.rows() == [
        (2, "123456789012346000", "1.23457E+17"),
        (3, "2", "1234567890123456"),
        (4, "3", "123456789012346000"),
    ]


def _zip(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "claim_id\n")
    return buffer.getvalue()


REFUSED = {
    "a plain zip": (_zip("a.csv", "b.csv"), r"is a zip archive of 2 file\(s\), no workbook"),
    "an empty zip": (_zip(), "is a zip archive with nothing in it"),
    "a Word document": (_zip("word/document.xml"), "is a Word document"),
    "a presentation": (_zip("ppt/presentation.xml"), "is a presentation"),
    "a binary workbook": (_zip("xl/workbook.bin"), "is a binary workbook"),
    "a workbook without parts": (_zip("xl/workbook.xml"), "is a damaged workbook"),
    "an old document": (OLD_OFFICE + "WordDocument".encode("utf-16-le"), "is a Word document"),
    "a password": (OLD_OFFICE + "EncryptedPackage".encode("utf-16-le"), "protected with a password"),
    "an old damaged workbook": (OLD_OFFICE + "Workbook".encode("utf-16-le"), "is a damaged workbook"),
    "an empty workbook": (workbook({}), "no sheet with anything on it"),
    "half a workbook": (as_bytes([one_line()], "xlsx")[:-300], "is a damaged workbook or zip archive"),
    "no claims": (workbook({"A": [["a", "b"], [1, 2]]}), "the first 20 rows of its sheets have no name"),
    "broken cells": (with_cells('<row r="1"><c r="A1"'), "is a damaged workbook"),
    "a sheet that is no XML": (
        with_part("xl/worksheets/sheet1.xml", b"\0\1\2"),
        "is a damaged workbook|no sheet",
    ),
    "a cell far away": (
        with_cells(
            '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        ),
        "takes more than",
    ),
    "a cell beyond all sheets": (
        with_cells(
            '<row r="1"><c r="A1"><v>1</v></c></row><row r="4000000000"><c r="ZZZZZ4000000000"/></row>'
        ),
        "takes more than|is a damaged workbook|no layout fits",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_workbook_of_claims_is_refused_by_name(
    tmp_path: Path, case: str, capfd: pytest.CaptureFixture[str]
) -> None:
    content, says = REFUSED[case]
    with pytest.raises(ClaimFileError, match=says) as caught:
        read_text(tmp_path, content, "claims.xlsx")
    assert str(caught.value).startswith("claims.xlsx")
    assert caught.value.fix
    assert capfd.readouterr() == ("", "")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "GROWTH_ALLOWED_TO", 1 << 20)
    bomb = with_part("xl/sharedStrings.xml", b" " * (64 << 20))
    with pytest.raises(ClaimFileError, match="grows more than 400-fold"):
        read_text(tmp_path, bomb, "claims.xlsx")


def test_a_workbook_that_takes_too_much_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [["claim_id", "diagnosis_1", *(f"c{n}" for n in range(98))], *([["K"] * 100] * 20_000)]
    content = workbook({"A": rows})
    assert read_text(tmp_path, content, "claims.xlsx").account.rows_read == 20_000
    monkeypatch.setattr(reader, "MEGABYTES", 192)  # enough for the libraries, not for the cells
    with pytest.raises(ClaimFileError, match="takes more than 192 MB of memory"):
        read_text(tmp_path, content, "claims.xlsx")


def test_a_workbook_that_is_read_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "SECONDS", 2)
    with pytest.raises(ClaimFileError, match="takes more than 2,048 MB of memory or 2 seconds to read"):
        read(CORPUS / "endless.ods")


def test_the_cells_do_not_stay_behind_in_the_scratch_folder(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    path = tmp_path / "claims.xlsx"
    path.write_bytes(as_bytes([one_line()], "xlsx"))
    with open_claims(path, "claims.xlsx", None, scratch) as opened:
        pieces = [piece.frame for piece in opened.reader.pieces(["claim_id"])]
        assert pl.concat(pieces)["claim_id"].to_list() == ["C1"]
        opened.reader.notes()
        assert list(scratch.iterdir()) == []
