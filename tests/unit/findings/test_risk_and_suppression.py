"""Risk scores, and findings that somebody decided not to see."""

from datetime import date
from decimal import Decimal

import polars as pl

from validator.findings.risk import risk_scores
from validator.findings.schema import CONFIDENCE, SEVERITY
from validator.findings.suppression import Suppress, suppressed_by

SEVERITY_WEIGHTS = {"reject": 0.9, "deny": 0.5, "audit": 0.2, "advise": 0.0}
CONFIDENCE_FACTORS = {"certain": 1.0, "likely": 0.8, "possible": 0.4}


def scored(*rows: tuple[int, str, str]) -> dict[int, tuple]:
    frame = pl.DataFrame(
        rows, schema={"claim_no": pl.UInt32, "severity": SEVERITY, "confidence": CONFIDENCE}, orient="row"
    )
    table = risk_scores(frame, SEVERITY_WEIGHTS, CONFIDENCE_FACTORS)
    return {row[0]: row[1:] for row in table.iter_rows()}


def test_one_certain_rejection_scores_its_weight():
    assert scored((0, "reject", "certain")) == {0: (1, "reject", Decimal("90.00"))}


def test_findings_add_up_to_more_than_one_and_less_than_certainty():
    count, worst, score = scored((0, "deny", "certain"), (0, "audit", "certain"), (0, "advise", "possible"))[
        0
    ]
    assert (count, worst, score) == (3, "deny", Decimal("60.00"))


def test_doubt_lowers_the_score():
    assert scored((0, "deny", "possible"))[0][2] == Decimal("20.00")


FOUND = pl.DataFrame(
    {
        "rule_id": ["DX002", "DX002", "DX207"],
        "claim_id": ["C1", "C2", "C1"],
        "code": ["M53.2", "M54.5", "M53.2"],
        "payer_id": ["P", None, "P"],
    }
)


def test_a_decision_covers_its_rule_and_where_it_says():
    by_code = Suppress("DX002", (("diagnosis.code", "M532"),), date(2026, 12, 31))
    assert suppressed_by(FOUND, [by_code], date(2026, 11, 23)).to_list() == [0, None, None]


def test_a_decision_without_where_covers_all_of_its_rule():
    assert suppressed_by(
        FOUND, [Suppress("DX002", (), date(2026, 12, 31))], date(2026, 12, 31)
    ).to_list() == [0, 0, None]


def test_an_expired_decision_hides_nothing():
    assert (
        suppressed_by(FOUND, [Suppress("DX002", (), date(2026, 12, 30))], date(2026, 12, 31)).null_count()
        == 3
    )


def test_a_blank_never_fits_a_decision():
    by_payer = Suppress("DX002", (("claim.payer_id", "P"),), date(2026, 12, 31))
    assert suppressed_by(FOUND, [by_payer], date(2026, 11, 23)).to_list() == [0, None, None]


def test_the_first_decision_that_fits_is_named():
    two = [
        Suppress("DX207", (), date(2026, 12, 31)),
        Suppress("DX207", (("claim.id", "C1"),), date(2026, 12, 31)),
    ]
    assert suppressed_by(FOUND, two, date(2026, 11, 23)).to_list() == [None, None, 0]
