"""Listed pairs of classes of codes, and how they stand in the built tables of pairs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from validator.reference.notes.book import Book
from validator.reference.pair_files import TABLES

Row = tuple[int, int, date | None, date | None, str]
_SOURCE = "ICD-10-CM tabular list"


@dataclass(frozen=True)
class ClassPairs:
    """Listed pairs of classes with the days and the note of each; `members`: class -> places of its codes."""

    rows: Sequence[Row]
    members: Mapping[int, Sequence[int]]


def as_tables(name: str, pairs: ClassPairs, book: Book) -> dict[str, pl.DataFrame]:
    """The rows of one pair table; classes that are listed alike on a side become one."""
    texts = {text: number for number, text in enumerate(sorted({row[4] for row in pairs.rows}))}
    # In an order of their own, so that the same notes make the same numbers every time.
    rows = sorted(((*row[:4], texts[row[4]]) for row in pairs.rows), key=_in_order)
    lefts = _alike((row[0], row[1:]) for row in rows)
    rights = _alike((row[1], (lefts[row[0]], *row[2:])) for row in rows)
    made: dict[str, list[tuple[object, ...]]] = {
        "pair_left": _of_classes(name, lefts, pairs, book),
        "pair_right": _of_classes(name, rights, pairs, book),
        "pair_listed": [
            (name, lefts[left], rights[right], first, last, None, note)
            for left, right, first, last, note in rows
        ],
        "pair_note": [(name, number, text) for text, number in texts.items()],
        "pair_about": [(name, _SOURCE, "")],
    }
    return {
        table: pl.DataFrame(made[table], schema=schema, orient="row").unique().sort(pl.all())
        for table, schema in TABLES.items()
    }


def _in_order(row: tuple[int, int, date | None, date | None, int]) -> tuple[int, int, str, str, int]:
    left, right, first, last, note = row
    return left, right, str(first or ""), str(last or ""), note


def _alike(rows: Iterable[tuple[int, object]]) -> dict[int, int]:
    """Class -> a number that it shares with the classes that have the very same rows."""
    together: dict[int, set[object]] = {}
    for number, row in rows:
        together.setdefault(number, set()).add(row)
    known: dict[frozenset[object], int] = {}
    return {number: known.setdefault(frozenset(found), len(known)) for number, found in together.items()}


def _of_classes(
    name: str, numbers: Mapping[int, int], pairs: ClassPairs, book: Book
) -> list[tuple[object, ...]]:
    return [
        (name, book.codes[place], number) for old, number in numbers.items() for place in pairs.members[old]
    ]
