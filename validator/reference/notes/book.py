"""The codes in the order of the book, so that everything below a node is one stretch of them."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import polars as pl

from validator.reference import histories
from validator.reference.notes.citations import Citation
from validator.reference.tabular import TabularList, named_node

Stretches = tuple[tuple[int, int], ...]  # begin and end (excluded) of positions in Book.codes


@dataclass(frozen=True)
class Book:
    """`codes`: every code that was ever billable and has a place in the tabular list, in the book's order.

    `nodes[i]` is the node that code i is or extends. Of the nodes themselves: `parent` (-1 for chapters),
    `kind`, `name` as printed, `code` (blank for chapters and sections), `title`, and `after`, the number of
    the first node that is no longer below.
    """

    codes: tuple[str, ...]
    nodes: tuple[int, ...]
    parent: tuple[int, ...]
    kind: tuple[str, ...]
    name: tuple[str, ...]
    code: tuple[str, ...]
    title: tuple[str, ...]
    after: tuple[int, ...]

    def below(self, node: int) -> tuple[int, int]:
        """The stretch of codes at and below a node."""
        return bisect_left(self.nodes, node), bisect_left(self.nodes, self.after[node])

    def level(self, node: int) -> int:
        """0 for a chapter, 1 for a section, and the number of characters of a code."""
        return len(self.code[node]) or (1 if self.kind[node] == "section" else 0)

    def path(self, node: int) -> list[int]:
        """The node and everything above it, nearest first."""
        found = []
        while node >= 0:
            found.append(node)
            node = self.parent[node]
        return found

    def meant(self, citation: Citation) -> Stretches:
        """The codes that a citation names; nothing where the list has none of them."""
        first, last = self._ends(citation)
        if first is None or last is None or first >= last:
            return ()
        start, stop = bisect_left(self.nodes, first), bisect_left(self.nodes, last)
        qualifier = citation.qualifier
        if qualifier is None:
            return ((start, stop),) if start < stop else ()
        return as_stretches([one for one in range(start, stop) if qualifier.holds(self.codes[one])])

    def _ends(self, citation: Citation) -> tuple[int | None, int | None]:
        """The first node that is meant, and the first one after them."""
        first = self._by_code.get(citation.first)
        if not citation.last:
            return first, None if first is None else self.after[first]
        last = self._by_code.get(citation.last)
        # Where an end of a range is not in the list (any more), its neighbour inside the range stands in.
        if first is None:
            place = bisect_left(self._sorted, citation.first)
            first = self._by_code[self._sorted[place]] if place < len(self._sorted) else None
        if last is None:
            place = bisect_right(self._sorted, citation.last + "~")
            last = self._by_code[self._sorted[place - 1]] if place else None
        return first, None if last is None else self.after[last]

    @cached_property
    def _by_code(self) -> dict[str, int]:
        return {code: node for node, code in enumerate(self.code) if code}

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._by_code)


def open_book(tabular: TabularList, codes: pl.DataFrame) -> Book:
    """The book of the codes (`code`, `in_force`, as the build makes them) that were ever billable."""
    placed = placed_codes(tabular, codes.filter(pl.col("in_force") > 0).select("code")).sort("node", "code")
    nodes = tabular.nodes.sort("node")
    depth: list[int] = []
    for parent in nodes["parent"]:
        depth.append(0 if parent is None else depth[parent] + 1)
    return Book(
        codes=tuple(placed["code"]),
        nodes=tuple(placed["node"]),
        parent=tuple(nodes["parent"].cast(pl.Int64).fill_null(-1)),
        kind=tuple(nodes["kind"]),
        name=tuple(nodes["name"]),
        code=tuple(nodes["code"].fill_null("")),
        title=tuple(nodes["title"]),
        after=_ends_of_subtrees(depth),
    )


def placed_codes(tabular: TabularList, codes: pl.DataFrame) -> pl.DataFrame:
    """code, node, character of the codes that the list has: a node, or one with its 7th character put on.

    `character` is blank for a node. A stem filled up with X is the node that it stands for.
    """
    found = named_node(codes, tabular).join(tabular.reach, on="node", how="left")
    whole = pl.col("code") == pl.col("name")
    stem = pl.col("code").str.len_chars() <= histories.STEM_LENGTH
    permitted = tabular.sevenths.select("character", governs="node", permitted=pl.lit(True))
    return (
        found.with_columns(character=pl.when(~whole & ~stem).then(pl.col("code").str.slice(6)))
        .join(permitted, on=["governs", "character"], how="left")
        .filter(whole | stem | pl.col("permitted"))
        .select("code", "node", "character", "governs")
    )


def as_stretches(positions: list[int]) -> Stretches:
    """Ascending positions as stretches."""
    if not positions:
        return ()
    breaks = [(one, other) for one, other in pairwise(positions) if other != one + 1]
    starts = [positions[0], *(other for _, other in breaks)]
    stops = [*(one + 1 for one, _ in breaks), positions[-1] + 1]
    return tuple(zip(starts, stops, strict=True))


def _ends_of_subtrees(depth: list[int]) -> tuple[int, ...]:
    """For each node in the book's order, the number of the first node that is not below it."""
    after = [len(depth)] * len(depth)
    waiting: list[int] = []
    for node, level in enumerate(depth):
        while waiting and depth[waiting[-1]] >= level:
            after[waiting.pop()] = node
        waiting.append(node)
    return tuple(after)
