"""One mistake is one finding: the first example of every rule, judged by all rules, yields that finding alone.

The first flagged example of a rule is a claim that is right but for one thing (the catalogue's own example,
completed). All rules of the profile look at it, and exactly one finding comes out, of this rule.
"""

import json
from collections.abc import Iterator
from dataclasses import replace

import polars as pl
import pytest

from validator.engine.conclude import conclude
from validator.engine.evaluate import evaluate
from validator.engine.given import Given, build_claims, read_given
from validator.engine.settings import Settings
from validator.reference.lookup import Reference
from validator.rules.folder import read_rule_folder
from validator.rules.model import Example, Rule, RuleSet
from validator.shipped import rules_folder

# (rule of the example, rule that speaks as well) -> why both are right on this claim.
BOTH_RIGHT: dict[tuple[str, str], str] = {}


def first_flagged(rule: Rule) -> Example | None:
    return next((example for example in rule.examples if example.expect == "flagged"), None)


@pytest.fixture(scope="module")
def every_rule(reference: Reference) -> tuple[Rule, ...]:
    folder = read_rule_folder(rules_folder(), value_sets=reference.value_sets)
    return tuple(rule for rule in folder.rules if rule.status == "active" and not rule.control)


def situations(rules: tuple[Rule, ...]) -> Iterator[tuple[Settings, str, list[tuple[Rule, Given]]]]:
    """Examples that can be judged in one batch: same date, same added tables; providers by themselves."""
    groups: dict[tuple[Settings, str, str], list[tuple[Rule, Given]]] = {}
    for rule in rules:
        example = first_flagged(rule)
        assert example is not None, f"{rule.rule_id} has no flagged example"
        given = read_given(example.given, example.place)
        settings = Settings(given.batch_date, given.claims_from, given.delivered)
        alone = rule.rule_id if rule.check_each == "provider" else ""
        groups.setdefault((settings, given.tables, alone), []).append((rule, given))
    for (settings, tables, _), members in groups.items():
        yield settings, tables, members


def test_the_first_example_of_every_rule_yields_its_finding_and_no_other(
    every_rule: tuple[Rule, ...], rule_set: RuleSet, reference: Reference
) -> None:
    off_by_default = {rule.rule_id for rule in every_rule} - {rule.rule_id for rule in rule_set.rules}
    wrong = []
    for settings, tables, members in situations(every_rule):
        equipped = reference.with_tables(json.loads(tables)) if tables != "{}" else reference
        asked = {rule.rule_id for rule, _ in members}
        speaking = [r for r in every_rule if r.rule_id not in off_by_default or r.rule_id in asked]
        rules = replace(rule_set, rules=tuple(speaking))
        partition = build_claims([given for _, given in members])
        findings = conclude([evaluate(partition, rules, equipped, settings)], rules, {}, settings).findings
        by_provider = findings.filter(pl.col("source_file").is_null())["rule_id"].to_list()
        for number, (rule, _) in enumerate(members):
            # A rate is made of many claims, which stand for themselves; no other rate may speak with it.
            of_claim = findings.filter(pl.col("source_file") == f"example-{number}")["rule_id"].to_list()
            found = by_provider if rule.check_each == "provider" else of_claim
            others = [r for r in found if r not in off_by_default - {rule.rule_id}]
            others = [r for r in others if (rule.rule_id, r) not in BOTH_RIGHT]
            if others != [rule.rule_id]:
                wrong.append(f"{rule.rule_id}: {others}")
    assert wrong == []
