"""What the value sets and pair tables of a reference folder say about themselves, for pages about rules."""

from collections.abc import Mapping
from pathlib import Path

from validator.reference.lists import read_list

_COLUMNS = {"valuesets": ("code",), "pairs": ("left", "right")}


def list_notes(folder: Path) -> Mapping[str, tuple[str, str]]:
    """Name of each value set and pair table below the folder -> its source, and what it stands in for.

    A note that is not there is blank. What is wrong with a file is said when the reference is built.
    """
    notes = {}
    for kind, columns in _COLUMNS.items():
        for path in sorted((folder / kind).glob("*.csv")):
            about = read_list(path, columns, []).about
            notes[path.stem] = (about.get("source", ""), about.get("note", ""))
    return notes
