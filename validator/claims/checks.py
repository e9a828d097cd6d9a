"""Check canonical tables against the schema: types, columns that are never blank, keys that are unique.

The schema objects are built from validator/claims/schema.py, so a column is declared in one place only.
"""

from collections.abc import Mapping
from functools import cache

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaError, SchemaErrors

from validator.claims.schema import TABLES, ClaimTables, polars_schema

KEYS: Mapping[str, list[str]] = {
    "claims": ["claim_no"],
    "diagnoses": ["claim_no", "role", "position"],
    "procedures": ["claim_no", "position"],
    "lines": ["claim_no", "source_row", "line_number"],
}


@cache
def table_schema(table: str) -> pa.DataFrameSchema:
    """The pandera schema of one canonical table, as it is after `derive`."""
    columns = {
        column.name: pa.Column(column.type, nullable=column.blank != "never", description=column.doc)
        for column in TABLES[table]
    }
    return pa.DataFrameSchema(columns, strict=True, ordered=True, unique=KEYS[table])


def check_types(tables: ClaimTables) -> None:
    """Raise TypeError when a table's columns or their types are not those declared; takes no time."""
    for table, frame in tables:
        if frame.schema != pl.Schema(polars_schema(table)):
            wrong = [name for name, type_ in polars_schema(table).items() if frame.schema.get(name) != type_]
            raise TypeError(
                f"the table {table} is not as declared: {', '.join(wrong) or 'order of the columns'}"
            )


def problems(tables: ClaimTables) -> list[str]:
    """Everything that the full check finds, as `table.column: check`; never a value of a claim.

    pandera's own error text prints rows, so only the names of columns and checks are taken from it.
    """
    found = []
    for table, frame in tables:
        try:
            table_schema(table).validate(frame, lazy=True)
        except SchemaErrors as error:
            cases = error.failure_cases.select("column", "check").unique(maintain_order=True)
            found += [f"{table}.{column or 'key'}: {check}" for column, check in zip(*cases, strict=True)]
        except SchemaError as error:
            found.append(f"{table}: {error.reason_code}")
    return found
