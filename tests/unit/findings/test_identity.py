"""The id of a finding is the same tomorrow, and different for another mistake."""

from datetime import date
from decimal import Decimal

import polars as pl

from validator.findings.identity import finding_ids, with_ordinals

DIAGNOSIS = {
    "rule_id": "DX002", "billing_npi": "1234567893", "claim_id": "C1", "diagnosis_role": "secondary",
    "code_as_sent": "M53.2", "coding_date": date(2026, 2, 10), "message": "a sentence", "rule_version": 1,
}  # fmt: skip


def ids(*changes: dict) -> list[str]:
    rows = [{**DIAGNOSIS, **change} for change in changes]
    return finding_ids(pl.DataFrame(rows, infer_schema_length=None), "diagnosis").to_list()


def test_the_id_is_pinned_for_ever():
    assert ids({}) == ["1b14e2b66e55e6c9"]


def test_wording_and_version_do_not_change_it():
    assert len(set(ids({}, {"message": "a better sentence"}, {"rule_version": 7}))) == 1


def test_rule_provider_claim_role_code_and_date_change_it():
    changed = ids(
        {}, {"rule_id": "DX003"}, {"billing_npi": None}, {"claim_id": "C2"}, {"diagnosis_role": "principal"},
        {"code_as_sent": "M53.3"}, {"coding_date": date(2026, 2, 11)},
    )  # fmt: skip
    assert len(set(changed)) == len(changed)


def test_a_blank_is_not_mistaken_for_its_neighbour():
    assert len(set(ids({"billing_npi": None, "claim_id": "A"}, {"billing_npi": "A", "claim_id": None}))) == 2


def test_line_findings_are_told_apart_by_what_the_line_says():
    line = {
        "rule_id": "CL410", "billing_npi": None, "claim_id": "C1", "line_number": 2, "line_from_date": date(2026, 2, 10),
        "procedure_code": "99213", "modifiers": ["25"], "units": Decimal(1), "charge": Decimal(100),
    }  # fmt: skip
    rows = [line, {**line, "modifiers": ["59"]}, {**line, "charge": Decimal(101)}]
    assert len(set(finding_ids(pl.DataFrame(rows), "line").to_list())) == 3


def test_equal_ids_get_an_ordinal_in_order():
    found = with_ordinals(pl.DataFrame({"finding_id": ["a", "b", "a", "a"]}))
    assert found["finding_id"].to_list() == ["a", "b", "a-2", "a-3"]
