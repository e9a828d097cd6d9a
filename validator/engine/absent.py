"""What cannot be answered because an official file was not added: told from the condition alone."""

from typing import TYPE_CHECKING

from validator.engine.keyed import KEYED_FACTS
from validator.rules.model import All, Any_, Compare, Condition, Exists, None_
from validator.rules.reads import fields_of

if TYPE_CHECKING:
    from validator.reference.lookup import Reference

_SETS = ("in_set", "not_in_set")


def can_hold(condition: Condition, reference: "Reference") -> bool:
    """Whether the condition can be true on any row, with the official files that were added."""
    match condition:
        case Compare():
            return is_added(condition, reference)
        case All(parts):
            return all(can_hold(part, reference) for part in parts)
        case Any_(parts):
            return not parts or any(can_hold(part, reference) for part in parts)
        case None_(parts):
            return all(_can_fail(part, reference) for part in parts)
        case Exists():
            return condition.negated or not lacks_a_file(condition, reference)
    return True


def _can_fail(condition: Condition, reference: "Reference") -> bool:
    match condition:
        case Compare():
            return is_added(condition, reference)
        case All(parts):
            return any(_can_fail(part, reference) for part in parts)
        case Any_(parts):
            return all(_can_fail(part, reference) for part in parts)
        case None_(parts):
            return any(can_hold(part, reference) for part in parts)
    return True


def lacks_a_file(exists: Exists, reference: "Reference") -> bool:
    """Whether a search goes by an official list or table that nobody added: then it has no answer."""
    if exists.listed_in and reference.pairs(exists.listed_in.table) is None:
        return True
    return not can_hold(exists.where, reference)


def is_added(compare: Compare, reference: "Reference") -> bool:
    """Whether the official list or table that a comparison reads is there; most read none."""
    if compare.operator in _SETS:
        return reference.value_set(str(compare.value)) is not None
    tables = {field.table for field in fields_of(compare) if field.name in KEYED_FACTS}
    return all(reference.keyed(table) is not None for table in tables)
