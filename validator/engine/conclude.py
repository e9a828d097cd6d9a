"""Partitions are added up: one sorted list of findings, one row of counts per rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from validator.claims.schema import MONEY, rule_columns
from validator.engine.blanks import ANOTHER_ROW, MISSING_FILE
from validator.engine.evaluate import Evaluation
from validator.engine.findings import citation
from validator.engine.providers import NO_PEERS, TOO_FEW, ProviderJudgement, judge_providers
from validator.engine.settings import Settings
from validator.findings.identity import with_ordinals
from validator.findings.schema import RULE_COUNTS, SEVERITY
from validator.rules.model import OUTCOMES, SEVERITIES, RuleSet

_COLUMNS = rule_columns()
_HOW_TO_ADD = "validator reference add FILE"
_NAMED_FIELDS = 3  # of a rule's reasons for silence, the most frequent first

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
    claim_codes: pl.DataFrame
    amount_by_severity: Mapping[str, object]
    suppressed: Mapping[int, int]
    claims: int
    charged: Decimal


def conclude(
    evaluations: Sequence[Evaluation],
    rules: RuleSet,
    carried: Mapping[str, frozenset[str]],
    settings: Settings,
) -> Judgement:
    """Add the partitions up. `carried`: source file -> canonical columns, to say why a rule was silent."""
    citations = {rule.rule_id: citation(rule) for rule in rules.rules}
    providers = judge_providers([e.tallies for e in evaluations], rules, settings, citations)
    findings = pl.concat([*(e.findings for e in evaluations), providers.findings])
    findings = findings.sort(_ORDER, nulls_last=True)
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
        rule_counts=_rule_counts(evaluations, providers, rules, carried),
        claims_at_risk=at_risk,
        claim_codes=pl.concat([e.claim_codes for e in evaluations]),
        amount_by_severity={s: amounts.get(s) or 0 for s in SEVERITIES},
        suppressed=dict(hidden.sort("suppressed_by").iter_rows()),
        claims=sum(e.claims for e in evaluations),
        charged=sum((e.charged for e in evaluations), Decimal(0)),
    )


def _rule_counts(
    evaluations: Sequence[Evaluation],
    providers: ProviderJudgement,
    rules: RuleSet,
    carried: Mapping[str, frozenset[str]],
) -> pl.DataFrame:
    counted = [*(e.counts for e in evaluations), providers.counts]
    summed = (
        pl.concat([c.select("rule_id", *OUTCOMES, "suppressed") for c in counted])
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
            }
            for rule in rules.rules
        ],
        schema={
            "rule_id": pl.String, "rule_version": pl.UInt16, "title": pl.String, "status": pl.String,
            "severity": SEVERITY,
        },
    )  # fmt: skip
    why = why_not_evaluated(pl.concat([*(e.blanks for e in evaluations), providers.blanks]), carried)
    counts = told.join(summed, on="rule_id", how="left").join(money, on="rule_id", how="left")
    counts = counts.join(why, on="rule_id", how="left")
    return counts.select(
        pl.col(name).fill_null(0).cast(kind)
        if kind == pl.UInt64 or name == "amount_at_risk"
        else pl.col(name).cast(kind)
        for name, kind in RULE_COUNTS.items()
    ).sort("rule_id")


def why_not_evaluated(blanks: pl.DataFrame, carried: Mapping[str, frozenset[str]]) -> pl.DataFrame:
    """rule_id, why_not_evaluated: the fields that were blank most often where a rule could not judge."""
    summed = blanks.group_by("rule_id", "field").agg(pl.col("rows").sum())
    summed = summed.sort("rule_id", "rows", "field", descending=[False, True, False])
    summed = summed.group_by("rule_id", maintain_order=True).head(_NAMED_FIELDS)
    missing = [name for name in summed["field"].unique() if _absent_everywhere(name, carried)]
    said = (
        pl.when(pl.col("field") == ANOTHER_ROW)
        .then(pl.lit("another row of the claim or patient lacks what would decide"))
        .when(pl.col("field").str.starts_with(MISSING_FILE))
        .then(pl.format(f"add {{}} ({_HOW_TO_ADD})", pl.col("field").str.strip_prefix(MISSING_FILE)))
        .when(pl.col("field") == TOO_FEW)
        .then(pl.lit("too few rows of the provider to tell"))
        .when(pl.col("field") == NO_PEERS)
        .then(pl.lit("too few rows of other providers of the same kind to compare with"))
        .when(pl.col("field").is_in(missing))
        .then(pl.format("{} is not in the feed", "field"))
        .when(pl.col("field") == "diagnosis.coding_date")
        .then(pl.lit("diagnosis.coding_date is blank or outside the loaded releases"))
        .otherwise(pl.format("{} is blank", "field"))
    )
    unit = pl.when(pl.col("rows") == 1).then(pl.lit("row")).otherwise(pl.lit("rows"))
    counted = pl.format("{} ({} {})", said, "rows", unit)
    return summed.group_by("rule_id", maintain_order=True).agg(
        counted.str.join("; ").alias("why_not_evaluated")
    )


def _absent_everywhere(name: str, carried: Mapping[str, frozenset[str]]) -> bool:
    if name not in _COLUMNS or _COLUMNS[name][1].blank == "never":
        return False
    table, column = _COLUMNS[name]
    return not any(f"{table}.{column.name}" in columns for columns in carried.values())
