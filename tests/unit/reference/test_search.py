"""Codes are found by words, with typing errors, by the terms of the tabular list, and on a day."""

import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from validator.cli import app
from validator.reference.lookup import open_reference
from validator.reference.search import CodeSearch


@pytest.fixture(scope="module")
def codes() -> CodeSearch:
    return CodeSearch(open_reference(), date(2026, 3, 1))


# What somebody types, and the code that has to be among the first three.
ASKED = (
    ("spinal instability", "M53.2"),
    ("Spinal Instabilities", "M53.2"),
    ("spinal instabilty", "M53.2"),
    ("instability lumbar spinal", "M53.2X6"),
    ("low back pain", "M54.5"),
    ("diabetis type 2", "E11"),
    ("essential hypertension", "I10"),
    ("high blood pressure", "I10"),
    ("hypertensoin essential", "I10"),
    ("kidney stone", "N20.0"),
    ("heart failure", "I50"),
    ("menieres disease", "H81.0"),
    ("ménière", "H81.0"),
    ("MENIERE", "H81.0"),
    ("covid-19", "U07.1"),
    ("e coli sepsis", "A41.51"),
    ("neck of femur fracture", "S72.00"),
    ("migrane with aura", "G43.1"),
    ("stroke", "I63.9"),
    ("depression unspecified", "F32.A"),
    ("asthma with acute exacerbation", "J45.901"),
    ("urinary tract infection", "N39.0"),
    ("screening mammogram", "Z12.31"),
    ("M53.2", "M53.2"),
    ("m532x", "M53.2X"),
    ("M53.2X6", "M53.2X6"),
    ("I10", "I10"),
    (" e11.9. ", "E11.9"),
)


@pytest.mark.parametrize(("asked", "code"), ASKED)
def test_it_is_among_the_first_three(codes: CodeSearch, asked: str, code: str) -> None:
    assert code in [each.code for each in codes.find(asked, 3)]


def test_the_beginning_of_a_code_gives_what_stands_below_it(codes: CodeSearch) -> None:
    found = codes.find("M53.2")
    assert [each.code for each in found] == ["M53.2", "M53.2X", *(f"M53.2X{n}" for n in range(1, 10))]
    assert [each.billable for each in found] == [False, False, *[True] * 9]


def test_the_term_of_the_tabular_list_that_fits_is_told(codes: CodeSearch) -> None:
    [first] = codes.find("high blood pressure", 1)
    assert (first.code, first.matched) == ("I10", "high blood pressure")


def test_only_codes_of_the_day_are_found_with_the_status_of_the_day(codes: CodeSearch) -> None:
    before = CodeSearch(open_reference(), date(2020, 3, 1))
    assert [each.billable for each in before.find("M54.5")] == [True]
    assert not codes.find("M54.5", 1)[0].billable
    assert "G35.A" not in [each.code for each in before.find("relapsing-remitting multiple sclerosis", 50)]
    assert codes.find("relapsing-remitting multiple sclerosis", 1)[0].code == "G35.A"


@pytest.mark.parametrize(
    "asked",
    ["", "   ", '"', '"*', "AND", "NEAR(a b)", "a OR", "title:x", "*", "^", "-", "\0", "\u202e12", "%", "x" * 10_000,
     "pain " * 5_000, "{}()[]", "'; drop table codes", "日本", "\ud800"],
)  # fmt: skip
def test_nothing_that_is_typed_breaks_it(codes: CodeSearch, asked: str) -> None:
    assert len(codes.find(asked, 5)) <= 5


@settings(max_examples=100, deadline=None)
@given(asked=st.text(max_size=40))
def test_no_text_breaks_it(asked: str) -> None:
    assert len(_codes().find(asked, 5)) <= 5


def _codes() -> CodeSearch:
    if not _MADE:
        _MADE.append(CodeSearch(open_reference(), date(2026, 3, 1)))
    return _MADE[0]


_MADE: list[CodeSearch] = []


def test_the_command_shows_codes_and_json() -> None:
    done = CliRunner().invoke(app, ["search", "spinal", "instabilty", "--on", "2026-03-01", "--limit", "2"])
    assert done.exit_code == 0 and done.output.startswith("M53.2     Spinal instabilities  (header)\n")
    done = CliRunner().invoke(app, ["search", "I10", "--on", "2026-03-01", "--json"])
    assert json.loads(done.output)[0]["code"] == "I10"
    done = CliRunner().invoke(app, ["search", "zzzz qqqq", "--on", "2026-03-01"])
    assert done.exit_code == 0 and "no code of 2026-03-01 fits" in done.output
