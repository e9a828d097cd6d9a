"""Replaced and voided claims are not judged, and nothing else is lost."""

import pytest

from validator.claims.netting import net
from validator.engine.given import build_claims, read_given


def batch(*claims: dict):
    """One patient's claims, each with one line and two diagnoses."""
    given = {"claims": [{"claim": c, "diagnoses": [{"code": "I10"}, {"code": "E11.9"}]} for c in claims]}
    return build_claims([read_given(given)])


def standing(*claims: dict) -> list[str]:
    tables, gone = net(batch(*claims))
    assert tables.claims.height + gone == len(claims)
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
    assert gone == 0
