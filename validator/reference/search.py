"""Find ICD-10-CM codes by words or by the beginning of a code, as they stood on one day."""

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import date
from itertools import takewhile
from typing import TYPE_CHECKING

from rapidfuzz import fuzz

from validator.reference.dotted import dotted_text, undotted_text
from validator.reference.word_index import WordIndex
from validator.reference.wordings import codes_of, plain_text, wordings_of

if TYPE_CHECKING:
    from validator.reference.lookup import Reference

_MOST_CHARACTERS, _MOST_WORDS = 200, 10
_WEIGHED = 400  # wordings that words alone choose, before they are held against the whole question
_CODE = re.compile(r"[A-Z][0-9A-Z]{0,6}")
_CODE_SHAPED = re.compile(r"(?:[A-Z][0-9]|QA)[0-9A-Z]{1,5}")
_SHORTEST_CODE = 3
# Words that need not be there, though a wording that has them fits better.
_SMALL_WORDS = frozenset("a an and at by due for from in of on or the to with".split())
# By how much a title goes before the same words elsewhere, and words as printed before a shorter wording.
_BEHIND = {"title": 0.0, "term": 1.0, "note": 8.0}
_SHORTENED, _PHRASE = 1.0, 4.0


@dataclass(frozen=True)
class Found:
    """A code of that day, dotted; an `incomplete` one lacks only its 7th character.

    `matched` is the wording that fits best and `matched_in` where it stands: the beginning of the `code`, its
    `title`, a `term` that the tabular list files under it, or a `note` elsewhere that names it. `title` is
    blank where no loaded release words one. `score` is 100 where the wording is the question.
    """

    code: str
    title: str | None
    billable: bool
    incomplete: bool
    matched: str
    matched_in: str
    score: float


@dataclass(frozen=True)
class Answer:
    """What a question brought.

    `reach`: the loaded releases cover the day, or lie `before` or `after` it; nothing is found then.
    `read_as`: what the list of that day has not -> what was looked for in its place.
    Without `all_words` each code found has only some of the words.
    """

    on: date
    reach: str
    release: str | None
    read_as: dict[str, list[str]] = field(default_factory=dict)
    all_words: bool = True
    found: list[Found] = field(default_factory=list)


class CodeSearch:
    """The codes of one day. Making it takes about a second, a question some milliseconds."""

    def __init__(self, reference: "Reference", on: date) -> None:
        self._on = on
        self._period = next((one for one in reference.periods if one.valid_from <= on <= one.valid_to), None)
        self._reach = "covered" if self._period else ("before" if on < reference.covers_from else "after")
        if self._period:
            codes = codes_of(reference, self._period.number, on)
            wordings = wordings_of(reference, codes)
            self._rows = codes.select("code", "title", "billable", "incomplete").rows()
            self._codes = codes["code"].to_list()
            self._wordings = wordings.rows()
            self._index = WordIndex(wordings["plain"])

    def find(self, text: str, limit: int = 20) -> list[Found]:
        """At most so many codes that fit a code, the beginning of one, or words; best first."""
        return self.ask(text, limit).found

    def ask(self, text: str, limit: int = 20) -> Answer:
        """The same, with how the question was read."""
        if not self._period:
            return self._answer()
        asked = text[:_MOST_CHARACTERS].encode("utf-8", "ignore").decode("utf-8")
        code = undotted_text(asked).rstrip("-")
        if _CODE.fullmatch(code) and (begun := self._begun_by(code, limit)):
            return self._answer(found=begun)
        if _CODE_SHAPED.fullmatch(code) and not self._index.has(code.lower()):
            for length in range(len(code) - 1, _SHORTEST_CODE - 1, -1):
                if begun := self._begun_by(code[:length], limit):
                    read_as = {dotted_text(code): [dotted_text(code[:length])]}
                    return self._answer(read_as=read_as, found=begun)
        return self._by_words(plain_text(asked).split()[:_MOST_WORDS], limit)

    def _begun_by(self, code: str, limit: int) -> list[Found]:
        first = bisect_left(self._codes, code)
        numbers = range(first, min(first + limit, len(self._codes)))
        begun = takewhile(lambda number: self._codes[number].startswith(code), numbers)
        return [self._found(number, dotted_text(code), "code", 100.0) for number in begun]

    def _by_words(self, words: list[str], limit: int) -> Answer:
        if _SMALL_WORDS.issuperset(words):
            return self._answer()
        meant = {word: self._index.meant_by(word) for word in words}
        # A small word at the end is none: vitamin A, hepatitis A.
        last = words[-1]
        needed = [some for word, some in meant.items() if word not in _SMALL_WORDS or word == last]
        weighed = max(_WEIGHED, 3 * limit)
        having_all = self._index.having_all(needed, weighed)
        questions = {
            " ".join(meant[word][min(place, len(meant[word]) - 1)] for word in words)
            for place in range(max(map(len, meant.values())))
        }
        best: dict[int, Found] = {}
        for number in having_all or self._index.having_most(needed, weighed):
            code_no, kind, text, plain, short = self._wordings[number]
            score = max(_fit(question, plain) for question in questions) - _BEHIND[kind] - _SHORTENED * short
            if code_no not in best or score > best[code_no].score:
                best[code_no] = self._found(code_no, text, kind, score)
        ranked = sorted(
            best.values(), key=lambda one: (-one.score, not one.billable, len(one.title or ""), one.code)
        )
        return self._answer(
            read_as={word: some for word, some in meant.items() if some != [word]},
            all_words=bool(having_all) or not ranked,
            found=ranked[:limit],
        )

    def _answer(
        self,
        *,
        found: list[Found] | None = None,
        read_as: dict[str, list[str]] | None = None,
        all_words: bool = True,
    ) -> Answer:
        release = self._period.release if self._period else None
        return Answer(self._on, self._reach, release, read_as or {}, all_words, found or [])

    def _found(self, code_no: int, matched: str, matched_in: str, score: float) -> Found:
        code, title, billable, incomplete = self._rows[code_no]
        lacks_seventh = incomplete and not billable
        return Found(dotted_text(code), title, billable, lacks_seventh, matched, matched_in, round(score, 1))


def _fit(question: str, plain: str) -> float:
    """How well a wording fits: the words in any order, little beside them, best as they stand."""
    words = 0.6 * fuzz.token_set_ratio(question, plain) + 0.4 * fuzz.token_sort_ratio(question, plain)
    phrase = _PHRASE if f" {question} " in f" {plain} " else 0.0
    return (words + phrase) * 100.0 / (100.0 + _PHRASE)
