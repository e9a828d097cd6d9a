"""Which pairs of codes the notes keep apart, allow, or put in an order; and since when."""

import polars as pl
import pytest

from validator.reference.lookup import Reference


def notes_of(reference: Reference, table: str, pair: str) -> list[str]:
    """The texts by which a table lists a pair of codes."""
    left, right = pair.split()
    pairs = reference.pairs(table)
    assert pairs is not None
    found = (
        pairs.left.filter(pl.col("code") == left)
        .join(pairs.listed, left_on="class", right_on="left")
        .join(pairs.right.filter(pl.col("code") == right), left_on="right", right_on="class")
        .join(pairs.notes, left_on="note", right_on="number")
    )
    return found["text"].to_list()


def turned(pair: str) -> str:
    return " ".join(reversed(pair.split()))


KEPT_APART = [
    # Where each code has a note about the other, both are told.
    (
        "E109 E119",
        "Excludes1 at E10: type 2 diabetes mellitus (E11.-); at E11: type 1 diabetes mellitus (E10.-)",
    ),
    (
        "N390 N3000",
        "Excludes1 at N39.0: urinary tract infection of specified site, such as: cystitis (N30.-)",
    ),
    ("M5450 M5126", "Excludes1 at M54.5: lumbago due to intervertebral disc displacement (M51.2-)"),
    (
        "B20 Z21",
        "Excludes1 at B20: asymptomatic human immunodeficiency virus [HIV] infection status (Z21); "
        "at Z21: acquired immunodeficiency syndrome (B20)",
    ),
    # Only the note of the section says it. Where a section ends, and so its heading, changes from year to year.
    ("M532X6 M4646", "Excludes1 at the section from M50 (Other dorsopathies): discitis NOS (M46.4-)"),
    ("I10 P292", "Excludes1 at the section from I10 (Hypertensive diseases): neonatal hypertension (P29.2)"),
    (
        "F458 G4763",
        "Excludes1 at F45.8: sleep related teeth grinding (G47.63); at G47.63: psychogenic bruxism (F45.8)",
    ),
    (
        "F17210 Z87891",
        "Excludes1 at F17: history of tobacco dependence (Z87.891); "
        "at Z87.891: current nicotine dependence (F17.2-)",
    ),
    # The notes of J32 and J44 allow J01 and J42 as a whole; these name the very codes, so they govern.
    ("J0100 J329", "Excludes1 at J01: sinusitis NOS (J32.9)"),
    ("J42 J449", "Excludes1 at J42: chronic obstructive pulmonary disease NOS (J44.9)"),
]


@pytest.mark.parametrize(("pair", "note"), KEPT_APART, ids=[pair for pair, _ in KEPT_APART])
def test_a_specific_excludes1_keeps_two_codes_apart_both_ways_round(
    reference: Reference, pair: str, note: str
) -> None:
    assert notes_of(reference, "icd10_excludes1", pair) == [note]
    assert notes_of(reference, "icd10_excludes1", turned(pair)) == [note]
    assert not notes_of(reference, "icd10_excludes1_broad", pair)


BROAD = [
    # A symptom on one side; a range of many categories; a pair that NCHS itself permits.
    ("R0602 J9601", "Excludes1 at R06: respiratory failure (J96.-)"),
    ("Z331 O24410", "Excludes1 at Z33.1: complications of pregnancy (O00-O9A)"),
    ("I69351 S065X0A", "Excludes1 at I69: sequelae of traumatic intracranial injury (S06.-)"),
    (
        "W19XXXA V0100XA",
        "Excludes1 at the section from W00 (Slipping, tripping, stumbling and falls): "
        "fall (in) (from) transport vehicle (V01-V99)",
    ),
]


@pytest.mark.parametrize(("pair", "note"), BROAD, ids=[pair for pair, _ in BROAD])
def test_symptoms_external_causes_and_broad_ranges_stand_in_a_table_of_their_own(
    reference: Reference, pair: str, note: str
) -> None:
    assert notes_of(reference, "icd10_excludes1_broad", pair) == [note]
    assert not notes_of(reference, "icd10_excludes1", pair)


@pytest.mark.parametrize("pair", ["I214 I252", "I639 I69351", "J0100 J320", "J42 J440"])
def test_an_excludes2_note_is_no_excludes1(reference: Reference, pair: str) -> None:
    """J32.0-J32.8 with J01 and J44.0 with J42 are named by equally close notes: the permissive one wins."""
    assert notes_of(reference, "icd10_excludes2", pair)
    assert not notes_of(reference, "icd10_excludes1", pair)
    assert not notes_of(reference, "icd10_excludes1_broad", pair)


@pytest.mark.parametrize("pair", ["M545 M5450", "E1122 E1165", "I10 I10", "S72001A S72001D"])
def test_codes_of_one_node_are_not_kept_apart(reference: Reference, pair: str) -> None:
    assert not notes_of(reference, "icd10_excludes1", pair)
    assert not notes_of(reference, "icd10_excludes1_broad", pair)


@pytest.mark.parametrize("table", ["icd10_excludes1", "icd10_excludes1_broad", "icd10_excludes2"])
def test_what_a_note_keeps_apart_or_allows_it_does_both_ways_round(reference: Reference, table: str) -> None:
    pairs = reference.pairs(table)
    assert pairs is not None
    # One code of each class stands for the others.
    left = pairs.left.group_by("class").agg(pl.col("code").min())
    right = pairs.right.group_by("class").agg(pl.col("code").min())
    codes = pairs.listed.join(left, left_on="left", right_on="class").join(
        right, left_on="right", right_on="class", suffix="_right"
    )
    forward = set(codes.select("code", "code_right").rows())
    for one, other in sorted(forward)[:: max(1, len(forward) // 40)]:
        assert notes_of(reference, table, f"{other} {one}"), f"{other} with {one}"


IN_ORDER = [
    ("F0280 G309", "icd10_code_first"),
    ("D631 N1830", "icd10_code_first"),
    ("I509 I110", "icd10_code_first"),
    ("N1830 I129", "icd10_code_first"),
    ("N1830 I130", "icd10_code_first"),
    ("N1830 E1122", "icd10_code_first"),
    ("L97411 E11621", "icd10_code_first"),
    ("T360X5A L270", "icd10_code_first"),
    ("E669 O99211", "icd10_code_first_permissive"),
    ("M51A1 M5126", "icd10_code_first_permissive"),
]


@pytest.mark.parametrize(("pair", "table"), IN_ORDER, ids=[pair for pair, _ in IN_ORDER])
def test_a_code_first_note_lists_the_code_and_the_one_before_it(
    reference: Reference, pair: str, table: str
) -> None:
    assert notes_of(reference, table, pair)
    for other in ("icd10_code_first", "icd10_code_first_permissive"):
        assert not notes_of(reference, other, turned(pair))
        assert other == table or not notes_of(reference, other, pair)


def test_a_poisoning_is_not_under_the_note_about_adverse_effects(reference: Reference) -> None:
    assert not notes_of(reference, "icd10_code_first", "T360X1A L270")


WITHOUT = [
    "E119 E1122",
    "E119 E11A",
    "K219 K2100",
    "R6520 R6521",
    "S060X0A S060X1A",
    "F0390 F0394",
    "E083291 E083211",
]


@pytest.mark.parametrize("pair", WITHOUT)
def test_a_code_without_something_contradicts_the_one_with_it(reference: Reference, pair: str) -> None:
    assert len(notes_of(reference, "icd10_without_with", pair)) == 1


# Another site; another eye; another migraine; another wound; the conditions of one title do not touch.
APART = ["K5730 K5712", "E083291 E083212", "G43009 G43109", "S0101XA S0102XA", "E083591 E083521"]


@pytest.mark.parametrize("pair", APART)
def test_two_codes_that_may_both_be_true_are_no_contradiction(reference: Reference, pair: str) -> None:
    assert not notes_of(reference, "icd10_without_with", pair)


@pytest.mark.parametrize(
    ("table", "pair", "since"),
    [
        ("icd10_excludes1", "E109 E119", None),
        ("icd10_excludes1", "N7682 E1152", "2025-04-01"),
        ("icd10_excludes2", "Z9182 Z9185", "2025-04-01"),
        ("icd10_code_first_permissive", "M51A1 M5126", "2025-04-01"),
        # The note asks for a neoplasm; a rule about its absence must know them on every day.
        ("icd10_code_first", "J910 C3490", None),
    ],
)
def test_a_note_holds_since_the_first_list_that_prints_it(
    reference: Reference, table: str, pair: str, since: str | None
) -> None:
    """The list of FY2021 is the oldest at hand; what it has is taken to have stood before."""
    left, right = pair.split()
    pairs = reference.pairs(table)
    assert pairs is not None
    found = (
        pairs.left.filter(pl.col("code") == left)
        .join(pairs.listed, left_on="class", right_on="left")
        .join(pairs.right.filter(pl.col("code") == right), left_on="right", right_on="class")
    )
    assert [str(day) if day else None for day in found["valid_from"]] == [since]
    assert found["valid_to"].to_list() == [None]
