"""The tables that rules name: value sets, pairs of codes and keyed facts, read when first asked for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import polars as pl

from validator.errors import ReferenceError
from validator.reference.pair_files import LISTED, MEMBER
from validator.reference.schema import (
    KEYED_TABLES,
    OFFICIAL_SETS,
    PAIR_TABLES,
    Keyed,
    Pairs,
    Spans,
    ValueSet,
)
from validator.reference.tables import BuiltTables

Given = Mapping[str, Sequence[Mapping[str, Any]]]
_DAYS = {"valid_from": pl.Date, "valid_to": pl.Date}
_PAIR_PARTS = ("pair_left", "pair_right", "pair_listed", "pair_note")
_MEMBERS: dict[str, Any] = {"code": pl.String, **_DAYS}


@dataclass(frozen=True)
class RuleTables:
    """The tables of one reference. `given` takes the place of what is built, for a rule's examples."""

    built: BuiltTables = field(repr=False)
    given: Mapping[str, Any] | None = None
    _kept: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def with_given(self, tables: Given) -> "RuleTables":
        """A copy in which these tables are replaced. Of the tables that users add, only these are loaded, so
        that an example means the same in every installation.
        """
        made: dict[str, Any] = {}
        for name, rows in tables.items():
            if name in PAIR_TABLES:
                made[name] = _given_pairs(name, rows)
            elif name in KEYED_TABLES:
                made[name] = _given_keyed(name, rows)
            else:
                self._refuse_unknown(name, self.value_sets, "value set or table")
                made[name] = ValueSet(_frame(name, rows, _MEMBERS))
        # What the project ships stays the same, so copies share what has been read of it.
        return RuleTables(self.built, {**(self.given or {}), **made}, self._kept)

    @cached_property
    def value_sets(self) -> tuple[str, ...]:
        """Names of the value sets that a rule may use, loaded or not."""
        return tuple(sorted({*self._about["name"], *OFFICIAL_SETS}))

    def value_set(self, name: str) -> ValueSet | None:
        """One value set; None where the file that makes it was not added. Unknown names are refused."""
        self._refuse_unknown(name, self.value_sets, "value set")
        found: ValueSet | None = self._table(name, name in OFFICIAL_SETS)
        return found

    def pairs(self, name: str) -> Pairs | None:
        """One table of pairs; None where the file that makes it was not added."""
        self._refuse_unknown(name, PAIR_TABLES, "pair table")
        found: Pairs | None = self._table(name, bool(PAIR_TABLES[name].file))
        return found

    def keyed(self, name: str) -> Keyed | None:
        """One keyed table; None where the file that makes it was not added."""
        self._refuse_unknown(name, KEYED_TABLES, "keyed table")
        found: Keyed | None = self._table(name, bool(KEYED_TABLES[name].file))
        return found

    def covers(self, name: str) -> Mapping[str, Spans] | None:
        """The days that the files added for a table speak about, by setting (blank: any); None: not added."""
        found = self._covers.filter(pl.col("name") == name)
        settings: dict[str, list[tuple[date, date | None]]] = {}
        for setting, first, last in found.select("setting", "covers_from", "covers_to").rows():
            settings.setdefault(setting or "", []).append((first or date.min, last))
        return {setting: tuple(spans) for setting, spans in settings.items()} or None

    def _table(self, name: str, official: bool) -> Any:
        if self.given is not None and (official or name in self.given):
            return self.given.get(name)
        if name not in self._kept:
            covers = self.covers(name)
            self._kept[name] = None if official and covers is None else self._read(name, covers)
        return self._kept[name]

    def _read(self, name: str, covers: Mapping[str, Spans] | None) -> Any:
        spans = sorted({span for spans in (covers or {}).values() for span in spans}, key=str)
        whole = None if not spans or (date.min, None) in spans else tuple(spans)
        by_setting = covers if covers and set(covers) != {""} else None
        if name in KEYED_TABLES:
            rows = self._rows(f"keyed_{name}")
            if rows is None:
                raise _lacking(name)
            facts = KEYED_TABLES[name].facts
            rows = rows.with_columns(pl.col(fact.name).cast(fact.type) for fact in facts)
            return Keyed(rows, covers=whole, settings=by_setting)
        if name in PAIR_TABLES:
            parts = [self._rows(table, name) for table in _PAIR_PARTS]
            left, right, listed, notes = (part for part in parts if part is not None)
            if listed.is_empty() and not PAIR_TABLES[name].file:
                raise _lacking(name)
            about = self._rows("pair_about", name)
            source, note = about.row(0) if about is not None and about.height else ("", "")
            return Pairs(
                left, right, listed, notes, covers=whole, settings=by_setting, source=source, note=note
            )
        members = self._rows("value_set", name)
        about = self._about.filter(pl.col("name") == name)
        source, note = about.select("source", "note").row(0) if about.height else ("", "")
        return ValueSet(members, covers=whole, source=source, note=note)  # type: ignore[arg-type]

    def _rows(self, table: str, name: str | None = None) -> pl.DataFrame | None:
        """The rows of one built table, or of one name in it; None where there is no such table."""
        if table not in self._built_tables:
            return None
        if name is None:
            return self.built.read(f'select * from "{table}"')
        nothing, by_name = self._taken_apart(table)
        return by_name.get((name,), nothing).drop("name")

    def read_ahead(self) -> None:
        """Read the shipped tables that nearly every night asks for."""
        for table in self._built_tables & {"value_set", *_PAIR_PARTS}:
            self._taken_apart(table)
        for name, about in KEYED_TABLES.items():
            if not about.file:
                self.keyed(name)

    def _taken_apart(self, table: str) -> tuple[pl.DataFrame, dict[tuple[object, ...], pl.DataFrame]]:
        """No row, and the rows of each name. A night asks for nearly every name, so all are read at once."""
        key = f"rows of {table}"
        if key not in self._kept:
            rows = self.built.read(f'select * from "{table}"')
            self._kept[key] = rows.clear(), rows.partition_by("name", as_dict=True)
        kept: tuple[pl.DataFrame, dict[tuple[object, ...], pl.DataFrame]] = self._kept[key]
        return kept

    @cached_property
    def _built_tables(self) -> frozenset[str]:
        return frozenset(self.built.read("select table_name from duckdb_tables()")["table_name"])

    @cached_property
    def _about(self) -> pl.DataFrame:
        return self.built.read("select * from value_set_about")

    @cached_property
    def _covers(self) -> pl.DataFrame:
        return self.built.read("select * from table_covers order by name, setting, covers_from")

    def _refuse_unknown(self, name: str, known: Iterable[str], what: str) -> None:
        known = tuple(known)
        if name in known or (what.startswith("value set or") and name in (*PAIR_TABLES, *KEYED_TABLES)):
            return
        near = get_close_matches(name, known, n=1)
        where = "The value sets are in reference/valuesets/." if what.startswith("value set") else ""
        raise ReferenceError(
            f"there is no {what} {name!r}", fix=f"Did you mean {near[0]!r}?" if near else where
        )


def _lacking(name: str) -> ReferenceError:
    return ReferenceError(
        f"the reference has no table {name!r} yet", fix="No rule may name it in this version."
    )


def _frame(name: str, rows: Sequence[Mapping[str, Any]], schema: Mapping[str, Any]) -> pl.DataFrame:
    """Rows of an example as a table; columns that are not given are blank, others are refused."""
    extra = sorted({column for row in rows for column in row} - set(schema))
    if extra:
        raise ReferenceError(
            f"the table {name!r} has no column {', '.join(extra)}", fix=f"It has {', '.join(schema)}."
        )
    text = {
        column: [None if row.get(column) in (None, "") else str(row[column]) for row in rows]
        for column in schema
    }
    try:
        return pl.DataFrame(text, schema=dict.fromkeys(schema, pl.String)).with_columns(
            _cast(pl.col(column), wanted) for column, wanted in schema.items()
        )
    except pl.exceptions.PolarsError:
        raise ReferenceError(
            f"the table {name!r} has a cell of another kind than its column",
            fix="A date is written 2026-10-01, a flag true or false, a number in digits.",
        ) from None


def _cast(column: pl.Expr, wanted: Any) -> pl.Expr:
    if wanted == pl.Date:
        return column.str.to_date("%Y-%m-%d")
    if wanted == pl.Boolean:
        return column.str.to_lowercase().replace_strict({"true": True, "false": False})
    return column.cast(wanted)


def _given_pairs(name: str, rows: Sequence[Mapping[str, Any]]) -> Pairs:
    """Each code of an example is a class of its own."""
    schema = {"left": pl.String, "right": pl.String, "setting": pl.String, **_DAYS}
    table = _frame(name, rows, schema)
    codes = pl.concat([table["left"], table["right"].alias("left")]).unique(maintain_order=True).to_list()
    numbers = {code: number for number, code in enumerate(codes)}
    member = {column: kind for column, kind in MEMBER.items() if column != "name"}
    left, right = (
        pl.DataFrame({"code": sides, "class": [numbers[code] for code in sides]}, schema=member)
        for sides in (table[side].unique(maintain_order=True).to_list() for side in ("left", "right"))
    )
    listed = table.with_columns(
        *(pl.Series(side, [numbers[code] for code in table[side]], pl.UInt32) for side in ("left", "right")),
        note=pl.lit(None, pl.UInt32),
    ).select(column for column in LISTED if column != "name")
    notes = pl.DataFrame(schema={"number": pl.UInt32, "text": pl.String})
    return Pairs(left, right, listed, notes)


def _given_keyed(name: str, rows: Sequence[Mapping[str, Any]]) -> Keyed:
    facts = {fact.name: fact.type for fact in KEYED_TABLES[name].facts}
    return Keyed(_frame(name, rows, {"code": pl.String, "setting": pl.String, **_DAYS, **facts}))
