"""Which texts have these words: an index in memory, and the words that a misspelt one may mean.

SQLite's FTS5 holds the words, stemmed. Texts are numbered by length: of those that have all words the
shortest fit best, so the index is read from its begin and only as far as it is needed.
"""

import sqlite3
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations, takewhile

import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA

_ALIKE, _MENDED = 0.7, 3  # how alike a word must be, and how many words may stand for it
_AS_ALIKE = 0.15  # what is less alike than the best by more than this is not meant
_MENDABLE = 4  # letters; what is shorter is like everything
_FEW = 3  # words, of which the beginnings may be meant although they are words themselves
_MORE_THAN_ALL = 10**9
_TELLING = 4  # words, the rarest, that are tried in part where no text has all words

# Words that stand for one that was typed: any of them will do.
Meant = Sequence[str]


class WordIndex:
    """`texts`: words of a to z and digits between single spaces, the shortest text first."""

    def __init__(self, texts: pl.Series) -> None:
        words = pl.DataFrame({"word": texts.str.split(" ").explode()})
        self._times: dict[str, int] = dict(words.group_by("word").len().sort("word").rows())
        self._words = list(self._times)
        self._of_length: dict[int, list[str]] = defaultdict(list)
        for word in self._words:
            self._of_length[len(word)].append(word)
        # Made by one thread and asked by others: nothing is written after this.
        self._index = sqlite3.connect(":memory:", check_same_thread=False)
        self._index.execute(
            "create virtual table texts using fts5(words, content='', detail='none', tokenize='porter ascii')"
        )
        self._index.executemany("insert into texts(rowid, words) values (?, ?)", enumerate(texts.to_list()))

    def has(self, word: str) -> bool:
        """Whether some text has the word, or one that begins so."""
        return next(self._beginning_with(word), None) is not None

    def meant_by(self, word: str) -> list[str]:
        """The word itself where it is known or too short to mend, else the few words most like it."""
        if self.has(word) or len(word) < _MENDABLE or word.isdigit():
            return [word]
        near = range(int(len(word) * _ALIKE), int(len(word) / _ALIKE) + 1)
        known = [each for length in near for each in self._of_length.get(length, ())]
        alike = process.extract(word, known, scorer=OSA.normalized_similarity, score_cutoff=_ALIKE, limit=50)
        alike = [each for each in alike if each[1] >= alike[0][1] - _AS_ALIKE]
        alike.sort(key=lambda each: (-each[1], -self._times[each[0]]))
        return [each for each, _, _ in alike[:_MENDED]] or [word]

    def having_all(self, needed: Sequence[Meant], limit: int) -> list[int]:
        """Numbers of the first texts that have the words, or else, of few words, others that begin so."""
        found = self._matching(needed, limit)
        return found or (self._matching(needed, limit, beginnings=True) if len(needed) <= _FEW else [])

    def having_most(self, needed: Sequence[Meant], limit: int) -> list[int]:
        """Numbers of texts that have as many as can be of the rarest words."""
        telling = sorted(needed, key=self._rows_having)[:_TELLING]
        for size in range(min(len(telling), len(needed) - 1), 0, -1):
            ways = list(combinations(telling, size))
            share = max(1, limit // len(ways))
            found = {number for some in ways for number in self._matching(some, share)}
            if found:
                return sorted(found)
        return []

    def _beginning_with(self, word: str) -> Iterator[str]:
        later = (self._words[place] for place in range(bisect_left(self._words, word), len(self._words)))
        return takewhile(lambda each: each.startswith(word), later)

    def _begun_or_whole(self, word: str) -> Iterator[str]:
        return iter([word]) if word in self._times else self._beginning_with(word)

    def _rows_having(self, meant: Meant) -> int:
        """About how many texts have one of the words; a word that none has tells nothing."""
        times = sum(self._times[each] for word in meant for each in self._begun_or_whole(word))
        return times or _MORE_THAN_ALL

    def _matching(self, needed: Sequence[Meant], limit: int, *, beginnings: bool = False) -> list[int]:
        # Of the shortest words and of numbers only the whole is meant: type 2 is not stage 20.
        def term(word: str) -> str:
            whole = len(word) < 3 or word.isdigit() or (word in self._times and not beginnings)
            return f'"{word}"' if whole else f'"{word}"*'

        query = " AND ".join(f"({' OR '.join(map(term, meant))})" for meant in needed)
        rows = self._index.execute(
            "select rowid from texts where texts match ? order by rowid limit ?", [query, limit]
        )
        return [number for (number,) in rows]
