"""The codes offered in place of one that cannot stand."""

import random
from datetime import date

import polars as pl
import pytest

from validator.reference.lookup import Reference

KINDS = (
    "billable_children_of",
    "completed_codes_of",
    "successors_of",
    "placeholder_repair_of",
    "permitted_seventh_of",
    "nearest_codes_to",
    "sided_siblings_of",
    "bilateral_of",
)


def offered(reference: Reference, kind: str, code: str, on: str | None) -> tuple[list[str], int, str]:
    day = date.fromisoformat(on) if on else None
    frame = pl.DataFrame({"code": [code], "on": [day]}, schema={"code": pl.String, "on": pl.Date})
    row = reference.suggestions(kind, frame).row(0, named=True)
    return row["suggestions"], row["total"], row["meaning"]


@pytest.mark.parametrize(
    ("kind", "code", "on", "expected"),
    [
        ("billable_children_of", "M532", "2026-02-10", [f"M53.2X{site}" for site in range(1, 10)]),
        ("billable_children_of", "M545", "2022-01-05", ["M54.50", "M54.51", "M54.59"]),
        ("billable_children_of", "M545", "2021-01-05", []),
        (
            "billable_children_of",
            "G35",
            "2025-11-15",
            ["G35.A", "G35.B0", "G35.B1", "G35.B2", "G35.C0", "G35.C1", "G35.C2", "G35.D"],
        ),
        ("completed_codes_of", "T7840", "2026-01-15", ["T78.40XA", "T78.40XD", "T78.40XS"]),
        ("completed_codes_of", "W19", "2026-01-15", ["W19.XXXA", "W19.XXXD", "W19.XXXS"]),
        ("completed_codes_of", "S061X7", "2026-01-15", ["S06.1X7A"]),
        ("completed_codes_of", "S061X7", "2016-01-15", ["S06.1X7A", "S06.1X7D", "S06.1X7S"]),
        ("successors_of", "O350XX0", "2023-01-10", [f"O35.0{part}X0" for part in range(10)]),
        ("successors_of", "S301XXA", "2025-10-02", ["S30.11XA", "S30.12XA", "S30.13XA"]),
        ("successors_of", "H4011X3", "2022-01-10", ["H40.1113", "H40.1123", "H40.1133", "H40.1193"]),
        ("successors_of", "Q5120", "2022-01-10", []),
        ("placeholder_repair_of", "M5326", "2026-01-15", ["M53.2X6"]),
        ("placeholder_repair_of", "T7840A", "2026-01-15", ["T78.40XA"]),
        ("placeholder_repair_of", "I10X", "2026-01-15", []),
        ("permitted_seventh_of", "S061X7D", "2026-01-15", ["S06.1X7A"]),
        ("permitted_seventh_of", "M8008XB", "2026-01-15", [f"M80.08X{character}" for character in "ADGKPS"]),
        ("nearest_codes_to", "M5320", "2026-01-15", [f"M53.2X{site}" for site in range(1, 10)]),
        ("nearest_codes_to", "I109", "2026-01-15", ["I10"]),
        ("nearest_codes_to", "I10X", "2026-01-15", ["I10"]),
        ("nearest_codes_to", "S0616", "2026-01-15", ["S06.1X6A", "S06.1X6D", "S06.1X6S"]),
        ("nearest_codes_to", "G35A", "2025-09-20", ["G35"]),
        ("nearest_codes_to", "E11A", "2025-09-20", ["E11.9"]),
        ("nearest_codes_to", "ZZZ9", "2026-01-15", []),
        ("sided_siblings_of", "M1710", "2026-01-15", ["M17.11", "M17.12", "M17.0"]),
        ("sided_siblings_of", "H60339", "2026-01-15", ["H60.331", "H60.332", "H60.333"]),
        ("sided_siblings_of", "S93409A", "2026-01-15", ["S93.401A", "S93.402A"]),
        ("sided_siblings_of", "I10", "2026-01-15", []),
        ("bilateral_of", "M1711", "2026-01-15", ["M17.0"]),
        ("bilateral_of", "S93401A", "2026-01-15", []),
        ("icd10_of", "25000", "2026-01-15", []),
        ("billable_children_of", "M532", None, []),
        ("billable_children_of", "M532", "2028-01-01", []),
        ("billable_children_of", "M532", "2015-09-30", []),
    ],
)
def test_the_codes_offered(
    reference: Reference, kind: str, code: str, on: str | None, expected: list[str]
) -> None:
    codes, total, _ = offered(reference, kind, code, on)
    assert codes == expected
    assert total == len(expected)


def test_a_chain_of_conversions_is_followed_up_to_the_date(reference: Reference) -> None:
    """T40.4X1A was divided on 2020-10-01; before that there is nothing to replace it with."""
    assert offered(reference, "successors_of", "T404X1A", "2020-10-01")[0] == [
        "T40.411A",
        "T40.421A",
        "T40.491A",
    ]
    assert offered(reference, "successors_of", "T404X1A", "2020-09-30")[0] == []


def test_at_most_twenty_are_offered_and_all_are_counted(reference: Reference) -> None:
    codes, total, _ = offered(reference, "billable_children_of", "S72", "2026-01-15")
    assert len(codes) == 20
    assert total == 2466
    assert codes == sorted(codes)


def test_seventh_characters_come_with_their_meaning(reference: Reference) -> None:
    codes, _, meaning = offered(reference, "completed_codes_of", "S72001", "2026-01-15")
    assert [code[-1] for code in codes] == list("ABCDEFGHJKMNPQRS")
    assert meaning.startswith(
        "A initial encounter for closed fracture; B initial encounter for open fracture"
    )
    assert meaning.endswith("; S sequela")


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_offered_is_billable_on_the_date(reference: Reference, kind: str) -> None:
    """Codes of all kinds on days of all periods, and misspelt ones."""
    pick = random.Random(7)
    codes = pick.sample(reference.known["code"].sort().to_list(), 1500)
    codes += [code.replace("X", "") for code in codes if "X" in code[3:]] + [
        code + "Q" for code in codes[:200]
    ]
    days = [pick.choice(reference.periods) for _ in codes]
    pairs = pl.DataFrame(
        {"code": codes, "on": [pick.choice((one.valid_from, one.valid_to)) for one in days]}
    ).unique(maintain_order=True)
    found = reference.suggestions(kind, pairs)
    assert found.select("code", "on").equals(pairs)
    assert found.schema == {
        "code": pl.String,
        "on": pl.Date,
        "suggestions": pl.List(pl.String),
        "total": pl.UInt32,
        "meaning": pl.String,
    }
    every = (
        found.explode("suggestions")
        .drop_nulls("suggestions")
        .select("on", code=pl.col("suggestions").str.replace(".", "", literal=True))
    )
    distinct = every["code"].unique().sort()
    facts = reference.facts(distinct).by_period["status"].to_list()
    position = {code: number for number, code in enumerate(distinct)}
    period_of = {
        one: period.number for period in reference.periods for one in (period.valid_from, period.valid_to)
    }
    wrong = [
        (code, on)
        for on, code in every.rows()
        if facts[position[code] * len(reference.periods) + period_of[on]] != "in_force"
    ]
    assert not wrong
    assert not every.is_empty()
