"""What the tabular list says of each code: side, encounter, trimester, intent, code first, unspecified."""

import re
from collections.abc import Iterator

import polars as pl

from validator.reference.notes.book import Book, placed_codes
from validator.reference.notes.citations import intent_character
from validator.reference.notes.code_first import kind_of_block, meant_below
from validator.reference.notes.rules import Notes
from validator.reference.notes.sides import named_side, sides
from validator.reference.schema import CODE_FIRST, INTENTS, LIST_FACTS, TRIMESTERS
from validator.reference.tabular import TabularList

# Facts of LIST_FACTS that another table holds; they are joined when the facts are asked for.
FROM_ELSEWHERE = ("hcc_v24", "hcc_v28", "hcc_chronic")
SCHEMA = {
    "code": pl.String,
    **{fact.name: fact.type for fact in LIST_FACTS if fact.name not in FROM_ELSEWHERE},
}

_TRIMESTER = re.compile(r"\b(first|second|third|unspecified) trimester\b")
_WEEKS = re.compile(r"\b(?:(less than) )?(\d+) weeks gestation")
_OBSTETRIC = ("O", "Z34")
_POISONING = re.compile(r"T(?:3[6-9]|[45][0-9]|6[0-5])")
_INTENT_CHARACTERS = dict(zip("123456", INTENTS, strict=True))


def list_facts(tabular: TabularList, notes: Notes, codes: pl.DataFrame) -> pl.DataFrame:
    """One row per code that the list has, billable or not (`code` and `in_force` of `codes`).

    Codes that were never billable have a row without facts: the list knows them, and that is all.
    """
    book = notes.book
    sevenths = _sevenths(tabular, book)
    side_columns = _sides(book, sevenths)
    trimesters = {place: _trimester(book, place) for place in range(len(book.codes))}
    code_first = _code_first(notes)
    rows = []
    for place, code in enumerate(book.codes):
        title = book.title[book.nodes[place]]
        side, family, has_sides, has_bilateral = side_columns.get(code, (None, None, False, False))
        encounter = _encounter(sevenths.get(code, ""))
        rows.append(
            (
                code,
                side,
                family,
                has_sides,
                has_bilateral,
                encounter,
                code[:-1] if encounter else None,
                trimesters[place],
                _gestation_trimester(code, title),
                _intent(code),
                code_first.get(place),
                (side == "unspecified" and has_sides) or _ends_unspecified(book, place),
            )
        )
    billable = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    others = placed_codes(tabular, codes.select("code")).select("code").join(billable, on="code", how="anti")
    return pl.concat([billable, others], how="diagonal").sort("code")


def _sevenths(tabular: TabularList, book: Book) -> dict[str, str]:
    """The meaning of the 7th character that each code has."""
    codes = pl.DataFrame({"code": book.codes}, schema={"code": pl.String})
    return dict(
        placed_codes(tabular, codes)
        .filter(pl.col("character").is_not_null())
        .join(tabular.sevenths, left_on=["governs", "character"], right_on=["node", "character"])
        .select("code", "meaning")
        .rows()
    )


def _sides(book: Book, sevenths: dict[str, str]) -> dict[str, tuple[str, int | None, bool, bool]]:
    """code -> side, number of its family, whether the family has both sides, and a code for both at once."""
    titles: dict[str, str] = {}
    stems: dict[str, str] = {}
    for place, code in enumerate(book.codes):
        title, meaning = book.title[book.nodes[place]], sevenths.get(code, "")
        own = named_side(meaning) is not None or meaning == "unspecified eye"
        stems[code] = code if own or not meaning else book.code[book.nodes[place]]
        titles[stems[code]] = f"{title}, {meaning}" if own else title
    found = sides(titles.items())
    families: dict[tuple[int, str], list[tuple[str, str]]] = {}
    for code, stem in stems.items():
        one = found.get(stem)
        if one is not None and one.side is not None and one.family is not None:
            seventh = code[6:] if stem != code else ""
            families.setdefault((one.family, seventh), []).append((code, one.side))
    made: dict[str, tuple[str, int | None, bool, bool]] = {
        code: (one.side, None, False, False)
        for code, stem in stems.items()
        if (one := found.get(stem)) and one.side
    }
    for number, members in enumerate(families.values()):
        present = {side for _, side in members}
        if len(present) > 1:
            for code, side in members:
                made[code] = (side, number, {"right", "left"} <= present, "bilateral" in present)
    return made


def _encounter(meaning: str) -> str | None:
    for encounter, words in (
        ("initial", "initial encounter"),
        ("subsequent", "subsequent encounter"),
        ("sequela", "sequela"),
    ):
        if meaning.startswith(words):
            return encounter
    return None


def _trimester(book: Book, place: int) -> str | None:
    if not book.codes[place].startswith(_OBSTETRIC):
        return None
    found = set(_TRIMESTER.findall(book.title[book.nodes[place]].lower()))
    return found.pop() if len(found) == 1 else None


def _gestation_trimester(code: str, title: str) -> str | None:
    """First to 13 weeks and 6 days, second to 27 weeks and 6 days; the weeks are completed ones."""
    found = _WEEKS.search(title.lower()) if code.startswith("Z3A") else None
    # Z3A.49 is "greater than 42 weeks", and so is a trimester that no claim can contradict.
    if found is None or "greater" in title.lower():
        return None
    weeks = int(found[2])
    return TRIMESTERS[0] if weeks < 14 else TRIMESTERS[1] if weeks < 28 else TRIMESTERS[2]


def _intent(code: str) -> str | None:
    if not _POISONING.match(code):
        return None
    return _INTENT_CHARACTERS.get(intent_character(code))


def _code_first(notes: Notes) -> dict[int, str]:
    """place of a code -> the strongest of what the code first notes at and above it ask."""
    found: dict[int, str] = {}
    rank = {kind: number for number, kind in enumerate(CODE_FIRST)}
    for place, kind in _block_reach(notes):
        if place not in found or rank[kind] < rank[found[place]]:
            found[place] = kind
    return found


def _block_reach(notes: Notes) -> Iterator[tuple[int, str]]:
    for node, lines in notes.blocks("code_first"):
        kind = kind_of_block(lines)
        for start, stop in meant_below(node, lines[0].text, notes.book):
            for place in range(start, stop):
                yield place, kind


def _ends_unspecified(book: Book, place: int) -> bool:
    """The title's last word is "unspecified", and the list has another code below the same parent."""
    node = book.nodes[place]
    if not book.title[node].lower().endswith("unspecified"):
        return False
    start, stop = book.below(book.parent[node])
    own_start, own_stop = book.below(node)
    return stop - start > own_stop - own_start
