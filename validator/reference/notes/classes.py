"""Codes that the same notes name are one class: pairs of classes say what millions of pairs of codes say."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from validator.reference.notes.book import Stretches


@dataclass(frozen=True)
class Classes:
    """`of_code[i]`: the class of the i-th code of the book, -1 for a code that no set holds.

    `holding[s]`: the classes of which set s consists.
    """

    of_code: tuple[int, ...]
    holding: tuple[frozenset[int], ...]


def cut_into_classes(codes: int, sets: Sequence[Stretches]) -> Classes:
    """The coarsest division of so many codes in which every set is a union of classes."""
    changes: dict[int, int] = defaultdict(int)
    for number, stretches in enumerate(sets):
        for start, stop in stretches:
            changes[start] ^= 1 << number
            changes[stop] ^= 1 << number
    of_code: list[int] = []
    known = {0: -1}
    held, edges = 0, sorted(changes)
    for place, edge in enumerate(edges):
        of_code += [known[held]] * (edge - len(of_code))
        held ^= changes[edge]
        known.setdefault(held, len(known) - 1)
        if place == len(edges) - 1:
            of_code += [known[held]] * (codes - len(of_code))
    of_code += [-1] * (codes - len(of_code))
    holding: list[set[int]] = [set() for _ in sets]
    for mask, number in known.items():
        for bit in _bits(mask):
            holding[bit].add(number)
    return Classes(tuple(of_code), tuple(frozenset(one) for one in holding))


def _bits(mask: int) -> Iterable[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
