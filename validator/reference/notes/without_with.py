"""Codes that deny by their title what another code below the same parent affirms."""

from validator.reference.notes.book import Book
from validator.reference.notes.class_pairs import ClassPairs


def without_with(book: Book) -> ClassPairs:
    """Pairs of a code without a complication and one with it."""

    return ClassPairs([], {})
