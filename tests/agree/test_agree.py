"""The engine and the plain implementation say the same of random claims, by our rules and by random ones.

VALIDATOR_AGREE_EXAMPLES says how many examples of each kind to try; the nightly run asks for more.
"""

import os
from functools import cache

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.agree.code_pool import code_pool
from tests.agree.compare import (
    Answers,
    counted,
    differences,
    engine_answers,
    engine_findings,
    engine_providers,
    plain_answers,
    plain_engine,
    plain_providers,
    rules_by_id,
)
from tests.agree.given_tables import GIVEN, reference_with
from tests.agree.partitions import partitions, reordered
from tests.agree.plain_codes import plain_codes
from tests.agree.plain_tables import PlainTables
from tests.agree.show import Case
from tests.agree.strategies import batch_settings, batches
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


@cache
def looked_up(*, given: bool) -> tuple[Reference, PlainTables]:
    """The tables of both, with the given ones or without any that a user adds."""
    tables = GIVEN if given else {}
    return reference_with(open_reference(), tables), PlainTables(plain_codes(), open_reference(), tables)


def say_the_same(case: Case, rules: RuleSet) -> None:
    """Both on every row; then what `evaluate` counts and finds must be just that; then the providers."""
    tables, settings = case.tables, case.settings
    reference, of_plain = looked_up(given=case.rules is not None)
    engine = plain_engine(tables, reference, settings, of_plain)
    said, severities = plain_answers(engine, rules)
    assert differences(said, engine_answers(tables, rules, reference, settings)) == []
    found, counts = engine_findings(tables, rules, reference, settings)
    assert differences(severities, found) == []
    assert counts == counted(said, rules)
    event(f"flagged: {any(outcome == 'flagged' for outcome in said.values())}")
    of_providers = plain_providers(engine, rules)
    if of_providers:
        judged, counted_ = engine_providers(partitions(tables), rules, reference, settings)
        flagged = {key for key, outcome in of_providers.items() if outcome == "flagged"}
        assert judged == {key for key in flagged if rules_by_id(rules)[key[0]].status == "active"}
        assert counted_ == counted(of_providers, rules, of_providers=True)


@st.composite
def cases(draw: st.DrawFn, *, random_rules: bool) -> Case:
    settings = draw(batch_settings())
    return Case(draw(batches(code_pool())), settings, draw(rule_sets(code_pool())) if random_rules else None)


@quickly
@given(case=cases(random_rules=False))
def test_our_rules_come_out_the_same_on_random_claims(case: Case) -> None:
    say_the_same(case, shipped_rules())


@quickly
@given(case=cases(random_rules=True))
def test_random_rules_come_out_the_same_on_random_claims(case: Case) -> None:
    assert case.rules is not None
    say_the_same(case, case.rules)


@more_quickly
@given(case=cases(random_rules=True))
def test_a_row_comes_out_the_same_in_any_order_and_any_partition_of_whole_patients(case: Case) -> None:
    def answers(tables: ClaimTables) -> Answers:
        assert case.rules is not None
        return engine_answers(tables, case.rules, looked_up(given=True)[0], case.settings)

    whole = answers(case.tables)
    assert answers(reordered(case.tables, list(reversed(range(case.tables.claims.height))))) == whole
    parts = [answers(part) for part in partitions(case.tables)]
    assert {key: outcome for part in parts for key, outcome in part.items()} == whole
