"""Find ICD-10-CM codes by words: titles and the terms that the tabular list files under a code, on one day.

SQLite's FTS5 holds the words and ranks them (BM25, stemmed, accents folded); rapidfuzz mends words that no
title has, and holds what is found against the whole question.
"""

import re
import sqlite3
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process, utils

from validator.reference.dotted import dotted_text

if TYPE_CHECKING:
    from validator.reference.lookup import Reference

_MOST_CHARACTERS, _MOST_WORDS = 200, 12
_RANKED = 300  # rows that words alone choose, before they are held against the whole question
_ALIKE, _MENDED = 72.0, 3  # how alike a word must be, and how many words may stand for it
_CODE = re.compile(r"[A-Z][0-9][0-9A-Z]?\.?[0-9A-Z]{0,4}")
_ROWS = """
    select s.code, s.kind, t.title, n.terms
    from (
        select code, kind from span
        where {on} between valid_from and coalesce(valid_to, date '9999-12-31')
    ) s
    left join (
        select code, title from title where until >= {on}
        qualify row_number() over (partition by code order by until) = 1
    ) t using (code)
    left join (
        select code, string_agg(text, chr(10) order by position) as terms
        from node join note using (node)
        where note.kind in ('inclusion_term', 'includes') and node.code is not null
        group by code
    ) n using (code)
    order by s.code
"""


@dataclass(frozen=True)
class Found:
    """A code of that day; `matched` is the title or the term of the tabular list that fits best."""

    code: str
    title: str
    billable: bool
    matched: str
    score: float


class CodeSearch:
    """The codes of one day; making it takes about a second, a question some milliseconds."""

    def __init__(self, reference: "Reference", on: date) -> None:
        rows = reference.tables.read(_ROWS.format(on=f"date '{on:%Y-%m-%d}'"))
        self.terms_of = reference.tabular_release
        self._rows = list(rows.select("code", "kind", "title", "terms").fill_null("").iter_rows())
        self._words = self._vocabulary()
        # One thread makes it and another may ask: nothing is written after this.
        self._index = sqlite3.connect(":memory:", check_same_thread=False)
        self._index.execute(
            "create virtual table codes using fts5(title, terms, content='', "
            'tokenize="porter unicode61 remove_diacritics 2")'
        )
        self._index.executemany(
            "insert into codes(rowid, title, terms) values (?, ?, ?)",
            ((number, title, terms) for number, (_, _, title, terms) in enumerate(self._rows)),
        )

    def find(self, asked: str, limit: int = 20) -> list[Found]:
        """The codes that fit a code, the beginning of one, or words, best first."""
        asked = _folded(asked)[:_MOST_CHARACTERS]
        code = asked.upper().strip().rstrip(".")
        if _CODE.fullmatch(code):
            begun = code.replace(".", "")
            found = [
                self._found(n, 100.0, "") for n, row in enumerate(self._rows) if row[0].startswith(begun)
            ]
            if found:
                return found[:limit]
        words = re.findall(r"\w+", asked.lower())[:_MOST_WORDS]
        if not words:
            return []
        groups = [self._standing_for(word) for word in words]
        numbers = self._matching(groups, " AND ") or self._matching(groups, " OR ")
        ranked = [self._judged(number, groups, " ".join(words)) for number in numbers]
        ranked.sort(key=lambda each: (-each.score, not each.billable, len(each.title), each.code))
        return ranked[:limit]

    def _vocabulary(self) -> list[str]:
        words: set[str] = set()
        for _, _, title, terms in self._rows:
            words.update(re.findall(r"\w+", _folded(f"{title} {terms}").lower()))
        return sorted(words)

    def _standing_for(self, word: str) -> list[str]:
        """The word itself where some title has it or begins so; else the words most like it."""
        if any(each.startswith(word) for each in self._words):
            return [word]
        alike = process.extract(word, self._words, scorer=fuzz.ratio, score_cutoff=_ALIKE, limit=_MENDED)
        return [each for each, _, _ in alike] or [word]

    def _matching(self, groups: Sequence[Sequence[str]], joined_by: str) -> list[int]:
        """Numbers of the rows that have the words, by BM25; a title weighs more than a term."""
        parts = ("(" + " OR ".join(f'"{word}"*' for word in group) + ")" for group in groups)
        rows = self._index.execute(
            "select rowid from codes where codes match ? order by bm25(codes, 3.0, 1.0) limit ?",
            [joined_by.join(parts), _RANKED],
        )
        return [number for (number,) in rows]

    def _judged(self, number: int, groups: Sequence[Sequence[str]], asked: str) -> Found:
        """How well the best text of a code fits the whole question (0 to 100)."""
        _, _, title, terms = self._rows[number]
        mended = " ".join(group[0] for group in groups)
        texts = [text for text in (title, *terms.split("\n")) if text]
        best, score = title, 0.0
        for place, text in enumerate(texts):
            plain = utils.default_process(_folded(text))
            fits = max(fuzz.token_set_ratio(mended, plain), fuzz.token_set_ratio(asked, plain))
            whole = fuzz.token_sort_ratio(mended, plain)
            told = 0.6 * fits + 0.4 * whole - (2 if place else 0)
            if told > score:
                best, score = text, told
        return self._found(number, round(score, 1), best)

    def _found(self, number: int, score: float, matched: str) -> Found:
        code, kind, title, _ = self._rows[number]
        return Found(dotted_text(code), title, kind == "billable", matched if matched != title else "", score)


def _folded(text: str) -> str:
    """The text without accents and marks that cannot be seen."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c) and (c.isprintable() or c.isspace()))
