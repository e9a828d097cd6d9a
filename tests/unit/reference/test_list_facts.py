"""What the tabular list says of a code: side, family, encounter, trimester, intent, code first, unspecified."""

import polars as pl
import pytest

from validator.reference.lookup import Reference


def facts_of(reference: Reference, codes: list[str]) -> dict[str, dict[str, object]]:
    facts = reference.facts(pl.Series("code", codes)).codes
    return {row["code"]: row for row in facts.iter_rows(named=True)}


# Codes of one family, with their sides: right, left, bilateral, unspecified.
FAMILIES = """
    M1711    M1712    M170     M1710
    M1611    M1612    M160     M1610
    M1631    M1632    M162     M1630
    M1811    M1812    M180     M1810
    H60331   H60332   H60333   H60339
    I82401   I82402   I82403   I82409
    I70211   I70212   I70213   I70219
    Z9011    Z9012    Z9013    Z9010
    E083211  E083212  E083213  E083219
    M25571   M25572   -        M25579
    C50911   C50912   -        C50919
    S72001A  S72002A  -        S72009A
    G8191    G8192    -        G8190
    G8193    G8194    -        G8190
    I69351   I69352   -        I69359
    L89011   L89021   -        L89001
    H5461    H5462    -        -
"""


@pytest.mark.parametrize("line", FAMILIES.strip().splitlines(), ids=lambda line: line.split()[0])
def test_codes_that_differ_in_the_side_only_are_a_family(reference: Reference, line: str) -> None:
    codes = dict(zip(("right", "left", "bilateral", "unspecified"), line.split(), strict=True))
    codes = {side: code for side, code in codes.items() if code != "-"}
    facts = facts_of(reference, list(codes.values()))
    assert {side: facts[code]["side"] for side, code in codes.items()} == {side: side for side in codes}
    families = {facts[code]["side_family"] for code in codes.values()}
    assert len(families) == 1 and None not in families
    assert all(facts[code]["family_has_sides"] for code in codes.values())
    assert {facts[code]["family_has_bilateral"] for code in codes.values()} == {"bilateral" in codes}


def test_another_type_or_another_encounter_is_another_family(reference: Reference) -> None:
    facts = facts_of(
        reference, ["M1711", "M1732", "H90A11", "H900", "S72001A", "S72001D", "L89011", "L89012"]
    )
    assert len({one["side_family"] for one in facts.values()}) == len(facts)


@pytest.mark.parametrize(
    "code", ["I501", "I50814", "I447", "K5150", "S36520A", "T8151XA", "H540X33", "N630", "I10", "H25013X"]
)
def test_left_and_right_are_not_always_a_side(reference: Reference, code: str) -> None:
    """Parts of the heart and colon, what was left behind, both eyes apart, no side at all."""
    assert facts_of(reference, [code])[code]["side"] is None


ENCOUNTERS = [
    ("S72001A", "initial", "S72001"),
    ("S72001B", "initial", "S72001"),
    ("S72001D", "subsequent", "S72001"),
    ("S72001Q", "subsequent", "S72001"),
    ("S72001S", "sequela", "S72001"),
    ("M8008XA", "initial", "M8008X"),
    ("O3111X1", None, None),
    ("E083211", None, None),
    ("I10", None, None),
]


@pytest.mark.parametrize(("code", "encounter", "stem"), ENCOUNTERS)
def test_the_7th_character_says_the_encounter(
    reference: Reference, code: str, encounter: str | None, stem: str | None
) -> None:
    facts = facts_of(reference, [code])[code]
    assert (facts["encounter"], facts["stem"]) == (encounter, stem)


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        ("trimester", {"O26891": "first", "O26893": "third", "O26899": "unspecified", "Z3401": "first", "O80": None}),
        (
            "gestation_trimester",
            {"Z3A00": None, "Z3A01": "first", "Z3A13": "first", "Z3A14": "second", "Z3A27": "second", "Z3A28": "third", "Z3A42": "third", "Z3A49": None, "O80": None},
        ),
        (
            "intent",
            {"T360X1A": "accidental", "T360X2A": "self_harm", "T360X3A": "assault", "T360X4A": "undetermined", "T360X5A": "adverse_effect", "T360X6A": "underdosing", "T4275XA": "adverse_effect", "T39015A": "adverse_effect", "T5801XA": "accidental", "T66XXXA": None},
        ),
        (
            "code_first",
            {"D631": "required", "F0280": "examples", "M51A1": "permissive", "N1830": "permissive", "G594": None, "I680": "required", "G59": "without_codes", "T360X5A": "examples", "T360X1A": None, "I10": None},
        ),
        (
            "says_unspecified",
            {"M1710": True, "M1711": False, "S72009A": True, "S72001A": False, "J209": True, "I82401": False, "J40": False, "E119": False},
        ),
    ],
)  # fmt: skip
def test_a_fact_is_what_the_list_says(reference: Reference, fact: str, expected: dict[str, object]) -> None:
    facts = facts_of(reference, list(expected))
    assert {code: facts[code][fact] for code in expected} == expected


def test_every_intent_is_the_one_that_the_title_names(reference: Reference) -> None:
    words = {
        "accidental": "accidental", "self_harm": "self-harm", "assault": "assault", "undetermined": "undetermined",
        "adverse_effect": "adverse effect", "underdosing": "underdosing",
    }  # fmt: skip
    codes = reference.tables.read("select code from list_fact where intent is not null")["code"]
    asked = pl.DataFrame({"code": codes}).with_columns(on=pl.lit(None, pl.Date))
    titles = reference.titles(asked)["title"].to_list()
    intents = reference.facts(codes).codes["intent"].to_list()
    wrong = [
        (code, intent)
        for code, intent, title in zip(codes, intents, titles, strict=True)
        if title is not None and words[intent] not in title.lower()
    ]
    assert not wrong and len(codes) > 4800


def test_only_codes_of_the_loaded_list_are_in_it(reference: Reference) -> None:
    codes = ["I10", "S72001A", "W19XXXA", "M53.2", "I4201", "M5320", "25000"]
    facts = facts_of(reference, codes)
    assert {code for code in codes if facts[code]["in_tabular"]} == {"I10", "S72001A", "W19XXXA"}
    assert facts["I4201"]["side"] is None and facts["I4201"]["says_unspecified"] is None
