"""Collect the values of claims and their lines column by column, and lay them out as one frame of rows."""

from collections import Counter
from collections.abc import Iterable

import polars as pl

from validator.claims.pieces import ROW


class Places:
    """The places of a claim's codes in their lists; `notes` counts the codes that find none."""

    def __init__(self, notes: Counter[str]) -> None:
        self._notes = notes
        self._taken: Counter[str] = Counter()

    def keep_first(self, name: str) -> None:
        """The first place of a list is not given out: who belongs there is known apart."""
        self._taken[name] = max(self._taken[name], 1)

    def next(self, name: str, places: int) -> int:
        """The next free place of a list, 0 when it is full."""
        self._taken[name] += 1
        if self._taken[name] <= places:
            return self._taken[name]
        self._notes[f"codes beyond the {places} places of their list, which are not read"] += 1
        return 0


class Columns:
    """Values by column and row number; a blank value is not kept."""

    def __init__(self) -> None:
        self.height = 0
        self._places: dict[str, list[int]] = {}
        self._values: dict[str, list[str]] = {}

    def add(self, values: dict[str, str]) -> None:
        """One more row."""
        row = self.height
        self.height += 1
        places, kept = self._places, self._values
        for name, value in values.items():
            if value:
                if name not in places:
                    places[name], kept[name] = [], []
                places[name].append(row)
                kept[name].append(value)

    def frame(self, names: Iterable[str]) -> pl.DataFrame:
        """The rows so far as text columns."""
        return pl.DataFrame([self._column(name) for name in names])

    def _column(self, name: str) -> pl.Series:
        places = self._places.get(name)
        if not places:
            return pl.repeat(None, self.height, dtype=pl.String, eager=True).alias(name)
        cells: list[str | None] = [None] * self.height
        for place, value in zip(places, self._values[name], strict=True):
            cells[place] = value
        return pl.Series(name, cells, dtype=pl.String)


class Rows:
    """The rows of a piece: for each claim one of its own, then one for each of its lines.

    `of_claims` and `of_lines` are the names of the columns that they may have.
    """

    def __init__(self, of_claims: Iterable[str], of_lines: Iterable[str]) -> None:
        self.claims, self.lines = Columns(), Columns()
        self._of_claims, self._of_lines = frozenset(of_claims), frozenset(of_lines)
        self._numbers: list[int] = []
        self._claim_of_row: list[int] = []
        self._line_of_row: list[int | None] = []

    @property
    def height(self) -> int:
        return len(self._numbers)

    def add(self, number: int, claim: dict[str, str], lines: list[tuple[int, dict[str, str]]]) -> None:
        """A claim whose row has this number in the file, with its lines and their numbers."""
        of_claim = self.claims.height
        self.claims.add(claim)
        self._numbers.append(number)
        self._claim_of_row.append(of_claim)
        self._line_of_row.append(None)
        for line_number, line in lines:
            self._numbers.append(line_number)
            self._claim_of_row.append(of_claim)
            self._line_of_row.append(self.lines.height)
            self.lines.add(line)

    def frame(self, headings: Iterable[str]) -> pl.DataFrame:
        wanted = list(headings)
        of_claim = pl.Series(self._claim_of_row, dtype=pl.UInt32)
        of_line = pl.Series(self._line_of_row, dtype=pl.UInt32)
        parts = [pl.Series(ROW, self._numbers, dtype=pl.UInt32).to_frame()]
        for columns, known, place in (
            (self.claims, self._of_claims, of_claim),
            (self.lines, self._of_lines, of_line),
        ):
            frame = columns.frame(name for name in wanted if name in known)
            if frame.width and columns.height:
                parts.append(frame.select(pl.all().gather(place)))
            else:
                parts.append(frame.clear(place.len()))
        return pl.concat(parts, how="horizontal").select(ROW, *wanted)
