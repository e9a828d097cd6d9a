"""What each kind of official file has in common: how it answers, how its rows are checked and dated."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from validator.errors import ReferenceError
from validator.reference.official.document import Document

SETTINGS = ("practitioner", "hospital", "dme")
CODE = r"^[0-9A-Z]{5}$"

SET_ROWS = {"name": pl.String, "code": pl.String, "valid_from": pl.Date, "valid_to": pl.Date}
PAIR_ROWS = {
    "name": pl.String, "left": pl.String, "right": pl.String, "valid_from": pl.Date, "valid_to": pl.Date,
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What the user says about a file that does not say it itself."""

    kind: str = ""
    setting: str = ""
    quarter: str = ""


@dataclass(frozen=True)
class Parsed:
    """The rows of one official file. `tables`: `sets` (SET_ROWS), `pairs` (PAIR_ROWS) or `keyed` (code,
    facts, valid_from, valid_to). `covers`: the days that the file speaks about, a blank end is open.
    """

    kind: str
    tables: dict[str, pl.DataFrame]
    covers: tuple[date | None, date | None]
    setting: str = ""
    remark: str = ""

    @property
    def rows(self) -> int:
        """How many rows were kept."""
        return sum(table.height for table in self.tables.values())


@dataclass(frozen=True)
class Kind:
    """One kind of file. `read` gives None where the document is of another kind, and raises ReferenceError
    where it is of this kind and cannot be used.

    `feeds` names what it makes: value sets, pair tables, keyed tables. `in_parts`: several files of the same
    days together make the table; otherwise a later file takes the place of an earlier one for its days.
    """

    name: str
    title: str
    feeds: tuple[str, ...]
    read: Callable[[Document, Asked], Parsed | None]
    in_parts: bool = False


@dataclass(frozen=True)
class Quarter:
    """A calendar quarter."""

    year: int
    number: int

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return date(self.year + self.number // 4, 3 * self.number % 12 + 1, 1) - timedelta(days=1)

    @classmethod
    def of(cls, day: date) -> "Quarter":
        """The quarter that a day lies in."""
        return cls(day.year, (day.month + 2) // 3)

    @classmethod
    def said(cls, text: str) -> "Quarter | None":
        """The quarter that a text names: 2026Q3, 2026-q3, Eff_07-01-2026."""
        if found := re.search(r"(20\d\d)[-_ ]?q([1-4])(?!\d)", text, re.IGNORECASE):
            return cls(int(found[1]), int(found[2]))
        if found := re.search(r"eff(?:ective)?[-_ ]*(\d\d)[-_](\d\d)[-_](20\d\d)", text, re.IGNORECASE):
            return cls.of(date(int(found[3]), int(found[1]), 1)) if 1 <= int(found[1]) <= 12 else None
        return None


def asked_quarter(asked: Asked) -> Quarter | None:
    """The quarter that the user names; refused where it is none."""
    if asked.quarter and not re.fullmatch(r"20\d\d[-_ ]?[qQ][1-4]", asked.quarter):
        raise ReferenceError(f"{asked.quarter!r} is no quarter", fix="Write it so: --quarter 2026Q3")
    return Quarter.said(asked.quarter)


def asked_setting(asked: Asked, names: str, words: dict[str, str], what: str) -> str:
    """The setting that the user names, else the one that the file's name tells by one of these words."""
    if asked.setting:
        if asked.setting not in SETTINGS:
            raise ReferenceError(
                f"{asked.setting!r} is no setting", fix=f"It is one of {', '.join(SETTINGS)}."
            )
        return asked.setting
    told = {setting for word, setting in words.items() if word in names.lower()}
    if len(told) != 1:
        raise ReferenceError(
            f"neither the file nor its name says for which setting {what} are",
            fix="Say it: --setting practitioner (or hospital, dme).",
        )
    return told.pop()


def to_date(column: str) -> pl.Expr:
    """A cell as a date: 20260101, 2026-01-01 (with a time or without), 01/31/2026; else null."""
    text = pl.col(column).str.strip_chars()
    return pl.coalesce(
        pl.when(text.str.len_chars() == 8).then(text).str.to_date("%Y%m%d", strict=False),
        text.str.head(10).str.to_date("%Y-%m-%d", strict=False),
        text.str.to_date("%m/%d/%Y", strict=False),
    )


def code_of(column: str) -> pl.Expr:
    """A procedure code, upper case. One that lost its zeros in a workbook is no code and is not mended."""
    return pl.col(column).str.to_uppercase()


def check_rows(table: pl.DataFrame, checks: Iterable[tuple[pl.Expr, str]]) -> None:
    """Refuse a table in which a row is not what it must be; names the first such row and how many there are.

    Nothing of the row is shown. An unknown answer counts as wrong.
    """
    if table.is_empty():
        raise ReferenceError(
            "the file has its header and no rows", fix="Download it again; it may be cut off."
        )
    for good, what in checks:
        wrong = table.filter(~good.fill_null(False))["row"]
        if wrong.len():
            others = f" (and {wrong.len() - 1:,} more)" if wrong.len() > 1 else ""
            raise ReferenceError(
                f"row {wrong[0]:,}{others} {what}",
                fix="Download the file again; it may be cut off or changed. Nothing was taken in.",
            )
