"""The code card, as data and as printed."""

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from validator.cli import app
from validator.reference.card_text import status_sentence
from validator.reference.lookup import Reference


def card_text(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["code", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_header_shows_its_billable_children_and_what_it_stands_in(reference: Reference) -> None:
    card = reference.card("M53.2", date(2026, 2, 10))
    assert (card.status, card.title) == ("header", "Spinal instabilities")
    assert [one.code for one in card.instead] == [f"M53.2X{site}" for site in range(1, 10)]
    assert card.instead[5].title == "Spinal instabilities, lumbar region"
    assert [(node.kind, node.name) for node in card.parents] == [
        ("chapter", "13"),
        ("section", "M50-M54"),
        ("code", "M53"),
    ]


def test_notes_of_section_and_chapter_are_inherited_with_their_place(reference: Reference) -> None:
    notes = reference.card("M53.2X6", date(2026, 2, 10)).notes
    assert ("excludes1", "section M50-M54", "discitis NOS (M46.4-)") in [
        (note.kind, note.stands_on, note.text) for note in notes
    ]
    assert any(note.stands_on == "chapter 13" and note.kind == "excludes2" for note in notes)


def test_what_a_code_above_includes_is_not_said_of_the_code_itself(reference: Reference) -> None:
    """I42.00 began with FY2027; the tabular list of FY2026 has inclusion terms for I42.0 only."""
    card = reference.card("I42.00", date(2026, 11, 15))
    assert not [note for note in card.notes if note.kind == "inclusion_term"]
    assert not card.in_tabular_list
    assert card.title is None


@pytest.mark.parametrize("typed", ["M53.2", "M532", "m53.2", " m532 ", "m5 3.2"])
def test_a_code_may_be_typed_in_any_way(reference: Reference, typed: str) -> None:
    assert reference.card(typed, date(2026, 2, 10)).code == "M53.2"


def test_seventh_characters_say_which_are_permitted(reference: Reference) -> None:
    card = reference.card("S06.1X7D", date(2026, 1, 15))
    assert [(one.character, one.permitted) for one in card.sevenths] == [
        ("A", True),
        ("D", False),
        ("S", False),
    ]
    assert [one.code for one in card.instead] == ["S06.1X7A"]


def test_edit_flags_are_those_of_the_day(reference: Reference) -> None:
    assert reference.card("O80", date(2026, 1, 1)).flags == ("maternity code, age 9 to 64 (MCE edit 4)",)
    assert any("age 12 to 55" in flag for flag in reference.card("O80", date(2019, 1, 1)).flags)
    assert reference.card("F07.81", date(2026, 3, 31)).flags == (
        "unacceptable as principal diagnosis of an inpatient stay (MCE edit 9), until 2026-03-31",
    )
    assert reference.card("F07.81", date(2026, 4, 1)).flags == ()


SENTENCES = {
    ("M53.2", "2026-02-10"): "header: not billable; 9 billable codes stand below it.",
    ("M53.2X6", "2026-02-10"): "in force: billable.",
    ("S72.001", "2026-02-10"): "incomplete: not billable, its 7th character is missing.",
    ("O35.0XX0", "2023-01-10"): "expired: ended 2022-09-30.",
    ("O35.0XX", "2023-01-10"): "expired: no code extends it any longer.",
    ("G35.A", "2025-09-20"): "not yet in force: begins 2025-10-01.",
    ("M53.20", "2026-02-10"): "unknown: no release of ICD-10-CM has it.",
    ("M53.26", "2026-02-10"): "has it; a placeholder X is missing or misplaced.",
    ("M80.08XB", "2026-02-10"): "has it; its stem does not permit this 7th character.",
    ("S06.1X7D", "2026-02-10"): "expired: ended 2017-09-30; its stem does not permit this 7th character.",
    ("250.00", "2026-02-10"): "has it; it is a code of ICD-9-CM.",
    ("1O", "2026-02-10"): "has it; a code is a letter, then 2 to 6 letters or digits.",
    (
        "M54.5",
        "2015-09-30",
    ): "not evaluated: ICD-10-CM is the code set since 2015-10-01; ICD-9-CM was before.",
    ("M54.5", "2027-04-01"): "not evaluated: the loaded releases end on 2027-03-31.",
}


@pytest.mark.parametrize(("code", "on"), SENTENCES)
def test_one_sentence_says_what_the_code_is(reference: Reference, code: str, on: str) -> None:
    card = reference.card(code, date.fromisoformat(on))
    sentence = status_sentence(card, (reference.covers_from, reference.covers_to))
    assert f"{sentence}.".endswith(SENTENCES[code, on])


def test_the_printed_card_is_plain_text_with_every_part() -> None:
    text = card_text("M53.2", "--on", "2026-02-10")
    lines = text.splitlines()
    assert lines[1] == f"On 2026-02-10 (release FY2026): {SENTENCES['M53.2', '2026-02-10']}"
    assert lines[0] == "M53.2  Spinal instabilities"
    for expected in (
        "  since 2015-10-01  in the list, not billable",
        "  M53.2X6  Spinal instabilities, lumbar region",
        "  section M50-M54  Other dorsopathies (M50-M54)",
        "  section M50-M54  current injury - see injury of spine by body region",
    ):
        assert expected in lines
    assert "\x1b" not in text
    assert not [line for line in lines if line != line.rstrip()]


def test_a_large_header_shows_the_level_below_instead_of_thousands_of_codes() -> None:
    text = card_text("S72", "--on", "2026-02-10")
    assert "  S72.0  Fracture of head and neck of femur (576 billable codes below)" in text.splitlines()
    assert "S72.001A" not in text


def test_json_holds_the_whole_card() -> None:
    card = json.loads(card_text("G35", "--on", "2025-11-15", "--json"))
    assert card["status"] == "header"
    assert card["on"] == "2025-11-15"
    assert [one["code"] for one in card["instead"]][:2] == ["G35.A", "G35.B0"]
    assert card["spans"][0]["valid_to"] == "2025-09-30"


def test_a_day_that_is_no_date_is_refused() -> None:
    assert CliRunner().invoke(app, ["code", "M53.2", "--on", "10.02.2026"]).exit_code == 2


def test_the_releases_are_printed_with_dates_rows_and_hash() -> None:
    result = CliRunner().invoke(app, ["reference", "status"])
    assert result.exit_code == 0, result.output
    line = next(line for line in result.stdout.splitlines() if "FY2022-Apr" in line)
    assert line.split()[:7] == [
        "ICD-10-CM",
        "FY2022-Apr",
        "2022-04-01",
        "2022-09-30",
        "95,528",
        "72,750",
        "22,778",
    ]
    whole = json.loads(CliRunner().invoke(app, ["reference", "status", "--json"]).stdout)
    assert len(whole["releases"]) == 20
    assert {"name", "valid_from", "valid_to", "rows", "sha256", "source"} <= set(whole["releases"][0])


def test_the_check_compares_the_built_tables_with_the_sources(reference: Reference) -> None:
    result = CliRunner().invoke(app, ["reference", "check"])
    assert result.exit_code == 0, result.output
    assert "each equal to what the sources make" in result.stdout
