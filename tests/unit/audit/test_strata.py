"""Strata cover the frame once, hold to the size, and do not depend on the order in which rules come."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validator.audit.strata import OTHERS, Plan, plans

AMOUNTS = st.dictionaries(st.integers(0, 5_000_000), st.integers(1, 40), min_size=1, max_size=30)
RULES = st.dictionaries(st.sampled_from([f"R{n}" for n in range(12)]), AMOUNTS, min_size=1)


@settings(max_examples=300, deadline=None)
@given(RULES, st.integers(2, 400))
def test_strata_cover_the_frame_once_and_hold_to_the_size(rules, size: int) -> None:
    planned, together = plans(rules, size)
    for rule, tally in rules.items():
        group = OTHERS if rule in together else rule
        for cents in tally:
            assert sum(p.group == group and p.from_cents <= cents <= p.to_cents for p in planned) == 1
    findings = sum(sum(tally.values()) for tally in rules.values())
    assert sum(p.findings for p in planned) == findings
    assert sum(p.drawn for p in planned) == min(size, findings)
    for each in planned:
        assert min(each.findings, 2) <= each.drawn <= each.findings
        assert each.band != "whole" or each.drawn == each.findings
        assert each.band != "0" or each.to_cents == 0
    assert plans(dict(reversed(rules.items())), size) == (planned, together)


def test_the_largest_amounts_are_all_looked_at_and_take_half_the_size_at_most() -> None:
    """Of 10,000 dollars in all and a size of 10, 1,000 dollars and more are whole; 900 are not."""
    rules = {"A": {300_000: 1, 100_000: 2, 90_000: 1, 1_000: 410}}
    whole = [each for each in plans(rules, 10)[0] if each.band == "whole"]
    assert whole == [Plan("A", "whole", 100_000, 300_000, 3, 3)]
    # Eight of ten would be more than half of the size, and equal amounts stay together: none is whole.
    assert "whole" not in {each.band for each in plans({"A": {100_000: 8, 100: 90}}, 10)[0]}
    alike = plans({"A": {10_000: 400}}, 10)[0]
    assert [(each.band, each.drawn) for each in alike] == [("1", 10)]


def test_bands_hold_about_equal_sums_of_square_roots() -> None:
    """Roots 1, 2 and 4 of 40, 20 and 10 findings: one amount a band; each gets at least its two."""
    planned = plans({"A": {100: 40, 400: 20, 1_600: 10}}, 30)[0]
    assert [(each.from_cents, each.to_cents) for each in planned] == [(100, 100), (400, 400), (1_600, 1_600)]
    # Half by number (40 : 20 : 10), half by findings x root mean square (4,000 : 8,000 : 16,000).
    shares = [40 / 70 + 4 / 28, 20 / 70 + 8 / 28, 10 / 70 + 16 / 28]
    assert [each.drawn for each in planned] == pytest.approx([15 * each for each in shares], abs=1)


def test_rules_share_strata_where_the_size_is_too_small_for_each() -> None:
    rules = {f"R{n}": {1_000 * n + 1_000: 10 + n} for n in range(6)}
    planned, together = plans(rules, 8)
    assert sum(each.drawn for each in planned) == 8
    assert set(together) == {"R0", "R1", "R2"}, "the rules with the least findings and money"
    assert [each.group for each in planned] == ["R3", "R4", "R5", OTHERS]
