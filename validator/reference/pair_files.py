"""The pair tables that the project ships: reference/pairs/*.csv, two columns of codes, stems and ranges."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from validator.errors import Place, ReferenceError
from validator.reference.lists import read_list, spelled_out
from validator.reference.schema import PAIR_TABLES

# How the pair tables stand in the built database, all names in the same four tables.
MEMBER = {"name": pl.String, "code": pl.String, "class": pl.UInt32}
LISTED = {
    "name": pl.String, "left": pl.UInt32, "right": pl.UInt32, "valid_from": pl.Date, "valid_to": pl.Date,
    "setting": pl.String, "note": pl.UInt32,
}  # fmt: skip
NOTE = {"name": pl.String, "number": pl.UInt32, "text": pl.String}
ABOUT = {"name": pl.String, "source": pl.String, "note": pl.String}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "pair_left": MEMBER,
    "pair_right": MEMBER,
    "pair_listed": LISTED,
    "pair_note": NOTE,
    "pair_about": ABOUT,
}
_HOW = (
    "A pair table starts with `# source: ...`, then `left,right,valid_from,valid_to`; both sides are written "
    "as in value sets. A line `# both ways` above the columns adds each pair the other way round."
)


def read_pair_files(files: Sequence[Path], codes: pl.Series) -> Mapping[str, pl.DataFrame]:
    """Rows for each of TABLES. A class is one entry as written; stems are spelled out over `codes`.

    Raises ReferenceError with every problem of every file.
    """
    problems: list[str] = []
    known = pl.DataFrame({"code": codes}).sort("code")
    made: dict[str, list[tuple[object, ...]]] = {name: [] for name in TABLES}
    for path in files:
        name = path.stem
        if name not in PAIR_TABLES or PAIR_TABLES[name].file:
            problems.append(f"{Place(path.name)}: no pair table that the project ships has this name")
            continue
        file = read_list(path, ["left", "right"], problems)
        made["pair_about"].append((name, file.about.get("source", ""), file.about.get("note", "")))
        classes: dict[tuple[str, str], int] = {}
        used: set[tuple[str, int]] = set()
        for row in file.rows:
            systems = (PAIR_TABLES[name].left, PAIR_TABLES[name].right)
            keys = []
            for entry, system in zip(row.entries, systems, strict=True):
                key = (system, entry)
                if key not in classes:
                    classes[key] = len(classes)
                keys.append(classes[key])
            both_ways = [("pair_left", 0), ("pair_right", 1)]
            if "both ways" in file.about:
                both_ways += [("pair_left", 1), ("pair_right", 0)]
            for table, side in both_ways:
                if (table, keys[side]) not in used:
                    used.add((table, keys[side]))
                    members = spelled_out(file, row, row.entries[side], systems[side], known)
                    made[table] += [(name, code, keys[side]) for code in members]
            days = (row.valid_from, row.valid_to, None, None)
            made["pair_listed"].append((name, *keys, *days))
            if "both ways" in file.about:
                made["pair_listed"].append((name, *reversed(keys), *days))
    if problems:
        raise ReferenceError("pair tables cannot be used:\n  " + "\n  ".join(problems), fix=_HOW)
    return {
        name: pl.DataFrame(made[name], schema=schema, orient="row").unique().sort(pl.all())
        for name, schema in TABLES.items()
    }
