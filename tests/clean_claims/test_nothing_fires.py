"""On clean claims nothing may fire: a rule that does is wrong, or tests/stories/clean*.yaml are."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from validator.claims.batch import Batch, open_batch
from validator.engine.evaluate import Evaluation, Settings, evaluate
from validator.reference.lookup import Reference
from validator.rules.files_needed import files_needed
from validator.rules.model import RuleSet

CLEAN = Path(__file__).parent / "clean_claims.csv"
BATCH_DATE = date(2026, 11, 23)

# (rule, claim) -> why this advice is right on a clean claim. Nothing above advice can be excused here.
RIGHT_ADVICE: dict[tuple[str, str], str] = {}

# Rules about mistakes that leave no row to judge on a clean claim, each with its reason. A rule that waits for
# an official file needs none.
NOTHING_TO_JUDGE: dict[str, str] = {}

# Rules that cannot judge some clean row, each with its reason.
LEFT_OPEN: dict[str, str] = {
    "AR513": "the year of the claim is not over",
    "AR516": "the year before the claim is not wholly in the batch",
    "CL410": "a line without provider number: nobody can say whether it was billed before",
    "DX208": "a code that is younger than the list that tells its side",
    "DX209": "a code that is younger than the list that tells its side",
    "DX210": "a code that is younger than the list that tells its side",
}


@pytest.fixture(scope="module")
def judged(reference: Reference, rule_set: RuleSet) -> Iterator[tuple[Batch, Evaluation]]:
    with open_batch([str(CLEAN)]) as batch:
        (partition,) = batch.partitions()
        yield batch, evaluate(partition, rule_set, reference, Settings(BATCH_DATE))


@pytest.fixture(scope="module")
def waiting(rule_set: RuleSet) -> frozenset[str]:
    """The rules that wait for a file which nobody has added here."""
    return frozenset(rule.rule_id for rule in rule_set.rules if files_needed(rule))


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


def test_every_rule_finds_clean_rows_to_judge(
    judged: tuple[Batch, Evaluation], rule_set: RuleSet, waiting: frozenset[str]
) -> None:
    """A rule without a single clear row here would pass the test above without having been tried."""
    idle = set(judged[1].counts.filter(pl.col("clear") == 0)["rule_id"])
    shipped = {rule.rule_id for rule in rule_set.rules}
    assert idle - waiting == shipped.intersection(NOTHING_TO_JUDGE) - waiting


def test_what_is_left_unjudged_has_a_reason_and_is_a_third_at_most(
    judged: tuple[Batch, Evaluation], rule_set: RuleSet, waiting: frozenset[str]
) -> None:
    """Of each rule that waits for no file; the reasons are in LEFT_OPEN, and none of them is out of date."""
    counts = judged[1].counts.filter(~pl.col("rule_id").is_in(sorted(waiting)))
    open_ones = counts.filter(pl.col("not_evaluated") > 0)
    shipped = {rule.rule_id for rule in rule_set.rules}
    assert set(open_ones["rule_id"]) == shipped.intersection(LEFT_OPEN)
    share = pl.col("not_evaluated") / (pl.col("clear") + pl.col("not_evaluated"))
    mostly_open = open_ones.filter(share > 0.34)
    assert mostly_open.is_empty(), mostly_open
