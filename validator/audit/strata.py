"""Strata of a frame by rule and money, and how many findings of each are looked at; whole numbers throughout.

Whole numbers, so that the same frame and size give the same strata on every machine and with every library.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import NamedTuple

LEAST = 2  # of each stratum, so that its spread can be estimated
OTHERS = "other rules"
_BANDS, _ENOUGH_FOR_A_BAND = 3, 8
_TOGETHER = 0  # in place of a number of bands: findings with and without money are one stratum

# Of one rule: how many findings have an amount (in cents), by amount.
Tally = Mapping[int, int]


class Plan(NamedTuple):
    """A stratum by group of rules and amounts from one to another, in cents; its findings and its share."""

    group: str
    band: str
    from_cents: int
    to_cents: int
    findings: int
    drawn: int


@dataclass(frozen=True)
class _Cut:
    group: str
    band: str
    tally: Tally

    @property
    def findings(self) -> int:
        return sum(self.tally.values())

    @property
    def least(self) -> int:
        """What has to be drawn of it: the largest amounts are all looked at."""
        return self.findings if self.band == "whole" else min(self.findings, LEAST)

    @property
    def money(self) -> int:
        """Findings times root mean square of the amounts: the share of Neyman, were the errors alike."""
        return isqrt(self.findings * sum(cents * cents * count for cents, count in self.tally.items()))


def plans(rules: Mapping[str, Tally], size: int) -> tuple[list[Plan], tuple[str, ...]]:
    """The strata with what is drawn of each, and the rules that share strata under the name OTHERS.

    Finer strata come first and coarser ones where the size does not give two of each: three bands of
    money in a rule, two, one, none; then the rules with the least findings and money together.
    """
    cuts, together = _fitting(rules, size)
    drawn = _allocation(cuts, size)
    return [
        Plan(cut.group, cut.band, min(cut.tally), max(cut.tally), cut.findings, taken)
        for cut, taken in zip(cuts, drawn, strict=True)
    ], together


def _fitting(rules: Mapping[str, Tally], size: int) -> tuple[list[_Cut], tuple[str, ...]]:
    largest = _largest(rules, size)
    for bands in (*range(_BANDS, 0, -1), _TOGETHER):
        cuts = list(_cuts(rules, bands, largest))
        # Bands are worth having only while there is something left to share out between them.
        if _needed(cuts) <= (size if bands == _TOGETHER else size * 3 // 4):
            return cuts, ()
    ranked = _by_weight(rules)
    for kept in range(len(ranked) - 1, -1, -1):
        others = ranked[kept:]
        pooled: dict[int, int] = {}
        for rule in others:
            for cents, count in rules[rule].items():
                pooled[cents] = pooled.get(cents, 0) + count
        cuts = [
            *_cuts({rule: rules[rule] for rule in ranked[:kept]}, _TOGETHER, largest),
            *_cuts({OTHERS: pooled}, 1, largest),
        ]
        if _needed(cuts) <= size:
            return cuts, tuple(sorted(others))
    return [_Cut(OTHERS, "all", pooled)], tuple(sorted(ranked))


def _needed(cuts: Sequence[_Cut]) -> int:
    return sum(cut.least for cut in cuts)


def _largest(rules: Mapping[str, Tally], size: int) -> int:
    """The amount from which on all is looked at: an even share of all money; half the size at most."""
    every: dict[int, int] = {}
    for tally in rules.values():
        for cents, count in tally.items():
            every[cents] = every.get(cents, 0) + count
    money = sum(cents * count for cents, count in every.items())
    from_cents, taken = max(every) + 1, 0
    for cents in sorted(every, reverse=True):
        taken += every[cents]
        if taken > size // 2 or cents * size < money or not cents:
            break
        from_cents = cents
    return from_cents


def _cuts(rules: Mapping[str, Tally], bands: int, largest: int) -> Iterator[_Cut]:
    for group, tally in sorted(rules.items()):
        whole = {cents: count for cents, count in tally.items() if cents >= largest}
        rest = {cents: count for cents, count in sorted(tally.items()) if cents < largest}
        if bands == _TOGETHER:
            parts = {"all": rest}
        else:
            paid = {cents: count for cents, count in rest.items() if cents}
            parts = {"0": {0: rest[0]} if 0 in rest else {}, **_banded(paid, bands)}
        for band, part in (*parts.items(), ("whole", whole)):
            if part:
                yield _Cut(group, band, part)


def _banded(paid: Tally, most: int) -> dict[str, dict[int, int]]:
    """Up to `most` bands of about equal sums of square roots of the amounts; equal amounts stay together."""
    number = max(1, min(most, sum(paid.values()) // _ENOUGH_FOR_A_BAND))
    roots = {cents: isqrt(cents * 10_000) * count for cents, count in paid.items()}
    before, all_roots = 0, sum(roots.values())
    bands: dict[str, dict[int, int]] = {}
    for cents, root in roots.items():
        bands.setdefault(str(before * number // all_roots + 1), {})[cents] = paid[cents]
        before += root
    return bands


def _by_weight(rules: Mapping[str, Tally]) -> list[str]:
    """The rules with the largest share of findings and money first."""
    counts = {rule: sum(tally.values()) for rule, tally in rules.items()}
    money = {rule: sum(cents * count for cents, count in tally.items()) for rule, tally in rules.items()}
    findings, cents = sum(counts.values()), sum(money.values()) or 1
    return sorted(rules, key=lambda rule: (-(counts[rule] * cents + money[rule] * findings), rule))


def _allocation(cuts: Sequence[_Cut], size: int) -> list[int]:
    """The least of each stratum; the rest half by findings and half by money, to who is furthest below."""
    drawn = [cut.least for cut in cuts]
    findings = sum(cut.findings for cut in cuts)
    money = sum(cut.money for cut in cuts)
    shares = [cut.findings * money + cut.money * findings if money else cut.findings for cut in cuts]
    waiting = [
        (-Fraction(share, taken + 1), number)
        for number, (share, taken) in enumerate(zip(shares, drawn, strict=True))
        if taken < cuts[number].findings
    ]
    heapq.heapify(waiting)
    for _ in range(min(size, findings) - sum(drawn)):
        _, number = heapq.heappop(waiting)
        drawn[number] += 1
        if drawn[number] < cuts[number].findings:
            heapq.heappush(waiting, (-Fraction(shares[number], drawn[number] + 1), number))
    return drawn
