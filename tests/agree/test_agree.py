"""The engine and the plain implementation say the same of random claims, by our rules and by random ones.

VALIDATOR_AGREE_EXAMPLES says how many examples of each kind to try; the nightly run asks for more.
"""

import os

from hypothesis import HealthCheck, event, given, settings

from tests.agree import pools
from tests.agree.code_pool import code_pool
from tests.agree.compare import (
    counted,
    differences,
    engine_answers,
    engine_findings,
    plain_answers,
)
from tests.agree.partitions import partitions, reordered
from tests.agree.strategies import batches
from tests.agree.strategies_rules import rule_sets
from validator.claims.schema import ClaimTables
from validator.reference.lookup import Reference
from validator.rules.model import RuleSet

EXAMPLES = int(os.environ.get("VALIDATOR_AGREE_EXAMPLES", "60"))
quickly = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="VALIDATOR_AGREE_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
# The engine runs once for each patient here, so fewer examples cost as much.
more_quickly = settings(quickly, max_examples=max(1, EXAMPLES // 4))


def say_the_same(tables: ClaimTables, rules: RuleSet, reference: Reference) -> None:
    """Both on every row; then what `evaluate` counts and finds must be just that."""
    said, severities = plain_answers(tables, rules, pools.BATCH_DATE)
    assert differences(said, engine_answers(tables, rules, reference, pools.BATCH_DATE)) == []
    found, counts = engine_findings(tables, rules, reference, pools.BATCH_DATE)
    assert differences(severities, found) == []
    assert counts == counted(said, rules)
    event(f"flagged: {any(outcome == 'flagged' for outcome in said.values())}")


@quickly
@given(tables=batches(code_pool()))
def test_our_rules_come_out_the_same_on_random_claims(
    tables: ClaimTables, rule_set: RuleSet, reference: Reference
) -> None:
    say_the_same(tables, rule_set, reference)


@quickly
@given(tables=batches(code_pool()), rules=rule_sets(code_pool()))
def test_random_rules_come_out_the_same_on_random_claims(
    tables: ClaimTables, rules: RuleSet, reference: Reference
) -> None:
    say_the_same(tables, rules, reference)


@more_quickly
@given(tables=batches(code_pool()), rules=rule_sets(code_pool()))
def test_a_row_comes_out_the_same_in_any_order_and_any_partition_of_whole_patients(
    tables: ClaimTables, rules: RuleSet, reference: Reference
) -> None:
    whole = engine_answers(tables, rules, reference, pools.BATCH_DATE)
    turned = reordered(tables, list(reversed(range(tables.claims.height))))
    assert engine_answers(turned, rules, reference, pools.BATCH_DATE) == whole
    parts = [engine_answers(part, rules, reference, pools.BATCH_DATE) for part in partitions(tables)]
    assert {key: outcome for part in parts for key, outcome in part.items()} == whole
