"""Codes that one slip of the keyboard turns into each other, for diagnoses that pay."""

import polars as pl
import pytest

from validator.reference.lookup import Reference


@pytest.fixture(scope="module")
def listed(reference: Reference) -> set[tuple[str, str]]:
    held = reference.pairs("digit_neighbours")
    assert held is not None
    left = held.left.rename({"code": "a", "class": "left"})
    right = held.right.rename({"code": "b", "class": "right"})
    return set(held.listed.join(left, on="left").join(right, on="right").select("a", "b").rows())


def test_exchanged_and_mistyped_characters_of_the_category_are_listed(listed: set[tuple[str, str]]) -> None:
    assert ("K5090", "K5900") in listed  # Crohn's disease and constipation: the 0 and the 9 exchanged
    assert ("F209", "F309") in listed  # schizophrenia and a manic episode: another digit


def test_a_slip_within_the_category_is_not_listed(listed: set[tuple[str, str]]) -> None:
    assert ("E1122", "E1121") not in listed
    assert not any(a[:3] == b[:3] for a, b in listed)


def test_the_first_code_pays_and_the_second_was_billable(
    reference: Reference, listed: set[tuple[str, str]]
) -> None:
    facts = reference.facts(pl.Series(sorted({a for a, _ in listed}))).codes
    assert facts["hcc_v28"].null_count() == 0
    assert ("I10", "J10") not in listed  # hypertension pays nothing
