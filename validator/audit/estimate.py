"""From a reviewed sample to the whole frame: precision by rule, error rate, projected amount, with intervals.

Amounts by the stratified mean-per-unit and difference estimators with finite population correction and a
two-sided interval by Student's t (degrees of freedom after Satterthwaite): the estimators of RAT-STATS of the
HHS Office of Inspector General, whose audits ask back the lower limit of the two-sided 90 % interval. The
Medicare Program Integrity Manual (Pub. 100-08), chapter 8, takes the lower limit of the one-sided 90 %
interval, which is that of the two-sided 80 % one.

Shares by the exact interval of Clopper and Pearson; over several strata by its form for weighted samples
(Korn and Graubard, Survey Methodology 24, 1998).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, NamedTuple

import polars as pl

from validator.errors import UsageError

CONFIDENCE = 0.90
# With fewer differences than this their mean is too skewed for Student's t.
ENOUGH_DIFFERENCES = 20


@dataclass(frozen=True)
class Estimate:
    """A number with its two-sided interval.

    Where all was looked at, low and high are the number itself; None where the sample shows no spread,
    so that nothing can be said of how far off the number is.
    """

    value: float
    low: float | None
    high: float | None
    method: str = ""


class _Share(NamedTuple):
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

    def __post_init__(self) -> None:
        if not self.is_whole and self.drawn < 2:
            raise ValueError("one finding that stands for several tells no spread: draw two, or all")

    @property
    def drawn(self) -> int:
        return len(self.agreed)

    @property
    def is_whole(self) -> bool:
        return self.drawn >= self.findings

    @property
    def differences(self) -> int:
        return sum(found != told for found, told in zip(self.audited, self.amounts, strict=True))


def total(strata: Sequence[Stratum], values: Sequence[Sequence[float]], confidence: float) -> Estimate:
    """The sum of a value over the frame, from its values in the sample of each stratum."""
    value = variance = fourth = 0.0
    for stratum, seen in zip(strata, values, strict=True):
        count, drawn = stratum.findings, len(seen)
        value += count * sum(seen) / drawn
        if stratum.is_whole:
            continue
        part = count * (count - drawn) / drawn * _variance(seen)
        variance += part
        fourth += part * part / (drawn - 1)
    if all(each.is_whole for each in strata):
        return Estimate(value, value, value)
    if not variance:
        return Estimate(value, None, None)
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
    if told.low is None or told.high is None:
        return Estimate(recorded + told.value, None, None)
    return Estimate(recorded + told.value, recorded + told.low, recorded + told.high)


def share(strata: Sequence[Stratum], confidence: float = CONFIDENCE) -> Estimate:
    """The share of findings that an auditor agrees with, 0 to 1; `method` is whole, exact or weighted.

    What was looked at whole is known; the interval is that of the rest. No interval is made narrower
    because the rest is finite.
    """
    counts = sum(each.findings for each in strata)
    known = sum(sum(each.agreed) for each in strata if each.is_whole)
    rest = [each for each in strata if not each.is_whole]
    unseen = sum(each.findings for each in rest)
    if not rest:
        return Estimate(known / counts, known / counts, known / counts, "whole")
    value = sum(each.findings / unseen * sum(each.agreed) / each.drawn for each in rest)
    value = min(value, 1.0)  # a sum of parts may come out a hair above
    told = _exact(value, _independent(rest, value, confidence), confidence)
    value, low, high = ((known + unseen * part) / counts for part in told)
    return Estimate(value, low, high, "exact" if len(rest) == 1 else "weighted")


def _independent(strata: Sequence[Stratum], value: float, confidence: float) -> float:
    """How many findings drawn from all strata alike would tell the share as well as these do.

    After Korn and Graubard by the spread that the sample shows; but no more than the weights allow
    (Kish): strata whose few findings all agree show no spread, and are no proof that there is none.
    """
    if len(strata) == 1:
        return float(strata[0].drawn)
    unseen = sum(each.findings for each in strata)
    allowed = 1 / sum((each.findings / unseen) ** 2 / each.drawn for each in strata)
    variance = sum(
        (each.findings / unseen) ** 2 * _variance([float(one) for one in each.agreed]) / each.drawn
        for each in strata
    )
    if not variance or not 0 < value < 1:
        return allowed
    drawn, tail = sum(each.drawn for each in strata), 1 - (1 - confidence) / 2
    ratio = _t_quantile(tail, drawn - 1) / _t_quantile(tail, drawn - len(strata))
    return min(value * (1 - value) / variance * ratio**2, allowed)


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
        "error_rate": _plain(_complement(agreed), 4),
        "recorded_amount": round(sum(each.amount for each in strata), 2),
        "mean_per_unit": _plain(mean_per_unit(strata, confidence), 2),
        "difference": _plain(difference(strata, confidence), 2),
        "differences": sum(each.differences for each in strata if not each.is_whole),
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
    level, error = f"{told['confidence']:.0%}", told["error_rate"]
    lines = [
        f"{told['reviewed']:,} of {told['findings']:,} findings reviewed, {told['agreed']:,} agreed with",
        f"error rate {error['value']:.1%} ({_between(error, '{:.1%}', level)})",
        f"recorded at risk: ${told['recorded_amount']:,.2f}, summed over findings that overlap in a claim",
    ]
    for name, title in (("mean_per_unit", "mean per unit"), ("difference", "difference")):
        each = told[name]
        lines.append(f"projected by {title}: ${each['value']:,.2f} ({_between(each, '${:,.2f}', level)})")
    if (
        told["difference"]["low"] is not None
        and told["differences"] < ENOUGH_DIFFERENCES
        and told["reviewed"] < told["findings"]
    ):
        lines.append(
            f"  only {told['differences']} amounts differ from the recorded ones where not all was reviewed: "
            "the interval by difference is too narrow"
        )
    lines.append("precision by rule:")
    for rule in told["rules"]:
        each = rule["precision"]
        how = (
            f"{_between(each, '{:.1%}', level)}, {each['method']}"
            if each["method"] != "whole"
            else "all reviewed"
        )
        lines.append(
            f"  {rule['rule_id']}: {each['value']:.1%} ({how}), "
            f"{rule['agreed']} of {rule['reviewed']} reviewed, {rule['findings']:,} findings"
        )
    return "\n".join(lines)


def _between(told: Mapping[str, Any], shape: str, level: str) -> str:
    if told["low"] is None:
        return "no spread in the sample, so no interval"
    return f"{level} two-sided: {shape.format(told['low'])} to {shape.format(told['high'])}"


def _complement(told: Estimate) -> Estimate:
    low, high = (None if each is None else 1 - each for each in (told.high, told.low))
    return Estimate(1 - told.value, low, high, told.method)


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


def _plain(estimate: Estimate, places: int) -> dict[str, Any]:
    ends = {
        name: None if end is None else round(end, places)
        for name, end in (("low", estimate.low), ("high", estimate.high))
    }
    method = {"method": estimate.method} if estimate.method else {}
    return {"value": round(estimate.value, places), **ends, **method}


def _variance(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)


def _exact(value: float, drawn: float, confidence: float) -> _Share:
    """Clopper and Pearson; `drawn` need not be a whole number."""
    beta = _scipy_stats().beta
    tail, agreed = (1 - confidence) / 2, value * drawn
    low = float(beta.ppf(tail, agreed, drawn - agreed + 1)) if value > 0 else 0.0
    high = float(beta.ppf(1 - tail, agreed + 1, drawn - agreed)) if value < 1 else 1.0
    return _Share(value, min(low, value), max(high, value))


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
