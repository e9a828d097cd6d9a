"""How far the claims of a batch reach: their first day of service, and which types of claims there are."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from validator.claims.schema import polars_schema

# A claim that is older than this on the date of the batch has a mistaken date, not a patient's history.
YEARS_BACK = 12


@dataclass(frozen=True)
class Coverage:
    """`claims_from`: the first plausible day of service, None if there is none. `delivered`: claim types."""

    claims_from: date | None
    delivered: frozenset[str]


@dataclass
class Seen:
    """The different days and types of claims of one file, gathered while it is read."""

    days: set[date] = field(default_factory=set)
    types: set[str] = field(default_factory=set)

    def add(self, header: pl.DataFrame, lines: pl.DataFrame, *, days_from_lines: bool) -> None:
        """Take the mapped runs and lines of a piece; a claim without a type is told by what it has."""
        source, day = (lines, "line_from_date") if days_from_lines else (header, "from_date")
        if day in source.columns:
            self.take(source[day].unique(), ())
        kinds = [
            pl.col(name) if name in header.columns else pl.lit(None, polars_schema("claims")[name])
            for name in ("claim_type", "type_of_bill")
        ]
        typed = header.select(given=kinds[0].cast(pl.String), bill=kinds[1].is_not_null()).unique()
        self.types |= set(typed["given"].drop_nulls())
        untyped = typed.filter(pl.col("given").is_null())["bill"]
        if untyped.any():
            self.types.add("institutional")
        if not untyped.all():
            like_professional = {"place_of_service", "diagnosis_pointers"} & set(lines.columns)
            self.types.add("professional" if like_professional else "unknown")

    def take(self, days: pl.Series, types: Iterable[str]) -> None:
        self.days |= set(days.drop_nulls())
        self.types |= set(types)


def coverage(seen: Iterable[Seen], batch_date: date) -> Coverage:
    """Of all files together."""
    files: list[Seen] = list(seen)
    earliest = _years_before(batch_date)
    days: list[Any] = [day for file in files for day in file.days if earliest <= day <= batch_date]
    return Coverage(min(days, default=None), frozenset().union(*(file.types for file in files)))


def _years_before(day: date) -> date:
    return date(day.year - YEARS_BACK, day.month, min(day.day, 28))
