"""One partition judged by all rules: findings, counts and tallies, as a pure function."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from validator.claims.schema import MONEY, RULE_TABLES, ClaimTables
from validator.engine.blanks import BLANKS
from validator.engine.findings import findings_of_grain
from validator.engine.frames import Frames
from validator.engine.outcomes import OUTCOME, GrainOutcomes, judge_grain
from validator.engine.providers import Tallies, tally
from validator.engine.settings import Settings
from validator.findings import money
from validator.findings.risk import risk_scores
from validator.findings.schema import CLAIM_CODES, CLAIMS_AT_RISK, FINDINGS
from validator.findings.suppression import Suppress, suppressed_by
from validator.reference.dotted import dotted
from validator.rules.model import OUTCOMES, Filing, Rule, RuleSet

if TYPE_CHECKING:
    from validator.reference.lookup import Reference

_INTERNAL = {"claim_no": pl.UInt32, "grain": pl.String, "line_row": pl.UInt32, "pointed_position": pl.UInt8}


_NO_COUNTS = pl.DataFrame(schema={"rule_id": pl.String, **dict.fromkeys(OUTCOMES, pl.UInt64)})
_OUTCOMES = {
    "rule_id": pl.String,
    "claim_key": pl.String,
    "diagnosis_role": pl.String,
    "diagnosis_position": pl.UInt8,
    "line_number": pl.UInt16,
    "source_row": pl.UInt32,
    "outcome": pl.String,
}

# What one finding can be about, in order of judging; providers come when all partitions are judged.
GRAINS = ("diagnosis", "line", "claim")


@dataclass(frozen=True)
class Evaluation:
    """What one partition yields; `conclude` adds partitions up.

    findings: FINDINGS and `suppressed_by` (position of the decision, blank if none). counts: rule_id, the
    four outcomes, `suppressed`. blanks: rule_id, field, rows: what the rules missed where they could not
    judge. rule_amounts: rule_id, amount. severity_amounts: severity, amount.
    claims_at_risk: CLAIMS_AT_RISK. Suppressed findings stand in `findings` and count in nothing else.
    tallies: what the rules about providers counted here. claim_codes: CLAIM_CODES of the claims at risk.
    """

    findings: pl.DataFrame
    counts: pl.DataFrame
    blanks: pl.DataFrame
    rule_amounts: pl.DataFrame
    severity_amounts: pl.DataFrame
    claims_at_risk: pl.DataFrame
    claims: int
    charged: Decimal
    tallies: Tallies = field(default_factory=Tallies)
    claim_codes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(CLAIM_CODES)))


def evaluate(
    partition: ClaimTables, rules: RuleSet, reference: "Reference", settings: Settings
) -> Evaluation:
    """Judge every row of a partition of whole patients by every rule of the set.

    Pure: no files, no clock, no order assumed. Whatever the partition, a row comes out the same.
    """
    frames, judged = judge(partition, rules, reference, settings)
    found = [findings_of_grain(grain, _rules_of(rules, grain.grain), frames) for grain in judged]
    findings = _gathered(found, reference, rules, settings)
    tallies = tally(_rules_of(rules, "provider"), frames, findings)
    counts = pl.concat([_NO_COUNTS, *(grain.counts() for grain in judged)]).join(
        findings.filter(pl.col("suppressed_by").is_not_null())
        .group_by("rule_id")
        .agg(pl.len().alias("suppressed")),
        on="rule_id",
        how="left",
    )
    counts = counts.with_columns(pl.col("suppressed").fill_null(0).cast(pl.UInt64))
    blanks = pl.concat([pl.DataFrame(schema=BLANKS), *(grain.blanks for grain in judged)])
    evaluated = _with_money(findings, counts, blanks, partition, rules)
    codes = _codes_of(evaluated.claims_at_risk["claim_key"], frames)
    return replace(evaluated, tallies=tallies, claim_codes=codes)


def _due_date(filing: Filing) -> pl.Expr:
    """The last day on which a claim that is not paid yet may be filed, from its last day of service."""
    days = pl.lit(filing.days, pl.Int32)
    if filing.payers:
        payers = dict(filing.payers)
        days = pl.col("payer_id").replace_strict(payers, default=days, return_dtype=pl.Int32)
    served = pl.coalesce("through_date", "from_date")
    due = served + pl.duration(days=days)
    return pl.when(pl.col("feed") != "adjudicated").then(due).cast(pl.Date).alias("due_date")


def _codes_of(claim_keys: pl.Series, frames: Frames) -> pl.DataFrame:
    """CLAIM_CODES of these claims."""
    claims = frames.tables.claims.select("claim_no", "claim_key").filter(
        pl.col("claim_key").is_in(claim_keys.implode())
    )
    rows = frames.tables.diagnoses.with_row_index("row").join(claims, on="claim_no")
    status = frames.fields("diagnosis", ["icd10.status"], rows["row"])["icd10.status"]
    told = rows.with_columns(status.cast(pl.String).alias("status"), dotted(pl.col("code")).alias("code"))
    return told.select(pl.col(name).cast(kind) for name, kind in CLAIM_CODES.items())


def tonight(partition: ClaimTables) -> pl.DataFrame:
    """The claims that are judged: those of earlier nights are only looked at by their rules."""
    if not partition.earlier:
        return partition.claims
    return partition.claims.filter(~pl.col("source_file").is_in(sorted(partition.earlier)))


def judge(
    partition: ClaimTables, rules: RuleSet, reference: "Reference", settings: Settings
) -> tuple[Frames, list[GrainOutcomes]]:
    """The outcomes of every rule on every row, grain by grain."""
    frames = Frames(partition, reference, settings)
    judged = [
        judge_grain(grain, of_grain, rules.precedence, frames)
        for grain in GRAINS
        if (of_grain := _rules_of(rules, grain))
    ]
    return frames, judged


def outcomes(
    partition: ClaimTables, rules: RuleSet, reference: "Reference", settings: Settings
) -> pl.DataFrame:
    """Every rule on every row of its grain, for explaining and for tests.

    Columns: rule_id, claim_key, diagnosis_role, diagnosis_position, line_number, source_row, outcome.
    """
    _, judged = judge(partition, rules, reference, settings)
    keys = partition.claims.select("claim_no", "claim_key")
    parts = [pl.DataFrame(schema=_OUTCOMES)]
    for grain in judged:
        place = getattr(partition, RULE_TABLES[grain.grain])[grain.rows]
        rows = place.with_columns(grain.rows.alias("row")).join(
            keys, on="claim_no", how="left", maintain_order="left", suffix="_of_claim"
        )
        blank = pl.lit(None)
        rows = rows.select(
            "row",
            "claim_key",
            (pl.col("role") if grain.grain == "diagnosis" else blank).cast(pl.String).alias("diagnosis_role"),
            (pl.col("position") if grain.grain == "diagnosis" else blank)
            .cast(pl.UInt8)
            .alias("diagnosis_position"),
            (pl.col("line_number") if grain.grain == "line" else blank).cast(pl.UInt16).alias("line_number"),
            "source_row",
        )
        for rule_id, told in grain.by_rule.items():
            whole = rows.join(told, on="row", how="left", maintain_order="left")
            said = pl.col("outcome").fill_null(pl.lit("out_of_scope", dtype=OUTCOME)).cast(pl.String)
            parts.append(whole.select(pl.lit(rule_id).alias("rule_id"), pl.exclude("row", "outcome"), said))
    return pl.concat(parts)


def _rules_of(rules: RuleSet, grain: str) -> list[Rule]:
    return [rule for rule in rules.rules if rule.check_each == grain]


def _gathered(
    found: Sequence[pl.DataFrame | None], reference: "Reference", rules: RuleSet, settings: Settings
) -> pl.DataFrame:
    """All findings in one frame, with the release that judged each and the decision that hides it."""
    schema = {**FINDINGS, **_INTERNAL}
    late = {"amount_at_risk": MONEY, "reference_release": pl.String}
    empty = pl.DataFrame(schema={name: kind for name, kind in schema.items() if name not in late})
    findings = pl.concat(
        [empty, *(f.select(empty.columns).cast(empty.schema) for f in found if f is not None)]
    )
    releases = pl.DataFrame(
        {
            "starts": [p.valid_from for p in reference.periods],
            "reference_release": [p.release for p in reference.periods],
        }
    )
    on = pl.col("coding_date")
    covered = on.is_between(pl.lit(reference.covers_from), pl.lit(reference.covers_to))
    period = pl.when(covered).then(
        pl.lit(releases["starts"]).search_sorted(on, side="right").cast(pl.Int64) - 1
    )
    findings = findings.with_columns(
        pl.lit(releases["reference_release"]).gather(period).alias("reference_release")
    )
    decisions = [Suppress(s.rule_id, tuple(s.where.items()), s.until) for s in rules.suppressions]
    return findings.with_columns(suppressed_by(findings, decisions, settings.batch_date)).with_row_index(
        "finding_no"
    )


def _with_money(
    findings: pl.DataFrame, counts: pl.DataFrame, blanks: pl.DataFrame, partition: ClaimTables, rules: RuleSet
) -> Evaluation:
    """Amounts of each finding, of each rule, of each severity and of each claim."""
    judged = tonight(partition)
    claims = judged.select("claim_no", "total_charge")
    lines = partition.lines.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"), "claim_no", "charge", "diagnosis_pointers"
    )
    covered = money.coverage(findings, lines)
    findings = findings.with_columns(money.amounts(findings, claims, covered))
    counting = findings.filter(pl.col("suppressed_by").is_null())
    covered = money.coverage(counting, lines)
    by_rule = money.amounts_once(counting, claims, covered, ["rule_id"])
    by_claim = money.amounts_once(counting, claims, covered, [])
    at_risk = (
        risk_scores(counting, rules.risk.severity, rules.risk.confidence)
        .join(by_claim, on="claim_no", how="left")
        .with_columns(pl.col("amount").fill_null(0).cast(MONEY).alias("amount_at_risk"))
        .with_columns(
            (pl.col("amount_at_risk").cast(pl.Decimal(20, 4)) * pl.col("risk_score") / 100)
            .round(2)
            .cast(MONEY)
            .alias("expected_loss")
        )
        .join(judged.with_columns(_due_date(rules.filing)), on="claim_no")
        .select(pl.col(name).cast(kind) for name, kind in CLAIMS_AT_RISK.items())
    )
    return Evaluation(
        findings=findings.select(*FINDINGS, "suppressed_by"),
        counts=counts.select("rule_id", *OUTCOMES, "suppressed"),
        blanks=blanks,
        rule_amounts=by_rule.group_by("rule_id").agg(pl.col("amount").sum()),
        severity_amounts=money.amounts_by_severity(counting, claims, covered),
        claims_at_risk=at_risk,
        claims=judged.height,
        charged=Decimal(judged["total_charge"].sum() or 0),
    )
