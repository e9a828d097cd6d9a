"""The notes that name codes, line by line: where each stands, which codes it names, and how it is printed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from validator.reference.notes.book import Book, Stretches
from validator.reference.notes.citations import Citation, cited
from validator.reference.tabular import TabularList

KINDS_IN_WORDS = {
    "excludes1": "Excludes1",
    "excludes2": "Excludes2",
    "code_first": "Code first",
    "use_additional_code": "Use additional code",
    "code_also": "Code also",
}


@dataclass(frozen=True)
class Line:
    """One printed line of a note, with the heading above it ("any associated:") where it has one."""

    node: int
    kind: str
    position: int
    text: str
    heading: str = ""


@dataclass(frozen=True)
class NoteRule:
    """One reference of one line: what the note at `node` says of the codes at and below it and of `named`."""

    line: Line
    citation: Citation
    named: Stretches

    @property
    def node(self) -> int:
        return self.line.node


@dataclass(frozen=True)
class Notes:
    """Every line of the notes that may name codes, and the rules that they make."""

    book: Book
    lines: tuple[Line, ...]

    def of_kind(self, *kinds: str) -> list[NoteRule]:
        """The rules of these kinds of notes, in the order of the book. What names no listed code is none."""
        found = []
        for line in self.lines:
            if line.kind in kinds:
                for citation in cited(line.text):
                    named = self._meant(citation)
                    if named:
                        found.append(NoteRule(line, citation, named))
        return found

    def blocks(self, kind: str) -> Iterator[tuple[int, list[Line]]]:
        """Each node with such a note, and the lines of it."""
        together: dict[int, list[Line]] = {}
        for line in self.lines:
            if line.kind == kind:
                together.setdefault(line.node, []).append(line)
        yield from together.items()

    def printed(self, line: Line) -> str:
        """`Excludes1 at N39.0: cystitis (N30.-)`: the note as a biller may look it up.

        A section has its title and its first code, for its last one moves when categories are added at its
        end: what is I10-I1A today was I10-I15 on an old claim.
        """
        where = self.book.name[line.node]
        if self.book.kind[line.node] == "chapter":
            where = f"chapter {where}"
        elif self.book.kind[line.node] == "section":
            title = self.book.title[line.node].removesuffix(f" ({where})")
            where = f"the section from {where.split('-', maxsplit=1)[0]} ({title})"
        words = f"{line.heading} {line.text}".strip().removeprefix(", ")
        return f"{KINDS_IN_WORDS[line.kind]} at {where}: {words}"

    def _meant(self, citation: Citation) -> Stretches:
        if citation not in self._known:
            self._known[citation] = self.book.meant(citation)
        return self._known[citation]

    @cached_property
    def _known(self) -> dict[Citation, Stretches]:
        return {}


RuleKey = tuple[str, str, str]


def rule_key(kind: str, node_kind: str, name: str, citation: Citation) -> RuleKey:
    """What makes a rule the same one in another year's list: its kind, where it stands, what it names.

    A section is known by its first code, for its last one moves when categories are added at its end.
    """
    if node_kind == "section":
        name = name.split("-", maxsplit=1)[0] + "-"
    where = f"chapter {name}" if node_kind == "chapter" else name
    return kind, where, citation.written


def read_notes(tabular: TabularList, book: Book) -> Notes:
    """The lines of the notes that may name codes, each with its heading."""
    table = tabular.notes.filter(pl.col("kind").is_in(list(KINDS_IN_WORDS))).sort("position")
    columns = (table[name].to_list() for name in ("node", "kind", "position", "text"))
    return Notes(book, tuple(_with_headings(zip(*columns, strict=True))))


def _with_headings(rows: Iterable[tuple[int, str, int, str]]) -> Iterator[Line]:
    """The lines below a heading are its items, in the order of the alphabet; one out of order ends them."""
    heading, before, block = "", "", (-1, "")
    for node, kind, position, text in rows:
        if (node, kind) != block or (before and text.lower() < before):
            heading, before, block = "", "", (node, kind)
        if text.endswith(":") and not cited(text):
            heading, before = text, ""
            yield Line(node, kind, position, text)
            continue
        yield Line(node, kind, position, text, heading)
        if heading:
            before = text.lower()
