"""The tables derived from the grouper, the procedure master and the payment maps, as they were counted."""

from datetime import date

import polars as pl
import pytest

from validator.reference.lookup import Reference

DAY = date(2026, 4, 1)


def levels(reference: Reference, day: date) -> tuple[int, int, int]:
    """Codes in force on a day that are CC, MCC, or of a level that is not known."""
    facts = reference.facts(reference.known["code"])
    period = next(one.number for one in reference.periods if one.valid_from <= day <= one.valid_to)
    standing = facts.by_period.filter(
        pl.int_range(pl.len()) % len(reference.periods) == period, pl.col("status") == "in_force"
    )
    return int(standing["cc"].sum()), int(standing["mcc"].sum()), standing["cc"].null_count()


@pytest.mark.parametrize(
    ("day", "cc", "mcc"),
    [
        (date(2018, 10, 1), 14457, 3233),
        (date(2020, 3, 31), 14598, 3249),  # without U07.1, which began the next day
        (date(2020, 4, 1), 14598, 3250),
        (date(2021, 1, 1), 14681, 3279),
        (date(2022, 10, 1), 14814, 3315),
        (DAY, 15078, 3354),
        (date(2026, 10, 1), 15113, 3357),
    ],
)
def test_a_release_has_the_levels_of_its_grouper_version(
    reference: Reference, day: date, cc: int, mcc: int
) -> None:
    assert levels(reference, day) == (cc, mcc, 0)


def test_levels_before_the_first_grouper_version_at_hand_are_not_known(reference: Reference) -> None:
    assert levels(reference, date(2017, 10, 1)) == (0, 0, 71704)


def test_levels_follow_the_code(reference: Reference) -> None:
    facts = reference.facts(pl.Series(["E43", "I10", "J1282", "N390"]))
    count = len(reference.periods)
    now = facts.by_period[[position * count + count - 1 for position in range(4)]]
    assert now["mcc"].to_list() == [True, False, True, False]
    assert now["cc"].to_list() == [False, False, False, True]


def test_the_procedure_master_has_the_counted_codes_and_flags(reference: Reference) -> None:
    table = reference.keyed("icd10pcs")
    assert table is not None
    assert table.covers == ((reference.covers_from, reference.covers_to),)
    now = table.rows.filter(
        pl.col("valid_from") <= DAY, pl.col("valid_to").is_null() | (pl.col("valid_to") >= DAY)
    )
    assert (now.height, now["code"].n_unique()) == (79193, 79193)
    counted = {"noncovered": 95, "limited_coverage": 49, "vaginal_delivery": 5, "cesarean": 3}
    assert {flag: int(now[flag].sum()) for flag in counted} == counted


def test_the_catalogues_procedure_is_in_force_on_its_date(reference: Reference) -> None:
    table = reference.keyed("icd10pcs")
    assert table is not None
    rows = table.rows.filter(pl.col("code") == "0SG00AJ")
    assert rows.select("status", "valid_from", "valid_to").rows() == [("in_force", date(2015, 10, 1), None)]


def test_the_payment_maps_have_their_codes(reference: Reference) -> None:
    table = reference.tables.read("select * from hcc")
    assert (table["hcc_v24"].count(), table["hcc_v28"].count()) == (9855, 8037)
    of = {row["code"]: row for row in table.rows(named=True)}
    assert (of["I639"]["hcc_v24"], of["I639"]["hcc_v28"]) == ("100", "249")
    # Of two conditions the lower: diabetes, not the ulcer.
    assert (of["E11621"]["hcc_v24"], of["E11621"]["hcc_v28"]) == ("18", "37")
    assert (of["I70213"]["hcc_v24"], of["I70213"]["hcc_v28"]) == ("108", None)
    assert of["E1122"]["hcc_chronic"] and not of["A419"]["hcc_chronic"]
    assert of["I70213"]["hcc_chronic"] is None


def test_hospital_acquired_conditions_are_those_that_need_no_procedure(reference: Reference) -> None:
    found = reference.value_set("hospital_acquired_conditions")
    assert found is not None
    named = set(found.members["code"])
    # Pressure ulcers of stage 3 and 4, falls and trauma, the catheter's own code and what vessels get.
    assert {"L89154", "T80211A", "T83511A", "S72001A", "E1100"} <= named
    # Needs a catheter's code or a procedure besides.
    assert not {"N390", "I2699", "J95811", "L89150", "S72001D"} & named
    billable = set(reference.tables.read("select distinct code from span where kind = 'billable'")["code"])
    assert len(named & billable) == 3912
