"""What is written becomes exactly this tree; nothing is guessed from how a value looks."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from tests.unit.rules.rule_files import rule_of
from validator.claims.codes import normalised_code
from validator.rules.model import (
    ALWAYS,
    All,
    Any_,
    Compare,
    Condition,
    DaysApart,
    Exists,
    Field,
    None_,
    RemarkCase,
    SeverityCase,
    Source,
    Suggestion,
)
from validator.rules.values import kept_form


def condition(text: str, grain: str = "claim") -> Condition:
    subject = {"claim": "A sample", "line": "'{line.number}'", "diagnosis": "'{diagnosis.code}'"}[grain]
    lines = "".join(f"  {line}\n" for line in text.strip("\n").splitlines())
    return rule_of(f"check_each: {grain}\nflag_when:\n{lines}message: {subject}\n").flag_when


@pytest.mark.parametrize(
    ("written", "grain", "tree"),
    [
        # YAML 1.1 would read these as 64, 296, 1e10, False and a sum of minutes.
        ("line.procedure_code: 00100", "line", ("line.procedure_code", "equals", "00100")),
        ("line.revenue_code: 0450", "line", ("line.revenue_code", "equals", "0450")),
        ("claim.plan_id: 1E10", "claim", ("claim.plan_id", "equals", "1E10")),
        ("claim.plan_id: no", "claim", ("claim.plan_id", "equals", "no")),
        ("claim.payer_id: 12:30", "claim", ("claim.payer_id", "equals", "12:30")),
        ("claim.payer_id: 2026-02-10", "claim", ("claim.payer_id", "equals", "2026-02-10")),
        ("claim.payer_id: 'null'", "claim", ("claim.payer_id", "equals", "null")),
        ("claim.plan_id: claim", "claim", ("claim.plan_id", "equals", "claim")),
        ("diagnosis.code: m53.2x6", "diagnosis", ("diagnosis.code", "equals", "M532X6")),
        ("diagnosis.code: E880.9", "diagnosis", ("diagnosis.code", "equals", "E8809")),
        ("diagnosis.code_as_sent: m53.2x6", "diagnosis", ("diagnosis.code_as_sent", "equals", "m53.2x6")),
        (
            "diagnosis.code: {starts_with: [Z00.0, i10]}",
            "diagnosis",
            ("diagnosis.code", "starts_with", ("Z000", "I10")),
        ),
        ("claim.type_of_bill: {starts_with: '11'}", "claim", ("claim.type_of_bill", "starts_with", ("11",))),
        ("claim.type: [dental, pharmacy]", "claim", ("claim.type", "one_of", ("dental", "pharmacy"))),
        ("claim.type: {is_not: dental}", "claim", ("claim.type", "is_not", "dental")),
        ("claim.type: {is_not: [dental]}", "claim", ("claim.type", "is_not", ("dental",))),
        ("claim.days: 30", "claim", ("claim.days", "equals", 30)),
        ("claim.days: {more_than: -1}", "claim", ("claim.days", "more_than", -1)),
        ("claim.total_charge: {at_least: 0.5}", "claim", ("claim.total_charge", "at_least", Decimal("0.5"))),
        ("line.units: {more_than: claim.days}", "line", ("line.units", "more_than", Field("claim.days"))),
        ("claim.from_date: {before: 2015-10-01}", "claim", ("claim.from_date", "before", date(2015, 10, 1))),
        ("claim.from_date: {after: batch.date}", "claim", ("claim.from_date", "after", Field("batch.date"))),
        ("batch.date: {after: 2015-10-01}", "claim", ("batch.date", "after", date(2015, 10, 1))),
        ("claim.denied: true", "claim", ("claim.denied", "equals", True)),
        ("claim.drg: {present: false}", "claim", ("claim.drg", "present", False)),
        ("claim.drg: {matches: '[0-9]{3}'}", "claim", ("claim.drg", "matches", "[0-9]{3}")),
        ("diagnosis.code: {in_set: acute_stroke}", "diagnosis", ("diagnosis.code", "in_set", "acute_stroke")),
        (
            "claim.drg: {differs_from: claim.plan_id}",
            "claim",
            ("claim.drg", "differs_from", Field("claim.plan_id")),
        ),
        ("line.modifiers: [25, '59']", "line", ("line.modifiers", "one_of", ("25", "59"))),
        ("line.diagnosis_pointers: 1", "line", ("line.diagnosis_pointers", "equals", 1)),
        ("icd10.manifestation: true", "diagnosis", ("icd10.manifestation", "equals", True)),
    ],
)
def test_a_test_of_one_field(written: str, grain: str, tree: tuple) -> None:
    name, operator, value = tree
    found = condition(written, grain)
    assert found == Compare(Field(name), operator, value)
    # 1 == True == Decimal(1) in Python, so the type is asked for on its own.
    assert type(found.value) is type(value)


def test_lines_of_a_block_and_tests_of_a_field_all_have_to_hold() -> None:
    assert condition("claim.type: dental\nclaim.days: {more_than: 1, at_most: 9}") == All(
        (
            Compare(Field("claim.type"), "equals", "dental"),
            All((Compare(Field("claim.days"), "more_than", 1), Compare(Field("claim.days"), "at_most", 9))),
        )
    )


def test_groups_take_blocks() -> None:
    dental = Compare(Field("claim.type"), "equals", "dental")
    office = Compare(Field("claim.setting"), "equals", "office")
    written = """
any:
  - claim.type: dental
    claim.setting: office
  - none:
      - claim.type: dental
      - all: [{claim.setting: office}]
"""
    assert condition(written) == Any_((All((dental, office)), None_((dental, All((office,))))))


def test_a_search_with_all_its_words() -> None:
    written = """
there_is_no:
  diagnosis:
    same: [billing_provider, patient]
    equal: [diagnosis.code, claim.payer_id]
    where:
      other.role: principal
      other.claim.from_date: {before: claim.from_date}
      other.icd10.status: header
    days_apart: {from: claim.from_date, to: other.coding_date, at_most: 30, direction: before}
    same_year: claim.from_date
    reported: earlier
"""
    assert condition(written, "diagnosis") == Exists(
        table="diagnosis",
        negated=True,
        same=("patient", "billing_provider"),
        equal=(Field("diagnosis.code"), Field("claim.payer_id")),
        where=All(
            (
                Compare(Field("diagnosis.role", other=True), "equals", "principal"),
                Compare(Field("claim.from_date", other=True), "before", Field("claim.from_date")),
                Compare(Field("icd10.status", other=True), "equals", "header"),
            )
        ),
        days_apart=DaysApart(
            Field("claim.from_date"), Field("diagnosis.coding_date", other=True), 30, "before"
        ),
        same_year=Field("claim.from_date"),
        reported_earlier=True,
    )


def test_a_search_with_the_least_it_needs() -> None:
    assert condition("there_is: {line: {same: claim}}") == Exists(
        table="line", negated=False, same=("claim",)
    )


def test_the_rest_of_a_rule() -> None:
    rule = rule_of(
        """
check_each: diagnosis
flag_when: {diagnosis.role: principal}
only_for: {}
severity: [{when: {claim.type: institutional}, is: reject}, {is: deny}]
denial_codes: {carc: [16, 011], rarc: [{when: {diagnosis.role: principal}, is: MA63}, M76]}
in_force: {until: 2024-09-30}
why: >
  Two lines that are
  one text.
needs: [icd10.sex, line]
suggest: {billable_children_of: diagnosis.code}
message: 'Of {diagnosis.code} {suggestions.total}'
tags: [a, no]
control: true
""".lstrip()
    )
    institutional = Compare(Field("claim.type"), "equals", "institutional")
    assert rule.severity == (SeverityCase(institutional, "reject"), SeverityCase(None, "deny"))
    assert rule.carc == ("16", "011")
    assert rule.rarc == (
        RemarkCase(Compare(Field("diagnosis.role"), "equals", "principal"), "MA63"),
        RemarkCase(None, "M76"),
    )
    assert (rule.in_force_from, rule.in_force_until) == (None, date(2024, 9, 30))
    assert rule.why == "Two lines that are one text."
    assert rule.only_for == ALWAYS
    assert rule.needs == ("icd10.sex", "line")
    assert rule.suggest == Suggestion(kind="billable_children_of", of=Field("diagnosis.code"))
    assert rule.tags == ("a", "no")
    assert rule.control is True
    assert rule.sources == (Source("The rule language", "", "2026-02-10"),)


def test_given_stays_text_and_a_blank_is_an_empty_text() -> None:
    rule = rule_of(
        """
examples:
  - says: one
    given: {diagnosis: {code: 0450}, claim: {from_date: ~, payer_id: no}, line: {modifiers: [25]}, lines: []}
    expect: not_evaluated
""".lstrip()
    )
    assert rule.examples[0].given == {
        "diagnosis": {"code": "0450"},
        "claim": {"from_date": "", "payer_id": "no"},
        "line": {"modifiers": ["25"]},
        "lines": [],
    }
    assert str(rule.examples[0].place) == "rules/claim/ZZ001-sample.yaml:15:5"


def test_places_take_no_part_in_comparison() -> None:
    once = rule_of("flag_when: {claim.type: dental}\n")
    moved = rule_of("flag_when:\n\n\n  claim.type:   dental\n")
    assert once == moved
    assert once.flag_when.place != moved.flag_when.place


def test_codes_of_rules_are_kept_as_codes_of_claims_are() -> None:
    sent = [
        "M53.2",
        "m53.2x6",
        " I10 ",
        "I10.",
        "E880.9",
        "E11.9",
        "V58.61",
        "M5.32X6",
        "250.00",
        "1O",
        "S72.001AXX",
    ]
    kept = pl.DataFrame({"sent": sent}).select(normalised_code(pl.col("sent")))["sent"].to_list()
    assert [kept_form("diagnosis.code", code) for code in sent] == kept
