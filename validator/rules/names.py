"""The names that rules may use, each with its type and the row it stands on; made from the schemas."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

import polars as pl

from validator.claims.schema import Blank, Column, rule_columns
from validator.reference.schema import KEYED_TABLES, RULE_FACTS, Fact
from validator.rules.model import SEVERITIES

Kind = Literal["text", "word", "date", "number", "truth", "texts", "numbers"]
Row = Literal["claim", "diagnosis", "line", "procedure", "batch"]

_ROW_OF_TABLE: Mapping[str, Row] = {
    "claims": "claim",
    "diagnoses": "diagnosis",
    "lines": "line",
    "procedures": "procedure",
}

# What messages call a kind.
KIND_IN_WORDS: Mapping[Kind, str] = {
    "text": "a text",
    "word": "one of a few words",
    "date": "a date",
    "number": "a number",
    "truth": "true or false",
    "texts": "a list of texts",
    "numbers": "a list of numbers",
}

# Tables that other words of the language may need one day; they have no column yet.
LATER_TABLES = ("hcpcs", "ncci", "hcc", "plan")

# The canonical code has no point, and people write one.
UNDOTTED = ("diagnosis.code",)


@dataclass(frozen=True)
class Name:
    """One `table.column`: its type, the row it belongs to, and what a blank means.

    `words` are the values of a `word`; `whole` numbers have no decimals; `fact` names come from the
    reference, and `always` tells whether such a fact is known for codes that are not in force. A `derived`
    column is computed from others before any rule runs. `counted_only` is known once the other rules have
    run, so only rules that count the claims of providers read it.
    """

    name: str
    kind: Kind
    row: Row
    doc: str
    blank: Blank
    words: tuple[str, ...] = ()
    whole: bool = False
    fact: bool = False
    always: bool = True
    messages_only: bool = False
    derived: bool = False
    counted_only: bool = False

    @property
    def table(self) -> str:
        return self.name.split(".", 1)[0]

    @property
    def column(self) -> str:
        return self.name.split(".", 1)[1]

    @property
    def is_list(self) -> bool:
        return self.kind in ("texts", "numbers")


def _kind(type_: object) -> tuple[Kind, tuple[str, ...], bool]:
    """The kind, the words and whether numbers are whole, of a Polars type."""
    if isinstance(type_, pl.Enum):
        return "word", tuple(type_.categories.to_list()), False
    if isinstance(type_, pl.List):
        return ("texts", (), False) if type_.inner == pl.String else ("numbers", (), True)
    if isinstance(type_, pl.Decimal):
        return "number", (), False
    if type_ == pl.Date:
        return "date", (), False
    if type_ == pl.Boolean:
        return "truth", (), False
    if type_ == pl.String:
        return "text", (), False
    if isinstance(type_, type) and issubclass(type_, pl.datatypes.IntegerType):
        return "number", (), True
    raise TypeError(f"no rule can read a column of type {type_}")


def _column(name: str, table: str, column: Column) -> Name:
    kind, words, whole = _kind(column.type)
    return Name(
        name, kind, _ROW_OF_TABLE[table], column.doc, column.blank, words, whole, derived=column.derived
    )


def _fact(name: str, fact: Fact) -> Name:
    kind, words, whole = _kind(fact.type)
    return Name(
        name,
        kind,
        "diagnosis",
        fact.doc,
        # Every fact but the shape and membership of a code needs a date within the loaded releases.
        "never" if name in _DATELESS else "not recorded",
        words,
        whole,
        fact=True,
        always=fact.always,
        messages_only="for messages only" in fact.doc,
    )


def _keyed_facts() -> dict[str, Name]:
    """Facts that a table of the reference holds under the code of a line or procedure: `mpfs.bilateral`."""
    found = {}
    for table, keyed in KEYED_TABLES.items():
        for fact in keyed.facts:
            kind, words, whole = _kind(fact.type)
            doc = f"{fact.doc} ({keyed.doc})"
            name = f"{table}.{fact.name}"
            found[name] = Name(
                name, kind, _ROW_OF_KEYED[keyed.row], doc, "not recorded", words, whole,
                fact=True, always=fact.always,
            )  # fmt: skip
    return found


_ROW_OF_KEYED: Mapping[str, Row] = {"line": "line", "procedure": "procedure"}
_DATELESS = (
    "icd10.well_formed",
    "icd10.ever_listed",
    "icd10.ever_billable",
    "icd10.in_tabular",
    "icd9.exists",
    "icd10.title",
)

NAMES: Mapping[str, Name] = {
    **{name: _column(name, table, column) for name, (table, column) in rule_columns().items()},
    **{name: _fact(name, fact) for name, fact in RULE_FACTS.items()},
    **_keyed_facts(),
    "claim.worst_finding": Name(
        "claim.worst_finding",
        "word",
        "claim",
        "worst severity of what the other rules find on the claim; for rules that count claims of providers",
        "none",
        SEVERITIES,
        derived=True,
        counted_only=True,
    ),
    "batch.date": Name(
        "batch.date", "date", "batch", "the date of the batch, said on the command line", "never"
    ),
}
TABLES: tuple[str, ...] = tuple(dict.fromkeys(name.table for name in NAMES.values()))


def readable(name: Name, grain: str) -> bool:
    """Whether a row of the grain has exactly one value for the name."""
    return name.row in ("claim", "batch") or name.row == grain


@cache
def names_of(grain: str, *, counted: bool = False) -> tuple[str, ...]:
    """Every name that a rule of this grain may read, or one that counts such rows for providers."""
    return tuple(
        name
        for name, known in NAMES.items()
        if readable(known, grain) and (counted or not known.counted_only)
    )
