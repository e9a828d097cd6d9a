"""Both implementations on the same claims, their answers as dicts that can be held side by side."""

from collections import Counter
from collections.abc import Mapping
from datetime import date

from tests.agree.plain import PlainEngine
from tests.agree.plain_codes import PlainCodes, plain_codes
from tests.agree.plain_rows import PlainRow
from validator.claims.derive import derive
from validator.claims.schema import ClaimTables
from validator.engine.evaluate import Settings, evaluate, outcomes
from validator.reference.lookup import Reference
from validator.rules.model import OUTCOMES, RuleSet

# rule, claim, role, position, line number
Key = tuple[str, str, str | None, int | None, int | None]
Answers = Mapping[Key, str]


def row_key(row: PlainRow) -> tuple[str, str | None, int | None, int | None]:
    """What tells a row from all others in both implementations."""
    names = ("role", "position", "line_number")
    return (str(row.claim_key), *(row.raw.get(name) for name in names))  # type: ignore[return-value]


def plain_answers(
    tables: ClaimTables, rules: RuleSet, batch_date: date, codes: PlainCodes | None = None
) -> tuple[Answers, Answers]:
    """Outcome of every rule on every row, and severity of every flagged one, by the plain implementation."""
    found = PlainEngine(tables, codes or plain_codes(), batch_date).outcomes(rules.rules, rules.precedence)
    keyed = [((one.rule_id, *row_key(one.row)), one) for one in found]
    assert len(dict(keyed)) == len(keyed), "the claims of the test have two rows of one key"
    said = {key: one.outcome for key, one in keyed}
    severities = {key: str(one.severity) for key, one in keyed if one.severity is not None}
    return said, severities


def engine_answers(tables: ClaimTables, rules: RuleSet, reference: Reference, batch_date: date) -> Answers:
    """Outcome of every rule on every row, by the engine."""
    frame = outcomes(derive(tables), rules, reference, Settings(batch_date))
    columns = ("rule_id", "claim_key", "diagnosis_role", "diagnosis_position", "line_number")
    said = {tuple(row[name] for name in columns): row["outcome"] for row in frame.to_dicts()}
    assert len(said) == frame.height, "the engine answered twice for a row"
    return said  # type: ignore[return-value]


def engine_findings(
    tables: ClaimTables, rules: RuleSet, reference: Reference, batch_date: date
) -> tuple[Answers, Mapping[str, Mapping[str, int]]]:
    """Severity of every finding, and the four counts of every rule, by `evaluate`."""
    evaluation = evaluate(derive(tables), rules, reference, Settings(batch_date))
    columns = ("rule_id", "claim_key", "diagnosis_role", "diagnosis_position", "line_number")
    severities = {
        tuple(row[name] for name in columns): row["severity"] for row in evaluation.findings.to_dicts()
    }
    assert len(severities) == evaluation.findings.height, "one row has two findings of one rule"
    counts = {
        row["rule_id"]: {outcome: row[outcome] for outcome in OUTCOMES}
        for row in evaluation.counts.to_dicts()
    }
    return severities, counts  # type: ignore[return-value]


def counted(said: Answers, rules: RuleSet) -> dict[str, dict[str, int]]:
    """The four counts of every rule."""
    seen = Counter((key[0], outcome) for key, outcome in said.items())
    return {
        rule.rule_id: {outcome: seen[rule.rule_id, outcome] for outcome in OUTCOMES} for rule in rules.rules
    }


def differences(plain: Answers, engine: Answers) -> list[str]:
    """One line for each row about which the two do not say the same."""
    return [
        f"{key}: plain {plain.get(key)}, engine {engine.get(key)}"
        for key in sorted({*plain, *engine}, key=str)
        if plain.get(key) != engine.get(key)
    ]
