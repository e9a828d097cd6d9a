"""Computed columns: setting, coding date, age, days, NPI checks, the main list, what lines say."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tests.unit.claims.claim_files import one_line, read_rows, read_text
from validator.claims.derive import derive, derived_columns
from validator.claims.npis import malformed_npis
from validator.claims.schema import SIDES, TABLES, ClaimTables, polars_schema
from validator.reference.schema import SIDES as SIDES_OF_CODES


def _diagnoses(folder: Path, **cells: str | None) -> list[tuple[str, date | None, str | None]]:
    tables = read_rows(folder, one_line(**cells)).tables
    return tables.diagnoses.select("code", "coding_date", "coding_date_source").rows()


@pytest.mark.parametrize("bill", ["111", "181", "211", "281", "321", "411"])
def test_a_stay_is_coded_on_the_day_of_discharge(tmp_path: Path, bill: str) -> None:
    stay = {"claim_type": "institutional", "type_of_bill": bill, "from_date": "2021-09-28"}
    found = _diagnoses(tmp_path, **stay, through_date="2021-10-02", discharge_date="2021-10-01")
    assert found == [("M5450", date(2021, 10, 1), "discharge")]
    assert _diagnoses(tmp_path, **stay, through_date="2021-10-02") == [
        ("M5450", date(2021, 10, 2), "through")
    ]
    assert _diagnoses(tmp_path, **stay, through_date=None) == [("M5450", None, None)]


def test_other_bills_are_coded_on_the_from_date_even_with_a_discharge(tmp_path: Path) -> None:
    outpatient = {"claim_type": "institutional", "type_of_bill": "131", "discharge_date": "2021-10-02"}
    assert _diagnoses(tmp_path, **outpatient, from_date="2021-09-30") == [
        ("M5450", date(2021, 9, 30), "from")
    ]
    assert _diagnoses(tmp_path, **outpatient, from_date=None) == [("M5450", date(2026, 2, 10), "line")]


def test_an_institutional_claim_without_bill_type_takes_discharge_else_from(tmp_path: Path) -> None:
    claim = {"claim_type": "institutional", "from_date": "2021-09-30"}
    assert _diagnoses(tmp_path, **claim, discharge_date="2021-10-01")[0][1:] == (
        date(2021, 10, 1),
        "discharge",
    )
    assert _diagnoses(tmp_path, **claim)[0][1:] == (date(2021, 9, 30), "from")


def test_a_professional_diagnosis_takes_the_earliest_line_that_points_at_it(tmp_path: Path) -> None:
    rows = [
        one_line(
            diagnosis_2="E11.9", diagnosis_3="I10", diagnosis_pointers="1:2", line_from_date="2026-02-14"
        ),
        one_line(
            diagnosis_2="E11.9",
            diagnosis_3="I10",
            line_number="2",
            diagnosis_pointers="2",
            line_from_date="2026-02-12",
        ),
    ]
    found = (
        read_rows(tmp_path, *rows).tables.diagnoses.select("code", "coding_date", "coding_date_source").rows()
    )
    assert found == [
        ("M5450", date(2026, 2, 14), "line"),
        ("E119", date(2026, 2, 12), "line"),
        ("I10", date(2026, 2, 10), "from"),
    ]


def test_lines_of_an_institutional_claim_never_point(tmp_path: Path) -> None:
    cells = {"claim_type": "institutional", "type_of_bill": "131", "line_from_date": "2026-02-09"}
    assert _diagnoses(tmp_path, **cells)[0][1:] == (date(2026, 2, 10), "from")


def test_a_claim_without_any_date_has_no_coding_date(tmp_path: Path) -> None:
    blank = dict.fromkeys(("from_date", "through_date", "line_from_date"))
    assert _diagnoses(tmp_path, **blank) == [("M5450", None, None)]


@pytest.mark.parametrize(
    ("claim_type", "bill", "setting"),
    [
        ("professional", None, "office"),
        ("institutional", "111", "inpatient"),
        ("institutional", "0111", "inpatient"),
        ("institutional", "131", "outpatient"),
        ("institutional", "13I", "outpatient"),
        ("institutional", "121", "outpatient"),
        ("institutional", None, "unknown"),
        ("dental", None, "unknown"),
    ],
)
def test_setting_comes_from_the_form_and_the_bill(
    tmp_path: Path, claim_type: str, bill: str | None, setting: str
) -> None:
    tables = read_rows(tmp_path, one_line(claim_type=claim_type, type_of_bill=bill)).tables
    assert tables.claims["setting"].to_list() == [setting]


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        ("2000-02-29", "2021-02-28", 20),
        ("2000-02-29", "2021-03-01", 21),
        ("2000-09-30", "2021-09-30", 21),
        ("2000-10-01", "2021-09-30", 20),
        ("2026-02-10", "2026-02-10", 0),
        ("2026-02-11", "2026-02-10", None),
        ("1905-02-10", "2026-02-10", 121),
    ],
)
def test_age_is_in_whole_years_and_blank_before_birth(
    tmp_path: Path, birth: str, day: str, age: int | None
) -> None:
    tables = read_rows(tmp_path, one_line(birth_date=birth, from_date=day)).tables
    assert tables.claims["age"].to_list() == [age]


def test_age_of_a_stay_is_that_at_admission(tmp_path: Path) -> None:
    stay = {"claim_type": "institutional", "type_of_bill": "111", "birth_date": "2000-02-10"}
    tables = read_rows(tmp_path, one_line(**stay, admission_date="2026-02-09", from_date="2026-02-10")).tables
    assert tables.claims["age"].to_list() == [25]


def test_days_count_at_least_one_and_not_backwards(tmp_path: Path) -> None:
    def days(**cells: str | None) -> list[int | None]:
        return read_rows(tmp_path, one_line(**cells)).tables.claims["days"].to_list()

    assert days() == [1]
    assert days(admission_date="2026-02-01", discharge_date="2026-02-04") == [3]
    assert days(through_date="2026-02-09") == [None]


def test_days_to_receipt_count_from_the_last_day_of_service(tmp_path: Path) -> None:
    def waited(**cells: str | None) -> list[int | None]:
        return read_rows(tmp_path, one_line(**cells)).tables.claims["days_to_receipt"].to_list()

    assert waited(received_date="2026-03-01", through_date="2026-02-20") == [9]
    assert waited(received_date="2026-03-01", through_date=None) == [19]
    assert waited(received_date="2026-02-09") == [-1]
    assert waited(received_date=None) == [None]


def test_the_main_list_is_counted_and_its_first_gap_is_named(tmp_path: Path) -> None:
    def told(**cells: str | None) -> tuple[int, int | None, str | None]:
        others = {"admitting_diagnosis": "R07.9", "external_cause_1": "W01.0XXA", **cells}
        claims = read_rows(tmp_path, one_line(**others)).tables.claims
        return claims.select("diagnosis_count", "diagnosis_gap", "diagnosis_list").row(0)

    assert told() == (1, None, "M5450")
    assert told(diagnosis_2="i10", diagnosis_3="E11.9") == (3, None, "M5450 I10 E119")
    assert told(diagnosis_2=None, diagnosis_3="E11.9", diagnosis_5="I10") == (3, 2, "M5450 E119 I10")
    assert told(diagnosis_1=None, diagnosis_2="I10") == (1, 1, "I10")
    assert told(diagnosis_1=None) == (0, None, None)
    assert told(diagnosis_25="I10")[:2] == (2, 2)


def test_the_main_list_of_each_claim_is_its_own(tmp_path: Path) -> None:
    rows = [one_line(claim_id=f"C{n}", **{f"diagnosis_{n}": "I10"}) for n in (1, 2, 4)]
    claims = read_rows(tmp_path, *rows).tables.claims
    assert claims["diagnosis_list"].to_list() == ["I10", "M5450 I10", "M5450 I10"]
    assert claims["diagnosis_gap"].to_list() == [None, None, 2]


def test_a_principal_diagnosis_that_stands_in_no_slot_goes_before_the_list(tmp_path: Path) -> None:
    text = "CLM_ID|NCH_CLM_TYPE_CD|LINE_NUM|PRNCPAL_DGNS_CD|ICD_DGNS_CD1|ICD_DGNS_CD2\n"
    claims = read_text(tmp_path, text + "C1|71|1|I10|E119|R739\nC2|71|1|R739|E119|R739\n").tables.claims
    assert claims["diagnosis_list"].to_list() == ["I10 E119 R739", "E119 R739"]
    assert claims["diagnosis_count"].to_list() == [3, 2]
    assert claims["diagnosis_gap"].to_list() == [None, None]


def test_the_lines_are_added_without_the_line_that_is_their_total(tmp_path: Path) -> None:
    def total(*lines: tuple[str | None, str | None]) -> Decimal | None:
        rows = [
            one_line(line_number=str(n), revenue_code=code, line_charge=charge)
            for n, (code, charge) in enumerate(lines, start=1)
        ]
        return read_rows(tmp_path, *rows).tables.claims["lines_total"].item()

    assert total(("0120", "40"), (None, "50.50")) == Decimal("90.50")
    assert total(("0120", "40"), ("0001", "999")) == Decimal("40.00")
    assert total(("0120", "40"), ("0250", None)) is None
    assert total(("0001", "999")) is None


@pytest.mark.parametrize(
    ("modifiers", "side"),
    [
        ("RT", "right"),
        ("LT", "left"),
        ("59:LT", "left"),
        ("E1", "left"),
        ("E2", "left"),
        ("E3", "right"),
        ("E4", "right"),
        ("FA:F4", "left"),
        ("F5:F9", "right"),
        ("TA:T4", "left"),
        ("T5:T9", "right"),
        ("RT:LT", None),
        ("LT:F5", None),
        ("RT:50", None),
        ("50", None),
        ("25:GT:FX", None),
        (None, None),
    ],
)
def test_the_side_of_a_line_is_that_of_its_modifiers(
    tmp_path: Path, modifiers: str | None, side: str | None
) -> None:
    rows = [one_line(modifiers=modifiers), one_line(line_number="2", modifiers="LT")]
    assert read_rows(tmp_path, *rows).tables.lines["side"].to_list() == [side, "left"]


def test_the_sides_of_lines_and_of_codes_are_the_same_words() -> None:
    assert SIDES == SIDES_OF_CODES


@pytest.mark.parametrize(
    ("first", "last", "days", "code_years", "calendar_years"),
    [
        ("2025-09-30", "2025-09-30", 1, False, False),
        ("2025-09-30", "2025-10-01", 2, True, False),
        ("2025-10-01", "2025-10-02", 2, False, False),
        ("2025-12-31", "2026-01-01", 2, False, True),
        ("2025-09-30", "2026-01-01", 94, True, True),
        ("2025-10-01", "2026-09-30", 365, False, True),
        ("2025-10-02", "2025-09-30", None, False, False),
        ("2025-10-02", None, None, None, None),
    ],
)
def test_days_of_a_line_and_the_years_that_end_within_it(
    tmp_path: Path,
    first: str,
    last: str | None,
    days: int | None,
    code_years: bool | None,
    calendar_years: bool | None,
) -> None:
    lines = read_rows(tmp_path, one_line(line_from_date=first, line_through_date=last)).tables.lines
    found = lines.select("days", "spans_code_years", "spans_calendar_years").row(0)
    assert found == (days, code_years, calendar_years)


def test_npis_are_held_against_their_check_digit() -> None:
    sent = ["1234567893", "1234567890", "2", "123456789A", " 1234567893", None, "3234567893", "12345678931"]
    assert set(malformed_npis(pl.Series(sent))) == set(sent[1:]) - {None}


def test_malformed_npis_are_named_in_order(tmp_path: Path) -> None:
    rows = [
        one_line(billing_npi="1", facility_npi="1234567893", line_number=n, rendering_npi=npi)
        for n, npi in (("2", "1234567890"), ("10", "5"), ("3", "1234567893"))
    ]
    claims = read_rows(tmp_path, *rows).tables.claims
    assert claims["npis_sent"].to_list() == [5]
    assert claims["npis_malformed"].to_list() == [["billing", "rendering on line 2", "rendering on line 10"]]
    assert read_rows(tmp_path, one_line()).tables.claims["npis_malformed"].to_list() == [None]


def test_pointers_are_counted_and_held_against_the_slots(tmp_path: Path) -> None:
    rows = [
        one_line(line_number=str(n), diagnosis_2=None, diagnosis_3="I10", diagnosis_pointers=pointers)
        for n, pointers in enumerate(["1:3", "1:1", "2", "1:12:25", None, "0"], start=1)
    ]
    lines = read_rows(tmp_path, *rows).tables.lines
    assert lines["pointer_count"].to_list() == [2, 2, 1, 3, 0, 1]
    assert lines["first_pointer"].to_list() == [1, 1, 2, 1, None, 0]
    assert lines["pointers_repeated"].to_list() == [False, True, False, False, False, False]
    assert lines["pointers_to_nothing"].to_list() == [0, 0, 1, 2, 0, 1]


def test_what_is_computed_is_known_only_where_its_inputs_are_carried() -> None:
    known = derived_columns(frozenset({"claims.birth_date", "claims.from_date"}))
    assert {"claims.age", "claims.setting", "diagnoses.coding_date"} <= known
    assert not known & {"claims.npis_sent", "lines.pointer_count"}
    assert "diagnoses.coding_date" not in derived_columns(frozenset())
    computed = {
        "claims.days_to_receipt": {"claims.received_date", "claims.from_date"},
        "claims.diagnosis_count": {"diagnoses.code", "diagnoses.role=principal"},
        "claims.diagnosis_gap": {"diagnoses.code", "diagnoses.role=secondary"},
        "claims.lines_total": {"lines.charge"},
        "lines.first_pointer": {"lines.diagnosis_pointers"},
        "lines.side": {"lines.modifiers"},
        "lines.days": {"lines.from_date", "lines.through_date"},
        "lines.spans_code_years": {"lines.from_date", "lines.through_date"},
    }
    for name, inputs in computed.items():
        assert name in derived_columns(frozenset(inputs))
        assert all(name not in derived_columns(frozenset(inputs - {one})) for one in inputs)


def test_a_coding_date_that_is_given_stays() -> None:
    empty = {name: pl.DataFrame(schema=polars_schema(name)) for name in TABLES}
    claim = {
        "claim_no": 0,
        "claim_key": "k",
        "claim_id": "1",
        "claim_type": "professional",
        "from_date": date(2026, 2, 10),
    }
    diagnosis = {
        "claim_no": 0,
        "role": "principal",
        "position": 1,
        "code_as_sent": "I10",
        "code": "I10",
        "coding_date": date(2020, 1, 1),
        "coding_date_source": "received",
    }
    tables = ClaimTables(
        claims=pl.DataFrame([claim], schema=polars_schema("claims")),
        diagnoses=pl.DataFrame([diagnosis], schema=polars_schema("diagnoses")),
        procedures=empty["procedures"],
        lines=empty["lines"],
    )
    found = derive(tables).diagnoses.select("coding_date", "coding_date_source").rows()
    assert found == [(date(2020, 1, 1), "received")]


def test_empty_tables_derive_to_empty_tables_of_the_same_schema() -> None:
    empty = {name: pl.DataFrame(schema=polars_schema(name)) for name in TABLES}
    for name, frame in derive(ClaimTables(**empty)):
        assert frame.schema == pl.Schema(polars_schema(name))
        assert frame.is_empty()
