"""The code first notes: what each block asks, and which codes below it are meant."""

import re

from validator.reference.notes.book import Book, Stretches, as_stretches
from validator.reference.notes.citations import has_code, intent_character
from validator.reference.notes.rules import Line, NoteRule, Notes

# Absence of the other code is never a mistake under such a note.
_CONDITION = re.compile(r"\bif (?:applicable|known|any)\b")
_ANY = re.compile(r"\bany (?:associated|current|causal|routine|follow-up|human)\b|\bwhen associated\b")
_ADVERSE_EFFECTS = "for adverse effects"
_ADVERSE_EFFECT = "5"


def permissive_nodes(notes: Notes) -> frozenset[int]:
    """The nodes whose code first note says "if applicable" or "if known"."""
    return frozenset(node for node, lines in notes.blocks("code_first") if _says(_CONDITION, lines))


def required_nodes(notes: Notes) -> frozenset[int]:
    """The nodes whose code first note asks for one of the codes that it names."""
    return frozenset(node for node, lines in notes.blocks("code_first") if kind_of_block(lines) == "required")


def kind_of_block(lines: list[Line]) -> str:
    """One of CODE_FIRST: permissive, examples, required or without_codes."""
    if not any(has_code(line.text) for line in lines):
        return "without_codes"
    if _says(_CONDITION, lines) or _says(_ANY, lines):
        return "permissive"
    if any("such as" in line.text for line in lines):
        return "examples"
    return "required"


def owners_of(rule: NoteRule, book: Book) -> Stretches:
    """The codes that a rule speaks about: all below its node, for T36-T50 the adverse effects only.

    There the order is the other way round for poisoning, which is what the note is about only in part.
    """
    return meant_below(rule.node, rule.line.text + rule.line.heading, book)


def meant_below(node: int, text: str, book: Book) -> Stretches:
    """The codes below the node that a note with this text speaks about."""
    start, stop = book.below(node)
    if _ADVERSE_EFFECTS not in text:
        return ((start, stop),)
    return as_stretches(
        [place for place in range(start, stop) if intent_character(book.codes[place]) == _ADVERSE_EFFECT]
    )


def _says(words: re.Pattern[str], lines: list[Line]) -> bool:
    return any(words.search(line.text) for line in lines)
