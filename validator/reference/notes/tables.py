"""The pair tables that follow from the notes, as rows of the built tables of pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from validator.reference.notes.book import Book, Stretches
from validator.reference.notes.class_pairs import ClassPairs, Row, as_tables
from validator.reference.notes.classes import Classes, cut_into_classes
from validator.reference.notes.code_first import owners_of, permissive_nodes, required_nodes
from validator.reference.notes.precedence import PERMISSIVE, overriding, without_overridden
from validator.reference.notes.rules import NoteRule, Notes, RuleKey, rule_key
from validator.reference.notes.without_with import without_with
from validator.reference.pair_files import TABLES

# A reference is broad when it spans more than one category and more than so many codes.
MANY_CODES = 50
# Chapters whose codes make a pair a broad one: symptoms, and external causes.
_VAGUE = ("18", "20")
# NCHS itself names sequelae of cerebrovascular disease with a current injury of the head as a pair that may
# stand (clarification of October 2015), though the note reads otherwise.
_PERMITTED_BY_NCHS = {("I60-I69", "S06"), ("I69", "S06")}

Days = tuple[date | None, date | None]
NoteDays = Mapping[RuleKey, Days]


@dataclass(frozen=True)
class _Sets:
    """Sets of codes by number; equal sets have one number."""

    numbers: dict[Stretches, int]

    def number(self, stretches: Stretches) -> int:
        return self.numbers.setdefault(stretches, len(self.numbers))

    def cut(self, book: Book) -> Classes:
        return cut_into_classes(len(book.codes), list(self.numbers))


def pair_tables(notes: Notes, days: NoteDays) -> dict[str, pl.DataFrame]:
    """Rows for the built tables of pairs, all names together.

    `days`: the first and last day of each rule that is not known to have held always.
    """
    narrow, broad = excludes1_pairs(notes, days)
    required, permissive = code_first_pairs(notes, days)
    made = {
        "icd10_excludes1": narrow,
        "icd10_excludes1_broad": broad,
        "icd10_excludes2": excludes2_pairs(notes, days),
        "icd10_code_first": required,
        "icd10_code_first_permissive": permissive,
        "icd10_without_with": without_with(notes.book),
    }
    parts = [as_tables(name, table, notes.book) for name, table in made.items()]
    return {table: pl.concat([part[table] for part in parts]) for table in TABLES}


def excludes1_pairs(notes: Notes, days: NoteDays) -> tuple[ClassPairs, ClassPairs]:
    """(specific pairs, pairs of a symptom, an external cause or a broad range), each listed both ways."""
    book = notes.book
    rules = notes.of_kind("excludes1")
    allowing = overriding(notes.of_kind(*PERMISSIVE), book)
    sets = _Sets({})
    vague = [
        sets.number((book.below(node),)) for node, name in enumerate(book.name) if _is_vague(book, node, name)
    ]
    for rule in (*rules, *allowing):
        sets.number(_owner(book, rule))
        sets.number(rule.named)
    classes = sets.cut(book)
    vague_classes = frozenset().union(*(classes.holding[number] for number in vague))
    rows: list[tuple[int, int, int, int, int, bool]] = []
    for number, rule in enumerate(rules):
        owners, named = _apart(
            classes.holding[sets.number(_owner(book, rule))], classes.holding[sets.number(rule.named)]
        )
        levels = book.level(rule.node), rule.citation.level
        is_broad = _is_broad(book, rule)
        rows += [
            (left, right, *levels, number, is_broad or left in vague_classes or right in vague_classes)
            for left in owners
            for right in named
        ]
    pairs = pl.DataFrame(
        rows,
        schema={
            "left": pl.UInt32, "right": pl.UInt32, "left_level": pl.Int16, "right_level": pl.Int16,
            "rule": pl.UInt32, "broad": pl.Boolean,
        },
        orient="row",
    )  # fmt: skip
    permissive = [
        (
            sets.number(_owner(book, rule)),
            sets.number(rule.named),
            book.level(rule.node),
            rule.citation.level,
        )
        for rule in allowing
    ]
    standing = without_overridden(pairs, permissive, classes)
    both_ways = pl.concat(
        [
            standing.select(
                "left",
                "right",
                "rule",
                "broad",
                turned=pl.lit(False),
                level=pl.col("left_level") + pl.col("right_level"),
            ),
            standing.select(
                "rule",
                "broad",
                left="right",
                right="left",
                turned=pl.lit(True),
                level=pl.col("left_level") + pl.col("right_level"),
            ).select("left", "right", "rule", "broad", "turned", "level"),
        ]
    )
    dated = both_ways.join(_rule_days(rules, days, book), on="rule")
    narrow = dated.filter(~pl.col("broad"))
    # A pair that one note names precisely is not said again by one that names it broadly.
    broad = _not_said_by(narrow, dated.filter("broad"))
    texts = [notes.printed(rule.line) for rule in rules]
    members = _members(classes)
    return tuple(  # type: ignore[return-value]
        ClassPairs(_notes_of_both(table, texts), members) for table in (narrow, broad)
    )


def excludes2_pairs(notes: Notes, days: NoteDays) -> ClassPairs:
    """Pairs that an Excludes2 note at any level names, listed both ways. A class is a set as printed."""
    book = notes.book
    sets = _Sets({})
    rows: dict[tuple[int, int, Days], str] = {}
    for rule in notes.of_kind("excludes2"):
        owner, named = sets.number(_owner(book, rule)), sets.number(rule.named)
        span = _days(rule, days, book)
        for left, right in ((owner, named), (named, owner)):
            rows.setdefault((left, right, span), notes.printed(rule.line))
    members = {
        number: [place for start, stop in stretches for place in range(start, stop)]
        for stretches, number in sets.numbers.items()
    }
    return ClassPairs([(left, right, *span, text) for (left, right, span), text in rows.items()], members)


def code_first_pairs(notes: Notes, days: NoteDays) -> tuple[ClassPairs, ClassPairs]:
    """(pairs of notes without a condition, pairs of notes that say if applicable or if known).

    Left is the code under the note, right the one that the note wants first. Two codes that notes want before
    each other are left out of both, and so is a code that its own note would want before itself. A note that
    asks for one of its codes holds always: a shorter list of an earlier year would miss what satisfies it.
    """
    book = notes.book
    needed = required_nodes(notes)
    rules = notes.of_kind("code_first")
    loose = permissive_nodes(notes)
    sets = _Sets({})
    owners = [owners_of(rule, book) for rule in rules]
    for owner, rule in zip(owners, rules, strict=True):
        sets.number(owner)
        sets.number(rule.named)
    classes = sets.cut(book)
    rows = []
    for number, (owner, rule) in enumerate(zip(owners, rules, strict=True)):
        lefts, rights = _apart(classes.holding[sets.number(owner)], classes.holding[sets.number(rule.named)])
        level = book.level(rule.node) + rule.citation.level
        rows += [(left, right, number, rule.node in loose, level) for left in lefts for right in rights]
    table = pl.DataFrame(
        rows,
        schema={
            "left": pl.UInt32, "right": pl.UInt32, "rule": pl.UInt32, "loose": pl.Boolean, "level": pl.Int16
        },
        orient="row",
    )  # fmt: skip
    turned = table.select(left="right", right="left")
    spans = _rule_days(rules, days, book).with_columns(
        pl.when(~pl.col("rule").is_in([number for number, rule in enumerate(rules) if rule.node in needed]))
        .then("valid_from")
        .alias("valid_from")
    )
    dated = table.join(turned, on=["left", "right"], how="anti").join(spans, on="rule")
    strict = dated.filter(~pl.col("loose"))
    permissive = _not_said_by(strict, dated.filter("loose"))
    texts = [notes.printed(rule.line) for rule in rules]
    members = _members(classes)
    return tuple(  # type: ignore[return-value]
        ClassPairs(_one_note_each(one, texts), members) for one in (strict, permissive)
    )


def _owner(book: Book, rule: NoteRule) -> Stretches:
    return (book.below(rule.node),)


def _apart(owners: frozenset[int], named: frozenset[int]) -> tuple[frozenset[int], frozenset[int]]:
    """What a note sets against each other: a code neither against itself nor against what it is named with.

    A note of a category may name a part of that category (then the rest stands against that part), and a note
    of a part the whole.
    """
    if named <= owners:
        return owners - named, named
    if owners <= named:
        return owners, named - owners
    return owners - named, named - owners


def _is_vague(book: Book, node: int, name: str) -> bool:
    return book.kind[node] == "chapter" and name in _VAGUE


def _is_broad(book: Book, rule: NoteRule) -> bool:
    """Whether what is printed in the note (never where it stands) is a broad range."""
    if (book.name[rule.node], rule.citation.first) in _PERMITTED_BY_NCHS:
        return True
    if sum(stop - start for start, stop in rule.named) <= MANY_CODES:
        return False
    return len({book.codes[place][:3] for start, stop in rule.named for place in range(start, stop)}) > 1


def _days(rule: NoteRule, days: NoteDays, book: Book) -> Days:
    key = rule_key(rule.line.kind, book.kind[rule.node], book.name[rule.node], rule.citation)
    return days.get(key, (None, None))


def _rule_days(rules: Sequence[NoteRule], days: NoteDays, book: Book) -> pl.DataFrame:
    return pl.DataFrame(
        [(number, *_days(rule, days, book)) for number, rule in enumerate(rules)],
        schema={"rule": pl.UInt32, "valid_from": pl.Date, "valid_to": pl.Date},
        orient="row",
    )


def _not_said_by(stronger: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs that the stronger table does not list anyway for as long."""
    always = stronger.filter(pl.col("valid_from").is_null())
    return pairs.join(always, on=["left", "right"], how="anti").join(
        stronger, on=["left", "right", "valid_from"], how="anti", nulls_equal=True
    )


def _notes_of_both(pairs: pl.DataFrame, texts: Sequence[str]) -> list[Row]:
    """One row per pair and span of days; where each code has a note about the other, with both of them."""
    keys = ["left", "right", "valid_from", "valid_to"]
    one, other = (_closest(pairs.filter(pl.col("turned") == turned)) for turned in (False, True))
    both = {
        tuple(row[:4]): sorted(row[4:])
        for row in one.join(other, on=keys, suffix="_other", nulls_equal=True).rows()
    }
    return [
        (*row[:4], _joined([texts[number] for number in both.get(row[:4], row[4:])]))
        for row in _closest(pairs).rows()
    ]


def _joined(texts: Sequence[str]) -> str:
    """`Excludes1 at E10: type 2 (E11.-); at E11: type 1 (E10.-)`: the second note without the name again."""
    first, *rest = dict.fromkeys(texts)
    name = first.split(" at ", maxsplit=1)[0]
    return "; ".join([first, *(text.removeprefix(f"{name} ") for text in rest)])


def _one_note_each(pairs: pl.DataFrame, texts: Sequence[str]) -> list[Row]:
    """One row per pair and span of days, with the note that names the two codes most closely."""
    return [(*row[:4], texts[row[4]]) for row in _closest(pairs).rows()]


def _closest(pairs: pl.DataFrame) -> pl.DataFrame:
    """left, right, valid_from, valid_to, rule: the rule that names the two codes most closely."""
    best = (
        pairs.sort("level", "rule", descending=[True, False])
        .unique(["left", "right", "valid_from", "valid_to"], keep="first", maintain_order=True)
        .select("left", "right", "valid_from", "valid_to", "rule")
    )
    # Days within those of another row of the same pair would only say the same twice.
    open_rows = best.filter(pl.col("valid_from").is_null() & pl.col("valid_to").is_null())
    dated = best.filter(pl.col("valid_from").is_not_null() | pl.col("valid_to").is_not_null())
    return pl.concat([open_rows, dated.join(open_rows, on=["left", "right"], how="anti")])


def _members(classes: Classes) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for place, number in enumerate(classes.of_code):
        if number >= 0:
            found.setdefault(number, []).append(place)
    return found
