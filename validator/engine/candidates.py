"""Which rows a condition does not rule out by the code alone: decided once per code, not once per row."""

from collections.abc import Iterable, Sequence

import polars as pl

from validator.engine.codes import CODE, CODE_FIELDS
from validator.engine.compile import compile_condition
from validator.engine.frames import Frames
from validator.engine.marks import prefixed
from validator.engine.value_sets import with_value_sets
from validator.rules.model import All, Condition, Exists, Field
from validator.rules.reads import comparisons, fields_of, searches

_OF_KINDS = CODE_FIELDS | {CODE}


def conjuncts(condition: Condition) -> tuple[Condition, ...]:
    """The conditions that all have to hold."""
    if not isinstance(condition, All):
        return (condition,)
    return tuple(part for each in condition.conditions for part in conjuncts(each))


def by_side(where: Condition) -> tuple[Condition, Condition]:
    """The part of `where` that is about the other row alone, and the part that compares the two."""
    parts = conjuncts(where)
    alone = tuple(
        part
        for part in parts
        if all(f.other or f.name == "batch.date" for c in comparisons(part) for f in fields_of(c))
    )
    return All(alone), All(tuple(part for part in parts if part not in alone))


def plain(parts: Iterable[Condition]) -> tuple[Condition, ...]:
    """Those of them that ask nothing about other rows."""
    return tuple(part for part in parts if not isinstance(part, Exists) and not any(searches(part)))


def not_ruled_out(
    rows: pl.Series, table: str, parts: Sequence[Condition], frames: Frames, *, other: bool = False
) -> pl.Series:
    """The rows whose code does not make one of `parts` false.

    A part counts here when it reads nothing but the code and its facts; the others are left for later.
    """
    if table != "diagnosis" or rows.is_empty():
        return rows
    decided = [part for part in parts if _about_code(part, other=other)]
    if not decided:
        return rows
    names = {f.name for part in decided for c in comparisons(part) for f in fields_of(c)}
    company = {"icd10.status", "icd10.in_tabular"} if names & CODE_FIELDS else set()
    prefix = "other." if other else ""
    kinds = frames.kinds.frame(sorted(names | company))
    kinds = prefixed(kinds, prefix)
    kinds = with_value_sets(kinds, table, decided, frames, other=other)
    holds = [compile_condition(part, frames.recorded, {}).ne_missing(False) for part in decided]
    possible = kinds.select(pl.all_horizontal(holds).alias("possible")).to_series()
    if possible.all():
        return rows
    return rows.filter(possible[frames.kinds.of_rows(rows)])


def _about_code(part: Condition, *, other: bool) -> bool:
    if isinstance(part, Exists) or any(searches(part)):
        return False
    fields: list[Field] = [f for c in comparisons(part) for f in fields_of(c)]
    return bool(fields) and all(f.name in _OF_KINDS and f.other == other for f in fields)
