"""Codes that deny by their title what another code below the same parent affirms."""

import re
from collections.abc import Iterator
from itertools import chain

from validator.reference.dotted import dotted_text
from validator.reference.notes.book import Book
from validator.reference.notes.class_pairs import ClassPairs, Row

_DENIES = re.compile(r"(?<!or )\bwithout\b")
_AFFIRMS = re.compile(r"\bwith\b(?! or without\b)")
_REMARK = re.compile(r"\([^()]*\)")
# What any other complication contradicts.
_ANYTHING = ("complication", "complications")
# One patient may have several wounds, one with a foreign body and one without; consciousness he has one.
_SEVERAL_AT_ONCE = tuple("STVWXY")
_CONSCIOUSNESS = "S06"
# Everything else below these categories is a complication of what `.9` calls free of any (I.A.15).
_DIABETES = ("E08", "E09", "E10", "E11", "E13")
_FREE_OF_ALL = tuple(f"{category}9" for category in _DIABETES)


def without_with(book: Book) -> ClassPairs:
    """Pairs of a code without something (left) and one with it (right).

    The code without is a child of some node, the code with is another child of it or stands below one. Both
    titles begin alike, and what one denies is a part of what the other affirms, or the other way round; or
    complications of any kind are denied. Codes with a 7th character are set against those with the same one,
    for it may say the eye; a code that has none is set against all.
    """
    classes: dict[tuple[int, ...], int] = {}
    rows: list[Row] = []
    for node, other, text in (*_contradictions(book), *_diabetes(book)):
        own_start, own_stop = book.below(node)
        start, stop = book.below(other)
        rights: dict[str, list[int]] = {}
        for place in range(start, stop):
            if not own_start <= place < own_stop:
                rights.setdefault(_seventh(book, place), []).append(place)
        for place in range(own_start, own_stop):
            seventh = _seventh(book, place)
            having = rights.get(seventh, []) if seventh else sorted(chain.from_iterable(rights.values()))
            if book.nodes[place] == node and having:
                left = classes.setdefault((place,), len(classes))
                right = classes.setdefault(tuple(having), len(classes))
                rows.append((left, right, None, None, text))
    first: dict[tuple[int, int], Row] = {}
    for row in rows:
        first.setdefault(row[:2], row)
    return ClassPairs(list(first.values()), {number: places for places, number in classes.items()})


def denying_siblings(book: Book) -> Iterator[tuple[int, int]]:
    """Two children of one code, of which the first says "without" and the other "with"."""
    children: dict[int, list[int]] = {}
    for node, parent in enumerate(book.parent):
        if parent >= 0 and book.kind[parent] == "code":
            children.setdefault(parent, []).append(node)
    for together in children.values():
        denying = [node for node in together if _DENIES.search(book.title[node].lower())]
        if denying:
            for node in denying:
                yield from ((node, other) for other in together if _AFFIRMS.search(book.title[other].lower()))


def _contradictions(book: Book) -> Iterator[tuple[int, int, str]]:
    for node, other in denying_siblings(book):
        code = book.code[node]
        if code in _FREE_OF_ALL:
            continue
        if code.startswith(_SEVERAL_AT_ONCE) and not code.startswith(_CONSCIOUSNESS):
            continue
        denied = _denied(book.title[node], book.title[other]) if node != other else ""
        if denied:
            where = book.name[book.parent[node]]
            text = f"{dotted_text(code)} is without {denied}, {book.name[other]} below {where} too is with it"
            yield node, other, text


def _denied(without: str, having: str) -> str:
    """What the first title denies and the second affirms; nothing where they do not contradict each other."""
    without, having = _plain(without), _plain(having)
    for denial in _DENIES.finditer(without):
        start, denied = without[: denial.start()], without[denial.end() :].strip()
        if having.startswith(start) and (found := _AFFIRMS.match(having, len(start))):
            affirmed = having[found.end() :].strip()
            if denied in _ANYTHING or _within(denied, affirmed) or _within(affirmed, denied):
                return denied
    return ""


def _plain(title: str) -> str:
    return " ".join(_REMARK.sub(" ", title.lower()).replace(",", " ").split())


def _within(part: str, whole: str) -> bool:
    return f" {part} " in f" {whole} "


def _diabetes(book: Book) -> Iterator[tuple[int, int, str]]:
    """The `.9` of a category of diabetes against all the rest of the category."""
    nodes = {code: node for node, code in enumerate(book.code) if code}
    for category in _DIABETES:
        if f"{category}9" in nodes:
            text = f"{category}.9 is without complications, every other code of {category} says more"
            yield nodes[f"{category}9"], nodes[category], text


def _seventh(book: Book, place: int) -> str:
    code = book.codes[place]
    return "" if code == book.code[book.nodes[place]] else code[6:]
