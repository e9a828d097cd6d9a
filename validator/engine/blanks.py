"""Why a rule could not judge a row: which of the fields it reads were blank there."""

from collections.abc import Mapping

import polars as pl

from validator.rules.model import Rule
from validator.rules.reads import conditions_of, reads, searches

BLANKS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "rule_id": pl.String,
    "field": pl.String,
    "rows": pl.UInt64,
}
ANOTHER_ROW = "another row"


def blanks_of(rule: Rule, frame: pl.DataFrame, outcome: pl.Series) -> pl.DataFrame:
    """rule_id, field, rows: on how many of the rows that the rule could not judge each field was blank.

    frame: the rows of the grain with their fields. A fact of the code is blank for want of a covered date,
    so the coding date is named for all of them. Where this row lacks nothing, another row did.
    """
    is_silent = outcome == "not_evaluated"
    if not is_silent.any():
        return pl.DataFrame(schema=BLANKS)
    own = [name for name in reads(rule).unknown_possible if name in frame.columns]
    silent = frame.select("row", *own).filter(is_silent)
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


def _named(name: str) -> str:
    return "diagnosis.coding_date" if name.startswith("icd10.") else name
