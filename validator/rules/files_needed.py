"""Which official files a rule needs, and what it can still say where they were not added."""

from collections.abc import Iterable

from validator.reference.schema import KEYED_TABLES, OFFICIAL_SETS, PAIR_TABLES
from validator.rules.model import All, Any_, Compare, Condition, DayTotal, Exists, Field, None_, Rule, Share
from validator.rules.reads import fields_of, joining_fields, reads

_EITHER = frozenset((True, False))
_UNKNOWN: frozenset[bool | None] = frozenset((None,))


def files_needed(rule: Rule) -> tuple[str, ...]:
    """The official files that make the tables and value sets a rule reads, each once."""
    return tuple(dict.fromkeys(reads(rule).official.values()))


def flags_without(rule: Rule) -> bool:
    """Whether the rule can flag anything while none of its official files was added."""
    return True in _answers(rule.only_for) and True in _answers(rule.flag_when)


def _answers(condition: Condition) -> frozenset[bool | None]:
    """The answers that are left when nothing is known of official files: true, false, unknown."""
    match condition:
        case Compare():
            return _UNKNOWN if _asks_a_file(condition) else _EITHER
        case All(parts):
            return _joined((_answers(part) for part in parts), ends=False)
        case Any_(parts):
            return _joined((_answers(part) for part in parts), ends=True)
        case None_(parts):
            return _opposite(_joined((_answers(part) for part in parts), ends=True))
        case Exists():
            return _search(condition)
        case Share():
            return _EITHER if True in _answers(condition.that) else _UNKNOWN
        case DayTotal():
            added = (condition.of, condition.times) if condition.times else (condition.of,)
            return _UNKNOWN if any(_is_of_file(field) for field in added) else _EITHER
    raise TypeError(type(condition).__name__)


def _search(search: Exists) -> frozenset[bool | None]:
    """A search that needs a file finds nothing for certain; that nothing is there it may still know."""
    listing = search.listed_in
    unlisted = listing is not None and bool(PAIR_TABLES[listing.table].file)
    blind = unlisted or any(_is_of_file(field) for field in joining_fields(search))
    if not blind and True in _answers(search.where):
        return _EITHER
    if search.how_many or search.total:
        return _UNKNOWN
    return frozenset((search.negated, None))


def _joined(parts: Iterable[frozenset[bool | None]], *, ends: bool) -> frozenset[bool | None]:
    """`all` ends at the first false, `any` at the first true; else an unknown leaves it open."""
    together: frozenset[bool | None] = frozenset((not ends,))
    for part in parts:
        together = frozenset(_pair(a, b, ends=ends) for a in together for b in part)
    return together


def _pair(first: bool | None, second: bool | None, *, ends: bool) -> bool | None:
    if ends in (first, second):
        return ends
    return None if None in (first, second) else not ends


def _opposite(answers: frozenset[bool | None]) -> frozenset[bool | None]:
    return frozenset(None if answer is None else not answer for answer in answers)


def _asks_a_file(compare: Compare) -> bool:
    if compare.operator in ("in_set", "not_in_set") and compare.value in OFFICIAL_SETS:
        return True
    return any(_is_of_file(field) for field in fields_of(compare))


def _is_of_file(field: Field) -> bool:
    return field.table in KEYED_TABLES and bool(KEYED_TABLES[field.table].file)
