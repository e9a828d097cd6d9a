"""Columns by place: one value for all rows, marks on some of them. No query is run for either."""

import polars as pl


def every(value: object, count: int, kind: pl.DataType | type[pl.DataType] = pl.Boolean) -> pl.Series:
    """`count` times the same value."""
    return pl.Series([value], dtype=kind).new_from_index(0, count)


def marks(places: pl.Series, count: int) -> pl.Series:
    """`count` times false, but true at these places."""
    marked = every(False, count)
    return marked.scatter(places, True) if places.len() else marked


def answers(frame: pl.DataFrame, question: pl.Expr) -> pl.Series:
    """The expression over the frame: one value for each row, also where it is a constant."""
    told = frame.select(question.alias("told")).to_series()
    return told if told.len() == frame.height else told.new_from_index(0, frame.height)


def prefixed(frame: pl.DataFrame, prefix: str, but: tuple[str, ...] = ()) -> pl.DataFrame:
    """The frame with its columns renamed, `but` for these."""
    return pl.DataFrame([c if c.name in but else c.alias(prefix + c.name) for c in frame.get_columns()])
