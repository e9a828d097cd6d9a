"""Conditions become Polars expressions with three values: true, false, blank."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

import polars as pl

from validator.claims.schema import rule_columns
from validator.engine.frames import recorded_name
from validator.engine.keyed import KEYED_FACTS, known_name
from validator.reference.schema import ICD10_FACTS, LIST_FACTS, RULE_FACTS
from validator.rules.model import All, Any_, Compare, Condition, Exists, Field, None_, Scalar

_COLUMNS = rule_columns()

# Whether the feeds of the batch carry a field: yes, no, or some of them (then a column of the frame says).
Recorded = Callable[[str], bool | None]

# Worked out for rules that count the claims of providers; blank where the other rules found nothing.
WORST_FINDING = "claim.worst_finding"

# The names of the columns that hold the outcome of each `there_is`, worked out before the expression runs.
ExistsColumns = Mapping[Exists, str]

# Facts that need a date inside the loaded releases.
PERIOD_FACTS = frozenset(f"icd10.{fact.name}" for fact in ICD10_FACTS)
_LIST_FACTS = frozenset(f"icd10.{fact.name}" for fact in LIST_FACTS)

_NEGATIVE = {"is_not", "not_in_set", "differs_from"}


def compile_condition(condition: Condition, recorded: Recorded, exists: ExistsColumns) -> pl.Expr:
    """The expression of a condition over a frame whose columns carry rule names.

    Kleene logic throughout: `all` is false when one part is false, blank when none is false and one is
    blank. An empty `all` is true.
    """
    match condition:
        case Compare():
            return compile_comparison(condition, recorded)
        case Exists():
            return pl.col(exists[condition])
        case All(()):
            return pl.lit(True)
        case Any_(()):
            return pl.lit(False)
        case All(parts):
            return pl.all_horizontal([compile_condition(part, recorded, exists) for part in parts])
        case Any_(parts):
            return pl.any_horizontal([compile_condition(part, recorded, exists) for part in parts])
        case None_(parts):
            return ~compile_condition(Any_(parts), recorded, exists)
    raise TypeError(type(condition).__name__)


def compile_comparison(compare: Compare, recorded: Recorded) -> pl.Expr:
    """One comparison; a blank that means "there is none" is an answer, any other blank is unknown."""
    if compare.operator == "present":
        return _present(compare)
    if compare.operator == "left_blank":
        return _left_blank(compare, recorded)
    plain = _compare(compare)
    negative = compare.operator in _NEGATIVE
    for side in (compare.field, compare.value):
        if isinstance(side, Field) and (known := there_is_none(side, recorded)) is not None:
            plain = pl.when(known).then(pl.lit(negative)).otherwise(plain)
    return plain


def there_is_none(field: Field, recorded: Recorded) -> pl.Expr | None:
    """True where the field is blank and its blank means none; None if that cannot be.

    A fact that a code in force does not have (an age group, a reserved sex) is such a blank too.
    """
    prefix = "other." if field.other else ""
    blank = pl.col(str(field)).is_null()
    if field.name in KEYED_FACTS:
        return blank & pl.col(f"{prefix}{known_name(field.name)}")
    if field.name in RULE_FACTS and not RULE_FACTS[field.name].always:
        in_force = (pl.col(f"{prefix}icd10.status") == "in_force").fill_null(False)
        in_force = in_force & pl.col(f"{prefix}icd10.in_tabular") if field.name in _LIST_FACTS else in_force
        return blank & in_force
    if field.name == WORST_FINDING:
        return blank
    if field.name not in _COLUMNS or _COLUMNS[field.name][1].blank != "none":
        return None
    if _is_list(field):
        blank = blank | (pl.col(str(field)).list.len() == 0)
    carried = recorded(field.name)
    if carried is False:
        return None
    if carried:
        return blank
    return blank & pl.col(prefix + recorded_name(field.name))


def _is_list(field: Field) -> bool:
    return field.name in _COLUMNS and isinstance(_COLUMNS[field.name][1].type, pl.List)


def _present(compare: Compare) -> pl.Expr:
    column = pl.col(str(compare.field))
    there = column.is_not_null()
    if _is_list(compare.field):
        there = there & (column.list.len() > 0).fill_null(False)
    # What was not looked up is not known to be absent: no covered date, no note of the code, no table added.
    prefix = "other." if compare.field.other else ""
    name = compare.field.name
    if name in PERIOD_FACTS or name in _LIST_FACTS:
        looked_up = pl.col(f"{prefix}icd10.status").is_not_null()
        if name in _LIST_FACTS:
            looked_up = looked_up & (
                there | pl.col(f"{prefix}icd10.in_tabular") | (pl.col(f"{prefix}icd10.status") != "in_force")
            )
        there = pl.when(looked_up).then(there)
    if name in KEYED_FACTS:
        there = pl.when(pl.col(f"{prefix}{known_name(name)}")).then(there)
    return there if compare.value else ~there


def _left_blank(compare: Compare, recorded: Recorded) -> pl.Expr:
    """Blank although the feed carries the column; where it does not, nobody knows what stood there."""
    column = pl.col(str(compare.field))
    blank = column.is_null()
    if _is_list(compare.field):
        blank = blank | (column.list.len() == 0).fill_null(False)
    carried = recorded(compare.field.name)
    if carried is False:
        return pl.lit(None, dtype=pl.Boolean)
    if carried is None:
        prefix = "other." if compare.field.other else ""
        blank = pl.when(pl.col(prefix + recorded_name(compare.field.name))).then(blank)
    return blank if compare.value else ~blank


def _compare(compare: Compare) -> pl.Expr:
    column = pl.col(str(compare.field))
    value = compare.value
    if isinstance(value, Field):
        if compare.operator == "element_of":
            return pl.when(column.is_not_null()).then(pl.col(str(value)).list.contains(column))
        return _against(column, compare.operator, pl.col(str(value)))
    if compare.operator in ("in_set", "not_in_set"):
        member = pl.col(set_column(compare))
        return ~member if compare.operator == "not_in_set" else member
    values = value if isinstance(value, tuple) else (value,)
    if _is_list(compare.field):
        return _holds(column, compare.operator, values)
    match compare.operator:
        case "equals" | "one_of":
            return _one_of(column, values)
        case "is_not":
            return ~_one_of(column, values)
        case "starts_with":
            return pl.any_horizontal([column.cast(pl.String).str.starts_with(str(v)) for v in values])
        case "matches":
            return column.cast(pl.String).str.contains(f"^(?:{values[0]})$")
        case _:
            return _against(column, compare.operator, _literal(values[0]))


def _one_of(column: pl.Expr, values: tuple[Scalar, ...]) -> pl.Expr:
    if len(values) == 1:
        return column == _literal(values[0])
    return pl.any_horizontal([column == _literal(value) for value in values])


def _holds(column: pl.Expr, operator: str, values: tuple[Scalar, ...]) -> pl.Expr:
    """A list column holds one of the values, or an element that starts with one of them."""
    # One look at each element, however many values there are: most lists hold none or one.
    element = pl.element()
    if operator == "starts_with":
        fits = pl.any_horizontal([element.str.starts_with(str(value)) for value in values])
    else:
        fits = pl.any_horizontal([element == _literal(value) for value in values])
    held = column.list.eval(fits).list.any()
    return ~held if operator == "is_not" else held


def _against(column: pl.Expr, operator: str, right: pl.Expr) -> pl.Expr:
    match operator:
        case "less_than" | "before":
            return column < right
        case "at_most":
            return column <= right
        case "more_than" | "after":
            return column > right
        case "at_least":
            return column >= right
        case "same_as":
            return column == right
        case "differs_from":
            return column != right
    raise ValueError(operator)


def _literal(value: Scalar) -> pl.Expr:
    if isinstance(value, Decimal):
        return pl.lit(value, dtype=pl.Decimal(18, max(0, -int(value.as_tuple().exponent))))
    if isinstance(value, bool | int | str | date):
        return pl.lit(value)
    raise TypeError(type(value).__name__)


def set_column(compare: Compare) -> str:
    """The column that holds whether the field is in the value set on its date."""
    return f"in:{compare.field}:{compare.value}"
