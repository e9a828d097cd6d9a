"""What a code was on a day, looked up slowly in the committed fact tables and from the words of the design.

Shares nothing with the package's reference: it reads the same CSV files, and that is all.
"""

import csv
import gzip
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

REFERENCE = Path(__file__).resolve().parents[2] / "reference"
COVERS_FROM = date(2015, 10, 1)
COVERS_TO = date(2027, 3, 31)

# Flag of the code editor -> the fact that rules read.
FLAG_OF_FACT = {
    "icd10.manifestation": "manifestation",
    "icd10.external_cause": "ecodepdx",
    "icd10.unacceptable_principal": "unacceptable",
    "icd10.requires_secondary": "reqsdx",
    "icd10.questionable_admission": "qadm",
    "icd10.unspecified": "unspecified",
    "icd10.wrong_procedure": "wrngproc",
}
AGE_FLAGS = ("newborn", "pediatric", "maternity", "adult")


@dataclass(frozen=True)
class Span:
    """Days, both included, on which something held; `what` is billable, header or the name of a flag."""

    what: str
    valid_from: date
    valid_to: date
    seventh: bool = False

    def holds(self, on: date) -> bool:
        return self.valid_from <= on <= self.valid_to


def _rows(name: str) -> list[dict[str, str]]:
    path = REFERENCE / "facts" / name
    packed = path.read_bytes()
    text = (gzip.decompress(packed) if name.endswith(".gz") else packed).decode()
    return list(csv.DictReader(text.splitlines()))


def _release_starts() -> list[date]:
    """The days on which a loaded release of ICD-10-CM begins."""
    lines = (REFERENCE / "releases.yaml").read_text(encoding="utf-8").splitlines()
    days = [line.split(": ")[1] for line in lines if line.strip().startswith("valid_from: ")]
    return sorted(day for text in days if (day := date.fromisoformat(text)) >= COVERS_FROM)


def _until(text: str) -> date:
    return date.fromisoformat(text) if text else date.max


class PlainCodes:
    """The fact tables as dicts of spans."""

    def __init__(self, value_sets: Path = REFERENCE / "valuesets") -> None:
        self.value_sets = value_sets
        self.spans: dict[str, list[Span]] = defaultdict(list)
        self.stems: dict[str, list[Span]] = defaultdict(list)
        for row in _rows("icd10cm_spans.csv.gz"):
            seventh = row["seventh_character"] == "1"
            span = Span(row["kind"], date.fromisoformat(row["valid_from"]), _until(row["valid_to"]), seventh)
            self.spans[row["code"]].append(span)
            if seventh and row["kind"] == "billable":
                self.stems[row["code"][:6]].append(span)
        self.sorted_codes = sorted(self.spans)
        self.by_skeleton: dict[str, list[str]] = defaultdict(list)
        for code in self.sorted_codes:
            self.by_skeleton[_skeleton(code)].append(code)
        self.flags: dict[str, list[Span]] = defaultdict(list)
        for row in _rows("mce_dx_flags.csv.gz"):
            self.flags[row["code"]].append(
                Span(row["flag"], date.fromisoformat(row["valid_from"]), _until(row["valid_to"]))
            )
        self.ages = [
            (row["age_group"], int(row["age_from"]), int(row["age_to"]), _span_of(row))
            for row in _rows("mce_age_groups.csv")
        ]
        self.levels: dict[str, list[Span]] = defaultdict(list)
        for row in _rows("msdrg_levels.csv.gz"):
            self.levels[row["code"]].append(_span_of(row, row["flag"]))
        self.release_starts = _release_starts()
        self.icd9 = {row["code"] for row in _rows("icd9cm_codes.csv.gz")}
        self._days_with_levels: dict[date, bool] = {}
        self._statuses: dict[tuple[str, date], str] = {}

    def well_formed(self, code: str) -> bool:
        """A letter, then 2 to 6 letters or digits."""
        return re.fullmatch(r"[A-Z][A-Z0-9]{2,6}", code) is not None

    def ever_listed(self, code: str) -> bool:
        """In some release as a code or header, or a code without its 7th character (and the X before it)."""
        return code in self.spans or bool(self._stem_spans(code))

    def icd9_exists(self, code: str) -> bool:
        """A code of ICD-9-CM, or a header: what some code begins with, from 3 characters (E codes: 4)."""
        return code in self.icd9 or code in _icd9_headers(frozenset(self.icd9))

    def status(self, code: str, on: date | None) -> str | None:
        """The first word that fits; None on days that no loaded release covers."""
        if on is None or not COVERS_FROM <= on <= COVERS_TO:
            return None
        if (code, on) not in self._statuses:
            self._statuses[code, on] = self._status(code, on)
        return self._statuses[code, on]

    def _status(self, code: str, on: date) -> str:
        spans = self.spans.get(code, [])
        stem_spans = self._stem_spans(code)
        everything = [*spans, *stem_spans]
        ended = any(span.valid_to < on for span in everything)
        if any(span.what == "billable" and span.holds(on) for span in spans):
            return "in_force"
        if any(span.holds(on) for span in stem_spans):
            return "incomplete"
        if any(span.what == "header" and span.holds(on) for span in spans):
            return "header"
        if ended:
            return "header" if self._something_below(code, on) else "expired"
        if any(span.valid_from > on for span in everything):
            return "not_yet"
        return "unknown"

    def _stem_spans(self, code: str) -> list[Span]:
        """Spans of the codes that this one, padded with X, lacks only the 7th character of."""
        if not 3 <= len(code) <= 6:
            return []
        return self.stems.get(code.ljust(6, "X"), [])

    def _something_below(self, code: str, on: date) -> bool:
        start = bisect_right(self.sorted_codes, code)
        end = bisect_left(self.sorted_codes, code + "~")
        return any(span.holds(on) for below in self.sorted_codes[start:end] for span in self.spans[below])

    def fact(self, name: str, code: str, on: date | None) -> object:
        """One fact that rules read, None where nobody knows or where there is none."""
        if name == "icd10.well_formed":
            return self.well_formed(code)
        if name == "icd10.ever_listed":
            return self.ever_listed(code)
        if name == "icd10.ever_billable":
            return any(span.what == "billable" for span in self.spans.get(code, []))
        if name == "icd9.exists":
            return self.icd9_exists(code)
        if name == "icd10.date_reach":
            return date_reach(on)
        status = self.status(code, on)
        if name == "icd10.status" or status is None or on is None:
            return status
        if name == "icd10.seventh_character":
            return self._seventh_character(code, on, status)
        if name == "icd10.placeholder_missing":
            return status == "unknown" and self._in_force_with_placeholder(code, on)
        if status != "in_force":
            return None
        if name in ("icd10.cc", "icd10.mcc"):
            return self._level(name.removeprefix("icd10."), code, on)
        if name == "icd10.ends_next_release":
            later = [day for day in self.release_starts if day > on]
            return bool(later) and self.status(code, later[0]) != "in_force"
        held = {span.what for span in self.flags.get(code, []) if span.holds(on)}
        if name in FLAG_OF_FACT:
            return FLAG_OF_FACT[name] in held
        if name == "icd10.sex":
            return "F" if "female" in held else "M" if "male" in held else None
        group = next((flag for flag in AGE_FLAGS if flag in held), None)
        if name == "icd10.age_group" or group is None:
            return group
        youngest, oldest = next((a, b) for g, a, b, span in self.ages if g == group and span.holds(on))
        return youngest if name == "icd10.age_from" else oldest

    def _level(self, flag: str, code: str, on: date) -> bool | None:
        """Whether the code has the level that day; None on days for which no levels are published."""
        if on not in self._days_with_levels:
            self._days_with_levels[on] = any(s.holds(on) for spans in self.levels.values() for s in spans)
        if not self._days_with_levels[on]:
            return None
        return any(span.what == flag and span.holds(on) for span in self.levels.get(code, []))

    def _seventh_character(self, code: str, on: date, status: str) -> str:
        if status == "incomplete":
            return "missing"
        if len(code) != 7:
            return "none"
        if status == "in_force":
            span = next(s for s in self.spans[code] if s.what == "billable" and s.holds(on))
            return "permitted" if span.seventh else "none"
        takes_one = any(span.holds(on) for span in self.stems.get(code[:6], []))
        return "not_permitted" if takes_one and status in ("unknown", "expired") else "none"

    def _in_force_with_placeholder(self, code: str, on: date) -> bool:
        """Is there a code that day which has X as a placeholder and is the same but for where X stands?"""
        alike = self.by_skeleton.get(_skeleton(code), [])
        return any("X" in known[3:] and self.status(known, on) == "in_force" for known in alike)

    def in_value_set(self, name: str, code: str, on: date | None) -> bool | None:
        """Whether the dated value set holds the code that day; what it always or never holds needs no day."""
        if not self.ever_listed(code):
            return False
        spans = [span for span in self._value_set(name) if _stands_below(span.what, code)]
        if not spans:
            return False
        if any(span.valid_from == date.min and span.valid_to == date.max for span in spans):
            return True
        return None if on is None else any(span.holds(on) for span in spans)

    def _value_set(self, name: str) -> list[Span]:
        """The entries of a set with their days: `I63.-`, `I60..I62` or a single code."""
        lines = (self.value_sets / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        rows = csv.DictReader(line for line in lines if line and not line.startswith("#"))
        return [_span_of(row, row["code"]) for row in rows]


def _stands_below(entry: str, code: str) -> bool:
    if ".." in entry:
        first, last = (part.replace(".", "") for part in entry.split(".."))
        return code >= first and code[: len(last)] <= last
    stem = entry.replace(".", "")
    return code.startswith(stem[:-1]) if stem.endswith("-") else code == stem


def _skeleton(code: str) -> str:
    """The code without any X after its category."""
    return code[:3] + code[3:].replace("X", "")


def _span_of(row: dict[str, str], what: str = "") -> Span:
    starts = date.fromisoformat(row["valid_from"]) if row["valid_from"] else date.min
    return Span(what, starts, _until(row["valid_to"]))


def date_reach(on: date | None) -> str | None:
    """Where a day lies against the loaded releases."""
    if on is None:
        return None
    if on < COVERS_FROM:
        return "before_first_release"
    return "covered" if on <= COVERS_TO else "after_last_release"


@cache
def _icd9_headers(codes: frozenset[str]) -> frozenset[str]:
    return frozenset(
        code[:length] for code in codes for length in range(4 if code[0] == "E" else 3, len(code))
    )


@cache
def plain_codes() -> PlainCodes:
    """The tables, read once per test run."""
    return PlainCodes()
