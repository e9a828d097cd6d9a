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


# What somebody types, and the code that has to be the first.
FIRST = (
    ("spinal instability", "M53.2"),
    ("Spinal Instabilities", "M53.2"),
    ("the spinal instability", "M53.2"),
    ("spinal instabilty", "M53.2"),
    ("lumbar region spinal instabilities", "M53.2X6"),
    ("instability lumbar spine", "M53.2X6"),
    ("diabetes", "E11"),
    ("diabetis", "E11"),
    ("type II diabetes", "E11"),
    ("diabetes mellitus type 2 with kidney disease", "E11.22"),
    ("hypertension", "I10"),
    ("high blood pressure", "I10"),
    ("hypertensoin essential", "I10"),
    ("myocardial infarction", "I21.9"),
    ("pneumonia", "J18.9"),
    ("pnuemonia", "J18.9"),
    ("sepsis", "A41.9"),
    ("anaemia", "D64.9"),
    ("tonsilitis", "J03.9"),
    ("preeclampsia", "O14"),
    ("chest pain", "R07.9"),
    ("oesophagitis", "K20"),
    ("atrial fibrilation", "I48.91"),
    ("urinary tract infection", "N39.0"),
    ("depression", "F32.A"),
    ("stroke", "I63.9"),
    ("lumbago", "M54.50"),
    ("fracture of wrist", "S62.10"),
    ("broken tooth", "S02.5"),
    ("tennis elbow", "M77.1"),
    ("common cold", "J00"),
    ("kidney stone", "N20.0"),
    ("fainting", "R55"),
    ("falls", "W19"),
    ("vertigo", "R42"),
    ("screening mammogram", "Z12.31"),
    ("menieres disease", "H81.0"),
    ("ménière", "H81.0"),
    ("MENIERE", "H81.0"),
    ("hepatitis a", "B15.9"),
    ("covid-19", "U07.1"),
    ("e coli sepsis", "A41.51"),
    ("M53.2", "M53.2"),
    ("m532x", "M53.2X"),
    ("M53.2X6", "M53.2X6"),
    ("I10", "I10"),
    ("I10.X", "I10"),
    ("qa0", "QA0"),
    ("c4a.", "C4A"),
    ("E11.-", "E11"),
    (" e11.9. ", "E11.9"),
)  # fmt: skip

# The same for codes that have to be among the first three.
AMONG_THREE = (
    ("Crohn’s-disease", "K50.90"),
    ("low back pain", "M54.50"),
    ("back pain", "M54.5"),
    ("heart failure", "I50.9"),
    ("covid", "U07.1"),
    ("neck of femur fracture", "S72.00"),
    ("migrane with aura", "G43.1"),
    ("asthma with acute exacerbation", "J45.901"),
    ("hip fracture", "S72.00"),
    ("rheumatoid artritis", "M06.9"),
)


@pytest.mark.parametrize(("asked", "code"), FIRST)
def test_it_is_the_first(codes: CodeSearch, asked: str, code: str) -> None:
    assert [each.code for each in codes.find(asked, 1)] == [code]


@pytest.mark.parametrize(("asked", "code"), AMONG_THREE)
def test_it_is_among_the_first_three(codes: CodeSearch, asked: str, code: str) -> None:
    assert code in [each.code for each in codes.find(asked, 3)]


def test_the_beginning_of_a_code_gives_what_stands_below_it(codes: CodeSearch) -> None:
    found = codes.find("M53.2")
    assert [each.code for each in found] == ["M53.2", "M53.2X", *(f"M53.2X{n}" for n in range(1, 10))]
    assert [each.billable for each in found] == [False, False, *[True] * 9]


def test_the_term_of_the_tabular_list_that_fits_is_told(codes: CodeSearch) -> None:
    [first] = codes.find("high blood pressure", 1)
    assert (first.code, first.matched, first.matched_in) == ("I10", "high blood pressure", "term")


def test_the_note_elsewhere_that_names_the_code_is_told(codes: CodeSearch) -> None:
    [first] = codes.find("vitamin d deficiency rickets", 1)
    assert (first.code, first.matched, first.matched_in) == ("E55.0", "vitamin D-deficiency rickets", "note")


def test_of_equal_fits_a_billable_code_comes_before_a_header(codes: CodeSearch) -> None:
    first, second = codes.find("pneumonia", 2)
    assert (first.code, first.billable, second.code, second.billable) == ("J18.9", True, "J18", False)
    assert first.score == second.score


def test_a_misspelt_word_is_mended_and_told(codes: CodeSearch) -> None:
    assert codes.ask("spinal instabilty").read_as == {"instabilty": ["instability"]}
    assert codes.ask("spinal instability").read_as == {}


def test_a_code_that_is_not_in_the_list_of_the_day_is_read_as_its_longest_beginning_that_is(
    codes: CodeSearch,
) -> None:
    answer = codes.ask("M53.2Z")
    assert answer.read_as == {"M53.2Z": ["M53.2"]}
    assert answer.found[0].code == "M53.2"


def test_where_no_code_has_all_words_it_is_said(codes: CodeSearch) -> None:
    assert codes.ask("spinal instability").all_words
    partly = codes.ask("spinal instability antarctica")
    assert not partly.all_words
    assert partly.found[0].code == "M53.2"


def test_what_lacks_only_its_seventh_character_is_told_from_a_header(codes: CodeSearch) -> None:
    assert [(each.billable, each.incomplete) for each in codes.find("S72.001", 2)] == [
        (False, True),
        (True, False),
    ]
    assert not codes.find("M53.2", 1)[0].incomplete


def test_no_code_is_found_twice_and_not_more_than_asked_for(codes: CodeSearch) -> None:
    found = [each.code for each in codes.find("fracture", 500)]
    assert len(found) == len(set(found)) == 500


def test_only_codes_of_the_day_are_found_with_the_status_of_the_day(codes: CodeSearch) -> None:
    before = CodeSearch(open_reference(), date(2020, 3, 1))
    assert [each.billable for each in before.find("M54.5")] == [True]
    assert not codes.find("M54.5", 1)[0].billable
    assert "G35.A" not in [each.code for each in before.find("relapsing-remitting multiple sclerosis", 50)]
    assert codes.find("relapsing-remitting multiple sclerosis", 1)[0].code == "G35.A"


@pytest.mark.parametrize(("year", "name"), [(2021, "chafeensis"), (2022, "chaffeensis")])
def test_a_title_is_that_of_the_day(year: int, name: str) -> None:
    """The spelling was mended on 2021-10-01."""
    [only] = CodeSearch(open_reference(), date(year, 3, 1)).find("A77.41")
    assert only.title == f"Ehrlichiosis {name} [E. {name}]"


@pytest.mark.parametrize("on", [date(2015, 9, 30), date(2027, 4, 1), date(2031, 1, 1)])
def test_a_day_that_no_release_covers_is_not_answered(on: date) -> None:
    answer = CodeSearch(open_reference(), on).ask("M53.2")
    assert answer.reach == ("before" if on.year == 2015 else "after")
    assert (answer.release, answer.found) == (None, [])


def test_a_code_without_a_title_is_found_by_its_characters() -> None:
    """I42.00 began with FY2027, of which no loaded list has the titles."""
    [only] = CodeSearch(open_reference(), date(2026, 11, 15)).find("I42.00")
    assert (only.code, only.title, only.billable) == ("I42.00", None, True)


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


def test_the_command_shows_codes_and_how_the_question_was_read() -> None:
    assert _printed("spinal", "instability", "--limit", "2") == [
        "M53.2     Spinal instabilities  (header)",
        "M53.2X    Spinal instabilities  (header)",
    ]
    misspelt = _printed("spinal", "instabilty", "--limit", "1")
    assert misspelt == [
        "instabilty is not in the list of 2026-03-01; read as instability",
        "M53.2     Spinal instabilities  (header)",
    ]
    assert _printed("S72.001", "--limit", "1")[0].endswith("  (7th character missing)")
    assert _printed("high blood pressure", "--limit", "1")[0].endswith("  [high blood pressure]")
    assert _printed("vitamin d deficiency rickets")[0].endswith("  [a note: vitamin D-deficiency rickets]")
    assert (
        _printed("spinal instability antarctica")[0]
        == "no code has all these words; some have a part of them"
    )
    assert _printed("zzzz qqqq") == ["no code of 2026-03-01 fits"]
    assert _printed("") == ["no code of 2026-03-01 fits"]
    assert _printed("I42.00", on="2026-11-15") == ["I42.00    (title not in the loaded releases)"]
    assert _printed("I10", on="2027-04-01") == ["not evaluated: the loaded releases end on 2027-03-31"]
    assert _printed("I10", on="2015-09-30") == ["not evaluated: the loaded releases begin on 2015-10-01"]


def test_the_command_answers_in_json() -> None:
    answer = json.loads("\n".join(_printed("I10", "--json")))
    assert (answer["on"], answer["reach"], answer["release"]) == ("2026-03-01", "covered", "FY2026")
    assert answer["found"] == [
        {"code": "I10", "title": "Essential (primary) hypertension", "billable": True, "incomplete": False,
         "matched": "I10", "matched_in": "code", "score": 100.0}
    ]  # fmt: skip


def _printed(*arguments: str, on: str = "2026-03-01") -> list[str]:
    done = CliRunner().invoke(app, ["search", *arguments, "--on", on])
    assert done.exit_code == 0, done.output
    return done.output.splitlines()
