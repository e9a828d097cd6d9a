"""Pairs of codes that a reference table lists, found by the classes of the codes on both rows."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl

from validator.engine.codes import CODE
from validator.engine.frames import Frames
from validator.engine.keyed import does_speak
from validator.engine.marks import answers, every, marks
from validator.reference.schema import PAIR_TABLES, Pairs
from validator.rules.model import ListedIn
from validator.rules.reads import OWN_DATE

if TYPE_CHECKING:
    from collections.abc import Sequence

_NEEDS_MEANING = "diagnosis"
_STATUS, _IN_TABULAR = "icd10.status", "icd10.in_tabular"


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

    @property
    def partners(self) -> float:
        """How many classes the table lists beside one class of this row's side, on average."""
        assert self.held is not None
        own = "right" if self.listed.left.other else "left"
        return self.held.listed.height / max(self.held.listed[own].n_unique(), 1)

    def columns_read(self) -> set[str]:
        """The columns by which rows of either side get their class."""
        facts = {f"{prefix}{name}" for prefix in ("", "other.") for name in (_STATUS, _IN_TABULAR)}
        return {str(self.listed.left), str(self.listed.right), *facts}

    def is_unknown(self, frame: pl.DataFrame, *, other: bool) -> pl.Series:
        """Rows whose code the table cannot speak about: not in force, or newer than the tabular list."""
        field = self._field(other=other)
        if field != "diagnosis.code":
            return every(False, frame.height)
        return answers(frame, self._is_strange("other." if other else ""))

    def _is_strange(self, prefix: str) -> pl.Expr:
        strange = pl.col(prefix + _STATUS).ne_missing("in_force")
        if self.by_tabular:
            strange = strange | ~pl.col(prefix + _IN_TABULAR).fill_null(False)
        return strange

    def may_matter(self, rows: pl.Series, table: str, *, other: bool) -> pl.Series:
        """Those of the rows whose code stands in the table at all, or about which it cannot speak."""
        if self.held is None or rows.is_empty():
            return rows
        is_left = self.listed.left.other == other
        codes = (self.held.left if is_left else self.held.right)["code"]
        field, side = self._field(other=other), "left" if is_left else "right"
        if field != "diagnosis.code":
            distinct, places = self.frames.coded(table, field)
            listed = self.frames.once(
                (self.listed.table, side, table, field), lambda: distinct.is_in(codes.implode())
            )
            return rows.filter(listed[places[rows]])
        kinds = self.frames.kinds
        listed = self.frames.once(
            (self.listed.table, side, CODE), lambda: kinds.fields([CODE])[CODE].is_in(codes.implode())
        )
        matters = listed | self.unknown_kinds()
        return rows if matters.all() else rows.filter(matters[kinds.of_rows(rows)])

    def unknown_kinds(self) -> pl.Series:
        """Per kind of diagnosis, whether the table cannot speak about it."""

        def make() -> pl.Series:
            facts = self.frames.kinds.frame([_STATUS, _IN_TABULAR])
            return facts.select(self._is_strange("").alias("unknown")).to_series()

        return self.frames.once(("unknown", str(self.by_tabular)), make)

    def beside_unknown(self, near: Callable[[pl.DataFrame], pl.Series]) -> pl.Series | None:
        """Per claim, whether a code the table cannot speak about may pair with its codes; None: nowhere."""
        if self._field(other=True) != "diagnosis.code":
            return None
        unknown = self.unknown_kinds()
        if not unknown.any():
            return None
        of_row = unknown[self.frames.kinds.of_rows()]
        return near(self.frames.base("diagnosis").select("claim_no").filter(of_row))

    def is_silent(self, asked: pl.DataFrame) -> pl.Series:
        """Rows on whose day the table says nothing at all."""
        if self.held is None:
            return every(True, asked.height)
        dated = self.with_day_and_setting(asked)
        return answers(dated, ~does_speak(self.held) | pl.col("on").is_null())

    def with_class(self, frame: pl.DataFrame, *, other: bool) -> pl.DataFrame:
        """The rows with the `class` of their code; several rows where a code has several classes."""
        assert self.held is not None
        is_left = self.listed.left.other == other
        classes = self.held.left if is_left else self.held.right
        name = "other.class" if other else "class"
        field = str(self.listed.left if is_left else self.listed.right)
        unknown = self.is_unknown(frame, other=other)
        mapped = classes.select(pl.col("code").alias(field), pl.col("class").alias(name))
        known = frame.filter(~unknown) if unknown.any() else frame
        return known.join(mapped, on=field, how="inner")

    def same_claim_pairs(self, asked: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame | None:
        """(row, other.row) of diagnoses on one claim whose classes the table lists; None where that is no
        simple question.

        All pairs of a partition are laid out once; whether the classes of a pair are listed is then a look
        into a table of bits.
        """
        held = self.held
        assert held is not None
        if any(side["code"].n_unique() < side.height for side in (held.left, held.right)):
            return None
        own, other = (held.right, held.left) if self.listed.left.other else (held.left, held.right)
        own_column, other_column = ("right", "left") if self.listed.left.other else ("left", "right")
        width = 1 + max(int(str(side["class"].max())) for side in (own, other))
        places = held.listed[own_column].cast(pl.Int64) * width + held.listed[other_column].cast(pl.Int64)
        bits = marks(places, width * width)
        mine = self._class_of_row(asked["row"], own)
        theirs = self._class_of_row(others["other.row"], other)
        pairs = self.frames.diagnosis_pairs
        first = mine.cast(pl.Int64)[pairs["row"]] * width
        second = theirs.cast(pl.Int64)[pairs["other.row"]]
        return pairs.filter(bits.gather(first + second).fill_null(False))

    def _class_of_row(self, rows: pl.Series, side: pl.DataFrame) -> pl.Series:
        """Per diagnosis the class of its code, for these rows; blank for all others."""
        kinds = self.frames.kinds
        codes = kinds.fields([CODE])[CODE].alias("code").to_frame()
        of_kind = codes.join(side, on="code", how="left", maintain_order="left")["class"]
        whole = every(None, self.frames.base("diagnosis").height, pl.UInt32)
        return whole.scatter(rows, of_kind[kinds.of_rows(rows)])

    def listed_pairs(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """Those pairs (class, other.class, on, setting) that the table lists on the day, with `note`.

        Where `pairs` has no `other.class`, every class that is listed beside its own, one row each.
        """
        assert self.held is not None
        names = {"left": "other.class", "right": "class"} if self.listed.left.other else {
            "left": "class", "right": "other.class"
        }  # fmt: skip
        classes = [name for name in ("class", "other.class") if name in pairs.columns]
        found = pairs.join(self.held.listed.rename(names), on=classes, how="inner")
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
