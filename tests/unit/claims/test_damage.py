"""What a spreadsheet does to claims is recognised, said once a file and kind, and never repaired by guess."""

from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from tests.unit.claims.claim_files import Read, as_bytes, one_line, read_rows, read_text
from tests.unit.claims.workbooks import workbook

CSV = "csv"
Reading = Callable[..., Read]


@pytest.fixture(params=[CSV, "xlsx"])
def reading(request: pytest.FixtureRequest, tmp_path: Path) -> Reading:
    """Reads rows from a CSV file, or from a workbook whose cells are the same texts."""

    def read(*rows: dict[str, Any]) -> Read:
        if request.param == CSV:
            return read_text(tmp_path, as_bytes(rows, CSV))
        return read_text(tmp_path, as_bytes(rows, "xlsx"), "claims.xlsx")

    return read


def _notes(found: Read) -> list[str]:
    return [note for note in found.account.notes if not note.startswith("sheet ")]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("1.23457E+15", "rounded by a spreadsheet (scientific notation)"),
        ("1E+11", "rounded by a spreadsheet (scientific notation)"),
        ("2-Mar", "turned into a day by a spreadsheet"),
        ("Mar-02", "turned into a day by a spreadsheet"),
        ("2-Mar-26", "turned into a day by a spreadsheet"),
        ("3/2/2026", "turned into a day by a spreadsheet"),
        ("#REF!", "an error value of a spreadsheet"),
        ("########", "an error value of a spreadsheet"),
    ],
)
def test_claims_whose_number_is_lost_are_rejected_and_not_merged(
    reading: Reading, cell: str, reason: str
) -> None:
    rows = [one_line(claim_id=cell), one_line(claim_id=cell, diagnosis_1="E11.9"), one_line(claim_id="C3")]
    found = reading(*rows)
    assert found.tables.claims["claim_id"].to_list() == ["C3"]
    assert found.account.rejected_by_reason == {f"no claim number: {reason}": 2}


@pytest.mark.parametrize("column", ["patient_id", "billing_npi", "prior_authorization", "rendering_npi"])
def test_other_identifiers_that_are_lost_are_blank_and_counted(reading: Reading, column: str) -> None:
    found = reading(one_line(claim_id="A", **{column: "1.23E+09"}), one_line(claim_id="B", **{column: "7"}))
    (cell,) = found.account.unusable_cells
    assert (cell.column, cell.reason, cell.count) == (
        column,
        "rounded by a spreadsheet (scientific notation)",
        1,
    )
    assert _notes(found) == [
        f"1 cells are in scientific notation, rounded by a spreadsheet; codes are judged as sent ({column})"
    ]
    table_of = found.tables.lines if column == "rendering_npi" else found.tables.claims
    assert set(table_of[column].to_list()) == {None, "7"}


@pytest.mark.parametrize("cell", ["1E05", "12E45", "2026-0001", "MAR-2024", "5-Maple", "#12", "1.5E7"])
def test_numbers_that_only_look_like_damage_stand(reading: Reading, cell: str) -> None:
    found = reading(one_line(claim_id=cell))
    assert found.tables.claims["claim_id"].to_list() == [cell]
    assert _notes(found) == []


def test_damaged_codes_are_kept_as_sent_and_said_once(reading: Reading) -> None:
    rows = [
        one_line(claim_id="A", diagnosis_1="1.00E+11", diagnosis_2="3/2/2026", procedure_code="2E+05"),
        one_line(claim_id="B", diagnosis_1="1.00E+11", procedure_code="#N/A"),
    ]
    found = reading(*rows)
    assert found.tables.diagnoses["code_as_sent"].to_list() == ["1.00E+11", "3/2/2026", "1.00E+11"]
    assert found.tables.lines["procedure_code"].to_list() == ["2E+05", "#N/A"]
    assert found.account.unusable_cells == ()
    assert _notes(found) == [
        "1 cells were turned into days by a spreadsheet; codes are judged as sent (diagnosis)",
        "1 cells are error values of a spreadsheet; codes are judged as sent (procedure_code)",
        "3 cells are in scientific notation, rounded by a spreadsheet; codes are judged as sent "
        "(diagnosis, procedure_code)",
    ]


def test_decimals_are_taken_off_where_a_whole_number_is_meant(reading: Reading) -> None:
    found = reading(
        one_line(
            procedure_code="99213.0",
            revenue_code="450.0",
            place_of_service="1.0",
            modifier_1="25.0",
            billing_npi="1234567893.0",
            procedure_1="47.0",
            diagnosis_1="250.0",
            units="1.0",
        )
    )
    lines = found.tables.lines.select("procedure_code", "revenue_code", "place_of_service", "modifiers")
    assert lines.rows() == [("99213", "0450", "01", ["25"])]
    assert found.tables.claims["billing_npi"].to_list() == ["1234567893"]
    # 47.0 is a procedure of ICD-9, 250.0 a code of ICD-9: nobody can say what they were.
    assert found.tables.procedures["code"].to_list() == ["470"]
    assert found.tables.diagnoses["code_as_sent"].to_list() == ["250.0"]
    assert _notes(found) == [
        "5 whole numbers end in .0, as after a spreadsheet; it was taken off "
        "(billing_npi, modifier, place_of_service, procedure_code, revenue_code)"
    ]


def test_zeros_are_put_back_only_where_the_width_is_certain(reading: Reading) -> None:
    row = one_line(
        revenue_code="43", place_of_service="1", procedure_code="140", diagnosis_1="416", diagnosis_2="41.6"
    )
    found = reading(row)
    lines = found.tables.lines.select("procedure_code", "revenue_code", "place_of_service")
    assert lines.rows() == [("00140", "0043", "01")]
    assert found.tables.diagnoses["code_as_sent"].to_list() == ["416", "41.6"]
    assert _notes(found) == [
        "1 ICD-9 codes lack leading zeros, as after a spreadsheet; they are judged as sent (diagnosis)",
        "3 cells lack leading zeros, as after a spreadsheet; the zeros were put back "
        "(place_of_service, procedure_code, revenue_code)",
    ]


def test_a_header_that_repeats_is_counted_once(reading: Reading) -> None:
    rows = [one_line(discharge_status="1", line_number=str(n)) for n in range(1, 6)]
    assert _notes(reading(*rows)) == [
        "1 cells lack leading zeros, as after a spreadsheet; the zeros were put back (discharge_status)"
    ]


def test_day_numbers_are_days_where_the_layout_knows_them(tmp_path: Path) -> None:
    text = "claim number,dx,date of service,dob\nC1,I10,46063,29346.0\nC2,I10,2026-02-10,1980-05-05\n"
    found = read_text(tmp_path, text)
    assert found.tables.claims["from_date"].to_list() == [date(2026, 2, 10)] * 2
    assert found.tables.claims["birth_date"].to_list() == [date(1980, 5, 5)] * 2
    assert _notes(found) == [
        "2 days are day numbers of a spreadsheet; they were read as days (birth_date, from_date)"
    ]
    # The native layout does not: 46063 may be a day number or half of a date.
    found = read_rows(tmp_path, one_line(from_date="46063"))
    assert [(cell.column, cell.reason) for cell in found.account.unusable_cells] == [
        ("from_date", "not a date")
    ]
    assert _notes(found) == []


def test_cells_of_a_workbook_are_days_and_times_whatever_the_layout_writes(tmp_path: Path) -> None:
    layout = tmp_path / "mine.yaml"
    layout.write_text(
        "layout: mine\ntitle: Mine\nfeed: submission\ndates: [us_slashes]\ncolumns:\n  claim_id: [no]\n"
        "  from_date: [day]\n  discharge_hour: [hour]\n  diagnosis_1: [dx]\n  diagnosis_2: [dx2]\n"
        "  diagnosis_pointers: [ptr]\n  procedure_code: [cpt]\n"
    )
    rows = [
        ["no", "day", "hour", "dx", "dx2", "ptr", "cpt"],
        ["1", date(2026, 2, 10), time(14, 30), "I10", "E11.9", time(1, 2), 99213.0],
        [20260001, "02/11/2026", "9", "I10", "E11.9", "1:2", date(2026, 3, 2)],
    ]
    found = read_text(tmp_path, workbook({"A": rows}), "claims.xlsx", layout=str(layout))
    claims = found.tables.claims.select("claim_id", "from_date", "discharge_hour")
    assert claims.rows() == [("1", date(2026, 2, 10), "14"), ("20260001", date(2026, 2, 11), "09")]
    lines = found.tables.lines.select("procedure_code", "diagnosis_pointers")
    assert lines.rows() == [("99213", [1, 2]), ("2026-03-02", [1, 2])]
    assert _notes(found) == [
        "1 cells were turned into days by a spreadsheet; codes are judged as sent (procedure_code)"
    ]


def test_rounded_numbers_of_a_workbook_reject_the_row(tmp_path: Path) -> None:
    rows = [
        ["claim_id", "diagnosis_1"],
        [123456789012345678, "I10"],
        [123456789012345999, "E11.9"],
        ["1", "I10"],
    ]
    found = read_text(tmp_path, workbook({"A": rows}), "claims.xlsx")
    assert found.account.rejected_by_reason == {
        "no claim number: rounded by a spreadsheet (scientific notation)": 2
    }
    assert found.tables.claims["claim_id"].to_list() == ["1"]
