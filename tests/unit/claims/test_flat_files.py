"""Flat files of payers: lists in one cell, columns by many names, what is said once about the whole file."""

from pathlib import Path

import pytest

from tests.unit.claims.claim_files import DELIMITERS, as_bytes, read_text
from validator.claims.file_notes import ICD10_BEGINS

LISTS = ["{0}^{1}^{2}", "{0},{1},{2}", "{0}, {1} ,{2}", "{0}|{1}|{2}", "{0};{1};{2}", '["{0}", "{1}","{2}"]',
         "['{0}', '{1}', '{2}']", "{0}:{1}:{2}", "{0}\n{1}\r\n{2}", "[{0}, {1}, {2}]", "{0}^{1}^{2}^", "{0},{1},{2},,"]  # fmt: skip


@pytest.mark.parametrize("format_", ["csv", "tsv", "pipe", "semicolon", "ndjson", "parquet"])
@pytest.mark.parametrize("form", LISTS)
def test_a_list_in_one_cell_is_read_whatever_separates_its_parts(
    tmp_path: Path, form: str, format_: str
) -> None:
    row = {
        "Claim Number": "K1",
        "Member ID": "M1",
        "DOS": "02/10/2026",
        "Diagnosis Codes": form.format("E11.9", "I10", "M54.50"),
        "CPT": "99213",
        "Modifier": form.format("25", "59", "LT"),
        "Dx Pointers": form.format("1", "3", "2"),
    }
    found = read_text(tmp_path, as_bytes([row], format_))
    assert found.account.layout == "flat"
    assert found.account.unusable_cells == ()
    diagnoses = found.tables.diagnoses.select("role", "position", "code_as_sent")
    assert diagnoses.rows() == [
        ("principal", 1, "E11.9"),
        ("secondary", 2, "I10"),
        ("secondary", 3, "M54.50"),
    ]
    lines = found.tables.lines.select("modifiers", "diagnosis_pointers")
    assert lines.rows() == [(["25", "59", "LT"], [1, 3, 2])]


def test_blank_parts_of_a_list_are_blank_slots_and_no_modifiers(tmp_path: Path) -> None:
    rows = [
        {"claim": "K1", "dx codes": "I10;; E11.9;", "cpt": "99213", "modifiers": "25;;59"},
        {"claim": "K2", "dx codes": "[]", "cpt": "99213", "modifiers": "[]"},
        {"claim": "K3", "dx codes": ",", "cpt": "99213", "modifiers": None},
    ]
    found = read_text(tmp_path, as_bytes(rows, "csv"))
    diagnoses = found.tables.diagnoses.select("claim_no", "position", "code")
    assert diagnoses.rows() == [(0, 1, "I10"), (0, 3, "E119")]
    assert found.tables.lines["modifiers"].to_list() == [["25", "59"], None, None]
    assert found.account.unusable_cells == ()


@pytest.mark.parametrize("cell", ["A,C,B", "ACB", "A C B", "1 3 2", "acb", '["A","C","B"]', "1:3:2"])
def test_pointers_may_be_letters_and_stand_apart_by_blanks(tmp_path: Path, cell: str) -> None:
    row = {"claim": "K1", "dx1": "I10", "dx2": "E11.9", "dx3": "Z00.00", "cpt": "99213", "dx_pointer": cell}
    found = read_text(tmp_path, as_bytes([row], "csv"))
    assert found.tables.lines["diagnosis_pointers"].to_list() == [[1, 3, 2]]


@pytest.mark.parametrize("cell", ["1234", "M", "1-2-3", "I10"])
def test_what_is_no_pointer_for_certain_is_counted(tmp_path: Path, cell: str) -> None:
    row = {"claim": "K1", "dx1": "I10", "dx2": "E11.9", "cpt": "99213", "dx_pointer": cell}
    (unusable,) = read_text(tmp_path, as_bytes([row], "csv")).account.unusable_cells
    assert (unusable.column, unusable.reason) == ("diagnosis_pointers", "not a diagnosis pointer")


def test_primary_and_secondary_diagnosis_may_have_columns_of_their_own(tmp_path: Path) -> None:
    text = "claim id,primary diagnosis,secondary diagnosis,tertiary diagnosis\nK1,E11.9,I10,M54.50\n"
    diagnoses = read_text(tmp_path, text).tables.diagnoses.select("role", "position", "code")
    assert sorted(diagnoses.rows(), key=lambda row: row[1]) == [
        ("principal", 1, "E119"),
        ("secondary", 2, "I10"),
        ("secondary", 3, "M5450"),
    ]


# Headings of a data warehouse (IDR), of a billing service, of a person who keeps a sheet.
HEADINGS = {
    "warehouse": (
        "CLM_UNIQ_ID|BENE_SK|CLM_FROM_DT|CLM_THRU_DT|CLM_DGNS_1_CD|CLM_LINE_HCPCS_CD|HCPCS_1_MDFR_CD|CLM_POS_CD|"
        "CLM_LINE_SRVC_UNIT_QTY|CLM_LINE_SBMT_CHRG_AMT|CLM_BLG_PRVDR_NPI_NUM|CLM_RNDRG_PRVDR_NPI_NUM"
    ),
    "service": (
        "Claim #|Patient No.|DOS Start|DOS End|DX1|Proc Cd|Mod 1|POS|Billed Units|Billed Charges|Group NPI|Servicing NPI"
    ),
    "person": "Invoice No|Patient|From|To|Primary ICD10 Code|Procedure|Modifier|Place of Svc|Qty|Amount|NPI|Rend NPI",
}
CELLS = "K1|P1|2026-02-10|2026-02-11|E11.9|99213|25|11|2|120.50|1234567893|1245319599"


@pytest.mark.parametrize("who", HEADINGS)
def test_columns_are_known_by_the_names_that_people_give_them(tmp_path: Path, who: str) -> None:
    found = read_text(tmp_path, f"{HEADINGS[who]}\n{CELLS}\n")
    assert found.account.columns_not_used == ()
    claim = found.tables.claims.select("claim_id", "patient_id", "billing_npi").row(0)
    assert claim == ("K1", "P1", "1234567893")
    line = found.tables.lines.select("procedure_code", "modifiers", "place_of_service", "rendering_npi").row(
        0
    )
    assert line == ("99213", ["25"], "11", "1245319599")
    assert found.tables.diagnoses["code"].to_list() == ["E119"]


def _notes(tmp_path: Path, text: str) -> list[str]:
    return list(read_text(tmp_path, text).account.notes)


def test_a_file_that_has_the_day_of_receipt_only_says_so_once(tmp_path: Path) -> None:
    text = "claim_id,received_date,dx,cpt\n" + "".join(f"K{n},2026-02-10,I10,99213\n" for n in range(50))
    assert _notes(tmp_path, text) == [
        "50 claims have no date but that of receipt, which may be late; their codes are judged by it"
    ]


def test_pharmacy_claims_are_read_and_said_to_have_no_diagnoses(tmp_path: Path) -> None:
    text = "claim_id,claim type,patient_id,date of service,ndc\n" + "".join(
        f"K{n},rx,P{n},2026-02-10,00071015523\n" for n in range(50)
    )
    found = read_text(tmp_path, text)
    assert (found.account.claims, found.account.diagnoses) == (50, 0)
    assert found.account.notes == (
        "no claim of this file has a diagnosis: claims of pharmacies; nothing about diagnoses is judged",
    )
    other = "claim_id,patient_id,cpt\nK1,P1,99213\n"
    assert _notes(tmp_path, other) == [
        "no claim of this file has a diagnosis; nothing about diagnoses is judged"
    ]


def test_icd9_in_its_time_is_said_once_and_icd9_out_of_it_too(tmp_path: Path) -> None:
    def text(day: str) -> str:
        return "claim_id,dos,dx1,dx2\n" + "".join(f"K{n},{day},4019,25000\n" for n in range(40))

    assert ICD10_BEGINS.isoformat() == "2015-10-01"
    assert _notes(tmp_path, text("2015-09-30")) == [
        "every diagnosis is from before 2015-10-01, the days of ICD-9-CM; ICD-10 rules do not apply"
    ]
    assert _notes(tmp_path, text("2015-10-01")) == [
        "80 of 80 diagnoses look like ICD-9-CM on days of ICD-10-CM:"
        " the wrong column, or days that are not those of service"
    ]


def test_an_ordinary_file_has_nothing_to_say(tmp_path: Path) -> None:
    for delimiter in DELIMITERS.values():
        text = "claim_id,dos,dx1,dx2,cpt\nK1,2026-02-10,I10,4019,99213\nK2,2015-01-01,4019,,99213\n"
        assert _notes(tmp_path, text.replace(",", delimiter)) == []
