"""The small CSV files of the reference: lines that say where they come from, then codes, stems and ranges."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from validator.errors import Place

SYSTEMS = ("diagnosis", "procedure", "text", "npi")
_STEM = re.compile(r"(?P<first>[A-Z][0-9A-Z]{2,6})(?P<below>-)?(?:\.\.(?P<last>[A-Z][0-9A-Z]{2,6}))?")
_SHAPES = {"procedure": re.compile(r"[0-9A-Z]{5}|[0-9A-Z]{7}"), "npi": re.compile(r"\d{10}")}
_COUNTED = re.compile(r"(\D*)(\d+)(\D*)")
_KEY = re.compile(r"# (?P<key>source|system|note|both ways)(?:: *(?P<value>\S.*))?")
_LONGEST_RANGE = 100_000
_AFTER_ALL = "~"  # sorts after every character of a code
_WHAT = {
    "diagnosis": "a code, a stem or a range with two dates",
    "procedure": "a procedure code or a range (99202..99215) with two dates",
    "text": "a text or a range of equal length (010..021) with two dates",
    "npi": "an NPI of 10 digits with two dates",
}


@dataclass(frozen=True)
class Row:
    """One line: its number, its entries as written, and its days."""

    line: int
    entries: tuple[str, ...]
    valid_from: date | None
    valid_to: date | None


@dataclass
class ListFile:
    """One file as read; `about` holds what its first lines say (source, system, note, both ways)."""

    path: Path
    problems: list[str]
    about: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    @property
    def system(self) -> str:
        """What the codes are; diagnoses unless the file says otherwise."""
        return self.about.get("system", SYSTEMS[0])

    def problem(self, text: str, *, line: int | None = None) -> None:
        """Note what is wrong, with file and line."""
        self.problems.append(f"{Place(self.path.name, line=line)}: {text}")


def read_list(path: Path, columns: Sequence[str], problems: list[str]) -> ListFile:
    """Read one file with these columns before valid_from and valid_to; problems are collected."""
    found = ListFile(path, problems)
    wanted = [*columns, "valid_from", "valid_to"]
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        found.problem(f"cannot be read ({type(error).__name__})")
        return found
    if not lines or not re.match(r"# source: \S", lines[0]):
        found.problem("the first line must name the source (# source: ...)", line=1)
    head = 0
    while head < len(lines) and lines[head].startswith("#"):
        if key := _KEY.fullmatch(lines[head].rstrip()):
            found.about[key["key"]] = (key["value"] or "").strip()
        head += 1
    if found.system not in SYSTEMS:
        found.problem(f"the system is one of {', '.join(SYSTEMS)}", line=1)
        return found
    if [part.strip() for part in (lines[head] if head < len(lines) else "").split(",")] != wanted:
        found.problem(f"the line below the comments must be {','.join(wanted)}", line=head + 1)
        return found
    for number, line in enumerate(lines[head + 1 :], start=head + 2):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) != len(wanted):
            found.problem(f"not {_WHAT[found.system]}", line=number)
            continue
        try:
            valid_from, valid_to = (date.fromisoformat(cell) if cell else None for cell in cells[-2:])
        except ValueError:
            found.problem("a date is written 2026-10-01", line=number)
            continue
        found.rows.append(Row(number, tuple(cells[:-2]), valid_from, valid_to))
    return found


def spelled_out(file: ListFile, row: Row, entry: str, system: str, known: pl.DataFrame) -> list[str]:
    """The codes that an entry names; for diagnoses those of `known` (code, sorted). Empty with a problem."""
    if system == "diagnosis":
        return _known_codes(file, row, entry, known)
    codes = _range(entry.upper() if system == "procedure" else entry)
    shape = _SHAPES.get(system)
    if not codes or (shape and not all(shape.fullmatch(code) for code in (codes[0], codes[-1]))):
        file.problem(f"not {_WHAT[system]}", line=row.line)
        return []
    return codes


def _known_codes(file: ListFile, row: Row, entry: str, known: pl.DataFrame) -> list[str]:
    found = _STEM.fullmatch(
        entry.replace(".-", "-").upper().replace("..", "\0").replace(".", "").replace("\0", "..")
    )
    if found is None or (found["below"] and found["last"]):
        file.problem(f"not {_WHAT['diagnosis']}", line=row.line)
        return []
    first, last = found["first"], found["first"] if found["below"] else found["last"]
    # A stem stands for itself and everything below it, so a range ends after the last one's last descendant.
    codes = known["code"]
    start = codes.search_sorted(first)
    wanted = codes[start : codes.search_sorted(last + _AFTER_ALL) if last else start + 1]
    if not last and wanted.to_list() != [first]:
        wanted = wanted.clear()
    if wanted.is_empty():
        file.problem("no release of ICD-10-CM has a code that this names", line=row.line)
    return wanted.to_list()


def _range(entry: str) -> list[str]:
    """A single entry, or every number between two of the same shape (99202..99215, G0438..G0439)."""
    first, dots, last = entry.partition("..")
    if not first or not dots:
        return [first] if first else []
    ends = [_COUNTED.fullmatch(end) for end in (first, last)]
    if not all(ends) or len(first) != len(last):
        return []
    (before, low, after), (before_too, high, after_too) = (end.groups() for end in ends if end)
    if (before, after) != (before_too, after_too) or not 0 <= int(high) - int(low) < _LONGEST_RANGE:
        return []
    return [f"{before}{number:0{len(low)}}{after}" for number in range(int(low), int(high) + 1)]
