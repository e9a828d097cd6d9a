"""Amounts at risk: each line once, never more than was charged."""

from decimal import Decimal

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from validator.claims.schema import MONEY
from validator.findings import money
from validator.findings.schema import SEVERITY

FINDING = {
    "finding_no": pl.UInt32,
    "rule_id": pl.String,
    "grain": pl.String,
    "severity": SEVERITY,
    "claim_no": pl.UInt32,
    "line_row": pl.UInt32,
    "pointed_position": pl.UInt8,
}
LINE = {"row": pl.UInt32, "claim_no": pl.UInt32, "charge": MONEY, "diagnosis_pointers": pl.List(pl.UInt8)}


def findings(*rows: tuple) -> pl.DataFrame:
    return pl.DataFrame([(n, *row) for n, row in enumerate(rows)], schema=FINDING, orient="row")


def lines(*rows: tuple) -> pl.DataFrame:
    return pl.DataFrame([(n, *row) for n, row in enumerate(rows)], schema=LINE, orient="row")


def claims(*totals: object) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "claim_no": range(len(totals)),
            "total_charge": [None if t is None else Decimal(str(t)) for t in totals],
        },
        schema={"claim_no": pl.UInt32, "total_charge": MONEY},
    )


THREE_LINES = lines((0, Decimal(100), [1]), (0, Decimal(60), [2, 1]), (0, Decimal(40), [3]))


def amounts(found: pl.DataFrame, of_lines: pl.DataFrame, of_claims: pl.DataFrame) -> list[Decimal]:
    return money.amounts(found, of_claims, money.coverage(found, of_lines)).to_list()


def test_a_rejected_diagnosis_brings_the_whole_claim_back():
    found = findings(("DX002", "diagnosis", "reject", 0, None, 3))
    assert amounts(found, THREE_LINES, claims(200)) == [Decimal(200)]


def test_a_rejected_line_costs_the_line():
    found = findings(("PX314", "line", "reject", 0, 1, None))
    assert amounts(found, THREE_LINES, claims(200)) == [Decimal(60)]


def test_a_denied_diagnosis_costs_the_lines_that_point_at_it():
    found = findings(("DX101", "diagnosis", "deny", 0, None, 1), ("DX101", "diagnosis", "deny", 0, None, 4))
    assert amounts(found, THREE_LINES, claims(200)) == [Decimal(160), Decimal(0)]


def test_without_any_pointer_a_denied_diagnosis_costs_the_claim():
    unpointed = lines((0, Decimal(100), None), (0, Decimal(100), []))
    found = findings(("DX101", "diagnosis", "deny", 0, None, 1))
    assert amounts(found, unpointed, claims(200)) == [Decimal(200)]


def test_advice_costs_nothing():
    found = findings(("DX205", "diagnosis", "advise", 0, None, 1), ("X", "claim", "advise", 0, None, None))
    assert amounts(found, THREE_LINES, claims(200)) == [Decimal(0), Decimal(0)]


def test_an_unknown_charge_counts_as_zero_and_not_as_an_error():
    found = findings(("DX002", "diagnosis", "reject", 0, None, 1))
    assert amounts(found, THREE_LINES, claims(None)) == [Decimal(0)]


def by_severity(found: pl.DataFrame, of_lines: pl.DataFrame, of_claims: pl.DataFrame) -> dict[str, Decimal]:
    table = money.amounts_by_severity(found, of_claims, money.coverage(found, of_lines))
    return dict(table.with_columns(pl.col("severity").cast(pl.String)).iter_rows())


def test_each_line_counts_once_under_its_worst_severity():
    found = findings(
        ("PX314", "line", "reject", 0, 0, None),
        ("DX101", "diagnosis", "deny", 0, None, 1),
        ("A", "claim", "audit", 0, None, None),
    )
    assert by_severity(found, THREE_LINES, claims(200)) == {
        "reject": Decimal(100),
        "deny": Decimal(60),
        "audit": Decimal(40),
    }


def test_a_claim_that_is_rejected_twice_is_lost_once():
    found = findings(
        ("DX002", "diagnosis", "reject", 0, None, 1), ("DX003", "diagnosis", "reject", 0, None, 2)
    )
    assert by_severity(found, THREE_LINES, claims(200)) == {"reject": Decimal(200)}
    once = money.amounts_once(found, claims(200), money.coverage(found, THREE_LINES), [])
    assert once["amount"].to_list() == [Decimal(200)]


def test_lines_that_add_up_to_more_than_the_claim_are_capped_at_the_claim():
    found = findings(("PX314", "line", "reject", 0, 0, None), ("PX314", "line", "reject", 0, 1, None))
    once = money.amounts_once(found, claims(120), money.coverage(found, THREE_LINES), ["rule_id"])
    assert once["amount"].to_list() == [Decimal(120)]


severities = st.sampled_from(["reject", "deny", "audit", "advise"])
some_findings = st.lists(
    st.one_of(
        st.tuples(st.just("D"), st.just("diagnosis"), severities, st.just(0), st.none(), st.integers(1, 4)),
        st.tuples(st.just("L"), st.just("line"), severities, st.just(0), st.integers(0, 2), st.none()),
        st.tuples(st.just("C"), st.just("claim"), severities, st.just(0), st.none(), st.none()),
    ),
    max_size=6,
)


@given(some_findings)
def test_the_severities_never_add_up_to_more_than_was_charged(rows):
    found = findings(*rows)
    total = sum(by_severity(found, THREE_LINES, claims(200)).values(), Decimal(0))
    assert total <= Decimal(200)
    once = money.amounts_once(found, claims(200), money.coverage(found, THREE_LINES), [])
    assert sum(once["amount"].to_list(), Decimal(0)) == total
