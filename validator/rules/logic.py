"""The logic of a rule as one text and its hash: what decides, whatever the wording, the order or the place.

The text is JSON with sorted keys, and the parts of `all`, `any` and `none` are sorted too, so that it is
the same on every machine and in every version of Python, and moving a line changes nothing.
"""

import hashlib
import json
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal

from validator.rules.model import (
    All,
    Any_,
    Compare,
    Condition,
    DaysApart,
    DayTotal,
    Exists,
    Field,
    None_,
    Rule,
    Scalar,
    SeverityCase,
    Share,
)

HASH_LENGTH = 16


def logic_hash(rule: Rule) -> str:
    """The first 16 characters of the SHA-256 of the rule's logic."""
    return digest(logic(rule))


def digest(value: object) -> str:
    """Hash of plain lists, mappings and texts."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:HASH_LENGTH]


def logic(rule: Rule) -> dict[str, object]:
    """What decides: grain, scope, condition, severity, confidence, dates and needs."""
    return {
        "check_each": rule.check_each,
        "only_for": condition_as_data(rule.only_for),
        "flag_when": condition_as_data(rule.flag_when),
        "severity": severity_as_data(rule.severity),
        "confidence": rule.confidence,
        "in_force": [_scalar(rule.in_force_from), _scalar(rule.in_force_until)],
        "needs": sorted(rule.needs),
        **_counted(rule),
    }


def _counted(rule: Rule) -> dict[str, object]:
    """Of a rule that checks each provider: which rows are counted, for whom, among whom."""
    parts = {"count_each": rule.count_each, "provider": rule.provider, "peers": rule.peers}
    return {key: str(part) for key, part in parts.items() if part is not None}


def severity_as_data(cases: tuple[SeverityCase, ...]) -> list[object]:
    return [[None if case.when is None else condition_as_data(case.when), case.severity] for case in cases]


def condition_as_data(condition: Condition) -> object:
    """The tree as lists: the word first, then its parts, sorted where their order means nothing."""
    match condition:
        case Compare(field, operator, value):
            return [operator, str(field), _value(value)]
        case All(parts):
            return _group("all", parts)
        case Any_(parts):
            return _group("any", parts)
        case None_(parts):
            return ["none", *_sorted(parts)]
        case Exists():
            return _exists(condition)
        case Share():
            least, times = _scalar(condition.at_least), _scalar(condition.times_peers)
            return ["share", condition_as_data(condition.that), least, condition.minimum, times]
        case DayTotal(of, times_field, day, more_than):
            by = None if times_field is None else str(times_field)
            return ["day_total", str(of), by, str(day), _scalar(more_than)]
    raise TypeError(type(condition).__name__)


def _group(word: str, parts: tuple[Condition, ...]) -> object:
    """`all` of `all` is one `all`, and a group of one is its part."""
    kind = All if word == "all" else Any_
    flat: list[Condition] = []
    for part in parts:
        flat.extend(part.conditions if isinstance(part, kind) else (part,))
    return condition_as_data(flat[0]) if len(flat) == 1 else [word, *_sorted(tuple(flat))]


def _sorted(parts: tuple[Condition, ...]) -> list[object]:
    return sorted(
        (condition_as_data(part) for part in parts), key=lambda part: json.dumps(part, sort_keys=True)
    )


def _exists(search: Exists) -> list[object]:
    return [
        "there_is_no" if search.negated else "there_is",
        search.table,
        {
            "same": sorted(search.same),
            "equal": sorted(str(field) for field in search.equal),
            "where": condition_as_data(search.where),
            "days_apart": _days_apart(search.days_apart),
            "same_year": str(search.same_year) if search.same_year else None,
            "reported_earlier": search.reported_earlier,
            **_more_words(search),
        },
    ]


def _more_words(search: Exists) -> dict[str, object]:
    """The words that few searches use; one that is not there leaves no trace."""
    found: dict[str, object] = {}
    if years := search.years_apart:
        span = [years.at_least, years.at_most, years.direction]
        found["years_apart"] = [str(years.from_field), str(years.to_field), *span]
    if pair := search.listed_in:
        found["listed_in"] = [pair.table, str(pair.left), str(pair.right)]
    if count := search.how_many:
        found["how_many"] = [count.operator, count.number, count.of]
    if total := search.total:
        found["total"] = [str(total.of), total.operator, _value(total.value)]
    return found


def _days_apart(days: DaysApart | None) -> object:
    return None if days is None else [str(days.from_field), str(days.to_field), days.at_most, days.direction]


def _value(value: Scalar | tuple[Scalar, ...] | Field) -> object:
    if isinstance(value, Field):
        return {"column": str(value)}
    if isinstance(value, tuple):
        return sorted((_scalar(item) for item in value), key=json.dumps)
    return _scalar(value)


def _scalar(value: Scalar | None) -> object:
    """Numbers and dates as text, so that 1 and 1.0 are one and nothing depends on how Python prints."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, date):
        return {"date": value.isoformat()}
    return {"number": format(Decimal(value).normalize(), "f")}


def everything(value: object) -> object:
    """Any part of a rule set as plain data, wording included, places left out."""
    if is_dataclass(value) and not isinstance(value, type):
        shown = {
            f.name: everything(getattr(value, f.name))
            for f in fields(value)
            if f.name not in ("place", "examples")
        }
        return {"is": type(value).__name__, **shown}
    if isinstance(value, tuple | list):
        return [everything(item) for item in value]
    if isinstance(value, dict):
        return {str(key): everything(item) for key, item in value.items()}
    if isinstance(value, float):
        return repr(value)
    return _scalar(value)  # type: ignore[arg-type]
