"""CMS Claim and Claim Line Feed, Part A: the header of each claim with its lines, procedures and diagnoses.

A delivery has them in four files (CCLF Information Packet): 1 headers, 2 revenue lines, 3 procedures,
4 diagnoses. They are joined by CUR_CLM_UNIQ_ID; the files of a delivery stand in one folder. The header's
file gives the claims; each of the others has an account of its own, in which a row of no claim is rejected.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import polars as pl

from validator.claims.fields import CAUSE_SLOTS, MAIN_SLOTS, PROCEDURE_SLOTS
from validator.claims.pieces import ROW, Piece
from validator.claims.streams import ClaimStream
from validator.claims.text import DELIMITERS, TextReader, first_line, split_headings
from validator.errors import ClaimFileError, Place

CLAIM = "CUR_CLM_UNIQ_ID"
_PLACE = "CLM_VAL_SQNC_NUM"
# The headings by which each file of Part A is told.
_TOLD_BY: Mapping[int, frozenset[str]] = {
    1: frozenset({CLAIM, "PRNCPL_DGNS_CD", "CLM_BILL_FAC_TYPE_CD"}),
    2: frozenset({CLAIM, "CLM_LINE_NUM", "CLM_LINE_PROD_REV_CTR_CD"}),
    3: frozenset({CLAIM, "CLM_PRCDR_CD", _PLACE}),
    4: frozenset({CLAIM, "CLM_DGNS_CD", "CLM_PROD_TYPE_CD", _PLACE}),
}
_NAMES = {1: "headers", 2: "revenue lines", 3: "procedures", 4: "diagnoses"}
_NEEDED = (2, 4)  # without lines or diagnoses a claim would be judged by half
_LINES = (
    *("CLM_LINE_NUM", "CLM_LINE_FROM_DT", "CLM_LINE_THRU_DT", "CLM_LINE_PROD_REV_CTR_CD"),
    *("CLM_LINE_HCPCS_CD", *(f"HCPCS_{n}_MDFR_CD" for n in range(1, 6))),
    *("CLM_LINE_SRVC_UNIT_QTY", "CLM_LINE_CVRD_PD_AMT"),
)
# CLM_PROD_TYPE_CD -> the list that it names; all others are the main list.
_CAUSE, _FIRST_CAUSE = "E", "1"
NO_HEADER = "no header in CCLF1 has this claim"
NO_PLACE = "its place in the list is missing or beyond the last one"
TAKEN = "its place in the list is taken by a row before it"


def part_of(headings: Iterable[str]) -> int:
    """Which file of Part A has these headings; 0 for none of them."""
    there = {heading.strip().upper() for heading in headings}
    return next((part for part, told in _TOLD_BY.items() if told <= there), 0)


def part_of_stream(stream: ClaimStream) -> tuple[int, str]:
    """Which file of Part A this is, and its separator."""
    line = first_line(stream)
    for delimiter in DELIMITERS:
        part = part_of(split_headings(line, delimiter))
        if part:
            return part, delimiter
    return 0, ""


class _Parts:
    """The files of the delivery that a file of Part A belongs to, by their number, itself among them."""

    def __init__(self, path: Path, name: str, own: int, among: Iterable[Path]) -> None:
        self.name = name
        self.found: dict[int, Path] = {own: path}
        for other in among:
            if other.parent != path.parent or other == path:
                continue
            try:
                stream = ClaimStream(other, other.name)
            except ClaimFileError:
                continue
            try:
                part, _ = part_of_stream(stream)
            except ClaimFileError:
                continue
            finally:
                stream.close()
            if part in self.found:
                raise self.refusal(
                    f"stands in a folder with several CCLF{part} files",
                    "Give the files of each delivery a folder of their own.",
                )
            if part:
                self.found[part] = other

    def need(self, *parts: int) -> None:
        for part in parts:
            if part not in self.found:
                raise self.refusal(
                    f"is one of the CCLF files of Part A without CCLF{part} ({_NAMES[part]}) beside it",
                    "Give the folder with all files of the delivery.",
                )

    def read(self, part: int, columns: Iterable[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The wanted columns of a part with the row numbers, and the rows that were rejected."""
        stream = ClaimStream(self.found[part], self.found[part].name)
        try:
            _, delimiter = part_of_stream(stream)
            reader = TextReader(stream, delimiter)
            names = {name.upper(): name for name in reader.types}
            wanted = [names[column] for column in columns if column in names]
            pieces = list(reader.pieces(wanted))
        finally:
            stream.close()
        frames = [piece.frame.rename({name: name.upper() for name in wanted}) for piece in pieces]
        rows = pl.concat(frames) if frames else pl.DataFrame(schema={ROW: pl.UInt32, CLAIM: pl.String})
        rejected = pl.concat([piece.rejected for piece in pieces]) if pieces else Piece(rows.clear()).rejected
        return rows.with_columns(_stripped(column) for column in columns if column in rows.columns), rejected

    def refusal(self, what: str, fix: str) -> ClaimFileError:
        return ClaimFileError(what, fix=fix, place=Place(self.name))


class CclfReader:
    """Part A by its header file; `among` are the files of the batch."""

    def __init__(self, path: Path, stream: ClaimStream, delimiter: str, among: Iterable[Path]) -> None:
        self.headers = TextReader(stream, delimiter)
        self.format = f"cclf1 {self.headers.format}"
        parts = _Parts(path, stream.name, 1, among)
        parts.need(*_NEEDED)
        self._lines, _ = parts.read(2, (CLAIM, *_LINES))
        self._diagnoses = _wide_diagnoses(parts.read(4, _WANTED[4])[0])
        self._procedures = _wide_procedures(parts.read(3, _WANTED[3])[0]) if 3 in parts.found else None
        self._heading = {name.upper(): name for name in self.headers.types}
        own = [name for name in self._heading if name not in _LINES]
        joined = [*_LINES, *_slots("CLM_DGNS_CD", MAIN_SLOTS), *_slots("CLM_POA_IND", MAIN_SLOTS)]
        joined += [*_slots("CLM_DGNS_E_CD", CAUSE_SLOTS), *_slots("CLM_E_POA_IND", CAUSE_SLOTS)]
        joined.append("CLM_DGNS_1ST_E_CD_1")
        if self._procedures is not None:
            joined += _slots("CLM_PRCDR_CD", PROCEDURE_SLOTS)
            joined += _slots("CLM_PRCDR_PRFRM_DT", PROCEDURE_SLOTS)
        self.types: Mapping[str, pl.DataType] = dict.fromkeys((*own, *joined), pl.String())

    def done(self) -> int:
        return self.headers.done()

    def notes(self) -> list[str]:
        return [*self.headers.notes(), "joined with CCLF2 to CCLF4 of the same folder by the claim number"]

    def pieces(self, headings: list[str]) -> Iterator[Piece]:
        """Headers of a piece with their lines; a claim without lines has one row."""
        own = [self._heading[name] for name in self._heading if name not in _LINES]
        for piece in self.headers.pieces(own):
            frame = piece.frame.rename({name: name.upper() for name in own}).with_columns(_stripped(CLAIM))
            for wide in (self._diagnoses, self._procedures, self._lines.drop(ROW)):
                if wide is not None:
                    frame = frame.join(wide, on=CLAIM, how="left", maintain_order="left_right")
            missing = [name for name in headings if name not in frame.columns]
            frame = frame.with_columns(pl.lit(None, pl.String).alias(name) for name in missing)
            yield Piece(frame.select(ROW, *headings), piece.rejected, delivered=piece.frame.height)


class CclfPartReader:
    """File 2, 3 or 4: its rows are read with the header's file; those of no claim are rejected here."""

    def __init__(
        self, path: Path, stream: ClaimStream, part: int, delimiter: str, among: Iterable[Path]
    ) -> None:
        self.stream, self._part = stream, part
        self.format = f"cclf{part} {DELIMITERS[delimiter]}"
        parts = _Parts(path, stream.name, part, among)
        parts.need(1, *_NEEDED)
        headers, _ = parts.read(1, (CLAIM,))
        self._claims = headers[CLAIM].unique()
        self._rows, self._rejected = parts.read(part, _WANTED[part])
        self.types: Mapping[str, pl.DataType] = dict.fromkeys(
            (CLAIM, "CLM_BILL_FAC_TYPE_CD", "CLM_DGNS_CD_1", "CLM_LINE_PROD_REV_CTR_CD"), pl.String()
        )

    def done(self) -> int:
        return self.stream.size

    def notes(self) -> list[str]:
        return [f"{_NAMES[self._part]}: read with the CCLF1 file of the same folder"]

    def pieces(self, headings: list[str]) -> Iterator[Piece]:
        orphan = ~pl.col(CLAIM).is_in(self._claims.implode()) | pl.col(CLAIM).is_null()
        reasons = [pl.when(orphan.fill_null(True)).then(pl.lit(NO_HEADER))]
        rows = self._rows
        if self._part in (3, 4):
            rows = rows.with_columns(_slot(self._part).alias("place"), _list(self._part).alias("list"))
            first = pl.struct(CLAIM, "list", "place").is_first_distinct()
            reasons.append(pl.when(pl.col("place").is_null()).then(pl.lit(NO_PLACE)))
            reasons.append(pl.when(~first).then(pl.lit(TAKEN)))
        told = rows.select(ROW, pl.coalesce(reasons).alias("reason")).drop_nulls("reason")
        nothing = pl.DataFrame(schema={ROW: pl.UInt32, **dict.fromkeys(headings, pl.String)})
        used = self._rows.height - told.height
        yield Piece(nothing, pl.concat([self._rejected, told]).sort(ROW), delivered=used)


_WANTED = {
    2: (CLAIM, *_LINES),
    3: (CLAIM, _PLACE, "CLM_PRCDR_CD", "CLM_PRCDR_PRFRM_DT"),
    4: (CLAIM, _PLACE, "CLM_PROD_TYPE_CD", "CLM_DGNS_CD", "CLM_POA_IND"),
}


def _stripped(column: str) -> pl.Expr:
    text = pl.col(column).str.strip_chars()
    return pl.when((text != "") & (text != "~")).then(text).alias(column)


def _slots(name: str, count: int) -> list[str]:
    return [f"{name}_{n}" for n in range(1, count + 1)]


def _list(part: int) -> pl.Expr:
    """Which list a row belongs to: `cause`, `first cause` or `main`."""
    if part == 3:
        return pl.lit("main")
    kind = pl.col("CLM_PROD_TYPE_CD")
    return (
        pl.when(kind == _CAUSE)
        .then(pl.lit("cause"))
        .when(kind == _FIRST_CAUSE)
        .then(pl.lit("first cause"))
        .otherwise(pl.lit("main"))
    )


def _slot(part: int) -> pl.Expr:
    """The place of a row in its list, blank where there is none."""
    place = pl.col(_PLACE).cast(pl.UInt16, strict=False)
    if part == 3:
        return pl.when(place.is_between(1, PROCEDURE_SLOTS)).then(place)
    most = pl.when(_list(part) == "main").then(MAIN_SLOTS).otherwise(CAUSE_SLOTS)
    place = pl.when(_list(part) == "first cause").then(1).otherwise(place)
    return pl.when(place.is_between(1, most)).then(place)


def _wide(rows: pl.DataFrame, values: Mapping[str, str]) -> pl.DataFrame:
    """One row per claim with a column for each place: {column of the rows: its name before the place}."""
    claims = rows.select(CLAIM).unique(maintain_order=True)
    for column, name in values.items():
        if column not in rows.columns:
            continue
        filled = rows.drop_nulls(column)
        for (place,), part in sorted(filled.partition_by("place", as_dict=True).items()):
            firsts = part.unique(CLAIM, keep="first", maintain_order=True)
            slot = firsts.select(CLAIM, pl.col(column).alias(f"{name}_{place}"))
            claims = claims.join(slot, on=CLAIM, how="left")
    return claims


def _wide_diagnoses(rows: pl.DataFrame) -> pl.DataFrame:
    rows = rows.with_columns(_slot(4).alias("place"), _list(4).alias("list")).drop_nulls(["place", CLAIM])
    lists = {
        "main": {"CLM_DGNS_CD": "CLM_DGNS_CD", "CLM_POA_IND": "CLM_POA_IND"},
        "cause": {"CLM_DGNS_CD": "CLM_DGNS_E_CD", "CLM_POA_IND": "CLM_E_POA_IND"},
        "first cause": {"CLM_DGNS_CD": "CLM_DGNS_1ST_E_CD"},
    }
    wide = rows.select(CLAIM).unique(maintain_order=True)
    for name, values in lists.items():
        wide = wide.join(_wide(rows.filter(pl.col("list") == name), values), on=CLAIM, how="left")
    return wide


def _wide_procedures(rows: pl.DataFrame) -> pl.DataFrame:
    rows = rows.with_columns(_slot(3).alias("place")).drop_nulls(["place", CLAIM])
    return _wide(rows, {"CLM_PRCDR_CD": "CLM_PRCDR_CD", "CLM_PRCDR_PRFRM_DT": "CLM_PRCDR_PRFRM_DT"})
