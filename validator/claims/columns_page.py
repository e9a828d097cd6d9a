"""Write the page of the canonical columns from the schema, so that the page cannot say anything else."""

import polars as pl

from validator.claims.checks import KEYS
from validator.claims.schema import TABLES, Column

_ROWS = {
    "claims": "One row per claim that was delivered.",
    "diagnoses": "One row per diagnosis of a claim, each slot once, however often the header repeats.",
    "procedures": "One row per ICD procedure of an institutional claim.",
    "lines": "One row per service line.",
}
_BLANK = {
    "none": "there is none",
    "not recorded": "not recorded",
    "never": "never blank",
}


def canonical_tables_page() -> str:
    """The page docs/canonical-tables.md."""
    parts = [
        "# Canonical tables",
        "",
        "Whatever layout a claim file has, its rows become these four tables, and rules read nothing else.",
        "This page is written from `validator/claims/schema.py` by `make docs`.",
        "",
        "*Blank means*: a blank cell says that there is no such thing (an office visit has no discharge",
        "date), or that there is one and nobody told us. A column that a feed does not carry at all is not",
        "recorded for every row of that feed, whatever its own blank means.",
        "",
        "*Computed* columns are made from the others, once, before any rule runs; no feed delivers them.",
    ]
    for table, columns in TABLES.items():
        parts += [
            "",
            f"## {table}",
            "",
            f"{_ROWS[table]} Key: {', '.join(f'`{name}`' for name in KEYS[table])}.",
            "",
            "| column | name in rules | type | blank means | what it is |",
            "|---|---|---|---|---|",
            *(_row(column) for column in columns),
        ]
    return "\n".join(parts) + "\n"


def _row(column: Column) -> str:
    name = f"`{column.rule_name}`" if column.rule_name else "-"
    doc = f"{column.doc} (computed)" if column.derived else column.doc
    cells = (f"`{column.name}`", name, _type(column), _BLANK[column.blank], doc.replace("|", "/"))
    return f"| {' | '.join(cells)} |"


def _type(column: Column) -> str:
    """The type in a reader's words."""
    type_ = column.type() if isinstance(column.type, type) else column.type
    if isinstance(type_, pl.Enum):
        return "one of " + ", ".join(type_.categories)
    if isinstance(type_, pl.List):
        return "list of numbers" if type_.inner != pl.String else "list of texts"
    if isinstance(type_, pl.Decimal):
        return f"amount, {type_.scale} decimals"
    if type_.is_integer():
        return "whole number"
    return {"String": "text", "Date": "date", "Boolean": "yes or no"}[str(type_)]
