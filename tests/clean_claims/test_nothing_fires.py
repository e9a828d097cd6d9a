"""On clean claims nothing may fire: a rule that does is wrong, or tests/stories/clean.yaml is."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from validator.claims.batch import Batch, open_batch
from validator.engine.evaluate import Evaluation, Settings, evaluate
from validator.reference.lookup import Reference
from validator.rules.model import RuleSet

CLEAN = Path(__file__).parent / "clean_claims.csv"
BATCH_DATE = date(2026, 11, 23)

# (rule, claim) -> why this advice is right on a clean claim. Nothing above advice can be excused here.
RIGHT_ADVICE: dict[tuple[str, str], str] = {}

# Rules about mistakes that leave no row to judge on a clean claim would stand here, each with its reason.
NOTHING_TO_JUDGE: dict[str, str] = {}


@pytest.fixture(scope="module")
def judged(reference: Reference, rule_set: RuleSet) -> Iterator[tuple[Batch, Evaluation]]:
    with open_batch([str(CLEAN)]) as batch:
        (partition,) = batch.partitions()
        yield batch, evaluate(partition, rule_set, reference, Settings(BATCH_DATE))


def test_every_row_of_the_clean_claims_is_accepted(judged: tuple[Batch, Evaluation]) -> None:
    batch, evaluation = judged
    assert batch.rejected().is_empty()
    assert evaluation.claims == len(set(pl.read_csv(CLEAN, infer_schema=False)["claim_id"]))


def test_nothing_fires_on_clean_claims(judged: tuple[Batch, Evaluation]) -> None:
    findings = judged[1].findings.select("rule_id", "claim_id", "severity", "code", "message")
    unexpected = [
        finding
        for finding in findings.iter_rows(named=True)
        if finding["severity"] != "advise" or (finding["rule_id"], finding["claim_id"]) not in RIGHT_ADVICE
    ]
    assert unexpected == []


def test_every_rule_finds_clean_rows_to_judge(judged: tuple[Batch, Evaluation]) -> None:
    """A rule without a single clear row here would pass the test above without having been tried."""
    idle = judged[1].counts.filter(pl.col("clear") == 0)["rule_id"].to_list()
    assert set(idle) == set(NOTHING_TO_JUDGE)


def test_hardly_anything_is_left_unjudged(judged: tuple[Batch, Evaluation]) -> None:
    """One line has no provider number, so nobody can say whether it was billed before."""
    left = judged[1].counts.filter(pl.col("not_evaluated") > 0).select("rule_id", "not_evaluated")
    assert left.rows() == [("CL410", 1)]
