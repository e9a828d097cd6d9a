"""Plain lists that a user writes: CPT codes, visit times, risk adjustment and cancer treatment procedures."""

import re
from collections.abc import Callable
from datetime import date

import polars as pl

from validator.errors import ReferenceError
from validator.reference.official.document import Document
from validator.reference.official.kind import (
    CODE,
    SET_ROWS,
    Asked,
    Kind,
    Parsed,
    check_rows,
    code_of,
    to_date,
)
from validator.reference.official.sheets import Header, Sheet, find_header

_DATED = {"code": ("CODE",), "valid_from": ("VALIDFROM",), "valid_to": ("VALIDTO",)}
_TIMES = {"code": ("CODE",), "minutes": ("MINUTES",), "valid_from": ("VALIDFROM",), "valid_to": ("VALIDTO",)}
_SAID = re.compile(r"#\s*(kind|covers)\s*:\s*(.+)", re.IGNORECASE)
SETS = {
    "cpt": "CPT codes that you are licensed to use",
    "ra_eligible_procedures": "CPT and HCPCS codes eligible for risk adjustment",
    "cancer_treatment_procedures": "procedures that count as cancer treatment",
    "anticoagulant_ndcs": "drug codes of anticoagulants",
    "antidepressant_ndcs": "drug codes of antidepressants",
    "neurogenic_claudication_ndcs": "drug codes for neurogenic claudication",
}
# Code sets of a year: one that nothing dates would call every code invalid that ended since.
_OF_A_YEAR = ("cpt", "ra_eligible_procedures")
# A drug code is kept as it is written, since it must be written as in the claims.
_SHAPES = {"ndcs": (r"^[0-9A-Z*-]{4,14}$", "has no drug code")}
_PROCEDURE = (CODE, "has no procedure code of five characters")


def said(sheet: Sheet) -> dict[str, str]:
    """What the comment lines above the header say: `# kind: cpt`, `# covers: 2026-01-01..2026-12-31`."""
    found = {}
    for cells in sheet.head[:10]:
        if match := _SAID.match(",".join(cells).strip().rstrip(",")):
            found[match[1].lower()] = match[2].strip()
    return found


def _reader(name: str) -> Callable[[Document, Asked], Parsed | None]:
    def read(document: Document, asked: Asked) -> Parsed | None:
        """`# kind: ...`, then code, valid_from, valid_to; a blank date leaves that end open. `# covers:
        first..last` says of which days the list is whole; without it, from its first date on.
        """
        for sheet in document.sheets:
            kind = asked.kind or said(sheet).get("kind", "")
            header = find_header(sheet, _DATED)
            if kind == name and header:
                return _parse(name, sheet, header)
        return None

    return read


def _parse(name: str, sheet: Sheet, header: Header) -> Parsed:
    table = header.table
    shape, what = _SHAPES.get(name.rpartition("_")[2], _PROCEDURE)
    check_rows(
        table,
        [
            (code_of("code").str.contains(shape), what),
            *(
                (pl.col(column).is_null() | to_date(column).is_not_null(), "has a date that is none")
                for column in ("valid_from", "valid_to")
            ),
        ],
    )
    rows = table.select(
        name=pl.lit(name),
        code=code_of("code"),
        valid_from=to_date("valid_from"),
        valid_to=to_date("valid_to"),
    ).select(pl.col(column).cast(kind) for column, kind in SET_ROWS.items())
    return Parsed(
        name, {"sets": rows.unique().sort(pl.all())}, _covers(name, said(sheet).get("covers"), rows)
    )


def _covers(name: str, text: str | None, rows: pl.DataFrame) -> tuple[date | None, date | None]:
    """The days that a list speaks about: those it names, else from its first date on, else all."""
    if text is not None:
        ends = [end.strip() for end in text.split("..")]
        try:
            first, last = (date.fromisoformat(end) if end else None for end in ends)
        except ValueError:
            raise ReferenceError(
                "the line # covers: does not name two days", fix="Write # covers: 2026-01-01..2026-12-31"
            ) from None
        return first, last
    if rows["valid_from"].has_nulls() and name not in _OF_A_YEAR:
        return None, None
    if rows["valid_from"].null_count() == rows.height:
        raise ReferenceError(
            "nothing says of which days this is the whole list",
            fix="Write # covers: 2026-01-01..2026-12-31 above the columns, or give the codes their dates.",
        )
    first_day = rows["valid_from"].min()
    return first_day if isinstance(first_day, date) else None, None


def _read_times(document: Document, asked: Asked) -> Parsed | None:
    """Columns code and minutes; valid_from and valid_to where the time changed."""
    for sheet in document.sheets:
        header = find_header(sheet, _TIMES, optional=("valid_from", "valid_to"))
        if header is None or (asked.kind or said(sheet).get("kind", "visit_time")) != "visit_time":
            continue
        blank = [
            pl.lit(None, pl.String).alias(name)
            for name in ("valid_from", "valid_to")
            if name not in header.columns
        ]
        table = header.table.with_columns(blank)
        check_rows(
            table,
            [
                (code_of("code").str.contains(CODE), "has no procedure code of five characters"),
                (pl.col("minutes").str.contains(r"^[1-9]\d{0,3}$"), "has no number of minutes"),
                *(
                    (pl.col(column).is_null() | to_date(column).is_not_null(), "has a date that is none")
                    for column in ("valid_from", "valid_to")
                ),
            ],
        )
        rows = table.select(
            code=code_of("code"),
            minutes=pl.col("minutes").cast(pl.Int32),
            valid_from=to_date("valid_from"),
            valid_to=to_date("valid_to"),
        )
        return Parsed("visit_time", {"keyed": rows.unique().sort(pl.all())}, (None, None))
    return None


KINDS = (
    *(Kind(name, title, (name,), _reader(name)) for name, title in SETS.items()),
    Kind("visit_time", "typical minutes of timed procedures", ("visit_time",), _read_times),
)
