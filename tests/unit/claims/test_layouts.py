"""Layouts are data: read strictly, recognised by content, refused with the near miss."""

from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.unit.claims.claim_files import read_rows, read_text
from validator.claims.fields import FIELDS
from validator.claims.layout import find_layout, plain, read_layout, shipped_layouts
from validator.claims.recognise import bind, candidates
from validator.cli import app
from validator.errors import ClaimFileError, UsageError

NATIVE = "claim_id,patient_id,diagnosis_1,from_date\nC1,P1,I10,2026-02-10\n"


@pytest.mark.parametrize(
    "name", ["native", "tuva_medical_claim", "rif_carrier", "rif_outpatient", "rif_inpatient", "flat"]
)
def test_every_layout_is_recognised_by_its_own_headings(name: str) -> None:
    layout = shipped_layouts()[name]
    headings = [*layout.all_of]
    for alternatives in layout.headings.values():
        first = alternatives[0]
        headings += [first] if isinstance(first, str) else first.headings
    assert candidates(list(dict.fromkeys(headings)))[0].layout.name == name


def test_no_two_fields_of_a_tolerant_layout_share_a_spelling() -> None:
    for layout in (one for one in shipped_layouts().values() if one.tolerant):
        spellings = [
            {plain(h) for h in headings if isinstance(h, str)} for headings in layout.headings.values()
        ]
        shared = Counter(spelling for of_field in spellings for spelling in of_field)
        assert [spelling for spelling, count in shared.items() if count > 1] == []


def test_spelling_of_headings_does_not_matter(tmp_path: Path) -> None:
    text = "Claim Number;MEMBER-ID;Diagnosis Code;Date of Service\nC1;P1;I10;02/10/2026\n"
    read = read_text(tmp_path, text)
    assert (read.account.layout, read.account.format) == ("flat", "semicolon")
    assert read.tables.diagnoses.select("code", "coding_date_source").rows() == [("I10", "from")]


@pytest.mark.parametrize("cell", ["I10^E11.9", "I10,E11.9", "I10; E11.9", "I10|E11.9", '["I10", "E11.9"]'])
def test_several_codes_in_one_cell_become_slots(tmp_path: Path, cell: str) -> None:
    quoted = cell.replace('"', '""')
    read = read_text(tmp_path, f'claim_id\tdx_codes\tdos\nC1\t"{quoted}"\t2026-02-10\n')
    assert read.tables.diagnoses.select("role", "position", "code_as_sent").rows() == [
        ("principal", 1, "I10"),
        ("secondary", 2, "E11.9"),
    ]


def test_more_codes_than_slots_in_one_cell_are_counted(tmp_path: Path) -> None:
    read = read_text(tmp_path, f"claim_id|dx_codes\nC1|{'^'.join(['I10'] * 26)}\n")
    assert read.tables.diagnoses.height == 25
    assert [(c.column, c.count) for c in read.account.unusable_cells] == [("diagnoses", 1)]


def test_a_native_file_that_flat_knows_too_is_native(tmp_path: Path) -> None:
    assert read_text(tmp_path, NATIVE).account.layout == "native"


def test_two_columns_for_one_field_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ClaimFileError, match='second column for what "Claim_ID" says'):
        read_text(tmp_path, "claim_id,Claim_ID,diagnosis_1\nC1,C2,I10\n")
    with pytest.raises(ClaimFileError, match="second column"):
        read_text(tmp_path, "claim_id,diagnosis_1,diagnosis_1\nC1,I10,I11\n")


def test_a_column_that_nothing_reads_may_stand_twice(tmp_path: Path) -> None:
    read = read_text(tmp_path, "claim_id,note,diagnosis_1,note\nC1,a,I10,b\n")
    assert read.account.columns_not_used == ("note", "note'")


def test_a_layout_asked_for_is_held_against_the_file(tmp_path: Path) -> None:
    assert read_text(tmp_path, NATIVE, layout="flat").account.layout == "flat"
    with pytest.raises(ClaimFileError, match='does not have the layout rif_carrier: no column "CLM_ID"'):
        read_text(tmp_path, NATIVE, layout="rif_carrier")


def test_a_file_without_claims_names_the_nearest_layout(tmp_path: Path) -> None:
    with pytest.raises(ClaimFileError, match="nearest is native: no column with diagnoses"):
        read_text(tmp_path, "claim_id,patient_id\nC1,P1\n")
    with pytest.raises(ClaimFileError, match="no name that any layout knows"):
        read_text(tmp_path, "colour,weight\nred,3\n")


def test_a_misspelt_layout_name_gets_the_near_miss() -> None:
    with pytest.raises(UsageError, match='did you mean "rif_carrier"'):
        find_layout("rif_carier")


OWN = """
layout: own
title: A layout of our own
feed: submission
columns:
  claim_id: [Fall]
  patient_id: [Versicherter]
  diagnosis_1..3: ["ICD #"]
  from_date: [Tag]
  type_of_bill: {join: [Ort, Art, Folge]}
constants: {claim_type: institutional, payer_id: Own}
values: {sex: {w: F}}
blanks: {"*": [leer]}
dates: [day_month_year]
"""


def test_a_layout_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN)
    text = "Fall|Versicherter|ICD 1|ICD 03|Tag|Ort|Art|Folge\nC1|P1|I10|E11.9|10-Feb-2026|1|3|1\nC2|leer|I10||11-Feb-2026|1||1\n"
    read = read_text(tmp_path, text, layout=str(tmp_path / "own.yaml"))
    claims = read.tables.claims
    assert claims.select("claim_id", "patient_id", "type_of_bill", "payer_id", "claim_type").rows() == [
        ("C1", "P1", "131", "Own", "institutional"),
        ("C2", None, None, "Own", "institutional"),
    ]
    assert read.tables.diagnoses.select("code", "position").rows() == [("I10", 1), ("E119", 3), ("I10", 1)]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            ("feed: submission", "feed: submision"),
            'own.yaml:4:7: "submision" is none of submission, adjudicated; did you mean "submission"?',
        ),
        (
            ("constants:", "constant:"),
            'own.yaml:11:1: there is no "constant" here; did you mean "constants"?',
        ),
        (("  claim_id:", "  clam_id:"), 'there is no field "clam_id"; did you mean "claim_id"?'),
        (("dates: [day_month_year]", "dates: [day_month]"), '"day_month" is none of'),
        (("title: A layout of our own\n", ""), '"title" is missing'),
        (("claim_type: institutional", "claim_type: hospital"), "claim_type is none of"),
        (("  from_date: [Tag]", "  from_date: [Tag]\n  from_date: [Tag]"), '"from_date" stands here twice'),
        (("[Fall]", "Fall"), "a list is expected here"),
        (("columns:", "columns: ["), "not YAML"),
    ],
)
def test_a_broken_layout_says_where_and_what_is_meant(
    tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN.replace(*change))
    with pytest.raises(UsageError) as caught:
        read_layout(path)
    assert says in str(caught.value)


def test_yaml_scalars_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN + "\nvalues: {denied: {00: no, 1E1: yes}}\n".replace("values", "x"))
    with pytest.raises(UsageError):
        read_layout(path)
    path.write_text(OWN.replace("values: {sex: {w: F}}", "values: {denied: {00: no, 1E1: yes}}"))
    assert read_layout(path).values == {"denied": {"00": "no", "1E1": "yes"}}


def test_every_field_of_the_native_layout_stands_in_its_file() -> None:
    native = shipped_layouts()["native"]
    assert all(
        headings == (name,) for name, headings in native.headings.items() if name.rpartition("_")[2].isalpha()
    )
    assert set(native.headings) <= set(FIELDS)
    assert bind(native, list(native.headings)).unused == ()


def test_carried_columns_are_those_that_the_file_has(tmp_path: Path) -> None:
    read = read_text(
        tmp_path, "claim_id,diagnosis_1,line_from_date,line_charge,poa_1\nC1,I10,2026-02-10,5,Y\n"
    )
    carried = read.tables.carried["claims.csv"]
    assert {
        "claims.claim_id",
        "claims.feed",
        "claims.from_date",
        "claims.total_charge",
        "claims.setting",
        "diagnoses.code",
        "diagnoses.coding_date",
        "diagnoses.present_on_admission",
        "lines.charge",
        "lines.from_date",
    } <= carried
    assert not carried & {
        "claims.patient_id",
        "claims.discharge_date",
        "lines.units",
        "claims.age",
        "lines.pointer_count",
    }


@pytest.mark.parametrize(
    ("headings", "roles"),
    [
        ("claim_id,diagnosis_1", {"principal"}),
        ("claim_id,diagnosis_1,diagnosis_2", {"principal", "secondary"}),
        ("claim_id,diagnosis_1,admitting_diagnosis,reason_for_visit_1", {"principal", "admitting", "reason_for_visit"}),
        ("claim_id,external_cause_2", {"external_cause"}),
        ("CLM_ID,NCH_CLM_TYPE_CD,REV_CNTR,ICD_DGNS_CD1,PRNCPAL_DGNS_CD,FST_DGNS_E_CD", {"principal", "secondary", "external_cause"}),
        ("claim_id,dx_codes", {"principal", "secondary"}),
    ],
)  # fmt: skip
def test_a_file_carries_the_roles_that_it_has_columns_for(
    tmp_path: Path, headings: str, roles: set[str]
) -> None:
    cells = ",".join("1" if "CLM" in name or "REV" in name else "I10" for name in headings.split(","))
    (carried,) = read_text(tmp_path, f"{headings}\n{cells}\n").tables.carried.values()
    assert {name for name in carried if name.startswith("diagnoses.role=")} == {
        f"diagnoses.role={role}" for role in roles
    }
    assert "diagnoses.code" in carried


def test_a_file_without_columns_for_procedures_or_lines_does_not_carry_them(tmp_path: Path) -> None:
    (carried,) = read_text(tmp_path, "claim_id,diagnosis_1\nC1,I10\n").tables.carried.values()
    assert not {name for name in carried if name.split(".")[0] in ("procedures", "lines")}
    (carried,) = read_text(
        tmp_path, "claim_id,diagnosis_1,procedure_1\nC1,I10,0SG00A0\n"
    ).tables.carried.values()
    assert {"procedures.code", "procedures.position"} <= carried


def test_the_command_says_which_layout_and_why(tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    path.write_text(NATIVE.replace("from_date", "colour"))
    answer = CliRunner().invoke(app, ["layouts", "guess", str(path)])
    assert answer.exit_code == 0
    assert "native (Native layout" in answer.output
    assert "it knows 3 of 4 columns (75 %)" in answer.output
    assert "not used   colour" in answer.output
    assert "no column with" in answer.output
    shown = CliRunner().invoke(app, ["layouts", "show", "native"])
    assert shown.output.startswith("# The layout that")
    listed = CliRunner().invoke(app, ["layouts", "list"])
    assert [line.split()[0] for line in listed.output.splitlines()] == list(shipped_layouts())


def test_rows_of_one_claim_may_each_be_a_claim_row(tmp_path: Path) -> None:
    """DE-SynPUF has one row per claim and no line columns: claims without lines."""
    row = {
        "DESYNPUF_ID": "P",
        "CLM_ID": "1",
        "ICD9_DGNS_CD_1": "4019",
        "CLM_FROM_DT": "20090101",
        "CLM_ADMSN_DT": "20090101",
    }
    read = read_rows(tmp_path, row)
    assert read.account.layout == "synpuf_inpatient"
    assert read.tables.lines.is_empty()
    assert read.tables.diagnoses["declared_code_system"].to_list() == ["icd9cm"]
