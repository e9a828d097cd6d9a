"""Rules about providers: counted partition by partition, judged when all of them are counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from validator.claims.schema import MONEY, rule_columns
from validator.engine.blanks import BLANKS, MISSING_FILE, missing_files
from validator.engine.compile import WORST_FINDING
from validator.engine.messages import sentence
from validator.engine.outcomes import judge_rule
from validator.findings.identity import finding_ids
from validator.findings.schema import FINDINGS
from validator.findings.suppression import Suppress, suppressed_by
from validator.rules.model import ALWAYS, DayTotal, Rule, RuleSet, Share
from validator.rules.reads import comparisons

if TYPE_CHECKING:
    from validator.engine.frames import Frames
    from validator.engine.settings import Settings

_Z = 1.959964  # of a two-sided 95 % interval
_SHARES = {
    "rule_id": pl.String,
    "provider": pl.String,
    "peers": pl.String,
    "rows": pl.UInt64,
    "hits": pl.UInt64,
}
_DAYS = {"rule_id": pl.String, "provider": pl.String, "day": pl.Date, "total": pl.Float64}
_SILENT = {"rule_id": pl.String, "provider": pl.String, "field": pl.String}
NO_PEERS = "peers"
TOO_FEW = "rows"
# Where the number of a provider stands on a finding, by the column that names it.
_NO_CLAIM = (("claim_id", ""), ("billing_npi", ""))
_PLACES = {"claim.billing_npi": "billing_npi", "line.rendering_npi": "rendering_npi"}


@dataclass(frozen=True)
class Tallies:
    """What was counted: `shares` per rule, provider and peer group; `days` per rule, provider and day.

    `silent`: rule, provider, field of rules that read an official file which nobody added.
    """

    shares: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_SHARES))
    days: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_DAYS))
    silent: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_SILENT))


def tally(rules: Sequence[Rule], frames: "Frames", findings: pl.DataFrame) -> Tallies:
    """Count the rows of one partition for every rule about providers; earlier claims count as well.

    `findings` (claim_no, severity, suppressed_by) are those of the other rules, for `claim.worst_finding`.
    """
    if not rules:
        return Tallies()
    frames.add("claim", _worst_finding(frames, findings))
    shares, days, silent = [Tallies().shares], [Tallies().days], [Tallies().silent]
    for rule in rules:
        if files := missing_files(rule, frames.reference):
            silent.append(_without_file(rule, files[0], frames))
        elif isinstance(rule.flag_when, DayTotal):
            days.append(_count_days(rule, rule.flag_when, frames))
        elif isinstance(rule.flag_when, Share):
            shares.append(_count_shares(rule, rule.flag_when, frames))
    return Tallies(pl.concat(shares), pl.concat(days), pl.concat(silent))


def _without_file(rule: Rule, file: str, frames: "Frames") -> pl.DataFrame:
    """Every provider that the rule would have counted, had the file been there."""
    assert rule.count_each is not None and rule.provider is not None
    named = frames.fields(rule.count_each, [rule.provider.name], frames.judged(rule.count_each))
    providers = named.select(pl.col(rule.provider.name).alias("provider").drop_nulls().unique())
    return providers.select(
        pl.lit(rule.rule_id).alias("rule_id"), "provider", pl.lit(MISSING_FILE + file).alias("field")
    )


def counts_findings(rule: Rule) -> bool:
    """Whether the rule counts what the other rules found, which only tonight's claims can tell."""
    that = rule.flag_when.that if isinstance(rule.flag_when, Share) else ALWAYS
    return any(c.field.name == WORST_FINDING for c in comparisons(that))


def _worst_finding(frames: "Frames", findings: pl.DataFrame) -> pl.Series:
    """Per claim the worst severity found on it, blank where nothing was found."""
    counting = findings.filter(pl.col("suppressed_by").is_null(), pl.col("claim_no").is_not_null())
    worst = counting.group_by("claim_no").agg(pl.col("severity").min().cast(pl.String))
    said = pl.repeat(None, frames.tables.claims.height, dtype=pl.String, eager=True)
    return said.scatter(worst["claim_no"], worst["severity"]).alias(WORST_FINDING)


def _counted(rule: Rule, frames: "Frames", condition: Share | None) -> pl.DataFrame:
    """row, hit, provider, peers of the rows that are counted for a rule."""
    grain = rule.count_each
    assert grain is not None and rule.provider is not None
    that = condition.that if condition else ALWAYS
    rows = frames.judged(grain) if counts_findings(rule) else frames.all_rows(grain)
    told, _ = judge_rule(replace(rule, check_each=grain, flag_when=that), rows, frames)
    told = told.filter(pl.col("outcome").is_in(["flagged", "clear"]))
    names = {rule.provider.name} | ({rule.peers.name} if rule.peers else set())
    fields = frames.fields(grain, names, told["row"])
    peers = pl.col(rule.peers.name) if rule.peers else pl.lit("")
    return fields.select(
        "row",
        (told["outcome"] == "flagged").alias("hit"),
        pl.col(rule.provider.name).alias("provider"),
        peers.cast(pl.String).alias("peers"),
    ).drop_nulls("provider")


def _count_shares(rule: Rule, share: Share, frames: "Frames") -> pl.DataFrame:
    counted = (
        _counted(rule, frames, share)
        .group_by("provider", "peers")
        .agg(pl.len().cast(pl.UInt64).alias("rows"), pl.col("hit").sum().cast(pl.UInt64).alias("hits"))
    )
    return counted.select(pl.lit(rule.rule_id).alias("rule_id"), "provider", "peers", "rows", "hits")


def _count_days(rule: Rule, wanted: DayTotal, frames: "Frames") -> pl.DataFrame:
    counted = _counted(rule, frames, None)
    assert rule.count_each is not None
    names = {wanted.of.name, wanted.day.name} | ({wanted.times.name} if wanted.times else set())
    fields = frames.fields(rule.count_each, names, counted["row"])
    amount = pl.col(wanted.of.name).cast(pl.Float64)
    if wanted.times:
        amount = amount * pl.col(wanted.times.name).cast(pl.Float64)
    parts = fields.select(amount.alias("total"), pl.col(wanted.day.name).alias("day"))
    summed = counted.select("provider").with_columns(parts.get_columns()).drop_nulls()
    summed = summed.group_by("provider", "day").agg(pl.col("total").sum())
    return summed.select(pl.lit(rule.rule_id).alias("rule_id"), "provider", "day", "total")


@dataclass(frozen=True)
class ProviderJudgement:
    """Findings (FINDINGS, suppressed_by), counts (rule_id, outcomes, suppressed) and blanks of all rules."""

    findings: pl.DataFrame
    counts: pl.DataFrame
    blanks: pl.DataFrame


def judge_providers(
    tallies: Sequence[Tallies], rules: RuleSet, settings: "Settings", citations: Mapping[str, str]
) -> ProviderJudgement:
    """Add up what the partitions counted, and judge each provider. `citations`: rule id -> its sources."""
    shares = (
        pl.concat([t.shares for t in tallies])
        .group_by("rule_id", "provider", "peers")
        .agg(pl.col("rows", "hits").sum())
    )
    days = (
        pl.concat([t.days for t in tallies]).group_by("rule_id", "provider", "day").agg(pl.col("total").sum())
    )
    silent = pl.concat([t.silent for t in tallies]).unique()
    found, counts, blanks = [], [], [pl.DataFrame(schema=BLANKS)]
    for rule in rules.rules:
        if rule.check_each != "provider":
            continue
        if isinstance(rule.flag_when, Share):
            judged = _judge_share(rule.flag_when, shares.filter(pl.col("rule_id") == rule.rule_id))
        else:
            assert isinstance(rule.flag_when, DayTotal)
            judged = _judge_days(rule.flag_when, days.filter(pl.col("rule_id") == rule.rule_id))
        without_file = silent.filter(pl.col("rule_id") == rule.rule_id).with_columns(
            pl.lit("not_evaluated").alias("outcome")
        )
        judged = pl.concat([judged, without_file.select("provider", "outcome", "field")], how="diagonal")
        if rule.status == "active":
            flagged = judged.filter(pl.col("outcome") == "flagged")
            found.append(_findings(rule, flagged.sort("provider", "day"), citations[rule.rule_id]))
        outcomes = {
            name: int((judged["outcome"] == name).sum()) for name in ("flagged", "clear", "not_evaluated")
        }
        counts.append({"rule_id": rule.rule_id, **outcomes, "out_of_scope": 0})
        untold = (
            judged.filter(pl.col("outcome") == "not_evaluated").group_by("field").agg(pl.len().alias("rows"))
        )
        blanks.append(
            untold.select(pl.lit(rule.rule_id).alias("rule_id"), "field", pl.col("rows").cast(pl.UInt64))
        )
    findings = pl.concat([pl.DataFrame(schema=FINDINGS), *found])
    decisions = [Suppress(s.rule_id, tuple(s.where.items()), s.until) for s in rules.suppressions]
    findings = findings.with_columns(suppressed_by(findings, decisions, settings.batch_date))
    hidden = dict(findings.drop_nulls("suppressed_by")["rule_id"].value_counts().iter_rows())
    schema = {
        "rule_id": pl.String,
        **dict.fromkeys(("flagged", "clear", "not_evaluated", "out_of_scope"), pl.UInt64),
    }
    counted = pl.DataFrame(counts, schema=schema).with_columns(
        pl.col("rule_id").replace_strict(hidden, default=0, return_dtype=pl.UInt64).alias("suppressed")
    )
    return ProviderJudgement(findings, counted, pl.concat(blanks))


def wilson_low(hits: pl.Expr, rows: pl.Expr) -> pl.Expr:
    """The lower limit of the 95 % interval of a share after Wilson (1927)."""
    share = hits / rows
    spread = _Z * (share * (1 - share) / rows + _Z**2 / (4 * rows**2)).sqrt()
    return (share + _Z**2 / (2 * rows) - spread) / (1 + _Z**2 / rows)


def _judge_share(share: Share, counted: pl.DataFrame) -> pl.DataFrame:
    """provider, outcome, field (what was missing), day (blank), and the numbers that the message shows."""
    own = counted.group_by("provider").agg(
        pl.col("rows", "hits").sum(),
        # A provider belongs to the peer group under which most of its rows came.
        pl.col("peers").sort_by("rows", "peers", descending=True, nulls_last=True).first(),
    )
    rows, hits = pl.col("rows").cast(pl.Float64), pl.col("hits").cast(pl.Float64)
    group = own.group_by("peers").agg(
        pl.col("rows").sum().alias("group_rows"), pl.col("hits").sum().alias("group_hits")
    )
    own = own.join(group, on="peers", how="left")
    others = (pl.col("group_rows") - pl.col("rows")).cast(pl.Float64)
    peers = (pl.col("group_hits") - pl.col("hits")).cast(pl.Float64) / others
    own = own.with_columns(
        low=wilson_low(hits, rows), peers_share=pl.when(others >= share.minimum).then(peers)
    )
    enough = pl.col("rows") >= share.minimum
    above = pl.col("low") >= float(share.at_least)
    if share.times_peers is not None:
        no_peers = pl.col("peers_share").is_null()
        far = pl.col("low") >= float(share.times_peers) * pl.col("peers_share")
        flagged, unknown = above & far.fill_null(False), above & no_peers
    else:
        flagged, unknown = above, pl.lit(False)
    return own.select(
        "provider",
        pl.when(~enough | unknown).then(pl.lit("not_evaluated")).when(flagged).then(pl.lit("flagged"))
        .otherwise(pl.lit("clear")).alias("outcome"),
        pl.when(~enough).then(pl.lit(TOO_FEW)).otherwise(pl.lit(NO_PEERS)).alias("field"),
        pl.lit(None, pl.Date).alias("day"),
        _percent(hits / rows).alias("share.percent"),
        _percent(pl.col("low")).alias("share.low_percent"),
        _percent(pl.col("peers_share")).alias("share.peers_percent"),
        pl.col("hits").alias("share.count"),
        pl.col("rows").alias("share.rows"),
    )  # fmt: skip


def _percent(share: pl.Expr) -> pl.Expr:
    return (share * 100).round(1).cast(pl.String).str.replace(r"\.0$", "")


def _judge_days(wanted: DayTotal, counted: pl.DataFrame) -> pl.DataFrame:
    """A row for every provider and day."""
    above = pl.col("total") > float(wanted.more_than)
    return counted.select(
        "provider",
        pl.when(above).then(pl.lit("flagged")).otherwise(pl.lit("clear")).alias("outcome"),
        pl.lit("").alias("field"),
        "day",
        pl.col("total").round(0).cast(pl.Int64).alias("day.total"),
    )


def _findings(rule: Rule, flagged: pl.DataFrame, citation: str) -> pl.DataFrame:
    """One finding for each provider (and day); it is about no single claim, so it puts no amount at risk."""
    assert rule.provider is not None
    doc = (
        rule_columns()[rule.provider.name][1].name.replace("_", " ").removesuffix(" npi").removesuffix(" id")
    )
    named = pl.format(f"{doc} {{}}", "provider")
    told = flagged.with_columns(
        pl.col("provider").alias("provider.id"),
        *(pl.lit(value).alias(name) for name, value in (("rule_id", rule.rule_id), *_NO_CLAIM)),
    )
    said: dict[str, pl.Expr] = {
        "finding_id": pl.lit(finding_ids(told, "provider")),
        "rule_id": pl.lit(rule.rule_id),
        "rule_version": pl.lit(rule.version),
        "severity": pl.lit(rule.severity[-1].severity),
        "confidence": pl.lit(rule.confidence),
        "message": sentence(rule.message[-1].text, told.schema),
        "suggestions": pl.lit([], dtype=pl.List(pl.String)),
        "related": pl.concat_list(named),
        "citation": pl.lit(citation),
        "carc": pl.lit("; ".join(rule.carc) or None, dtype=pl.String),
        "rarc": pl.lit(rule.rarc[-1].code if rule.rarc else None, dtype=pl.String),
        "coding_date": pl.col("day"),
        "amount_at_risk": pl.lit(0, dtype=MONEY),
    }
    if place := _PLACES.get(rule.provider.name):
        said[place] = pl.col("provider")
    return told.select(said.get(name, pl.lit(None)).cast(kind).alias(name) for name, kind in FINDINGS.items())
