"""Pairs of codes that a reference table lists, found by the classes of the codes on both rows."""

from typing import TYPE_CHECKING

import polars as pl

from validator.engine.frames import Frames
from validator.engine.keyed import does_speak
from validator.reference.schema import PAIR_TABLES, Pairs
from validator.rules.model import ListedIn
from validator.rules.reads import OWN_DATE

if TYPE_CHECKING:
    from collections.abc import Sequence

_NEEDS_MEANING = "diagnosis"


def needs_meaning(listed: ListedIn) -> bool:
    """Whether the table is about diagnosis codes, which have to be in force to mean anything."""
    return _NEEDS_MEANING in (PAIR_TABLES[listed.table].left, PAIR_TABLES[listed.table].right)


def fields_read(listed: ListedIn, grain: str, table: str) -> tuple[set[str], set[str]]:
    """The fields that a listing reads: on this row, on the other row."""
    own, other = set(OWN_DATE[grain]), set[str]()
    for field in (listed.left, listed.right):
        names = {field.name}
        if field.name == "diagnosis.code":
            names |= {"icd10.status", "icd10.in_tabular"}
        (other if field.other else own).update(names)
    return own, other


class Listing:
    """One `listed_in` over one partition. `held` is None where the table was not added."""

    def __init__(self, listed: ListedIn, grain: str, frames: Frames) -> None:
        self.listed = listed
        self.grain = grain
        self.frames = frames
        self.held: Pairs | None = frames.reference.pairs(listed.table)
        self.by_tabular = listed.table.startswith("icd10_")

    def is_unknown(self, frame: pl.DataFrame, *, other: bool) -> pl.Series:
        """Rows whose code the table cannot speak about: not in force, or newer than the tabular list."""
        field = self._field(other=other)
        if field != "diagnosis.code":
            return pl.repeat(False, frame.height, dtype=pl.Boolean, eager=True)
        prefix = "other." if other else ""
        strange = pl.col(f"{prefix}icd10.status").ne_missing("in_force")
        if self.by_tabular:
            strange = strange | ~pl.col(f"{prefix}icd10.in_tabular").fill_null(False)
        return frame.select(strange.alias("unknown")).to_series()

    def is_silent(self, asked: pl.DataFrame) -> pl.Series:
        """Rows on whose day the table says nothing at all."""
        if self.held is None:
            return pl.repeat(True, asked.height, dtype=pl.Boolean, eager=True)
        dated = self.with_day_and_setting(asked)
        return dated.select(~does_speak(self.held).alias("silent")).to_series()

    def with_class(self, frame: pl.DataFrame, *, other: bool) -> pl.DataFrame:
        """The rows with the `class` of their code; several rows where a code has several classes."""
        assert self.held is not None
        is_left = self.listed.left.other == other
        classes = self.held.left if is_left else self.held.right
        name = "other.class" if other else "class"
        field = str(self.listed.left if is_left else self.listed.right)
        unknown = self.is_unknown(frame, other=other)
        mapped = classes.select(pl.col("code").alias(field), pl.col("class").alias(name))
        return frame.filter(~unknown).join(mapped, on=field, how="inner")

    def listed_pairs(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """Those pairs (class, other.class, on, setting) that the table lists on the day, with `note`."""
        assert self.held is not None
        names = {"left": "other.class", "right": "class"} if self.listed.left.other else {
            "left": "class", "right": "other.class"
        }  # fmt: skip
        found = pairs.join(self.held.listed.rename(names), on=["class", "other.class"], how="inner")
        on = pl.col("on")
        return found.filter(
            pl.col("valid_from").is_null() | (on >= pl.col("valid_from")),
            pl.col("valid_to").is_null() | (on <= pl.col("valid_to")),
            pl.col("setting_right").is_null() | (pl.col("setting_right") == pl.col("setting")),
        )

    def with_day_and_setting(self, asked: pl.DataFrame) -> pl.DataFrame:
        """The rows with `on` and `setting`, by which a table chooses its pairs."""
        return asked.with_columns(self._on(asked).alias("on"), self.frames.edit_setting().alias("setting"))

    def _on(self, asked: pl.DataFrame) -> pl.Expr:
        days: Sequence[str] = [name for name in OWN_DATE[self.grain] if name in asked.columns]
        return pl.coalesce(days)

    def _field(self, *, other: bool) -> str:
        return next(f.name for f in (self.listed.left, self.listed.right) if f.other == other)
