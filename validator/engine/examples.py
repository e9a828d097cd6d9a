"""A rule's own examples are run through the engine, all rules of the set speaking together."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from validator.claims.schema import ClaimTables
from validator.engine.evaluate import evaluate, outcomes
from validator.engine.given import Given, build_claims, read_given
from validator.engine.providers import counts_findings, judge_providers
from validator.engine.settings import Settings
from validator.errors import Place
from validator.rules.model import Example, Outcome, Rule, RuleSet

if TYPE_CHECKING:
    from validator.reference.lookup import Reference

# An example holds several rows of the grain; its outcome is the first of these that any row has.
_STRONGEST_FIRST: tuple[Outcome, ...] = ("flagged", "not_evaluated", "clear", "out_of_scope")


@dataclass(frozen=True)
class ExampleResult:
    """What came out of one example, beside what the rule says should."""

    rule_id: str
    says: str
    expect: Outcome
    outcome: Outcome
    place: Place | None

    @property
    def holds(self) -> bool:
        """Whether the rule keeps its word."""
        return self.expect == self.outcome


def run_examples(rules: Iterable[Rule], rule_set: RuleSet, reference: "Reference") -> list[ExampleResult]:
    """Run the examples of `rules`; rules that are not in the set (drafts) are judged beside it.

    All examples of one batch date, with the same added tables, are one partition: examples share no
    patient, so none sees another.
    """
    asked = {rule.rule_id: rule for rule in rules}
    others = [rule for rule in rule_set.rules if rule.rule_id not in asked]
    together = replace(rule_set, rules=tuple(sorted([*others, *asked.values()], key=lambda r: r.rule_id)))
    examples = [(rule, example) for rule in asked.values() for example in rule.examples]
    given = [read_given(example.given, example.place) for _, example in examples]
    results: dict[int, Outcome] = {}
    for situation in dict.fromkeys(_situation(g) for g in given):
        chosen = [n for n, g in enumerate(given) if _situation(g) == situation]
        settings, tables = situation
        partition = build_claims([given[n] for n in chosen])
        speaking = _with_rivals({examples[n][0].rule_id for n in chosen}, together)
        # Also where no table is given: what a user added must not change what an example means.
        equipped = reference.with_tables(json.loads(tables))
        found = _outcomes(partition, speaking, equipped, settings)
        for position, n in enumerate(chosen):
            seen = found.get((examples[n][0].rule_id, f"example-{position}"), ())
            results[n] = next((o for o in _STRONGEST_FIRST if o in seen), "out_of_scope")
        # Rows of different claims add up for a provider, so its examples are judged one by one.
        for n in chosen:
            if examples[n][0].check_each == "provider":
                rule = examples[n][0]
                judges = together if counts_findings(rule) else replace(together, rules=(rule,))
                results[n] = _provider_outcome(rule, given[n], judges, equipped, settings)
    return [_result(rule, example, results[n]) for n, (rule, example) in enumerate(examples)]


def _situation(given: Given) -> tuple[Settings, str]:
    """What examples must share to be judged together."""
    return Settings(given.batch_date, given.claims_from, given.delivered), given.tables


def _outcomes(
    partition: ClaimTables, rules: RuleSet, reference: "Reference", settings: Settings
) -> dict[tuple[str, str], list[str]]:
    """(rule, example) -> the outcomes that its rows have."""
    judged = outcomes(partition, rules, reference, settings)
    files = partition.claims.select("claim_key", "source_file")
    judged = (
        judged.join(files, on="claim_key").group_by("rule_id", "source_file").agg(pl.col("outcome").unique())
    )
    return {(row["rule_id"], row["source_file"]): row["outcome"] for row in judged.iter_rows(named=True)}


def _provider_outcome(
    rule: Rule, given: Given, rules: RuleSet, reference: "Reference", settings: Settings
) -> Outcome:
    evaluated = evaluate(build_claims([given]), rules, reference, settings)
    citations = {each.rule_id: "" for each in rules.rules}
    counts = judge_providers([evaluated.tallies], rules, settings, citations).counts
    counts = counts.filter(pl.col("rule_id") == rule.rule_id)
    return next((o for o in _STRONGEST_FIRST if counts[o].sum()), "out_of_scope")


def _with_rivals(rule_ids: set[str], rule_set: RuleSet) -> RuleSet:
    """The set with these rules and those that may silence them; no other can change what comes out."""
    orders = [set(precedence.order) for precedence in rule_set.precedence]
    wanted = rule_ids.union(*(order for order in orders if order & rule_ids))
    return replace(rule_set, rules=tuple(rule for rule in rule_set.rules if rule.rule_id in wanted))


def _result(rule: Rule, example: Example, outcome: Outcome) -> ExampleResult:
    return ExampleResult(rule.rule_id, example.says, example.expect, outcome, example.place)
