"""Rules about providers again: their rows counted one by one, and each provider judged by what was counted."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from tests.agree.plain import PlainEngine, PlainOutcome, fields_read
from tests.agree.plain_rows import NOTHING, PlainRow
from validator.reference.schema import KEYED_TABLES
from validator.rules.model import (
    ALWAYS,
    SEVERITIES,
    All,
    Any_,
    Compare,
    Condition,
    DayTotal,
    None_,
    Rule,
    Share,
)

WORST = "claim.worst_finding"
ONE_IN_TWENTY = 1.959964  # the normal quantile of a two-sided 95 % interval

# provider, day (of a day total) -> outcome
Judged = dict[tuple[str, date | None], str]


def judge_providers(
    engine: PlainEngine, rules: Sequence[Rule], found: Iterable[PlainOutcome]
) -> Mapping[str, Judged]:
    """The outcome of every rule about providers for every provider that has rows. `found`: the other rules."""
    speaking = {rule.rule_id for rule in rules if rule.status == "active"}
    worst: dict[int, str] = {}
    for one in found:
        if one.outcome == "flagged" and one.rule_id in speaking:
            before = worst.get(one.row.claim_no, str(one.severity))
            worst[one.row.claim_no] = min(before, str(one.severity), key=SEVERITIES.index)  # type: ignore[arg-type]
    for claim in engine.rows["claim"]:
        claim.values[WORST] = worst.get(claim.claim_no, NOTHING)
    return {rule.rule_id: _judge(engine, rule) for rule in rules if rule.check_each == "provider"}


def _judge(engine: PlainEngine, rule: Rule) -> Judged:
    rows = engine.rows[str(rule.count_each)]
    if not all(engine.tables.is_added(name) for name in _tables_read(rule)):
        tonight = [_provider(rule, row) for row in rows if not row.is_earlier]
        return {(provider, None): "not_evaluated" for provider in tonight if provider is not None}
    if isinstance(rule.flag_when, DayTotal):
        return _day_totals(engine, rule, rule.flag_when, rows)
    assert isinstance(rule.flag_when, Share)
    return _shares(engine, rule, rule.flag_when, rows)


def _tables_read(rule: Rule) -> set[str]:
    wanted = rule.flag_when
    that = wanted.that if isinstance(wanted, Share) else ALWAYS
    fields = [field.name for field in fields_read((rule.only_for, that))]
    if isinstance(wanted, DayTotal):
        fields += [field.name for field in (wanted.of, wanted.times, wanted.day) if field is not None]
    tables = {name.split(".")[0] for name in fields} & set(KEYED_TABLES)
    return tables | set(_sets_read(rule.only_for)) | set(_sets_read(that))


def _sets_read(condition: Condition) -> Iterable[str]:
    if isinstance(condition, All | Any_ | None_):
        for part in condition.conditions:
            yield from _sets_read(part)
    elif isinstance(condition, Compare) and condition.operator in ("in_set", "not_in_set"):
        yield str(condition.value)


def _provider(rule: Rule, row: PlainRow) -> str | None:
    assert rule.provider is not None
    named = row.values[rule.provider.name]
    return None if named is None or named is NOTHING else str(named)


def _shares(engine: PlainEngine, rule: Rule, share: Share, rows: Sequence[PlainRow]) -> Judged:
    """Who has rows enough, a share that is no chance, and more of it than its peers."""
    counts_findings = any(field.name == WORST for field in fields_read([share.that]))
    asked = replace(rule, flag_when=share.that)
    told: dict[str, list[tuple[object, bool]]] = defaultdict(list)
    for row in rows:
        outcome = engine.outcome(asked, row)
        provider = _provider(rule, row)
        if (
            outcome in ("flagged", "clear")
            and provider is not None
            and not (counts_findings and row.is_earlier)
        ):
            kind = row.values[rule.peers.name] if rule.peers is not None else ""
            told[provider].append((None if kind is NOTHING else kind, outcome == "flagged"))
    kinds = {provider: _usual([kind for kind, _ in counted]) for provider, counted in told.items()}
    judged: Judged = {}
    for provider, counted in told.items():
        hits = sum(1 for _, hit in counted if hit)
        others = [
            hit
            for other, of_other in told.items()
            if other != provider and kinds[provider] is not None and kinds[other] == kinds[provider]
            for _, hit in of_other
        ]
        judged[provider, None] = _share_outcome(share, hits, len(counted), others)
    return judged


def _share_outcome(share: Share, hits: int, rows: int, others: Sequence[bool]) -> str:
    if rows < share.minimum:
        return "not_evaluated"
    low = wilson_low(hits, rows)
    if low < float(share.at_least):
        return "clear"
    if share.times_peers is None:
        return "flagged"
    if len(others) < share.minimum:
        return "not_evaluated"
    return "flagged" if low >= float(share.times_peers) * sum(others) / len(others) else "clear"


def _usual(kinds: Sequence[object]) -> object:
    """What most of the rows say; of two that come as often the last in the alphabet, and a blank never."""
    return max(set(kinds), key=lambda kind: (kinds.count(kind), kind is not None, str(kind)))


def wilson_low(hits: int, rows: int) -> float:
    """The lower end of Wilson's interval: the smallest true share that does not make `hits` a surprise."""
    z = ONE_IN_TWENTY
    middle = (hits + z * z / 2) / (rows + z * z)
    half = z / (rows + z * z) * math.sqrt(hits * (rows - hits) / rows + z * z / 4)
    return middle - half


def _day_totals(engine: PlainEngine, rule: Rule, wanted: DayTotal, rows: Sequence[PlainRow]) -> Judged:
    asked = replace(rule, flag_when=ALWAYS)
    totals: dict[tuple[str, date | None], float] = defaultdict(float)
    for row in rows:
        provider = _provider(rule, row)
        if provider is None or engine.outcome(asked, row) != "flagged":
            continue
        day = engine.read(wanted.day, row, None)
        amount = engine.read(wanted.of, row, None)
        times = engine.read(wanted.times, row, None) if wanted.times is not None else 1
        if any(value is None or value is NOTHING for value in (day, amount, times)):
            continue
        totals[provider, day] += float(amount) * float(times)  # type: ignore[arg-type, index]
    return {key: "flagged" if total > float(wanted.more_than) else "clear" for key, total in totals.items()}
