"""From a reviewed sample to the whole frame: precision by rule, error rate, projected amount, with intervals.

Amounts by the stratified mean-per-unit and difference estimators with finite population correction and a
two-sided interval by Student's t (degrees of freedom after Satterthwaite), as in RAT-STATS of the HHS Office
of Inspector General and in chapter 8 of the Medicare Program Integrity Manual. Shares by the exact interval
of Clopper and Pearson; over several strata by its form for weighted samples (Korn and Graubard 1998).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import polars as pl

from validator.errors import UsageError

CONFIDENCE = 0.90


@dataclass(frozen=True)
class Estimate:
    """A number with its two-sided interval; the same number three times where all was looked at."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Stratum:
    """Of one stratum: how many findings it has, their recorded amounts in all, and what the sample showed.

    `agreed` (1 or 0), `amounts` (recorded) and `audited` (found by the auditor) are of the reviewed findings.
    """

    name: str
    rule_id: str
    findings: int
    amount: float
    agreed: Sequence[int]
    amounts: Sequence[float]
    audited: Sequence[float]

    @property
    def drawn(self) -> int:
        return len(self.agreed)


def total(strata: Sequence[Stratum], values: Sequence[Sequence[float]], confidence: float) -> Estimate:
    """The sum of a value over the frame, from its values in the sample of each stratum."""
    value = variance = fourth = 0.0
    for stratum, seen in zip(strata, values, strict=True):
        count, drawn = stratum.findings, len(seen)
        value += count * sum(seen) / drawn
        if drawn < 2 or drawn >= count:
            continue
        part = count * (count - drawn) / drawn * _variance(seen)
        variance += part
        fourth += part * part / (drawn - 1)
    if not variance:
        return Estimate(value, value, value)
    half = _t_quantile(1 - (1 - confidence) / 2, variance * variance / fourth) * sqrt(variance)
    return Estimate(value, value - half, value + half)


def mean_per_unit(strata: Sequence[Stratum], confidence: float = CONFIDENCE) -> Estimate:
    """The amount that is truly at risk in the frame, from the audited amounts alone."""
    return total(strata, [each.audited for each in strata], confidence)


def difference(strata: Sequence[Stratum], confidence: float = CONFIDENCE) -> Estimate:
    """The same from the recorded amounts of the frame and the differences found in the sample."""
    recorded = sum(each.amount for each in strata)
    told = total(
        strata,
        [[a - r for a, r in zip(each.audited, each.amounts, strict=True)] for each in strata],
        confidence,
    )
    return Estimate(recorded + told.value, recorded + told.low, recorded + told.high)


def share(strata: Sequence[Stratum], confidence: float = CONFIDENCE) -> Estimate:
    """The share of findings that an auditor agrees with, 0 to 1."""
    counts = sum(each.findings for each in strata)
    drawn = sum(each.drawn for each in strata)
    value = sum(each.findings * sum(each.agreed) / each.drawn for each in strata) / counts
    if drawn >= counts:
        return Estimate(value, value, value)
    effective = float(drawn)
    variance = _variance_of_total(strata) / counts**2
    if len(strata) > 1 and variance and 0 < value < 1:
        # Korn and Graubard: as many independent findings as would spread the share as much.
        freedom, tail = max(drawn - len(strata), 1), 1 - (1 - confidence) / 2
        ratio = (_t_quantile(tail, max(drawn - 1, 1)) / _t_quantile(tail, freedom)) ** 2
        effective = min(value * (1 - value) / variance * ratio, effective)
    return _exact(value, effective, confidence)


def estimates(strata: Sequence[Stratum], confidence: float = CONFIDENCE) -> dict[str, Any]:
    """All that is told of a reviewed sample."""
    by_rule: dict[str, list[Stratum]] = {}
    for each in strata:
        by_rule.setdefault(each.rule_id, []).append(each)
    agreed = share(strata, confidence)
    return {
        "confidence": confidence,
        "findings": sum(each.findings for each in strata),
        "reviewed": sum(each.drawn for each in strata),
        "agreed": sum(sum(each.agreed) for each in strata),
        "error_rate": _plain(Estimate(1 - agreed.value, 1 - agreed.high, 1 - agreed.low), 4),
        "recorded_amount": round(sum(each.amount for each in strata), 2),
        "mean_per_unit": _plain(mean_per_unit(strata, confidence), 2),
        "difference": _plain(difference(strata, confidence), 2),
        "rules": [
            {
                "rule_id": rule_id,
                "findings": sum(each.findings for each in own),
                "reviewed": sum(each.drawn for each in own),
                "agreed": sum(sum(each.agreed) for each in own),
                "precision": _plain(share(own, confidence), 4),
            }
            for rule_id, own in sorted(by_rule.items())
        ],
    }


def in_words(told: Mapping[str, Any]) -> str:
    """The same for a person."""
    level = f"{told['confidence']:.0%}"
    error = told["error_rate"]
    lines = [
        f"{told['reviewed']:,} of {told['findings']:,} findings reviewed, {told['agreed']:,} agreed with",
        f"error rate {error['value']:.1%} ({level} two-sided: {error['low']:.1%} to {error['high']:.1%})",
        f"recorded at risk: ${told['recorded_amount']:,.2f}, summed over findings that overlap in a claim",
    ]
    for name, title in (("mean_per_unit", "mean per unit"), ("difference", "difference")):
        each = told[name]
        interval = f"{level} two-sided: ${each['low']:,.2f} to ${each['high']:,.2f}"
        lines.append(f"projected by {title}: ${each['value']:,.2f} ({interval})")
    lines.append("precision by rule:")
    for rule in told["rules"]:
        each = rule["precision"]
        lines.append(
            f"  {rule['rule_id']}: {each['value']:.1%} ({each['low']:.1%} to {each['high']:.1%}), "
            f"{rule['agreed']} of {rule['reviewed']} reviewed, {rule['findings']:,} findings"
        )
    return "\n".join(lines)


def strata_of(reviewed: pl.DataFrame, strata: pl.DataFrame) -> list[Stratum]:
    """From reviewed findings (stratum, agreed, amount_at_risk, audited) and the strata of the sample."""
    grouped = {
        name: part
        for (name,), part in reviewed.sort("stratum", "finding_id").group_by("stratum", maintain_order=True)
    }
    return [
        Stratum(
            name,
            rule_id,
            findings,
            amount,
            grouped[name]["agreed"].cast(pl.Int64).to_list(),
            grouped[name]["amount_at_risk"].to_list(),
            grouped[name]["audited"].to_list(),
        )
        for name, rule_id, findings, amount in zip(
            *(strata[column].to_list() for column in ("stratum", "rule_id", "findings", "amount")),
            strict=True,
        )
    ]


def _plain(estimate: Estimate, places: int) -> dict[str, float]:
    return {name: round(getattr(estimate, name), places) for name in ("value", "low", "high")}


def _variance(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)


def _variance_of_total(strata: Sequence[Stratum]) -> float:
    return sum(
        each.findings * (each.findings - each.drawn) / each.drawn * _variance([float(x) for x in each.agreed])
        for each in strata
        if 1 < each.drawn < each.findings
    )


def _exact(value: float, drawn: float, confidence: float) -> Estimate:
    """Clopper and Pearson; `drawn` need not be a whole number."""
    beta = _scipy_stats().beta
    tail, agreed = (1 - confidence) / 2, value * drawn
    low = float(beta.ppf(tail, agreed, drawn - agreed + 1)) if value > 0 else 0.0
    high = float(beta.ppf(1 - tail, agreed + 1, drawn - agreed)) if value < 1 else 1.0
    return Estimate(value, min(low, value), max(high, value))


def _t_quantile(probability: float, freedom: float) -> float:
    return float(_scipy_stats().t.ppf(probability, freedom))


def _scipy_stats() -> Any:
    try:
        from scipy import stats
    except ImportError:
        raise UsageError(
            "the estimate needs scipy, which is not installed",
            fix="Install the extra: pip install 'claims-coding-validator[audit]'",
        ) from None
    return stats
