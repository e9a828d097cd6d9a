"""Replaced and voided claims are not judged, and nothing else is lost."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validator.claims.netting import net
from validator.engine.given import build_claims, read_given


def batch(*claims: dict):
    """One patient's claims, each with one line and two diagnoses."""
    given = {"claims": [{"claim": c, "diagnoses": [{"code": "I10"}, {"code": "E11.9"}]} for c in claims]}
    return build_claims([read_given(given)])


def standing(*claims: dict) -> list[str]:
    tables, gone = net(batch(*claims))
    assert tables.claims.height + gone.height == len(claims)
    assert tables.claims["claim_no"].to_list() == list(range(tables.claims.height))
    for name, rows in (("diagnoses", 2), ("lines", 1)):
        frame = getattr(tables, name)
        assert frame.group_by("claim_no").len()["len"].to_list() == [rows] * tables.claims.height
    return tables.claims["claim_id"].to_list()


def test_a_replacement_stands_for_what_it_replaces():
    assert standing({"id": "A"}, {"id": "B", "frequency_code": "7", "original_claim_id": "A"}) == ["B"]


def test_a_void_takes_both_away():
    assert standing(
        {"id": "A"}, {"id": "B", "frequency_code": "8", "original_claim_id": "A"}, {"id": "C"}
    ) == ["C"]


def test_the_last_of_a_chain_stands():
    chain = [
        {"id": "A"},
        {"id": "B", "frequency_code": "7", "original_claim_id": "A"},
        {"id": "C", "frequency_code": "7", "original_claim_id": "B"},
    ]
    assert standing(*chain) == ["C"]


@pytest.mark.parametrize(
    "second",
    [
        {"id": "B", "frequency_code": "1", "original_claim_id": "A"},
        {"id": "B", "frequency_code": "7"},
        {"id": "B", "frequency_code": "7", "original_claim_id": "X"},
        {"id": "B", "frequency_code": "7", "original_claim_id": "B"},
    ],
)
def test_whoever_names_nothing_that_is_here_replaces_nothing(second):
    assert standing({"id": "A"}, second) == ["A", "B"]


def test_two_claims_that_name_each_other_both_stand():
    first = {"id": "A", "frequency_code": "7", "original_claim_id": "B"}
    assert standing(first, {"id": "B", "frequency_code": "7", "original_claim_id": "A"}) == ["A", "B"]


def test_another_patients_claim_of_the_same_number_stands():
    tables = build_claims(
        [
            read_given({"claims": [{"claim": {"id": "A"}, "patient": {"id": "P"}}]}),
            read_given(
                {
                    "claim": {"id": "B", "frequency_code": "7", "original_claim_id": "A"},
                    "patient": {"id": "Q"},
                }
            ),
        ]
    )
    assert net(tables)[0].claims.height == 2


def test_without_replacements_the_tables_are_the_same_object():
    tables = batch({"id": "A"}, {"id": "B"})
    standing_tables, gone = net(tables)
    assert standing_tables is tables
    assert gone.is_empty()


def test_the_payers_control_number_means_the_claim_too():
    tables = batch({"id": "A"}, {"id": "B", "frequency_code": "7", "original_claim_id": "ICN1"})
    assert net(tables)[0].claims.height == 2
    number = pl.when(pl.col("claim_id") == "A").then(pl.lit("ICN1")).alias("payer_control_number")
    tables = replace(tables, claims=tables.claims.with_columns(number))
    assert net(tables)[0].claims["claim_id"].to_list() == ["B"]


def test_a_replacement_under_the_same_number_stands_for_what_came_before_it():
    chain = [{"id": "A"}, {"id": "A", "frequency_code": "7"}, {"id": "A", "frequency_code": "7"}]
    tables, gone = net(batch(*chain))
    assert tables.claims["source_row"].to_list() == [tables.claims["source_row"].max()]
    assert gone["why"].to_list() == ["replaced"] * 2


def test_a_void_under_the_same_number_takes_back_what_came_before_it():
    assert standing({"id": "A"}, {"id": "A", "frequency_code": "8"}, {"id": "B"}) == ["B"]


def test_what_comes_after_a_replacement_of_its_number_stands():
    assert standing({"id": "A", "frequency_code": "7"}, {"id": "A"}) == ["A", "A"]


def test_the_same_number_of_another_billing_provider_stands():
    other = {"id": "A", "frequency_code": "7", "billing_npi": "1987654328"}
    assert standing({"id": "A", "billing_npi": "1234567893"}, other) == ["A", "A"]


def test_what_does_not_stand_is_told_with_what_speaks_for_it():
    _, gone = net(
        batch(
            {"id": "A"},
            {"id": "B", "frequency_code": "7", "original_claim_id": "A"},
            {"id": "C", "frequency_code": "8", "original_claim_id": "X"},
        )
    )
    assert gone.select("claim_id", "by", "why").rows() == [("A", "B", "replaced"), ("C", None, "is a void")]


LINKS = st.lists(
    st.tuples(st.sampled_from("ABCD"), st.sampled_from(["1", "7", "8"]), st.sampled_from([None, *"ABCD"])),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(LINKS)
def test_random_chains_agree_with_a_plain_reading(chain):
    gone = set()
    for here, (number, frequency, _) in enumerate(chain):
        if frequency == "8":
            gone.add(here)
        for there, (other, how, names) in enumerate(chain):
            if there == here or how == "1":
                continue
            named = names == number and other != number and chain[here][2] != other
            resubmitted = other == number and here < there
            if named or resubmitted:
                gone.add(here)
    claims = [
        {"id": number, "frequency_code": frequency, **({"original_claim_id": names} if names else {})}
        for number, frequency, names in chain
    ]
    left = [number for here, (number, _, _) in enumerate(chain) if here not in gone]
    assert standing(*claims) == left
