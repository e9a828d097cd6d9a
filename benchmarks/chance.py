"""Numbers that look random and are the same for the same seed on every machine, a Polars column at a time."""

from collections.abc import Sequence
from hashlib import blake2b

import polars as pl

_STEP = 0x9E3779B97F4A7C15
_WRAP = 2**64


def _u64(number: int) -> pl.Series:
    return pl.Series([number % _WRAP], dtype=pl.UInt64)


def _mix(keys: pl.Series) -> pl.Series:
    # SplitMix64's finaliser. Polars' own hash may change with its version; unsigned products wrap, always.
    # Columns, not expressions: each step uses the one before twice, so that a tree of them would explode.
    keys = (keys ^ (keys // _u64(2**30))) * _u64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys // _u64(2**27))) * _u64(0x94D049BB133111EB)
    return keys ^ (keys // _u64(2**31))


class Chance:
    """Draws for the rows of a table by the values of key columns.

    The same seed, purpose and keys give the same draw, whatever rows stand beside.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def whole(self, table: pl.DataFrame, purpose: str, *keys: str) -> pl.Series:
        """A whole number from 0 to 2**64-1 for each row."""
        purpose_number = int.from_bytes(blake2b(purpose.encode(), digest_size=8).digest())
        number = _u64(self.seed * _STEP + purpose_number)
        for key in keys:
            number = _mix(table[key].cast(pl.UInt64) * _u64(_STEP) + number)
        return number

    def share(self, table: pl.DataFrame, purpose: str, *keys: str) -> pl.Expr:
        """A number from 0 to below 1 for each row."""
        return pl.lit((self.whole(table, purpose, *keys) // _u64(2**11)).cast(pl.Float64) / 2.0**53)

    def below(self, bound: int | pl.Expr, table: pl.DataFrame, purpose: str, *keys: str) -> pl.Expr:
        """A whole number from 0 to below the bound for each row."""
        return (self.share(table, purpose, *keys) * bound).floor().cast(pl.Int64)

    def one_of(self, choices: Sequence[object], table: pl.DataFrame, purpose: str, *keys: str) -> pl.Expr:
        """One of the choices for each row; repeat a choice to make it likelier."""
        return pl.lit(pl.Series(list(choices))).gather(self.below(len(choices), table, purpose, *keys))
