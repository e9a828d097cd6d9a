"""Both implementations on the same claims, their answers as dicts that can be held side by side."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from tests.agree.plain import PlainEngine
from tests.agree.plain_codes import plain_codes
from tests.agree.plain_providers import judge_providers as judge_plain_providers
from tests.agree.plain_rows import PlainRow
from tests.agree.plain_tables import PlainTables
from validator.claims.derive import derive
from validator.claims.schema import ClaimTables
from validator.engine.evaluate import Settings, evaluate, outcomes
from validator.engine.providers import judge_providers
from validator.reference.lookup import Reference
from validator.rules.model import OUTCOMES, Rule, RuleSet

# rule, claim, role, position, line number
Key = tuple[str, str, str | None, int | None, int | None]
Answers = Mapping[Key, str]


def row_key(row: PlainRow) -> tuple[str, str | None, int | None, int | None]:
    """What tells a row from all others in both implementations."""
    names = ("role", "position", "line_number")
    return (str(row.claim_key), *(row.raw.get(name) for name in names))  # type: ignore[return-value]


def plain_engine(
    tables: ClaimTables, reference: Reference, settings: Settings, looked_up: PlainTables | None = None
) -> PlainEngine:
    """The plain implementation over these claims."""
    return PlainEngine(tables, plain_codes(), looked_up or PlainTables(plain_codes(), reference), settings)


def plain_answers(engine: PlainEngine, rules: RuleSet) -> tuple[Answers, Answers]:
    """Outcome of every rule on every row, and severity of every flagged one, by the plain implementation."""
    found = engine.outcomes(rules.rules, rules.precedence)
    keyed = [((one.rule_id, *row_key(one.row)), one) for one in found]
    assert len(dict(keyed)) == len(keyed), "the claims of the test have two rows of one key"
    said = {key: one.outcome for key, one in keyed}
    severities = {key: str(one.severity) for key, one in keyed if one.severity is not None}
    return said, severities


def engine_answers(tables: ClaimTables, rules: RuleSet, reference: Reference, settings: Settings) -> Answers:
    """Outcome of every rule on every row, by the engine."""
    frame = outcomes(derive(tables), rules, reference, settings)
    columns = ("rule_id", "claim_key", "diagnosis_role", "diagnosis_position", "line_number")
    said = {tuple(row[name] for name in columns): row["outcome"] for row in frame.to_dicts()}
    assert len(said) == frame.height, "the engine answered twice for a row"
    return said  # type: ignore[return-value]


def engine_findings(
    tables: ClaimTables, rules: RuleSet, reference: Reference, settings: Settings
) -> tuple[Answers, Mapping[str, Mapping[str, int]]]:
    """Severity of every finding, and the four counts of every rule, by `evaluate`."""
    evaluation = evaluate(derive(tables), rules, reference, settings)
    columns = ("rule_id", "claim_key", "diagnosis_role", "diagnosis_position", "line_number")
    severities = {
        tuple(row[name] for name in columns): row["severity"] for row in evaluation.findings.to_dicts()
    }
    assert len(severities) == evaluation.findings.height, "one row has two findings of one rule"
    return severities, _counts(evaluation.counts)  # type: ignore[return-value]


def engine_messages(
    tables: ClaimTables, rules: RuleSet, reference: Reference, settings: Settings
) -> dict[Key, str]:
    """The sentence of every finding, by `evaluate`."""
    found = evaluate(derive(tables), rules, reference, settings).findings
    columns = ("rule_id", "claim_key", "diagnosis_role", "diagnosis_position", "line_number")
    return {tuple(row[name] for name in columns): row["message"] for row in found.to_dicts()}  # type: ignore[misc]


def _counts(counts: pl.DataFrame) -> dict[str, dict[str, int]]:
    return {row["rule_id"]: {outcome: row[outcome] for outcome in OUTCOMES} for row in counts.to_dicts()}


# rule, provider, day (of a day total)
ProviderKey = tuple[str, str, date | None]


def engine_providers(
    parts: Sequence[ClaimTables], rules: RuleSet, reference: Reference, settings: Settings
) -> tuple[set[ProviderKey], dict[str, dict[str, int]]]:
    """The providers (and days) with a finding and the counts of the rules about them, over all partitions."""
    tallies = [evaluate(derive(part), rules, reference, settings).tallies for part in parts]
    citations = {rule.rule_id: "" for rule in rules.rules}
    judged = judge_providers(tallies, rules, settings, citations)
    found = {
        (row["rule_id"], row["related"][0].rsplit(" ", 1)[1], row["coding_date"])
        for row in judged.findings.to_dicts()
    }
    assert len(found) == judged.findings.height, "one provider has two findings of one rule"
    return found, _counts(judged.counts)


def plain_providers(engine: PlainEngine, rules: RuleSet) -> dict[ProviderKey, str]:
    """The outcome of every rule about providers for each of them (and each day), by the plain implementation."""
    if all(rule.check_each != "provider" for rule in rules.rules):
        return {}
    judged = judge_plain_providers(engine, rules.rules, engine.outcomes(rules.rules, rules.precedence))
    return {(rule_id, *key): outcome for rule_id, said in judged.items() for key, outcome in said.items()}


def rules_by_id(rules: RuleSet) -> dict[str, Rule]:
    return {rule.rule_id: rule for rule in rules.rules}


def counted(
    said: Mapping[Any, str], rules: RuleSet, *, of_providers: bool = False
) -> dict[str, dict[str, int]]:
    """The four counts of every rule."""
    seen = Counter((key[0], outcome) for key, outcome in said.items())
    return {
        rule.rule_id: {outcome: seen[rule.rule_id, outcome] for outcome in OUTCOMES}
        for rule in rules.rules
        if (rule.check_each == "provider") == of_providers
    }


def differences(plain: Answers, engine: Answers) -> list[str]:
    """One line for each row about which the two do not say the same."""
    return [
        f"{key}: plain {plain.get(key)}, engine {engine.get(key)}"
        for key in sorted({*plain, *engine}, key=str)
        if plain.get(key) != engine.get(key)
    ]
