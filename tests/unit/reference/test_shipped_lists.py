"""The shipped value sets and pair tables hold what was counted in the official lists they stand in for.

Counts are of codes in force on 2026-04-01, the date of the loaded tabular list, unless a line says otherwise.
"""

from datetime import date

import polars as pl
import pytest

from validator.reference.lookup import Reference

DAY = date(2026, 4, 1)

# Counts of the V24 payment map and of the tabular list. The AMI group had a 44th code, I24.8, until
# 2022-09-30; the claudication group is the five codes I70.21- and I73.9.
COUNTED = {
    "acute_stroke": 99,
    "acute_mi": 43,
    "embolism": 143,
    "lung_cancer": 16,
    "breast_cancer": 57,
    "colon_cancer": 10,
    "prostate_cancer": 1,
    "vascular_claudication": 6,
    "major_depression": 15,
    "pressure_ulcer_advanced": 75,
    "outcome_of_delivery": 19,
    "subluxation": 6,
}


@pytest.fixture(scope="module")
def in_force(reference: Reference) -> pl.Series:
    """Every billable code in force on DAY."""
    facts = reference.facts(reference.known["code"])
    period = next(one.number for one in reference.periods if one.valid_from <= DAY <= one.valid_to)
    standing = facts.by_period.filter(pl.int_range(pl.len()) % len(reference.periods) == period)
    return facts.codes.filter(standing["status"] == "in_force")["code"]


def members(reference: Reference, name: str, day: date) -> set[str]:
    found = reference.value_set(name)
    assert found is not None
    dated = found.members.filter(
        pl.col("valid_from").fill_null(date.min) <= day, pl.col("valid_to").fill_null(date.max) >= day
    )
    return set(dated["code"])


@pytest.mark.parametrize("name", COUNTED)
def test_a_set_has_as_many_codes_as_the_list_it_stands_for(
    reference: Reference, in_force: pl.Series, name: str
) -> None:
    assert len(members(reference, name, DAY) & set(in_force)) == COUNTED[name]


def test_dated_lists_change_on_their_days(reference: Reference) -> None:
    for name, code, last_without, first_with in (
        ("place_of_service", "10", date(2021, 12, 31), date(2022, 1, 1)),
        ("place_of_service", "27", date(2023, 9, 30), date(2023, 10, 1)),
        ("opd_prior_authorization", "22551", date(2021, 6, 30), date(2021, 7, 1)),
        ("opd_prior_authorization", "63650", date(2021, 6, 30), date(2021, 7, 1)),
    ):
        assert code not in members(reference, name, last_without)
        assert code in members(reference, name, first_with)
    assert "99201" in members(reference, "office_visits", date(2020, 12, 31))
    assert "99201" not in members(reference, "office_visits", date(2021, 1, 1))


def test_first_listed_only_codes_leave_out_what_the_guideline_excepts(reference: Reference) -> None:
    found = members(reference, "first_listed_only", DAY)
    assert {"Z0000", "Z3400", "Z3800", "Z5111", "Z9912"} <= found
    assert not {"Z006", "Z529", "Z0389", "Z5181"} & found


def test_codes_are_written_as_claims_carry_them(reference: Reference) -> None:
    assert "0120" in members(reference, "room_and_board_revenue_codes", DAY)
    assert {"111", "131", "853"} <= members(reference, "types_of_bill", DAY)
    assert {"01", "30", "40"} <= members(reference, "discharge_statuses", DAY)
    assert not {"00", "28", "59"} & members(reference, "place_of_service", DAY)


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [
        ("use_additional_required", "E1122", "N1830"),
        ("use_additional_required", "I110", "I5022"),
        ("use_additional_required", "E11621", "L97512"),
        ("history_of_active", "C50911", "Z853"),
        ("history_of_active", "Z86718", "I82401"),
        ("symptom_of_disease", "R079", "I214"),
        ("permanent_status", "B20", "Z21"),
        ("permanent_status", "Z89511", "L97512"),
    ],
)
def test_a_pair_of_the_catalogue_is_listed(reference: Reference, name: str, left: str, right: str) -> None:
    pairs = reference.pairs(name)
    assert pairs is not None
    lefts = pairs.left.filter(pl.col("code") == left)["class"]
    rights = pairs.right.filter(pl.col("code") == right)["class"]
    assert not pairs.listed.filter(
        pl.col("left").is_in(lefts.to_list()), pl.col("right").is_in(rights.to_list())
    ).is_empty()


def test_an_old_infarct_beside_a_new_one_is_no_pair(reference: Reference) -> None:
    pairs = reference.pairs("history_of_active")
    assert pairs is not None
    assert pairs.left.filter(pl.col("code").is_in(["I214", "I252"])).is_empty()
