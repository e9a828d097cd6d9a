"""Dated value sets: lists of codes that a rule names, kept as small CSV files with their source."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from validator.errors import Place, ReferenceError
from validator.reference.lists import read_list, spelled_out
from validator.reference.schema import OFFICIAL_SETS

SCHEMA = {"name": pl.String, "code": pl.String, "valid_from": pl.Date, "valid_to": pl.Date}
ABOUT = {"name": pl.String, "system": pl.String, "source": pl.String, "note": pl.String}
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_HOW = (
    "A value set starts with `# source: ...`, then `code,valid_from,valid_to`; a code is one code "
    "(I63.9), everything from a stem down (I63.-), or a range of stems with everything below (I60..I69). "
    "A blank date leaves that end open."
)


@dataclass(frozen=True)
class ValueSets:
    """`members`: name, code, valid_from, valid_to. `about`: name, system, source, note (blank: none)."""

    members: pl.DataFrame
    about: pl.DataFrame


def read_value_sets(files: Sequence[Path], codes: pl.Series) -> ValueSets:
    """Every value set; stems and ranges of diagnoses are spelled out over `codes`.

    Raises ReferenceError with every problem of every file.
    """
    problems: list[str] = []
    rows: list[tuple[object, ...]] = []
    about = []
    known = pl.DataFrame({"code": codes}).sort("code")
    for path in files:
        if not _NAME.fullmatch(path.stem):
            problems.append(f"{Place(path.name)}: the name of a value set is lower case words joined by _")
        if path.stem in OFFICIAL_SETS:
            problems.append(f"{Place(path.name)}: this name is kept for a list that users add")
        file = read_list(path, ["code"], problems)
        about.append((path.stem, file.system, file.about.get("source", ""), file.about.get("note", "")))
        for row in file.rows:
            members = spelled_out(file, row, row.entries[0], file.system, known)
            rows += [(path.stem, code, row.valid_from, row.valid_to) for code in members]
    if problems:
        raise ReferenceError("value sets cannot be used:\n  " + "\n  ".join(problems), fix=_HOW)
    return ValueSets(
        members=pl.DataFrame(rows, schema=SCHEMA, orient="row").unique().sort("name", "code", "valid_from"),
        about=pl.DataFrame(about, schema=ABOUT, orient="row"),
    )
