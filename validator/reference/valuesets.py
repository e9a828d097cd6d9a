"""Dated value sets: lists of codes that a rule names, kept as small CSV files with their source."""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from validator.errors import Place, ReferenceError

SCHEMA = {"name": pl.String, "code": pl.String, "valid_from": pl.Date, "valid_to": pl.Date}
_COLUMNS = ["code", "valid_from", "valid_to"]
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ENTRY = re.compile(r"(?P<first>[A-Z][0-9A-Z]{2,6})(?P<below>-)?(?:\.\.(?P<last>[A-Z][0-9A-Z]{2,6}))?")
_HOW = (
    "A value set starts with `# source: ...`, then `code,valid_from,valid_to`; a code is one code "
    "(I63.9), everything from a stem down (I63.-), or a range of stems with everything below (I60..I69). "
    "A blank date leaves that end open."
)


def read_value_sets(files: Sequence[Path], codes: pl.Series) -> pl.DataFrame:
    """name, code, valid_from, valid_to of every value set; stems and ranges are spelled out over `codes`.

    Raises ReferenceError with every problem of every file.
    """
    problems: list[str] = []
    parts = [pl.DataFrame(schema=SCHEMA)]
    known = pl.DataFrame({"code": codes}).sort("code")
    for path in files:
        if not _NAME.fullmatch(path.stem):
            problems.append(f"{Place(path.name)}: the name of a value set is lower case words joined by _")
        entries = _entries(path, problems)
        for line, first, last, valid_from, valid_to in entries:
            # A stem stands for itself and everything below it, so a range ends after the last one's last
            # descendant.
            wanted = (
                known.filter((pl.col("code") >= first) & (pl.col("code").str.head(len(last)) <= last))
                if last
                else (known.filter(pl.col("code") == first))
            )
            if wanted.is_empty():
                problems.append(
                    f"{Place(path.name, line=line)}: no release of ICD-10-CM has a code that this names"
                )
            parts.append(
                wanted.select(
                    name=pl.lit(path.stem),
                    code="code",
                    valid_from=pl.lit(valid_from, pl.Date),
                    valid_to=pl.lit(valid_to, pl.Date),
                )
            )
    if problems:
        raise ReferenceError("value sets cannot be used:\n  " + "\n  ".join(problems), fix=_HOW)
    return pl.concat(parts).unique().sort("name", "code", "valid_from")


def _entries(path: Path, problems: list[str]) -> list[tuple[int, str, str | None, date | None, date | None]]:
    """(line, first, last, valid_from, valid_to) of each entry; `last` is blank for a single code."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path.name}: cannot be read ({type(error).__name__})")
        return []
    if not lines or not re.match(r"# source: \S", lines[0]):
        problems.append(f"{Place(path.name, line=1)}: the first line must name the source (# source: ...)")
    if [part.strip() for part in (lines[1] if len(lines) > 1 else "").split(",")] != _COLUMNS:
        problems.append(f"{Place(path.name, line=2)}: the second line must be {','.join(_COLUMNS)}")
        return []
    entries = []
    for number, line in enumerate(lines[2:], start=3):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split(",")]
        found = _ENTRY.fullmatch(
            cells[0].replace(".-", "-").upper().replace("..", "\0").replace(".", "").replace("\0", "..")
        )
        if len(cells) != len(_COLUMNS) or found is None or (found["below"] and found["last"]):
            problems.append(f"{Place(path.name, line=number)}: not a code, a stem or a range with two dates")
            continue
        try:
            valid_from, valid_to = (date.fromisoformat(cell) if cell else None for cell in cells[1:])
        except ValueError:
            problems.append(f"{Place(path.name, line=number)}: a date is written 2026-10-01")
            continue
        last = found["first"] if found["below"] else found["last"]
        entries.append((number, found["first"], last, valid_from, valid_to))
    return entries
