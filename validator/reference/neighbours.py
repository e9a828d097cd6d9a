"""Codes of different categories that one slip of the keyboard turns into each other."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from validator.reference.pair_files import TABLES

NAME = "digit_neighbours"
_CATEGORY = 3  # characters; a slip behind them stays within the category
_LETTERS = [chr(n) for n in range(ord("A"), ord("Z") + 1)]
_DIGITS = [str(n) for n in range(10)]


def neighbour_pairs(paying: pl.Series, billable: pl.Series) -> dict[str, pl.DataFrame]:
    """Rows for each of the tables of pairs: a code that pays, and a billable one of another category from
    which it differs in one character of the category, or in two neighbouring characters that changed places.

    paying: codes with a payment condition. billable: codes that were ever billable.
    """
    codes = pl.DataFrame({"left": paying.unique().sort()})
    slips = [_replaced(codes, place) for place in range(_CATEGORY)]
    slips += [_swapped(codes, place) for place in range(_CATEGORY)]
    pairs = (
        pl.concat(slips)
        .filter(
            pl.col("right").is_in(billable.implode()),
            pl.col("right").str.head(_CATEGORY) != pl.col("left").str.head(_CATEGORY),
        )
        .unique()
        .sort("left", "right")
    )
    members = pl.concat([pairs["left"], pairs["right"]]).unique().sort().alias("code").to_frame()
    members = members.with_row_index("class")
    number = dict(zip(members["code"], members["class"], strict=True))
    made = {
        "pair_left": members.filter(pl.col("code").is_in(pairs["left"].implode())),
        "pair_right": members.filter(pl.col("code").is_in(pairs["right"].implode())),
        "pair_listed": pairs.select(pl.col("left", "right").replace_strict(number, return_dtype=pl.UInt32)),
        "pair_about": pl.DataFrame({"source": ["computed from the code set and the payment model V28"]}),
    }
    return {table: _in_shape(made.get(table), schema) for table, schema in TABLES.items()}


def _in_shape(table: pl.DataFrame | None, schema: Mapping[str, Any]) -> pl.DataFrame:
    """The table with all its columns, those that nobody filled blank."""
    if table is None:
        return pl.DataFrame(schema=dict(schema))
    return table.select(
        (pl.lit(NAME) if name == "name" else pl.col(name) if name in table.columns else pl.lit(None))
        .cast(kind)
        .alias(name)
        for name, kind in schema.items()
    )


def _replaced(codes: pl.DataFrame, place: int) -> pl.DataFrame:
    """Every code with another character at one place."""
    others = pl.DataFrame({"other": _LETTERS if place == 0 else [*_DIGITS, *_LETTERS]})
    left = pl.col("left")
    return codes.join(others, how="cross").select(
        "left", right=left.str.head(place) + pl.col("other") + left.str.slice(place + 1)
    )


def _swapped(codes: pl.DataFrame, place: int) -> pl.DataFrame:
    """Every code with the characters at one place and the next exchanged."""
    left = pl.col("left")
    return codes.filter(left.str.len_chars() > place + 1).select(
        "left",
        right=left.str.head(place)
        + left.str.slice(place + 1, 1)
        + left.str.slice(place, 1)
        + left.str.slice(place + 2),
    )
