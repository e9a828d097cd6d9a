"""What a rule means, case by case: tests/spec/meaning/*.yaml, read as rules and judged twice."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml

from tests.agree.compare import engine_answers, engine_findings, row_key
from tests.agree.plain import PlainEngine
from tests.agree.plain_codes import plain_codes
from tests.agree.strategies_rules import rule_set
from tests.spec.ascii_tables import claims_of, read_table
from validator.claims.schema import ClaimTables
from validator.reference.lookup import Reference
from validator.rules.model import Precedence, Rule, RuleSet
from validator.rules.nodes import read_document
from validator.rules.problems import Problems
from validator.rules.reading import read_rule

CASES = Path(__file__).parent / "meaning"
BATCH_DATE = date(2026, 11, 23)
TABLE_OF_GRAIN = {"diagnosis": "diagnoses", "line": "lines", "claim": "claims"}

# What every rule needs and no case is about.
HEADER = """\
rule: {rule_id}
title: A case of the specification
version: 1
status: active
confidence: certain
why: To show what the language means.
source: [{{title: The rule language, checked: 2026-11-23}}]
message: A finding
{severity}{body}
"""


def cases() -> Iterator[object]:
    for path in sorted(CASES.glob("*.yaml")):
        for case in yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader):
            yield pytest.param(case, id=f"{path.stem}: {case['says']}")


@pytest.fixture
def read(tmp_path: Path):
    """Rules of a case through the package's own reader, so that the specification covers that, too."""

    def read_rules(case: dict) -> RuleSet:
        bodies = case["rules"] if "rules" in case else {"ZZ001": case["rule"]}
        problems = Problems()
        made: list[Rule] = []
        for rule_id, body in bodies.items():
            path = tmp_path / f"{rule_id}.yaml"
            severity = "" if "severity:" in body else "severity: deny\n"
            path.write_text(HEADER.format(rule_id=rule_id, severity=severity, body=body), encoding="utf-8")
            node = read_document(path, path.name, problems)
            rule = None if node is None else read_rule(node, problems)
            if rule is not None:
                made.append(rule)
        problems.raise_all()
        orders = ()
        if "precedence" in case:
            orders = (Precedence(per=made[0].check_each, order=tuple(case["precedence"])),)
        return rule_set(tuple(made), orders)

    return read_rules


def expected(case: dict, rules: RuleSet) -> list[dict[str, str]]:
    """Rule id -> outcome (and severity) for each row of the table of the grain, in the order of the table.

    The rows of one claim stand together and the claims in their first order, so rows can be told by number.
    """
    rows = read_table(case[TABLE_OF_GRAIN[rules.rules[0].check_each]])
    if "rules" in case:
        return [{rule.rule_id: row[rule.rule_id] for rule in rules.rules} for row in rows]
    return [{"ZZ001": row["outcome"]} for row in rows]


def worded(outcome: str, severity: str | None, with_severity: bool) -> str:
    return f"{outcome} {severity}" if with_severity and outcome == "flagged" else outcome


def has_severity(case: dict) -> bool:
    return "severity:" in case.get("rule", "")


def tables_of(case: dict) -> ClaimTables:
    missing = frozenset(case.get("not_carried", ()))
    return claims_of(case, {case.get("not_carried_by", "claims.csv"): missing})


@pytest.mark.parametrize("case", list(cases()))
def test_the_plain_implementation_means_what_the_specification_says(case: dict, read) -> None:
    rules = read(case)
    engine = PlainEngine(tables_of(case), plain_codes(), BATCH_DATE)
    found = engine.outcomes(rules.rules, rules.precedence)
    wanted = expected(case, rules)
    said: list[dict[str, str]] = [{} for _ in wanted]
    for one in found:
        said[one.row.number][one.rule_id] = worded(one.outcome, one.severity, has_severity(case))
    assert said == wanted


@pytest.mark.parametrize("case", list(cases()))
def test_the_engine_means_what_the_specification_says(case: dict, read, reference: Reference) -> None:
    rules = read(case)
    tables = tables_of(case)
    said = engine_answers(tables, rules, reference, BATCH_DATE)
    severities, _ = engine_findings(tables, rules, reference, BATCH_DATE)
    rows = PlainEngine(tables, plain_codes(), BATCH_DATE).rows[rules.rules[0].check_each]
    keys = [row_key(row) for row in rows]
    answers = [
        {
            rule.rule_id: worded(
                said[rule.rule_id, *key], severities.get((rule.rule_id, *key)), has_severity(case)
            )
            for rule in rules.rules
        }
        for key in keys
    ]
    assert answers == expected(case, rules)
