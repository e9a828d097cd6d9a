"""Draft the YAML of a layout for a file that no layout knows: what names tell, and what the cells look like.

The draft is a layout as it stands. What only the cells tell is proposed in comments, for somebody to confirm.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import yaml

from validator.claims.fields import FIELDS, MAIN_LIST
from validator.claims.layout import DATE_FORMS, shipped_layouts
from validator.claims.looks import DAY_FIRST, Look, date_forms, distinct_share, look_of
from validator.claims.opening import open_table
from validator.claims.pieces import ROW, Reader
from validator.claims.recognise import bind, candidates
from validator.claims.scratch import Scratch
from validator.claims.text import DELIMITERS
from validator.errors import ClaimFileError, Place

ROWS_LOOKED_AT = 5_000
_WIDTH = 44  # where comments begin
_NUMBERED = re.compile(r"(\w+?)_(\d+)")


@dataclass(frozen=True)
class _Column:
    """A heading with the field that its name tells, and what its cells look like where no name tells."""

    heading: str
    look: Look | None
    cells: pl.Series


def draft_layout(file: Path) -> str:
    """The draft as YAML text. Raises ClaimFileError when the file is no table."""
    if not file.is_file():
        raise ClaimFileError("is no file", fix="Give one claim file.", place=Place(str(file)))
    with Scratch() as scratch:
        assert scratch.path is not None
        with open_table(file, str(file), scratch.path) as reader:
            headings = list(reader.types)
            rows = _first_rows(reader, headings)
            reader.notes()
            return "\n".join(_lines(file, reader, headings, rows)) + "\n"


def _first_rows(reader: Reader, headings: list[str]) -> pl.DataFrame:
    """The first rows of the file as text."""
    for piece in reader.pieces(headings):
        if piece.frame.height:
            rows = piece.frame.head(ROWS_LOOKED_AT).drop(ROW)
            return rows.select(pl.col(h).cast(pl.String, strict=False) for h in headings if _flat(rows, h))
    return pl.DataFrame(schema=dict.fromkeys(headings, pl.String))


def _flat(rows: pl.DataFrame, heading: str) -> bool:
    return not (rows.schema[heading].is_nested() or rows.schema[heading] == pl.Object)


def _lines(file: Path, reader: Reader, headings: list[str], rows: pl.DataFrame) -> Iterator[str]:
    """The draft, line by line."""
    best = candidates(headings)[0]
    named = bind(shipped_layouts()["flat"], headings)
    read = {heading for found in named.columns.values() for heading in found}
    unread = [
        _Column(heading, look_of(rows[heading]), rows[heading])
        for heading in headings
        if heading not in read and heading in rows.columns
    ]
    columns = {name: found for name, found in named.columns.items() if len(found) == 1}
    guessed = "" if "claim_id" in columns else _claim_number(headings, unread)
    if guessed:
        columns = {"claim_id": (guessed,), **columns}
        unread = [column for column in unread if column.heading != guessed]
    proposals = _proposals(unread, set(columns))
    yield "# A draft by `validator layouts guess --draft`. Look at every line, then try it:"
    yield "#   validator layouts check THIS_FILE CLAIM_FILE"
    if best.fits and not best.layout.tolerant:
        yield f"# The file already has the layout {best.layout.name}; a layout of its own is hardly needed."
    yield f"layout: {_name(file)}"
    yield f"title: {_quoted(f'Layout of {file.name}')}"
    paid = any(name.endswith("paid_amount") for name in columns)
    feed = "adjudicated" if paid else "submission"
    yield _with_comment(f"feed: {feed}", "submission: what a provider sends; adjudicated: what a payer keeps")
    yield _with_comment("grain: line", "or claim: one row for each claim")
    yield "recognised_by:"
    yield f"  all_of: [{_quoted(columns['claim_id'][0])}]"
    yield "columns:"
    for name, found in _together(columns):
        comment = "A GUESS: the cells look like numbers of claims" if found == guessed else ""
        yield _with_comment(f"  {name}: [{_quoted(found)}]", comment)
    if proposals:
        yield "  # No name tells what these are, but their cells do. Take the # away where it is right."
        proposed = {name: (column.heading,) for name, (column, _) in proposals.items()}
        for name, found in _together(proposed):
            told = next(told for one, (_, told) in proposals.items() if one == name.split("..")[0])
            yield _with_comment(f"  # {name}: [{_quoted(found)}]", told)
    proposed_headings = {column.heading for column, _ in proposals.values()}
    idle = [column.heading for column in unread if column.heading not in proposed_headings]
    idle += [heading for heading in headings if heading not in rows.columns]
    if idle:
        yield "  # Not used; give them a field where they have one (`validator layouts show native`):"
        yield from (f"  #   {_quoted(heading)}" for heading in idle)
    yield from _dates(columns, rows, unread)
    if "received_date" in columns and not {"from_date", "line_from_date"} & columns.keys():
        yield _with_comment(
            "received_date_codes: true", "no other date was found: codes are judged by this one"
        )
    delimiter = next((mark for mark, format_ in DELIMITERS.items() if format_ == reader.format), "")
    if delimiter:
        yield f"delimiters: [{_quoted(delimiter)}]"


def _claim_number(headings: list[str], unread: list[_Column]) -> str:
    """The heading that most likely has the numbers of the claims; the first one where nothing tells."""
    likely = [column for column in unread if column.look is None]
    # Of columns that differ about as often the first: the number of a claim stands before what is on it.
    best = max(likely, key=lambda column: round(distinct_share(column.cells), 1), default=None)
    return best.heading if best and distinct_share(best.cells) > 0 else headings[0]


def _proposals(unread: list[_Column], taken: set[str]) -> dict[str, tuple[_Column, str]]:
    """For each column whose cells look like something, the first field of its kind that is free, and why."""
    found: dict[str, tuple[_Column, str]] = {}
    for column in unread:
        if column.look is None:
            continue
        fields = [name for field in column.look.fields for name in _numbered(field)]
        free = [name for name in fields if name not in taken and name not in found]
        if not free:
            continue
        others = [name for name in free[1:] if not _NUMBERED.fullmatch(name)]
        told = f"{column.look.share:.0%} of the cells are {column.look.what}"
        found[free[0]] = (column, f"{told}; or {', '.join(others)}" if others else told)
    return found


def _numbered(field: str) -> list[str]:
    return list(MAIN_LIST) if field == "diagnosis_#" else [field]


def _together(columns: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """Fields and headings; numbered fields whose headings differ in the number only stand in one line."""
    done: set[str] = set()
    for name, (heading,) in columns.items():
        if name in done:
            continue
        series = _series(name, heading, columns)
        done.update(series)
        if len(series) > 1:
            stem, first = _NUMBERED.fullmatch(name).groups()  # type: ignore[union-attr]
            last = int(first) + len(series) - 1
            yield f"{stem}_{first}..{last}", _pattern(heading, int(first)) or heading
        else:
            yield name, heading


def _series(name: str, heading: str, columns: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The field and those that follow it under headings of the same pattern."""
    found = _NUMBERED.fullmatch(name)
    pattern = found and _pattern(heading, int(found[2]))
    if not found or not pattern:
        return [name]
    names, number = [name], int(found[2]) + 1
    while True:
        following = f"{found[1]}_{number}"
        if following not in columns or _pattern(columns[following][0], number) != pattern:
            return names
        names, number = [*names, following], number + 1


def _pattern(heading: str, number: int) -> str:
    """`Dx 03` is `Dx #` for the number 3; empty where the number does not stand in it just once."""
    if "#" in heading:
        return ""
    pattern, count = re.subn(rf"(?<!\d)0?{number}(?!\d)", "#", heading)
    return pattern if count == 1 else ""


def _dates(
    columns: Mapping[str, tuple[str, ...]], rows: pl.DataFrame, unread: list[_Column]
) -> Iterator[str]:
    """The forms in which the file writes its days, most frequent first."""
    headings = [found[0] for name, found in columns.items() if FIELDS[name].kind == "date"]
    cells = [rows[heading] for heading in headings if heading in rows.columns]
    cells += [column.cells for column in unread if column.look and column.look.what.startswith("days")]
    counts: Counter[str] = Counter()
    for column in cells:
        counts.update(date_forms(column))
    forms = [form for form, _ in counts.most_common() if form in DATE_FORMS]
    if forms:
        yield _with_comment(f"dates: [{', '.join(forms)}]", "in the order in which they are tried")
    if counts[DAY_FIRST]:
        count = counts[DAY_FIRST]
        yield f"# {count:,} days are written 31/12/2026, which no layout reads; ask for 2026-12-31."


def _name(file: Path) -> str:
    """The name of the file as that of a layout: small letters, digits and underscores."""
    return re.sub(r"[^a-z0-9]+", "_", file.name.split(".")[0].casefold()).strip("_") or "own"


def _quoted(text: str) -> str:
    """A YAML scalar in double quotes, on one line."""
    return str(yaml.dump(text, default_style='"', allow_unicode=True, width=float("inf"))).strip()


def _with_comment(line: str, comment: str) -> str:
    return f"{line:<{_WIDTH}}  # {comment}" if comment else line
