"""Map the columns of a file to the fields of its layout: headers apart from lines, every cell accounted for.

The header of a claim repeats on each of its lines; of neighbouring rows with the same header one is kept.
That is a `run`; each line says to which run it belongs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from validator.claims.cells import NOT_USABLE, TIDIED, Cells, read_cells, repaired, sane_days, tidied
from validator.claims.codes import normalised_code
from validator.claims.damage import CELLS, LOST, damaged, usable
from validator.claims.fields import FIELDS, MAIN_LIST, MAIN_SLOTS, POINTERS, FieldOfRow
from validator.claims.layout import plain
from validator.claims.pieces import ROW, Piece
from validator.claims.recognise import Binding
from validator.claims.schema import CLAIM_TYPES, CODE_SYSTEMS
from validator.errors import ClaimFileError

RUN = "run"
NO_CLAIM_ID = "no claim number"
TOO_MANY = f"more than {MAIN_SLOTS} diagnoses in one cell"
NOT_ON_CLAIM = "not a diagnosis of the claim"
UNUSABLE = {ROW: pl.UInt32, "column": pl.String, "reason": pl.String}
_TEXT = "#text "  # prefix of the cleaned text beside a parsed value


@dataclass(frozen=True)
class Mapped:
    """A piece as fields: a row per run in `header`, one per claim line in `lines`, and what was rejected.

    `damage` says which cells a spreadsheet has damaged, see damage.py.
    """

    header: pl.DataFrame
    lines: pl.DataFrame
    rejected: pl.DataFrame
    unusable: pl.DataFrame
    damage: pl.DataFrame
    rows_read: int


class RowMapper:
    """Maps the pieces of one file. `headings` are the columns that a reader must hand over."""

    def __init__(self, binding: Binding, types: Mapping[str, pl.DataType]) -> None:
        self.layout = binding.layout
        self.columns = dict(binding.columns)
        self.types = types
        if "diagnoses" in self.columns and "diagnosis_1" in self.columns:
            del self.columns["diagnoses"]
        totals = self.layout.claim_totals
        places = {plain(heading): heading for heading in types}
        self.totals_when = {
            places[plain(heading)]: value.casefold()
            for heading, value in (totals.when.items() if totals else ())
            if plain(heading) in places
        }
        moves = bool(totals) and len(self.totals_when) == len(totals.when if totals else ())
        self.moved = (
            {a: b for a, b in totals.columns.items() if a in self.columns} if totals and moves else {}
        )
        self.claim_cells, self.line_cells = self._cells("claim"), self._cells("line")
        self.headings = sorted({h for hs in self.columns.values() for h in hs} | set(self.totals_when))
        self.header_headings = sorted(self._headings_of("claim"))
        self._last_header: pl.DataFrame | None = None

    @property
    def carried(self) -> frozenset[str]:
        """The canonical columns (`claims.discharge_date`) that this file carries."""
        names = [*self.columns, *self.layout.constants, *self.moved.values()]
        known = {column for name in names for column in FIELDS[name].carries}
        if "lines.charge" in known:
            known.add("claims.total_charge")
        for day in ("from_date", "through_date"):
            if "lines.from_date" in known:
                known.add(f"claims.{day}")
        return frozenset(known)

    def __call__(self, piece: Piece, first_run: int) -> Mapped:
        """Map one piece; its runs are numbered from `first_run`."""
        rows, rejected = piece.frame, piece.rejected
        header_rows, runs = self._runs(rows)
        header, unusable, damage = self._read(header_rows, self.claim_cells)
        without = header["claim_id"].is_null()
        if without.any():
            nameless = without.gather(runs)
            reasons = _why_nameless(header_rows, unusable).gather(runs)
            nameless_rows = rows.select(ROW, reasons).filter(nameless)
            rejected = pl.concat([rejected, nameless_rows]).sort(ROW)
            rows = rows.filter(~nameless)
            header_rows, runs = self._runs(rows)
            header, unusable, damage = self._read(header_rows, self.claim_cells)
        if self._continues(rows):
            # The header of the first row was read, and its cells counted, with the piece before.
            unusable = unusable.filter(pl.col(ROW) != header_rows[ROW][0])
            damage = damage.filter(pl.col(ROW) != header_rows[ROW][0])
        if "diagnoses" in header.columns:
            header, beyond = _with_slots(header)
            reason = pl.lit(TOO_MANY).alias("reason")
            bad = header_rows.filter(beyond).select(ROW, pl.lit("diagnoses").alias("column"), reason)
            unusable = pl.concat([unusable, bad])
        header = self._with_constants(header)
        number = pl.int_range(first_run, first_run + header.height, dtype=pl.UInt32)
        lines, unusable_on_lines, damage_on_lines = self._lines(rows)
        if lines.width:
            lines = lines.select((runs + first_run).alias(RUN), rows[ROW], pl.all()).filter(_filled(lines))
        return Mapped(
            header=_filled_columns(header.select(number.alias(RUN), header_rows[ROW], pl.all())),
            lines=_filled_columns(lines),
            rejected=rejected,
            unusable=pl.concat([unusable, unusable_on_lines]),
            damage=pl.concat([damage, damage_on_lines]),
            rows_read=piece.rows_read,
        )

    def _runs(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
        """The first row of each run of rows with the same header, and the run (from 0) of every row."""
        runs = rows.select(pl.struct(self.header_headings).rle_id().alias(RUN)).to_series()
        first = runs.diff().fill_null(1) != 0
        return rows.select(ROW, *self.header_headings).filter(first), runs

    def _continues(self, rows: pl.DataFrame) -> bool:
        """Whether the first row has the header of the last row of the piece before."""
        before = self._last_header
        if rows.height:
            self._last_header = rows.tail(1).select(self.header_headings)
        return bool(
            rows.height and before is not None and before.equals(rows.head(1).select(self.header_headings))
        )

    def _headings_of(self, level: str) -> set[str]:
        """The columns that say something about the claim (or the line); moved totals are about the claim."""
        names = [name for name in self.columns if FIELDS[name].level == level]
        moved = list(self.moved) if level == "claim" else []
        headings = {h for name in (*names, *moved) for h in self.columns[name]}
        return headings | set(self.totals_when) if level == "claim" else headings

    def _cells(self, level: str) -> list[Cells]:
        found = []
        for name, headings in self.columns.items():
            cells = read_cells(FIELDS[name], headings, self.types, self.layout)
            if name in self.moved:
                target = FIELDS[self.moved[name]]
                if level == "claim" and target.name not in self.columns:
                    found.append(_only(cells, self._on_each_line(), target))
                cells = _only(cells, ~self._on_each_line(), cells.field)
            if FIELDS[name].level == level:
                found.append(cells)
        return found

    def _on_each_line(self) -> pl.Expr:
        """Whether the amounts of the row are those of the whole claim."""
        return pl.all_horizontal(
            (pl.col(heading).cast(pl.String).str.strip_chars().str.to_lowercase() == value).fill_null(False)
            for heading, value in self.totals_when.items()
        )

    def _read(
        self, rows: pl.DataFrame, cells: Sequence[Cells]
    ) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """The fields of these rows, the cells that could not be used, those a spreadsheet has damaged."""
        texts = [c.text.alias(_TEXT + c.field.name) for c in cells if c.text is not None]
        frame = rows.select(ROW, *(c.value.alias(c.field.name) for c in cells), *texts)
        unusable, damage = [pl.DataFrame(schema=UNUSABLE)], [pl.DataFrame(schema=CELLS)]
        for field in (c.field for c in cells):
            name, tidy = field.name, field.kind in TIDIED and frame[field.name].dtype == pl.String
            sent = frame[_TEXT + name] if _TEXT + name in frame.columns else frame[name]
            values = sent
            if tidy:
                values = tidied(field, sent, self.layout)
            elif _TEXT + name in frame.columns:
                values = self._repaired(field, frame[name], sent)
            happened = damaged(field, sent, values)
            if happened is not None:
                values = usable(field, values, happened)
                cell = [frame[ROW], pl.lit(name).alias("column"), happened.alias("damage")]
                damage.append(frame.select(cell).drop_nulls("damage"))
            frame = frame.with_columns(values.alias(name))
            if values.null_count() > sent.null_count():
                bad = frame.select(ROW, pl.lit(name).alias("column"), _why_not(field, happened))
                unusable.append(bad.filter(values.is_null() & sent.is_not_null()))
        return frame.select(c.field.name for c in cells), pl.concat(unusable), pl.concat(damage)

    def _repaired(self, field: FieldOfRow, values: pl.Series, text: pl.Series) -> pl.Series:
        """The values, and a second look at the cells whose text the fast reading could not read."""
        if field.kind == "date":
            values = sane_days(values)
        if values.null_count() == text.null_count() or text.dtype != pl.String:
            return values
        blank = values.is_null() & text.is_not_null()
        return values.scatter(
            blank.arg_true(), repaired(field.kind, text.filter(blank), self.layout).cast(values.dtype)
        )

    def _with_constants(self, header: pl.DataFrame) -> pl.DataFrame:
        enums = {"claim_type": pl.Enum(CLAIM_TYPES), "system": pl.Enum(CODE_SYSTEMS)}
        constants = {
            name: pl.lit(value, enums.get(FIELDS[name].kind, pl.String()))
            for name, value in self.layout.constants.items()
            if name not in self.columns
        }
        return header.with_columns(**constants)

    def _lines(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """The line fields of these rows; pointers in whatever form become one field of positions, `1:2`."""
        lines, unusable, damage = self._read(rows, self.line_cells)
        numbered = [
            name for name in (f"pointer_{n}" for n in range(1, POINTERS + 1)) if name in lines.columns
        ]
        if numbered:
            whole = pl.concat_str(numbered, separator=":", ignore_nulls=True)
            lines = lines.with_columns(pl.when(whole != "").then(whole).alias("diagnosis_pointers")).drop(
                numbered
            )
        if "line_diagnosis" in lines.columns:
            if "diagnosis_pointers" not in lines.columns:
                positions = self._positions(rows)
                lost = positions.is_null() & lines["line_diagnosis"].is_not_null()
                lines = lines.with_columns(positions)
                if lost.any():
                    reason = pl.lit(NOT_ON_CLAIM).alias("reason")
                    bad = rows.filter(lost).select(ROW, pl.lit("line_diagnosis").alias("column"), reason)
                    unusable = pl.concat([unusable, bad])
            lines = lines.drop("line_diagnosis")
        return lines, unusable, damage

    def _positions(self, rows: pl.DataFrame) -> pl.Series:
        """Position of the line's diagnosis in the claim's list: the first slot with the same code."""
        read = {
            c.field.name: normalised_code(c.value)
            for c in (*self.claim_cells, *self.line_cells)
            if c.field.kind == "diagnosis"
        }
        slots = [(n, read[name]) for n, name in enumerate(MAIN_LIST, start=1) if name in read]
        choices = [pl.when(read["line_diagnosis"] == code).then(pl.lit(str(n))) for n, code in slots]
        return rows.select(
            pl.coalesce(*choices, pl.lit(None, pl.String)).alias("diagnosis_pointers")
        ).to_series()


def check_binding(binding: Binding) -> None:
    """Raise ClaimFileError when two columns of the file claim to be the same field."""
    if binding.ambiguous:
        names = ", ".join(f'"{heading}"' for heading in binding.ambiguous)
        raise ClaimFileError(
            f"has a second column for what {names} says", fix="Give each column a name of its own."
        )


def _why_not(field: FieldOfRow, happened: pl.Series | None) -> pl.Expr:
    """Why a filled cell of this field has no value."""
    reason = pl.lit(NOT_USABLE.get(field.kind, "not usable"))
    if happened is not None:
        reason = pl.coalesce(pl.lit(happened).replace_strict(LOST, default=None), reason)
    return reason.alias("reason")


def _why_nameless(header_rows: pl.DataFrame, unusable: pl.DataFrame) -> pl.Series:
    """Why each of these rows has no claim number: a blank cell, or one that a spreadsheet has damaged."""
    lost = unusable.filter(pl.col("column") == "claim_id")
    reasons = header_rows.select(ROW).join(lost, on=ROW, how="left", maintain_order="left")["reason"]
    return (NO_CLAIM_ID + ": " + reasons).fill_null(NO_CLAIM_ID).alias("reason")


def _only(cells: Cells, when: pl.Expr, field: FieldOfRow) -> Cells:
    """The same cells, blank in the rows for which `when` is false."""
    text = None if cells.text is None else pl.when(when).then(cells.text)
    return Cells(field, pl.when(when).then(cells.value), text)


def _with_slots(header: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Spread a list of diagnoses in one cell over the slots; and which rows have more of them than slots.

    A part that is blank (`I10,,E11.9`) is a slot that is blank.
    """
    parts = header["diagnoses"].str.split(":")
    longest = parts.list.len().max()
    count = min(longest if isinstance(longest, int) else 0, MAIN_SLOTS)
    slots = [parts.list.get(n, null_on_oob=True).replace("", None).alias(MAIN_LIST[n]) for n in range(count)]
    spread = header.drop("diagnoses").with_columns(slot for slot in slots if slot.name not in header.columns)
    return spread, (parts.list.len() > MAIN_SLOTS).fill_null(False)


def _filled(lines: pl.DataFrame) -> pl.Series:
    """A row that says nothing about a line is only the header of its claim."""
    return lines.select(pl.any_horizontal(pl.col(name).is_not_null() for name in lines.columns)).to_series()


def _filled_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """Without the columns that are blank in the whole piece: they would only take room on the way."""
    return frame.select(
        column
        for column in frame
        if column.null_count() < frame.height or column.name in (RUN, ROW, "patient_id")
    )
