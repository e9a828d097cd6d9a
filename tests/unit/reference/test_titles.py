"""The title that a code had on a day."""

from datetime import date

import polars as pl

from validator.reference.lookup import Reference


def titles(reference: Reference, *pairs: tuple[str, date | None]) -> list[str | None]:
    frame = pl.DataFrame(pairs, schema={"code": pl.String, "on": pl.Date}, orient="row")
    found = reference.titles(frame)
    assert found.select("code", "on").equals(frame)
    return found["title"].to_list()


def test_a_code_has_the_wording_of_its_day(reference: Reference) -> None:
    assert titles(
        reference,
        ("M350", date(2020, 1, 1)),
        ("M350", date(2024, 1, 1)),
        ("F32", date(2019, 1, 1)),
        ("F32", None),
    ) == [
        "Sicca syndrome [Sjogren]",
        "Sjögren syndrome",
        "Major depressive disorder, single episode",
        "Depressive episode",
    ]


def test_a_seventh_character_adds_its_meaning(reference: Reference) -> None:
    assert titles(reference, ("T7840XA", date(2026, 1, 1)), ("T7840", date(2026, 1, 1)), ("W19XX", None)) == [
        "Allergy, unspecified, initial encounter",
        "Allergy, unspecified",
        "Unspecified fall",
    ]


def test_ended_codes_keep_their_title_and_unknown_ones_have_none(reference: Reference) -> None:
    found = titles(
        reference, ("E784", date(2018, 1, 1)), ("H4011X3", date(2016, 1, 1)), ("ZZZ", None), ("I4200", None)
    )
    assert found == [
        "Other hyperlipidemia",
        "Primary open-angle glaucoma, severe stage",
        None,
        None,
    ]


def test_nearly_every_code_in_force_has_a_title(reference: Reference) -> None:
    """Missing are codes that ended before FY2019 or began with FY2027; no package words them."""
    billable = reference.tables.read("select code from code where in_force > 0")
    for on, most in (
        (date(2015, 10, 1), 337),
        (date(2020, 10, 1), 0),
        (date(2026, 9, 30), 0),
        (date(2026, 10, 1), 238),
    ):
        period = next(one for one in reference.periods if one.valid_from <= on <= one.valid_to)
        facts = reference.facts(billable["code"]).by_period
        now = billable.filter(
            facts["status"].gather_every(len(reference.periods), period.number) == "in_force"
        )
        found = reference.titles(now.with_columns(on=pl.lit(on)))
        assert found["title"].null_count() <= most
