"""What a rule means, case by case: tests/spec/meaning/*.yaml, read as rules and judged twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
import yaml

from tests.agree.compare import (
    engine_answers,
    engine_findings,
    engine_messages,
    engine_providers,
    plain_engine,
    plain_providers,
    row_key,
)
from tests.agree.given_tables import GivenTable, reference_with
from tests.agree.plain import PlainEngine
from tests.agree.plain_codes import plain_codes
from tests.agree.plain_tables import PlainTables
from tests.agree.strategies_rules import rule_set
from tests.spec.ascii_tables import claims_of, read_table
from validator.claims.schema import ClaimTables
from validator.engine.settings import Settings
from validator.reference.lookup import Reference
from validator.rules.conditions import OPERATORS
from validator.rules.exists import SAME, SEARCH_KEYS
from validator.rules.exists import TABLES as EXISTS_TABLES
from validator.rules.model import Precedence, Rule, RuleSet
from validator.rules.nodes import read_document
from validator.rules.problems import Problems
from validator.rules.provider import PROVIDER_KEYS
from validator.rules.reading import read_rule
from validator.rules.search_words import COUNTED, SIDES

CASES = Path(__file__).parent / "meaning"
BATCH_DATE = date(2026, 11, 23)
# Words that hold others, and stand in no list of the reader.
CONTAINERS = ("all", "any", "none", "there_is", "there_is_no", "share", "day_total")
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
{message}{severity}{body}
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
            message = "" if "message:" in body else "message: A finding\n"
            text = HEADER.format(rule_id=rule_id, message=message, severity=severity, body=body)
            path.write_text(text, encoding="utf-8")
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


def settings_of(case: dict) -> Settings:
    """`batch`: its date, the day since when its claims are complete, and the types of claims it delivers."""
    said = case.get("batch", {})
    since, delivers = said.get("claims_from"), said.get("delivers")
    return Settings(
        date.fromisoformat(said["date"]) if "date" in said else BATCH_DATE,
        date.fromisoformat(since) if since else None,
        None if delivers is None else frozenset(delivers),
    )


def given_of(case: dict) -> dict[str, GivenTable]:
    """`tables`: rows of official tables, nothing else is added; `speaks`: table -> the days it is about."""
    given = {}
    for name, text in case.get("tables", {}).items():
        rows = [
            {column: "" if cell == "-" else cell for column, cell in row.items()} for row in read_table(text)
        ]
        covers = None
        if name in case.get("speaks", {}):
            first, last = case["speaks"][name].split("..")
            covers = ((date.fromisoformat(first), date.fromisoformat(last)),)
        given[name] = GivenTable(rows, covers)
    return given


@dataclass(frozen=True)
class Judged:
    """A case with everything that both implementations need."""

    tables: ClaimTables
    rules: RuleSet
    reference: Reference
    settings: Settings
    plain: PlainEngine

    @property
    def is_of_providers(self) -> bool:
        return self.rules.rules[0].check_each == "provider"


@pytest.fixture
def judged(read, reference: Reference):
    def of_case(case: dict) -> Judged:
        tables, settings, given = tables_of(case), settings_of(case), given_of(case)
        plain = plain_engine(tables, reference, settings, PlainTables(plain_codes(), reference, given))
        return Judged(tables, read(case), reference_with(reference, given), settings, plain)

    return of_case


def expected_providers(case: dict) -> dict[tuple[str, date | None], str]:
    """(provider, day of a day total) -> outcome."""
    days = [(row.get("day", "-"), row) for row in read_table(case["providers"])]
    return {
        (row["provider"], None if day == "-" else date.fromisoformat(day)): row["outcome"]
        for day, row in days
    }


@pytest.mark.parametrize("case", list(cases()))
def test_the_plain_implementation_means_what_the_specification_says(case: dict, judged) -> None:
    given = judged(case)
    if given.is_of_providers:
        said = plain_providers(given.plain, given.rules)
        assert {key[1:]: outcome for key, outcome in said.items()} == expected_providers(case)
        return
    found = given.plain.outcomes(given.rules.rules, given.rules.precedence)
    wanted = expected(case, given.rules)
    answers: list[dict[str, str]] = [{} for _ in wanted]
    for one in found:
        answers[one.row.number][one.rule_id] = worded(one.outcome, one.severity, has_severity(case))
    assert answers == wanted


@pytest.mark.parametrize("case", list(cases()))
def test_the_engine_means_what_the_specification_says(case: dict, judged) -> None:
    given = judged(case)
    asked = (given.rules, given.reference, given.settings)
    if given.is_of_providers:
        wanted = expected_providers(case)
        found, counts = engine_providers([given.tables], *asked)
        assert {key[1:] for key in found} == {key for key, said in wanted.items() if said == "flagged"}
        number = {said: list(wanted.values()).count(said) for said in set(wanted.values())}
        assert {said: n for said, n in counts["ZZ001"].items() if n} == number
        return
    said = engine_answers(given.tables, *asked)
    severities, _ = engine_findings(given.tables, *asked)
    keys = [row_key(row) for row in given.plain.rows[given.rules.rules[0].check_each]]
    answers = [
        {
            rule.rule_id: worded(
                said[rule.rule_id, *key], severities.get((rule.rule_id, *key)), has_severity(case)
            )
            for rule in given.rules.rules
        }
        for key in keys
    ]
    assert answers == expected(case, given.rules)


@pytest.mark.parametrize("case", [case for case in cases() if "message:" in case.values[0].get("rule", "")])
def test_a_finding_says_what_the_specification_says(case: dict, judged) -> None:
    given = judged(case)
    wanted = [row["message"] for row in read_table(case[TABLE_OF_GRAIN[given.rules.rules[0].check_each]])]
    found = given.plain.outcomes(given.rules.rules, given.rules.precedence)
    assert [one.message or "-" for one in sorted(found, key=lambda one: one.row.number)] == wanted
    said = engine_messages(given.tables, given.rules, given.reference, given.settings)
    rows = given.plain.rows[given.rules.rules[0].check_each]
    assert [said.get(("ZZ001", *row_key(row)), "-") for row in rows] == wanted


def words_of(node: object) -> set[str]:
    """Every key of a rule and every value that is a word, at any depth."""
    if isinstance(node, dict):
        return set(node) | {word for value in node.values() for word in words_of(value)}
    if isinstance(node, list):
        return {word for value in node for word in words_of(value)}
    return {str(node)}


def test_every_word_of_the_language_has_a_case() -> None:
    bodies = [body for case in cases() for body in _bodies(case.values[0])]
    shown = {word for body in bodies for word in words_of(yaml.load(body, yaml.BaseLoader))}
    words = {*OPERATORS, *SEARCH_KEYS, *EXISTS_TABLES, *SAME, *COUNTED, *SIDES, *PROVIDER_KEYS, *CONTAINERS}
    assert words - shown == set()


def _bodies(case: dict) -> list[str]:
    return list(case["rules"].values()) if "rules" in case else [case["rule"]]
