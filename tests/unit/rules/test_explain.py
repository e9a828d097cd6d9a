"""A rule in English says what its tree means, negations and other rows included."""

from dataclasses import replace

import pytest

from tests.unit.rules.rule_files import rule_of
from tests.unit.rules.test_trees import condition
from validator.rules.clauses import clause
from validator.rules.explain import explain, severity_in_words
from validator.rules.model import Field, Precedence, RiskWeights, RuleSet
from validator.rules.names import NAMES
from validator.rules.reads import reads
from validator.rules.words import noun, short_noun


@pytest.mark.parametrize(
    ("written", "grain", "said"),
    [
        ("claim.type: dental", "claim", "the claim type is dental"),
        ("claim.type: [dental, pharmacy]", "claim", "the claim type is dental or pharmacy"),
        ("claim.type: {is_not: dental}", "claim", "the claim type is not dental"),
        ("claim.type: {is_not: [dental]}", "claim", "the claim type is not dental"),
        (
            "claim.type: {is_not: [dental, pharmacy]}",
            "claim",
            "the claim type is neither dental nor pharmacy",
        ),
        ("none: [{claim.type: dental}]", "claim", "the claim type is not dental"),
        ("none: [{claim.type: {is_not: dental}}]", "claim", "the claim type is dental"),
        ("patient.age: {less_than: 18}", "claim", "the age of the patient is less than 18"),
        ("none: [{patient.age: {less_than: 18}}]", "claim", "the age of the patient is not less than 18"),
        (
            "claim.from_date: {after: batch.date}",
            "claim",
            "the first day of the claim is after the date of the batch",
        ),
        (
            "claim.from_date: {before: 2015-10-01}",
            "claim",
            "the first day of the claim is before 2015-10-01",
        ),
        ("claim.drg: {present: false}", "claim", "the DRG of the claim is blank"),
        ("none: [{claim.drg: {present: false}}]", "claim", "the DRG of the claim is given"),
        ("claim.drg: {starts_with: ['1', '2']}", "claim", "the DRG of the claim begins with 1 or 2"),
        ("none: [{claim.drg: {starts_with: '1'}}]", "claim", "the DRG of the claim does not begin with 1"),
        ("claim.drg: {matches: '[0-9]{3}'}", "claim", "the DRG of the claim has the form [0-9]{3}"),
        ("none: [{claim.drg: {matches: '1'}}]", "claim", "the DRG of the claim does not have the form 1"),
        (
            "diagnosis.code: {in_set: acute_stroke}",
            "diagnosis",
            "the diagnosis code is in the value set acute_stroke",
        ),
        (
            "diagnosis.code: {not_in_set: acute_stroke}",
            "diagnosis",
            "the diagnosis code is not in the value set acute_stroke",
        ),
        ("diagnosis.code: M53.2", "diagnosis", "the diagnosis code is M53.2"),
        ("diagnosis.role: reason_for_visit", "diagnosis", "the role of the diagnosis is reason for visit"),
        (
            "claim.drg: {differs_from: claim.plan_id}",
            "claim",
            "the DRG of the claim differs from the plan id of the claim",
        ),
        (
            "none: [{claim.drg: {differs_from: claim.plan_id}}]",
            "claim",
            "the DRG of the claim does not differ from the plan id of the claim",
        ),
        ("icd10.manifestation: true", "diagnosis", "the code is a manifestation code"),
        ("icd10.manifestation: false", "diagnosis", "the code is not a manifestation code"),
        ("icd10.manifestation: {is_not: true}", "diagnosis", "the code is not a manifestation code"),
        ("none: [{icd10.manifestation: false}]", "diagnosis", "the code is a manifestation code"),
        ("claim.denied: {present: false}", "claim", "it is not recorded whether the payer denied the claim"),
        ("line.modifiers: 25", "line", "one of the modifiers of the line is 25"),
        ("line.modifiers: {is_not: [25, 59]}", "line", "none of the modifiers of the line is 25 or 59"),
        ("none: [{line.modifiers: 25}]", "line", "none of the modifiers of the line is 25"),
        ("line.modifiers: {starts_with: X}", "line", "one of the modifiers of the line begins with X"),
        ("line.modifiers: {present: false}", "line", "the line has no modifiers"),
        (
            "{claim.type: dental, claim.drg: '1', claim.days: 3}",
            "claim",
            "the claim type is dental, the DRG of the claim is 1 and the number of days of the stay is 3",
        ),
        (
            "any: [{claim.type: dental}, {claim.drg: '1', claim.days: 3}]",
            "claim",
            "one of these holds:\n"
            "  - the claim type is dental\n"
            "  - the DRG of the claim is 1 and the number of days of the stay is 3",
        ),
        (
            "none: [{claim.type: dental}, {claim.drg: '1'}]",
            "claim",
            "none of these holds: the claim type is dental; the DRG of the claim is 1",
        ),
        ("there_is: {line: {same: claim}}", "claim", "there is a line on the same claim"),
        ("there_is_no: {line: {same: claim}}", "claim", "there is no line on the same claim"),
        ("there_is_no: {claim: {same: patient}}", "claim", "there is no other claim of the same patient"),
        (
            "there_is: {diagnosis: {same: claim, equal: [diagnosis.code], reported: earlier}}",
            "diagnosis",
            "there is another diagnosis on the same claim, reported earlier, with the same diagnosis code",
        ),
        (
            "there_is: {claim: {same: [patient, billing_provider], "
            "days_apart: {from: claim.from_date, to: other.through_date, at_most: 30, direction: before}}}",
            "claim",
            "there is another claim of the same patient from the same billing provider, "
            "with its last day at most 30 days before the first day of the claim",
        ),
        (
            "there_is: {diagnosis: {same: patient, same_year: claim.from_date, "
            "where: {other.claim.type: institutional}}}",
            "claim",
            "there is a diagnosis of the same patient, "
            "with the first day of its claim in the same calendar year, whose claim type is institutional",
        ),
        (
            "there_is: {line: {same: patient, where: "
            "{other.charge: {same_as: line.charge}, other.modifiers: 25, other.claim.denied: false}}}",
            "line",
            "there is another line of the same patient, "
            "for which its charge is the same as that of this line, "
            "one of the modifiers of the other line is 25 and the payer did not deny its claim",
        ),
        (
            "there_is: {diagnosis: {same: claim, where: {other.icd10.manifestation: true}}}",
            "diagnosis",
            "there is another diagnosis on the same claim, whose code is a manifestation code",
        ),
    ],
)
def test_a_condition_in_words(written: str, grain: str, said: str) -> None:
    assert clause(condition(written, grain), grain) == said


def test_a_whole_rule_in_words() -> None:
    rule = rule_of(
        """
check_each: diagnosis
only_for: {diagnosis.role: principal}
flag_when: {icd10.manifestation: true}
severity: [{when: {claim.type: institutional}, is: reject}, {is: deny}]
in_force: {from: 2015-10-01, until: 2024-09-30}
message: '{diagnosis.code}'
""".lstrip()
    )
    rule_set = RuleSet(
        (rule,),
        (Precedence("diagnosis", ("DX005", "DX009", "ZZ001", "DX001")),),
        (),
        RiskWeights({}, {}),
        "default",
        "",
    )
    assert explain(rule, rule_set).text() == (
        "Judged is each diagnosis for which the role of the diagnosis is principal.\n"
        "Only codes in force on their coding date are judged, because the rule reads what a code means "
        "(icd10.manifestation).\n"
        "The rule holds for coding dates from 2015-10-01 until 2024-09-30; other dates are out of scope.\n"
        "It is silent on a diagnosis that DX005 or DX009 flags.\n"
        "It is flagged when the code is a manifestation code.\n"
        "Severity: reject when the claim type is institutional; deny otherwise."
    )


def test_what_a_rule_reads() -> None:
    rule = rule_of(
        """
check_each: diagnosis
only_for: {diagnosis.role: principal, claim.drg: {present: true}}
flag_when:
  icd10.sex: {present: true}
  diagnosis.code: {in_set: acute_stroke}
  there_is:
    line:
      same: patient
      where: {other.units: {more_than: claim.days}}
      days_apart: {from: claim.from_date, to: other.from_date, at_most: 3}
message: '{diagnosis.code}'
""".lstrip()
    )
    found = reads(rule)
    assert found.own == (
        "diagnosis.role",
        "claim.drg",
        "icd10.sex",
        "diagnosis.code",
        "claim.days",
        "patient.id",
        "claim.from_date",
        "icd10.status",
        "diagnosis.coding_date",
    )
    assert found.others == ("line.units", "patient.id", "line.from_date")
    assert found.tables == ("diagnosis", "line")
    assert found.value_sets == ("acute_stroke",)
    assert found.facts == ("icd10.sex", "icd10.status")
    assert "claim.drg" not in found.unknown_possible
    assert "line.units" in found.unknown_possible


def test_one_severity_is_said_plainly() -> None:
    rule = rule_of("severity: audit\n")
    assert severity_in_words(rule.severity) == "Severity: audit."
    assert severity_in_words(replace(rule, severity=rule.severity[-1:]).severity) == "Severity: audit."


@pytest.mark.parametrize("name", NAMES)
def test_every_name_has_a_noun_without_underscores(name: str) -> None:
    assert "_" not in noun(Field(name))
    assert "_" not in short_noun(Field(name, other=True), NAMES[name].table)
