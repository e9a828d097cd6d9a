"""Why a rule could not judge a row: which fields were blank there, which official file was not added."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from validator.engine.frames import Frames
from validator.reference.schema import KEYED_TABLES, OFFICIAL_SETS
from validator.rules.model import Rule
from validator.rules.names import NAMES, readable
from validator.rules.reads import conditions_of, reads, searches

if TYPE_CHECKING:
    from validator.reference.lookup import Reference

BLANKS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "rule_id": pl.String,
    "field": pl.String,
    "rows": pl.UInt64,
}
ANOTHER_ROW = "another row"
MISSING_FILE = "file: "


def blanks_of(rule: Rule, verdict: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """rule_id, field, rows: on how many of the rows that the rule could not judge each field was blank.

    A fact of the code is blank for want of a covered date, so the coding date is named for all of them. An
    official table that was not added is named by its file. Where this row lacks nothing, another row did.
    """
    rows = verdict["row"].filter(verdict["outcome"] == "not_evaluated")
    if rows.is_empty():
        return pl.DataFrame(schema=BLANKS)
    files = missing_files(rule, frames.reference)
    if files:
        told = [{"rule_id": rule.rule_id, "field": MISSING_FILE + f, "rows": rows.len()} for f in files]
        return pl.DataFrame(told, schema=BLANKS)
    own = [n for n in reads(rule).unknown_possible if n in NAMES and readable(NAMES[n], rule.check_each)]
    silent = frames.fields(rule.check_each, own, rows)
    blank: dict[str, pl.Expr] = {}
    for name in own:
        told_as = _named(name)
        blank[told_as] = blank.get(told_as, pl.lit(False)) | pl.col(name).is_null()
    counts = {name: int(silent.select(expression.sum()).item()) for name, expression in blank.items()}
    if any(any(searches(condition)) for condition in conditions_of(rule)):
        lacking = pl.any_horizontal(blank.values()) if blank else pl.lit(False)
        counts[ANOTHER_ROW] = silent.filter(~lacking).height
    told = [{"rule_id": rule.rule_id, "field": name, "rows": n} for name, n in counts.items() if n]
    return pl.DataFrame(told, schema=BLANKS)


def missing_files(rule: Rule, reference: "Reference") -> list[str]:
    """The official files that the rule reads and that nobody added, in the words of the reference."""
    return sorted({file for name, file in reads(rule).official.items() if not _is_added(name, reference)})


def _is_added(name: str, reference: "Reference") -> bool:
    if name in OFFICIAL_SETS:
        return reference.value_set(name) is not None
    return (reference.keyed(name) if name in KEYED_TABLES else reference.pairs(name)) is not None


def _named(name: str) -> str:
    return "diagnosis.coding_date" if name.startswith("icd10.") else name
