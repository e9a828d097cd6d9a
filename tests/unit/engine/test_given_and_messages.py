"""Examples are built as a coder expects, and sentences say what the row says."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from validator.engine.given import build_claims, read_given
from validator.engine.messages import placeholders, sentence
from validator.errors import RuleError


def built(given: dict):
    return build_claims([read_given(given)])


def test_the_clean_claim_is_an_office_visit_of_a_woman_of_45():
    tables = built({})
    claim = tables.claims.row(0, named=True)
    assert (claim["claim_type"], claim["setting"], claim["sex"], claim["age"]) == (
        "professional",
        "office",
        "F",
        45,
    )
    assert tables.diagnoses.select("role", "position", "code", "coding_date").row(0) == (
        "principal", 1, "I10", date(2026, 2, 10),
    )  # fmt: skip
    assert tables.lines.select("place_of_service", "charge", "pointers_to_nothing").row(0) == (
        "11",
        Decimal(100),
        0,
    )


def test_a_type_of_bill_makes_the_claim_institutional_and_a_stay_has_its_days():
    tables = built(
        {"claim": {"type_of_bill": "111", "from_date": "2026-01-08", "through_date": "2026-01-12"}}
    )
    claim = tables.claims.row(0, named=True)
    assert (claim["claim_type"], claim["setting"], claim["frequency_code"]) == (
        "institutional",
        "inpatient",
        "1",
    )
    assert (claim["admission_date"], claim["discharge_date"]) == (date(2026, 1, 8), date(2026, 1, 12))
    assert tables.diagnoses["coding_date"].to_list() == [date(2026, 1, 12)]
    assert tables.lines["place_of_service"].to_list() == [None]


def test_the_line_follows_the_claim_unless_it_says_otherwise():
    tables = built({"claim": {"from_date": "2025-09-30"}, "lines": [{}, {"from_date": "2025-10-01"}]})
    assert tables.lines["from_date"].to_list() == [date(2025, 9, 30), date(2025, 10, 1)]
    assert tables.claims["total_charge"].to_list() == [Decimal(200)]


def test_a_list_of_diagnoses_fills_the_slots_in_order():
    tables = built(
        {"diagnoses": [{"code": "A41.9"}, {"code": "R65.21"}, {"code": "R07.9", "role": "admitting"}]}
    )
    assert tables.diagnoses.select("role", "position").rows() == [
        ("principal", 1), ("secondary", 2), ("admitting", 1),
    ]  # fmt: skip


def test_an_empty_first_slot_leaves_the_second_where_it_is():
    tables = built({"diagnoses": [{"code": ""}, {"code": "I50.21"}]})
    assert tables.diagnoses.select("role", "position").rows() == [("secondary", 2)]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"claim": {"form_date": "2026-01-01"}},
            "`claim` of the example has no 'form_date'; did you mean 'from_date'?",
        ),
        ({"diagnosys": {}}, "`given` of the example has no 'diagnosys'; did you mean 'diagnosis'?"),
        ({"claim": {"from_date": "1/2/2026"}}, "the example gives from_date as '1/2/2026', which is no date"),
        ({"line": {"units": "many"}}, "the example gives units as 'many', which is no number"),
        ({"not_recorded": ["claim.dischargedate"]}, "did you mean claim.discharge_date?"),
    ],
)
def test_a_slip_in_an_example_is_named(given, says):
    with pytest.raises(RuleError) as error:
        built(given)
    assert says in str(error.value)


def said(template: str, **columns) -> str:
    row = pl.DataFrame(columns)
    return row.with_columns(sentence(template, row.schema).alias("said"))["said"][0]


def test_codes_are_shown_with_their_point_and_dates_as_they_are_written():
    row = {"diagnosis.code": ["M532"], "diagnosis.coding_date": [date(2026, 2, 10)]}
    assert said("{diagnosis.code} on {diagnosis.coding_date}.", **row) == "M53.2 on 2026-02-10."


def test_blanks_are_told_apart_in_sentences():
    row = {
        "claim.discharge_date": pl.Series([None], dtype=pl.Date),
        "claim.from_date": pl.Series([None], dtype=pl.Date),
    }
    assert said("{claim.discharge_date}, {claim.from_date}", **row) == "none, not recorded"


def test_many_suggestions_are_counted_and_few_are_named():
    codes = [f"M53.2X{n}" for n in range(1, 10)] + ["M53.3", "M53.8"]
    row = {"suggestions": [codes], "suggestions.total": pl.Series([23], dtype=pl.UInt32)}
    assert said("use {suggestions}", **row) == f"use {', '.join(codes[:9])} and 14 more"
    none = {
        "suggestions": pl.Series([[]], dtype=pl.List(pl.String)),
        "suggestions.total": pl.Series([0], dtype=pl.UInt32),
    }
    assert said("use {suggestions}", **none) == "use none known"


def test_units_lose_their_empty_decimals():
    row = {"line.units": pl.Series([Decimal("1.5000")], dtype=pl.Decimal(14, 4))}
    assert said("{line.units}", **row) == "1.5"


def test_placeholders_are_found_in_order():
    assert placeholders("{a.b} and {icd10.title} {a.b}") == ("a.b", "icd10.title", "a.b")
