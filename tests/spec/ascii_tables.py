"""Small ASCII tables in the specification become canonical claim tables.

The first line names the columns (`claim` is the claim's number), a line of dashes may follow, and every other
line is one row. `-` is a blank, `a:b` a list of two.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import polars as pl

from tests.agree.build import add_code, build_tables, deliverable_columns
from validator.claims.schema import TABLES, ClaimTables

CLEAN_CLAIM = {
    "patient_id": "P1",
    "birth_date": date(1980, 5, 5),
    "sex": "F",
    "from_date": date(2026, 2, 10),
    "through_date": date(2026, 2, 10),
}


def read_table(text: str) -> list[dict[str, str]]:
    """The rows of one ASCII table, as text by column name."""
    lines = [line.strip().strip("|") for line in text.splitlines() if line.strip()]
    cells = [[cell.strip() for cell in line.split("|")] for line in lines if set(line) - set("-+| ")]
    names, *rows = cells
    for row in rows:
        assert len(row) == len(names), f"{row} has not as many cells as {names}"
    return [dict(zip(names, row, strict=True)) for row in rows]


def typed(table: str, column: str, text: str) -> object:
    """The cell as the column's own type; a single dash is a blank."""
    if text == "-":
        return None
    type_ = next(known.type for known in TABLES[table] if known.name == column)
    if isinstance(type_, pl.List):
        return [int(part) if type_.inner == pl.UInt8 else part for part in text.split(":") if part]
    if isinstance(type_, pl.Decimal):
        return Decimal(text)
    if type_ == pl.Date:
        return date.fromisoformat(text)
    if type_ == pl.Boolean:
        return {"true": True, "false": False}[text]
    return text if type_ == pl.String or isinstance(type_, pl.Enum) else int(text)


def claims_of(
    case: Mapping[str, str], not_carried: Mapping[str, frozenset[str]] | None = None
) -> ClaimTables:
    """The claims of one case: its tables `claims`, `diagnoses`, `lines` and `procedures`, each optional.

    `not_carried`: what the feed of a file lacks.
    """
    claims: dict[str, dict[str, object]] = {}
    for table in ("claims", "diagnoses", "lines", "procedures"):
        for row in read_table(case[table]) if table in case else []:
            known = {column.name for column in TABLES[table]}
            values = {name: typed(table, name, text) for name, text in row.items() if name in known}
            claim = claims.setdefault(row.get("claim", row.get("claim_id", "1")), dict(CLEAN_CLAIM))
            if table == "claims":
                claim |= values
            else:
                children = claim.setdefault(table, [])
                assert isinstance(children, list)
                children.append(add_code(values) if table == "diagnoses" else values)
    for number, claim in claims.items():
        claim.setdefault("claim_id", number)
        for child in claim.get("lines", []):  # type: ignore[attr-defined]
            child.setdefault("from_date", claim["from_date"])
            child.setdefault("diagnosis_pointers", None)
    missing = not_carried or {}
    files = {str(claim.get("source_file", "claims.csv")) for claim in claims.values()}
    carried = {file: deliverable_columns() - missing.get(file, frozenset()) for file in files}
    return build_tables(list(claims.values()), carried)
