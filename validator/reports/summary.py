"""The numbers of the page's first screen, rule table and groups, taken from the finished run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from validator.findings.schema import SEVERITY
from validator.ledger.schema import FALSE_ALARM
from validator.ledger.schema import TO_DO as TAKEN_BACK
from validator.reports.content import RuleText, RunContent, is_history
from validator.reports.text import records, shown
from validator.reports.words import STANDING_WORDS, TO_DO

GROUPS_AT_MOST = 12
_POSITIONS_TOLD = 4  # secondary diagnoses that the chart tells apart


@dataclass(frozen=True)
class RuleRow:
    """One line of the rule table."""

    text: RuleText
    severities: tuple[str, ...]  # of its findings, worst first; the plain one where it found nothing
    in_scope: int
    flagged: int
    flagged_share: float | None  # of those in scope; None when there was nothing to judge
    new: int
    not_evaluated: int
    out_of_scope: int
    suppressed: int
    amount: Decimal
    why_not_evaluated: str
    nights: tuple[
        tuple[float, str], ...
    ]  # height (0 to 16) and words of each of the last nights, tonight last
    decided: int  # of its findings of all nights, by people
    false_alarms: int  # of these


@dataclass(frozen=True)
class Group:
    """Findings that share a code, payer, provider or file: the largest first, by amount, then by number."""

    name: str
    column: str
    heading: str
    rows: tuple[Mapping[str, Any], ...]  # value, label, findings, claims, amount
    more: int  # groups that are not shown


@dataclass(frozen=True)
class Summary:
    files: int
    history_files: int
    rows_read: int
    rows_accepted: int
    rows_rejected: int
    broken_files: tuple[str, ...]
    standing: Mapping[str, int]
    set_aside: int
    amount_at_risk: Decimal
    expected_loss: Decimal
    claims_with_findings: int
    amount_by_severity: Mapping[str, Decimal]
    findings_by_severity: Mapping[str, int]
    rules: tuple[RuleRow, ...]
    groups: tuple[Group, ...]
    places: tuple[Mapping[str, Any], ...]  # place, findings, width


def summarize(content: RunContent) -> Summary:
    standing = _standing(content)
    by_severity = content.findings["severity"].cast(pl.String).value_counts()
    found = dict(zip(by_severity["severity"], by_severity["count"], strict=True))
    amounts = content.totals.get("amount_by_severity") or {}
    return Summary(
        files=sum(not is_history(given) for given in content.inputs),
        history_files=sum(is_history(given) for given in content.inputs),
        rows_read=_total(content, "rows_read"),
        rows_accepted=_total(content, "rows_accepted"),
        rows_rejected=_total(content, "rows_rejected"),
        broken_files=tuple(str(given.get("path")) for given in content.inputs if given.get("error")),
        standing=standing,
        set_aside=sum(number for name, number in standing.items() if name not in TO_DO),
        amount_at_risk=_sum(content.claims_at_risk["amount_at_risk"]),
        expected_loss=_sum(content.claims_at_risk["expected_loss"]),
        claims_with_findings=content.claims_at_risk.height,
        amount_by_severity={name: Decimal(str(amounts.get(name) or 0)) for name in SEVERITY.categories},
        findings_by_severity={name: found.get(name, 0) for name in SEVERITY.categories},
        rules=_rules(content),
        groups=_groups(content),
        places=_places(content),
    )


def _total(content: RunContent, key: str) -> int:
    """Of tonight's files; what was looked back on counts in its own account only."""
    return sum(int(given.get(key) or 0) for given in content.inputs if not is_history(given))


def _sum(amounts: pl.Series) -> Decimal:
    return Decimal(str(amounts.sum() or 0))


def _standing(content: RunContent) -> dict[str, int]:
    """Findings by standing; without a ledger all are new."""
    if content.standing.is_empty():
        return {name: content.findings.height if name == "new" else 0 for name in STANDING_WORDS}
    counts = content.standing["standing"].cast(pl.String).value_counts()
    found = dict(zip(counts["standing"], counts["count"], strict=True))
    return {name: found.get(name, 0) for name in STANDING_WORDS}


def _rules(content: RunContent) -> tuple[RuleRow, ...]:
    """Every rule of the profile: most money first, then by number flagged, then by id."""
    counts = {row["rule_id"]: row for row in records(content.rule_counts)}
    new_by_rule = (
        content.findings.lazy()
        .select("finding_id", "rule_id")
        .join(content.standing.lazy().filter(pl.col("standing") == "new"), on="finding_id", how="semi")
        .group_by("rule_id")
        .len()
        .collect()
    )
    severities: dict[str, list[str]] = {}
    for found in records(content.findings.select("rule_id", "severity").unique().sort("rule_id", "severity")):
        severities.setdefault(found["rule_id"], []).append(found["severity"])
    new = dict(zip(new_by_rule["rule_id"], new_by_rule["len"], strict=True))
    rows = []
    nights = _nights_by_rule(content)
    rated = {row["rule_id"]: row for row in records(false_alarms(content.memory.past.findings))}
    for text in content.rules:
        counted = counts.get(text.rule_id, {})
        flagged, clear = int(counted.get("flagged") or 0), int(counted.get("clear") or 0)
        not_evaluated = int(counted.get("not_evaluated") or 0)
        in_scope = flagged + clear + not_evaluated
        rows.append(
            RuleRow(
                text=text,
                severities=tuple(severities.get(text.rule_id, [text.severity])),
                in_scope=in_scope,
                flagged=flagged,
                flagged_share=flagged / in_scope if in_scope else None,
                new=new.get(text.rule_id, 0),
                not_evaluated=not_evaluated,
                out_of_scope=int(counted.get("out_of_scope") or 0),
                suppressed=int(counted.get("suppressed") or 0),
                amount=Decimal(str(counted.get("amount_at_risk") or 0)),
                why_not_evaluated=counted.get("why_not_evaluated") or "",
                nights=_bars([*nights.get(text.rule_id, ()), (content.batch_date, flagged)]),
                decided=rated.get(text.rule_id, {}).get("decided", 0),
                false_alarms=rated.get(text.rule_id, {}).get("false_alarms", 0),
            )
        )
    return tuple(sorted(rows, key=lambda row: (-row.amount, -row.flagged, row.text.rule_id)))


def _nights_by_rule(content: RunContent) -> dict[str, list[tuple[date, int]]]:
    """What each rule flagged on the nights before, oldest first."""
    nights: dict[str, list[tuple[date, int]]] = {}
    for row in records(content.memory.rule_nights):
        nights.setdefault(row["rule_id"], []).append((row["batch_date"], row["flagged"]))
    return nights


def _bars(nights: list[tuple[date, int]]) -> tuple[tuple[float, str], ...]:
    """Height of a bar and what it says; nothing where tonight is the only night, or no night flagged any."""
    most = max(count for _, count in nights)
    if len(nights) < 2 or not most:
        return ()
    return tuple((round(16 * count / most, 1), f"{day}: {count:,}") for day, count in nights)


def false_alarms(past: pl.DataFrame) -> pl.DataFrame:
    """rule_id, decided, false_alarms, rate (0 to 1) over all that was ever decided, worst first.

    `past` has the ledger's columns PAST.
    """
    decided = past.filter(pl.col("disposition").is_not_null(), pl.col("disposition") != TAKEN_BACK)
    counted = decided.group_by("rule_id").agg(
        pl.len().alias("decided"), (pl.col("disposition") == FALSE_ALARM).sum().alias("false_alarms")
    )
    rated = counted.with_columns((pl.col("false_alarms") / pl.col("decided")).round(4).alias("rate"))
    return rated.sort(["rate", "decided", "rule_id"], descending=[True, True, False])


def _places(content: RunContent) -> tuple[Mapping[str, Any], ...]:
    """Where in the claim the findings sit, most first, with the width (0 to 1000) of a bar."""
    role = pl.col("diagnosis_role").cast(pl.String).str.replace_all("_", " ")
    first_few = pl.col("diagnosis_position") <= _POSITIONS_TOLD
    place = (
        pl.when(role.is_in(["principal", "admitting"]))
        .then(pl.format("{} diagnosis", role))
        .when((role == "secondary") & first_few)
        .then(pl.format("diagnosis {}", "diagnosis_position"))
        .when(role == "secondary")
        .then(pl.lit(f"diagnosis {_POSITIONS_TOLD + 1} and later"))
        .when(role.is_not_null())
        .then(role)
        .when(pl.col("line_number").is_not_null())
        .then(pl.lit("service line"))
        .when(pl.col("claim_key").is_not_null())
        .then(pl.lit("claim as a whole"))
        .otherwise(pl.lit("provider or patient"))
    )
    counts = content.findings.select(place.alias("place")).group_by("place").len("findings")
    rows = records(counts.sort("findings", "place", descending=[True, False]))
    most = rows[0]["findings"] if rows else 1
    return tuple({**row, "width": round(1000 * row["findings"] / most, 1)} for row in rows)


def _groups(content: RunContent) -> tuple[Group, ...]:
    kinds = (
        ("code", "Code", "Diagnosis and procedure codes"),
        ("payer_id", "Payer", "Payers"),
        ("billing_npi", "Billing NPI", "Billing providers"),
        ("biller_id", "Biller", "Billers"),
        ("source_file", "File", "Source files"),
    )
    return tuple(_group(content, column, name, heading) for column, name, heading in kinds)


def _group(content: RunContent, column: str, name: str, heading: str) -> Group:
    """Findings, claims and amount per value of `column`.

    The amount of a group is the sum over its claims of what its findings put at risk, but for no claim
    more than the claim's own amount at risk, which counts each line once.
    """
    per_claim = (
        content.findings.lazy()
        .join(content.claims_at_risk.lazy().select("claim_key", "biller_id"), on="claim_key", how="left")
        .select("claim_key", column, "amount_at_risk", "code_title")
        .group_by(column, "claim_key")
        .agg(
            pl.len().alias("findings"),
            pl.col("amount_at_risk").sum().alias("at_risk"),
            pl.col("code_title").drop_nulls().min().alias("title"),
        )
        .join(
            content.claims_at_risk.lazy().select("claim_key", pl.col("amount_at_risk").alias("of_claim")),
            on="claim_key",
            how="left",
        )
    )
    groups = (
        per_claim.group_by(column)
        .agg(
            pl.col("findings").sum(),
            pl.col("claim_key").drop_nulls().len().alias("claims"),
            pl.min_horizontal("at_risk", pl.col("of_claim").fill_null(0)).sum().alias("amount"),
            pl.col("title").drop_nulls().min(),
        )
        .sort("amount", "findings", column, descending=[True, True, False], nulls_last=True)
        .collect()
    )
    top = shown(groups.head(GROUPS_AT_MOST))
    rows = tuple(
        {
            "value": row[column],
            "title": (row["title"] or "") if column == "code" else "",
            "findings": row["findings"],
            "claims": row["claims"],
            "amount": row["amount"],
        }
        for row in records(top)
    )
    return Group(name=name, column=column, heading=heading, rows=rows, more=groups.height - top.height)
