"""Partitions are added up: one sorted list of findings, one row of counts per rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from validator.claims.schema import MONEY, rule_columns
from validator.engine.evaluate import Evaluation
from validator.engine.fields import comparisons, conditions_of, existences, fields_of, fields_of_exists
from validator.findings.identity import with_ordinals
from validator.findings.schema import RULE_COUNTS, SEVERITY
from validator.rules.model import OUTCOMES, SEVERITIES, Rule, RuleSet

_COLUMNS = rule_columns()

# The same input gives the same order, however it was cut into partitions.
_ORDER = (
    "source_file", "source_row", "claim_key", "rule_id", "diagnosis_role", "diagnosis_position",
    "line_number", "finding_id",
)  # fmt: skip


@dataclass(frozen=True)
class Judgement:
    """The whole batch, judged. Shapes as in Evaluation; `findings` sorted and with lasting ids.

    rule_counts: RULE_COUNTS, one row per rule of the profile. amount_by_severity: worst first, each line
    counted once. suppressed: findings hidden per decision, by its position.
    """

    findings: pl.DataFrame
    rule_counts: pl.DataFrame
    claims_at_risk: pl.DataFrame
    amount_by_severity: Mapping[str, object]
    suppressed: Mapping[int, int]
    claims: int


def conclude(
    evaluations: Sequence[Evaluation], rules: RuleSet, carried: Mapping[str, frozenset[str]]
) -> Judgement:
    """Add the partitions up. `carried`: source file -> canonical columns, to say why a rule was silent."""
    findings = pl.concat([e.findings for e in evaluations]).sort(_ORDER, nulls_last=True)
    findings = with_ordinals(findings)
    at_risk = pl.concat([e.claims_at_risk for e in evaluations]).sort(
        ["expected_loss", "amount_at_risk", "source_file", "source_row", "claim_key"],
        descending=[True, True, False, False, False],
        nulls_last=True,
    )
    by_severity = (
        pl.concat([e.severity_amounts for e in evaluations]).group_by("severity").agg(pl.col("amount").sum())
    )
    amounts = dict(by_severity.with_columns(pl.col("severity").cast(pl.String)).iter_rows())
    hidden = findings["suppressed_by"].drop_nulls().value_counts()
    return Judgement(
        findings=findings,
        rule_counts=_rule_counts(evaluations, rules, carried),
        claims_at_risk=at_risk,
        amount_by_severity={s: amounts.get(s) or 0 for s in SEVERITIES},
        suppressed=dict(hidden.sort("suppressed_by").iter_rows()),
        claims=sum(e.claims for e in evaluations),
    )


def _rule_counts(
    evaluations: Sequence[Evaluation], rules: RuleSet, carried: Mapping[str, frozenset[str]]
) -> pl.DataFrame:
    summed = (
        pl.concat([e.counts for e in evaluations])
        .group_by("rule_id")
        .agg(pl.col(*OUTCOMES, "suppressed").sum())
    )
    money = (
        pl.concat([e.rule_amounts for e in evaluations])
        .group_by("rule_id")
        .agg(pl.col("amount").sum().cast(MONEY).alias("amount_at_risk"))
    )
    told = pl.DataFrame(
        [
            {
                "rule_id": rule.rule_id,
                "rule_version": rule.version,
                "title": rule.title,
                "status": rule.status,
                "severity": rule.severity[-1].severity,
                "why_not_evaluated": why_not_evaluated(rule, carried),
            }
            for rule in rules.rules
        ],
        schema={
            "rule_id": pl.String, "rule_version": pl.UInt16, "title": pl.String, "status": pl.String,
            "severity": SEVERITY, "why_not_evaluated": pl.String,
        },
    )  # fmt: skip
    counts = told.join(summed, on="rule_id", how="left").join(money, on="rule_id", how="left")
    silent = pl.col("not_evaluated").fill_null(0) == 0
    return counts.select(
        pl.when(silent).then(None).otherwise(pl.col(name)).cast(kind).alias(name)
        if name == "why_not_evaluated"
        else pl.col(name).fill_null(0).cast(kind)
        if kind == pl.UInt64 or name == "amount_at_risk"
        else pl.col(name).cast(kind)
        for name, kind in RULE_COUNTS.items()
    ).sort("rule_id")


def why_not_evaluated(rule: Rule, carried: Mapping[str, frozenset[str]]) -> str:
    """Which columns that the rule reads are missing from the feeds; a general sentence if none is."""
    read = {f.name for c in conditions_of(rule) for compare in comparisons(c) for f in fields_of(compare)}
    read |= {
        f.name for c in conditions_of(rule) for exists in existences(c) for f in fields_of_exists(exists)
    }
    absent = []
    for name in sorted(read & set(_COLUMNS)):
        table, column = _COLUMNS[name]
        lacking = [file for file, columns in carried.items() if f"{table}.{column.name}" not in columns]
        if lacking and column.blank != "never" and name != "diagnosis.code_system":
            absent.append(
                name
                if len(lacking) == len(carried)
                else f"{name} (in {len(lacking)} of {len(carried)} files)"
            )
    if absent:
        return f"not in the feed: {', '.join(absent)}"
    return "a value or date that the rule needs is blank or outside the loaded releases"
