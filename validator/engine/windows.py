"""How far a search into a patient's history can see: windows of days and years, and kinds of claims."""

from collections.abc import Iterator

import polars as pl

from validator.engine.settings import Settings
from validator.rules.model import All, Compare, Condition, Exists, Field

_TYPES_OF_SETTING = {"office": "professional", "inpatient": "institutional", "outpatient": "institutional"}


def date_fields(exists: Exists) -> tuple[Field, ...]:
    """The dates of this row that a search counts from."""
    found = [exists.days_apart.from_field] if exists.days_apart else []
    found += [exists.same_year] if exists.same_year else []
    found += [exists.years_apart.from_field] if exists.years_apart else []
    return tuple(found)


def is_open(exists: Exists, settings: Settings) -> pl.Expr | None:
    """Whether claims that would answer may lie outside those at hand; None where no window is asked for.

    A window is closed when all its days lie between the first day from which the claims are complete and
    the date of the batch, or when it has no days: where a date to count from does not exist, too.
    """
    if "claim" in exists.same:
        return None
    first, last = [], []
    if apart := exists.days_apart:
        own = pl.col(str(apart.from_field))
        back = pl.duration(days=apart.at_most if apart.direction != "after" else -1)
        ahead = pl.duration(days=apart.at_most if apart.direction != "before" else -1)
        first.append(own - back)
        last.append(own + ahead)
    if exists.same_year:
        first.append(_year(exists.same_year, 0, 1, 1))
        last.append(_year(exists.same_year, 0, 12, 31))
    if years := exists.years_apart:
        sign = 1 if years.direction == "after" else -1
        near, far = sorted((sign * years.at_least, sign * years.at_most))
        first.append(_year(years.from_field, near, 1, 1))
        last.append(_year(years.from_field, far, 12, 31))
    if not first:
        return None
    start, end = pl.max_horizontal(first), pl.min_horizontal(last)
    opens = end > pl.lit(settings.batch_date)
    if settings.claims_from is not None:
        opens = opens | (start < pl.lit(settings.claims_from))
    dated = pl.all_horizontal(day.is_not_null() for day in first)
    return (opens & (start <= end) & dated).fill_null(False)


def _year(own: Field, offset: int, month: int, day: int) -> pl.Expr:
    return pl.date(pl.col(str(own)).dt.year() + offset, month, day)


def asks_for_absent_types(exists: Exists, settings: Settings) -> bool:
    """Whether the search wants claims of types of which the batch delivers none at all."""
    if settings.delivered is None or "claim" in exists.same:
        return False
    for compare in _must_hold(exists.where):
        if compare.field.name == "claim.type":
            wanted = {str(value) for value in _values(compare)}
        elif compare.field.name == "claim.setting":
            wanted = {_TYPES_OF_SETTING.get(str(value), str(value)) for value in _values(compare)}
        else:
            continue
        if not wanted & settings.delivered:
            return True
    return False


def roles_asked(exists: Exists) -> tuple[str, ...]:
    """The roles of diagnoses that would answer, where the search names them; those of all its tests."""
    if exists.table != "diagnosis":
        return ()
    asked = [
        {str(value) for value in _values(compare)}
        for compare in _must_hold(exists.where)
        if compare.field.name == "diagnosis.role"
    ]
    return tuple(sorted(set.intersection(*asked))) if asked else ()


def _must_hold(condition: Condition) -> Iterator[Compare]:
    """The plain comparisons about the other row that every row found has to meet."""
    if isinstance(condition, All):
        for part in condition.conditions:
            yield from _must_hold(part)
    elif (
        isinstance(condition, Compare)
        and condition.field.other
        and condition.operator in ("equals", "one_of")
    ):
        yield condition


def _values(compare: Compare) -> tuple[object, ...]:
    return compare.value if isinstance(compare.value, tuple) else (compare.value,)
