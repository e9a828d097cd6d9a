"""Value sets, pairs of codes and keyed facts, looked up one code and one day at a time.

What the project ships as CSV is read from there again. Pairs that come from the notes of the tabular list, and
facts that come from it, are taken from the reference and only put together here, code by code.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path

import polars as pl

from tests.agree.given_tables import GivenTable
from tests.agree.plain_codes import REFERENCE, PlainCodes, Span, _span_of, _stands_below
from tests.agree.three_valued import Answer
from validator.reference.lookup import Reference
from validator.reference.schema import KEYED_TABLES, OFFICIAL_SETS, PAIR_TABLES, Spans

PCS_COVERS: Spans = ((date(2015, 10, 1), date(2027, 3, 31)),)


class PlainTables:
    """All tables that rules name, as dicts; `given` stands in place of what is shipped or added."""

    def __init__(
        self,
        codes: PlainCodes,
        reference: Reference,
        given: Mapping[str, GivenTable] | None = None,
        folder: Path = REFERENCE,
    ) -> None:
        self.codes = codes
        self.reference = reference
        self.given = dict(given or {})
        self.folder = folder
        self._sets: dict[str, tuple[str, list[Span]]] = {}
        self._of_notes: dict[str, object] = {}
        self._list_facts: dict[str, dict[str, object]] = {}

    def is_added(self, name: str) -> bool:
        """Whether the table is there at all: given, or shipped with the program."""
        official = name in OFFICIAL_SETS
        official = official or (name in PAIR_TABLES and bool(PAIR_TABLES[name].file))
        official = official or (name in KEYED_TABLES and bool(KEYED_TABLES[name].file))
        return name in self.given or not official

    def speaks(self, name: str, on: date | None, setting: str | None = None) -> bool:
        """Whether the table says anything on the day, in the setting where it has several."""
        if not self.is_added(name):
            return False
        if name not in self.given:
            return name != "icd10pcs" or _inside(on, PCS_COVERS)
        table = self.given[name]
        if table.settings is None:
            return table.covers is None or _inside(on, table.covers)
        return setting in table.settings and _inside(on, table.settings[setting])

    def holds(self, name: str, text: str, on: date | None) -> Answer:
        """Whether a value set holds the text on the day; None where nobody can say."""
        if not self.speaks(name, on):
            return None
        if name in self.given:
            spans = [_span_of(_dated(row)) for row in self.given[name].rows if row["code"] == text]
        else:
            system, entries = self._shipped_set(name)
            if system == "diagnosis":
                return self.codes.in_value_set(name, text, on)
            spans = [span for span in entries if _is_within(span.what, text)]
        return held_on(spans, on)

    def _shipped_set(self, name: str) -> tuple[str, list[Span]]:
        if name not in self._sets:
            lines = (self.folder / "valuesets" / f"{name}.csv").read_text(encoding="utf-8").splitlines()
            system = next((x.split(":")[1].strip() for x in lines if x.startswith("# system:")), "diagnosis")
            rows = csv.DictReader(line for line in lines if line and not line.startswith("#"))
            self._sets[name] = system, [_span_of(row, row["code"].strip()) for row in rows]
        return self._sets[name]

    def lists(self, name: str, left: str, right: str, on: date | None, setting: str | None) -> Answer:
        """Whether the pair stands in the table on the day."""
        if not self.speaks(name, on, setting):
            return None
        return held_on(list(self._pair_spans(name, left, right, setting)), on)

    def _pair_spans(self, name: str, left: str, right: str, setting: str | None) -> Iterable[Span]:
        if name in self.given:
            for row in self.given[name].rows:
                fits = row.get("setting") in (None, "", setting)
                if (row["left"], row["right"]) == (left, right) and fits:
                    yield _span_of(_dated(row))
        elif (path := self.folder / "pairs" / f"{name}.csv").is_file():
            lines = path.read_text(encoding="utf-8").splitlines()
            ways = [(left, right)] + ([(right, left)] if "# both ways" in lines else [])
            for row in csv.DictReader(line for line in lines if line and not line.startswith("#")):
                for one, two in ways:
                    if self._names(row["left"], one) and self._names(row["right"], two):
                        yield _span_of(row)
        else:
            yield from self._pairs_of_notes(name, left, right)

    def _names(self, entry: str, code: str) -> bool:
        return self.codes.ever_listed(code) and _stands_below(entry.strip(), code)

    def _pairs_of_notes(self, name: str, left: str, right: str) -> Iterable[Span]:
        """Pairs that the reference made of the tabular list: each class of one code with each of the other."""
        if name not in self._of_notes:
            held = self.reference.pairs(name)
            assert held is not None
            listed = defaultdict(list)
            for one, two, first, last in held.listed.select("left", "right", "valid_from", "valid_to").rows():
                listed[one, two].append(Span("", first or date.min, last or date.max))
            self._of_notes[name] = (_classes(held.left), _classes(held.right), listed)
        lefts, rights, listed = self._of_notes[name]  # type: ignore[misc]
        for one in lefts.get(left, ()):
            for two in rights.get(right, ()):
                yield from listed.get((one, two), ())

    def keyed(self, field: str, code: str, on: date | None, setting: str | None) -> object:
        """A fact of a keyed table, None where the table has no such code that day or says nothing of it."""
        name, fact = field.split(".")
        if not self.speaks(name, on, setting) or on is None:
            return None
        rows = self._keyed_rows(name, code, setting)
        stands = [(span, row) for span, row in rows if span.holds(on)]
        if field == "icd10pcs.status":
            if stands:
                return "in_force"
            if not rows:
                return "unknown"
            return "not_yet" if all(span.valid_from > on for span, _ in rows) else "expired"
        if not stands:
            return None
        text = max(stands, key=lambda pair: pair[0].valid_from)[1].get(fact)
        kind = next(known.type for known in KEYED_TABLES[name].facts if known.name == fact)
        if text in (None, ""):
            return None
        if kind == pl.Boolean:
            return text in ("1", "true")
        return text if kind == pl.String else int(text)

    def _keyed_rows(self, name: str, code: str, setting: str | None) -> list[tuple[Span, Mapping[str, str]]]:
        if name in self.given:
            found = [row for row in self.given[name].rows if row["code"] == code]
            found = [row for row in found if row.get("setting") in (None, "", setting)]
        else:
            assert name == "icd10pcs"
            found = self._procedures.get(code, [])
        return [(_span_of(_dated(row)), row) for row in found]

    @cached_property
    def _procedures(self) -> dict[str, list[dict[str, str]]]:
        found = defaultdict(list)
        for row in self._facts("icd10pcs_spans.csv.gz"):
            found[row["code"]].append(row)
        return found

    @cached_property
    def _payment(self) -> dict[str, dict[str, str]]:
        return {row["code"]: row for row in self._facts("hcc_payment.csv.gz")}

    def _facts(self, file: str) -> Iterable[dict[str, str]]:
        packed = (self.folder / "facts" / file).read_bytes()
        return csv.DictReader(gzip.decompress(packed).decode().splitlines())

    def list_fact(self, fact: str, code: str) -> object:
        """A fact of the tabular list, or `in_tabular`, from the reference; payment conditions from their file."""
        if fact in ("hcc_v24", "hcc_v28"):
            return self._payment.get(code, {}).get(fact) or None
        if fact == "hcc_chronic":
            return {"1": True, "0": False}.get(self._payment.get(code, {}).get(fact, ""))
        if code not in self._list_facts:
            self.look_up([code])
        return self._list_facts[code][fact]

    def look_up(self, codes: Iterable[str]) -> None:
        """Ask the reference about many codes at once, which takes no longer than one."""
        new = [code for code in dict.fromkeys(codes) if code not in self._list_facts]
        if new:
            told = self.reference.facts(pl.Series(new, dtype=pl.String)).codes
            self._list_facts |= dict(zip(new, told.to_dicts(), strict=True))


def held_on(spans: list[Span], on: date | None) -> Answer:
    """What never stood there, and what always does, needs no day."""
    if not spans:
        return False
    if any(span.valid_from == date.min and span.valid_to == date.max for span in spans):
        return True
    return None if on is None else any(span.holds(on) for span in spans)


def _inside(on: date | None, spans: Spans) -> bool:
    return on is not None and any(first <= on <= (last or date.max) for first, last in spans)


def _is_within(entry: str, text: str) -> bool:
    """A single text, or a range of numbers with the same letters around them: 99202..99215, G0438..G0439."""
    first, dots, last = entry.partition("..")
    if not dots:
        return text == entry
    alike = len(text) == len(first) and all(
        mine.isdigit() if one.isdigit() else mine == one for one, mine in zip(first, text, strict=True)
    )
    return alike and first <= text <= last


def _dated(row: Mapping[str, str]) -> dict[str, str]:
    return {"valid_from": row.get("valid_from", ""), "valid_to": row.get("valid_to", "")}


def _classes(members: pl.DataFrame) -> dict[str, list[int]]:
    found = defaultdict(list)
    for code, number in members.select("code", "class").rows():
        found[code].append(number)
    return found
