"""The facts that the tabular list gives of a code alone, read from the built reference when asked for."""

import polars as pl

from validator.reference.notes.facts import FROM_ELSEWHERE
from validator.reference.schema import IN_TABULAR, LIST_FACTS
from validator.reference.tables import BuiltTables


def read_list_facts(tables: BuiltTables) -> pl.DataFrame:
    """code, LIST_FACTS and `in_tabular` of every code that the list has."""
    found = tables.read("select * from list_fact").with_columns(pl.lit(True).alias(IN_TABULAR.name))
    if tables.read("from duckdb_tables() where table_name = 'hcc'").height:
        elsewhere = tables.read(f"select code, {', '.join(FROM_ELSEWHERE)} from hcc")
        found = found.join(elsewhere, on="code", how="full", coalesce=True)
    missing = [fact for fact in LIST_FACTS if fact.name not in found.columns]
    return found.with_columns(pl.lit(None).alias(fact.name) for fact in missing).select(
        "code",
        *(pl.col(fact.name).cast(fact.type) for fact in LIST_FACTS),
        pl.col(IN_TABULAR.name).fill_null(False),
    )


def with_list_facts(codes: pl.DataFrame, listed: pl.DataFrame) -> pl.DataFrame:
    """The codes, in their order, with these facts; blank for a code that the list has not."""
    return codes.join(listed, on="code", how="left", maintain_order="left").with_columns(
        pl.col(IN_TABULAR.name).fill_null(False)
    )
