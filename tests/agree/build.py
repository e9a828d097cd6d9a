"""Canonical tables from plain dicts, with every column that is not named left blank."""

from collections.abc import Mapping, Sequence

import polars as pl

from validator.claims.schema import ROLE_COLUMNS, TABLES, ClaimTables, polars_schema

CHILDREN = ("diagnoses", "procedures", "lines")

# What no feed needs to carry, because the reader or the engine always knows it.
NOT_DELIVERED = {column for columns in TABLES.values() for column in columns if column.derived}


def deliverable_columns() -> frozenset[str]:
    """`table.column` of everything that a feed may carry, and the roles that it may deliver."""
    return ROLE_COLUMNS | frozenset(
        f"{table}.{column.name}"
        for table, columns in TABLES.items()
        for column in columns
        if column not in NOT_DELIVERED and column.name != "claim_no"
    )


def build_tables(
    claims: Sequence[Mapping[str, object]], carried: Mapping[str, frozenset[str]] | None = None
) -> ClaimTables:
    """Tables of the claims as delivered, nothing derived yet; a claim may hold diagnoses, procedures, lines.

    What a file does not carry is blank in its rows; without `carried` every file carries everything.
    """
    if carried is None:
        carried = {str(claim.get("source_file", "claims.csv")): deliverable_columns() for claim in claims}
    rows: dict[str, list[dict[str, object]]] = {table: [] for table in TABLES}
    for number, claim in enumerate(claims):
        whole = _claim_defaults(number) | {k: v for k, v in claim.items() if k not in CHILDREN}
        in_feed = carried[str(whole["source_file"])]
        rows["claims"].append({"claim_no": number} | _only_carried("claims", whole, in_feed))
        for table in CHILDREN:
            for place, child in enumerate(claim.get(table, ())):  # type: ignore[arg-type]
                filled = _child_defaults(table, place, whole) | dict(child)
                rows[table].append({"claim_no": number} | _only_carried(table, filled, in_feed))
    frames = {
        table: pl.DataFrame(delivered, schema=polars_schema(table), orient="row")
        for table, delivered in rows.items()
    }
    return ClaimTables(**frames, carried=dict(carried))


def _only_carried(table: str, row: Mapping[str, object], in_feed: frozenset[str]) -> dict[str, object]:
    return {
        column.name: row.get(column.name)
        for column in TABLES[table]
        if column.name != "claim_no" and (column.blank == "never" or f"{table}.{column.name}" in in_feed)
    }


def _claim_defaults(number: int) -> dict[str, object]:
    claim_id = f"C{number + 1}"
    return {
        "claim_key": f"0123456789abcdef-{claim_id}",
        "claim_id": claim_id,
        "claim_type": "professional",
        "feed": "submission",
        "source_file": "claims.csv",
        "source_row": number + 2,
    }


def _child_defaults(table: str, place: int, claim: Mapping[str, object]) -> dict[str, object]:
    row = {"source_row": claim["source_row"]}
    if table == "diagnoses":
        return row | {"role": "principal" if place == 0 else "secondary", "position": place + 1}
    if table == "procedures":
        return {"position": place + 1}
    return row | {"line_number": place + 1}


def add_code(diagnosis: Mapping[str, object]) -> dict[str, object]:
    """Fill `code` from the code as sent: upper case, stripped, without a point that stands in its place."""
    sent = str(diagnosis["code_as_sent"])
    code = sent.strip().upper()
    if len(code) > 4 and code[3] == "." and code.count(".") == 1:
        code = code.replace(".", "")
    return dict(diagnosis) | {"code": code}
