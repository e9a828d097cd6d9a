"""The engine and the plain implementation say the same of random claims, by our rules and by random ones.

VALIDATOR_AGREE_EXAMPLES says how many examples of each kind to try; the nightly run asks for more.
"""

import os
from functools import cache

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.agree import pools
from tests.agree.code_pool import code_pool
from tests.agree.compare import (
    Answers,
    counted,
    differences,
    engine_answers,
    engine_findings,
    plain_answers,
)
from tests.agree.partitions import partitions, reordered
from tests.agree.show import Case
from tests.agree.strategies import batches
from tests.agree.strategies_rules import rule_sets
from validator.claims.schema import ClaimTables
from validator.reference.lookup import Reference
from validator.reference.lookup import open_reference as open_built_reference
from validator.rules.folder import read_rule_set
from validator.rules.model import RuleSet
from validator.shipped import rules_folder

EXAMPLES = int(os.environ.get("VALIDATOR_AGREE_EXAMPLES", "60"))
quickly = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="VALIDATOR_AGREE_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
# The engine runs once for each patient here, so fewer examples cost as much.
more_quickly = settings(quickly, max_examples=max(1, EXAMPLES // 4))


# Not fixtures: Hypothesis would print them whole beside a failing case.
@cache
def open_reference() -> Reference:
    return open_built_reference()


@cache
def shipped_rules() -> RuleSet:
    return read_rule_set(rules_folder(), value_sets=open_reference().value_sets)


def say_the_same(tables: ClaimTables, rules: RuleSet) -> None:
    """Both on every row; then what `evaluate` counts and finds must be just that."""
    said, severities = plain_answers(tables, rules, pools.BATCH_DATE)
    assert differences(said, engine_answers(tables, rules, open_reference(), pools.BATCH_DATE)) == []
    found, counts = engine_findings(tables, rules, open_reference(), pools.BATCH_DATE)
    assert differences(severities, found) == []
    assert counts == counted(said, rules)
    event(f"flagged: {any(outcome == 'flagged' for outcome in said.values())}")


@st.composite
def cases(draw: st.DrawFn, *, random_rules: bool) -> Case:
    return Case(draw(batches(code_pool())), draw(rule_sets(code_pool())) if random_rules else None)


@quickly
@given(case=cases(random_rules=False))
def test_our_rules_come_out_the_same_on_random_claims(case: Case) -> None:
    say_the_same(case.tables, shipped_rules())


@quickly
@given(case=cases(random_rules=True))
def test_random_rules_come_out_the_same_on_random_claims(case: Case) -> None:
    assert case.rules is not None
    say_the_same(case.tables, case.rules)


@more_quickly
@given(case=cases(random_rules=True))
def test_a_row_comes_out_the_same_in_any_order_and_any_partition_of_whole_patients(case: Case) -> None:
    def answers(tables: ClaimTables) -> Answers:
        assert case.rules is not None
        return engine_answers(tables, case.rules, open_reference(), pools.BATCH_DATE)

    whole = answers(case.tables)
    assert answers(reordered(case.tables, list(reversed(range(case.tables.claims.height))))) == whole
    parts = [answers(part) for part in partitions(case.tables)]
    assert {key: outcome for part in parts for key, outcome in part.items()} == whole
