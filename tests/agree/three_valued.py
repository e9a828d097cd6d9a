"""Kleene's three-valued logic for the plain implementation: True, False, and None for "nobody knows"."""

from collections.abc import Iterable

Answer = bool | None


def all_of(answers: Iterable[Answer]) -> Answer:
    """One False decides; otherwise one blank makes the whole unknown; nothing at all is True."""
    seen = list(answers)
    if any(answer is False for answer in seen):
        return False
    if any(answer is None for answer in seen):
        return None
    return True


def any_of(answers: Iterable[Answer]) -> Answer:
    """One True decides; otherwise one blank makes the whole unknown; nothing at all is False."""
    seen = list(answers)
    if any(answer is True for answer in seen):
        return True
    if any(answer is None for answer in seen):
        return None
    return False


def opposite(answer: Answer) -> Answer:
    """Not true is false, not false is true, and not unknown is still unknown."""
    return None if answer is None else not answer
