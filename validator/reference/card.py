"""Code cards: everything the reference knows about a code on one day, for one code or many at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from validator.reference.dotted import dotted_text, undotted_text
from validator.reference.schema import Period

if TYPE_CHECKING:
    from validator.reference.lookup import Reference

Key = TypeVar("Key")
Value = TypeVar("Value")
# Edit flags in words; the master's other flags serve the DRG grouper and say nothing about coding.
FLAG_WORDS = {
    "manifestation": "manifestation code, not allowed as principal diagnosis (MCE edit 6)",
    "ecodepdx": "external cause code, not allowed as principal diagnosis (MCE edit 2)",
    "unacceptable": "unacceptable as principal diagnosis of an inpatient stay (MCE edit 9)",
    "reqsdx": "as principal diagnosis of a stay it needs a secondary diagnosis (MCE edit 9)",
    "qadm": "questionable admission when principal diagnosis of a stay (MCE edit 8)",
    "unspecified": "unspecified site or side where a more specific code exists (MCE edit 20)",
    "wrngproc": "wrong procedure performed (MCE edit 18)",
    "female": "women only (MCE edit 5)",
    "male": "men only (MCE edit 5)",
    "newborn": "newborn",
    "pediatric": "pediatric",
    "maternity": "maternity",
    "adult": "adult",
}


@dataclass(frozen=True)
class Span:
    """Days on which the code was `billable` or `header`; a blank end: still so on the last day covered."""

    kind: str
    valid_from: date
    valid_to: date | None
    inferred: bool


@dataclass(frozen=True)
class Node:
    """A chapter, section or code of the tabular list."""

    kind: str
    name: str
    title: str


@dataclass(frozen=True)
class Note:
    """One line of a note, and the node it stands on."""

    kind: str
    text: str
    stands_on: str


@dataclass(frozen=True)
class Seventh:
    """A 7th character that the tabular list defines; `permitted`: it makes a billable code on that day."""

    character: str
    meaning: str
    permitted: bool


@dataclass(frozen=True)
class Related:
    """Another code, with its title where a loaded release words one."""

    code: str
    title: str | None


@dataclass(frozen=True)
class Branch:
    """A code directly below another, and how many billable codes stand below it (none: it is billable)."""

    code: str
    title: str | None
    billable_below: int


@dataclass(frozen=True)
class CodeCard:
    """Grain: one code, one day. Codes are dotted.

    `status` is blank where the day is not covered; `reach` says which side. `instead` holds at most 20 of the
    `instead_total` billable codes that may replace it, `instead_why` how they relate to it.
    """

    code: str
    on: date
    reach: str
    release: str | None
    status: str | None
    seventh_character: str | None
    placeholder_missing: bool
    title: str | None
    well_formed: bool
    icd9: bool
    spans: tuple[Span, ...]
    parents: tuple[Node, ...]
    instead_why: str
    instead: tuple[Related, ...]
    instead_total: int
    next_level: tuple[Branch, ...]
    sevenths: tuple[Seventh, ...]
    flags: tuple[str, ...]
    notes: tuple[Note, ...]
    in_tabular_list: bool
    notes_release: str

    @property
    def listed(self) -> bool:
        """Whether some release has the code, or it is a stem that lacks only its 7th character."""
        return bool(self.spans or self.sevenths)


_PAIR = {"code": pl.String, "on": pl.Date}
# status -> (kind of suggestion, how the codes relate to this one)
_INSTEAD = {
    "header": ("billable_children_of", "Billable codes below it"),
    "incomplete": ("completed_codes_of", "With its 7th character"),
    "expired": ("successors_of", "What replaced it"),
    "not_yet": ("nearest_codes_to", "Nearest codes that day"),
    "unknown": ("nearest_codes_to", "Nearest codes"),
}


@dataclass(frozen=True)
class _Asked:
    """A code (no point) and its day, with the period of the day and what it is then, where it is covered."""

    code: str
    on: date
    period: Period | None
    facts: Mapping[str, Any]
    today: Mapping[str, Any] | None

    @property
    def status(self) -> str | None:
        return str(self.today["status"]) if self.today else None


def make_cards(reference: "Reference", days: Mapping[str, date]) -> list[CodeCard]:
    """The cards of codes as a person types them (dotted or not, in either case, known or not), on their days.

    Of several spellings of one code the first counts.
    """
    plain: dict[str, date] = {}
    for code, on in days.items():
        plain.setdefault(undotted_text(code), on)
    if not plain:
        return []
    every = _asked(reference, plain)
    offered = _instead(reference, every)
    below = _next_level(reference, [one for one in every if one.status == "header"])
    titles = _titles(
        reference,
        {
            (undotted_text(code), one.on)
            for one in every
            for code in (one.code, *offered[one.code][1]["suggestions"], *below.get(one.code, ()))
        },
    )
    nodes = _nodes_from(reference, list(plain))
    notes = _notes_of(reference, {row["node"] for chain in nodes.values() for row in chain})
    spans, flags = _spans(reference, list(plain)), _flags(reference, every)
    sevenths = _sevenths(reference, every)
    cards = []
    for one in every:
        why, suggested = offered[one.code]
        chain, listed = nodes.get(one.code, []), bool(one.facts["ever_listed"])
        reach = "before" if one.on < reference.covers_from else "after"
        cards.append(
            CodeCard(
                code=dotted_text(one.code),
                on=one.on,
                reach="covered" if one.period else reach,
                release=one.period.release if one.period else None,
                status=one.status,
                seventh_character=str(one.today["seventh_character"]) if one.today else None,
                placeholder_missing=bool(one.today and one.today["placeholder_missing"]),
                title=titles[one.code, one.on],
                well_formed=bool(one.facts["well_formed"]),
                icd9=bool(one.facts["icd9"]),
                spans=spans.get(one.code, ()),
                parents=tuple(
                    Node(row["kind"], row["name"], row["title"])
                    for row in chain[::-1]
                    if row["code"] != one.code
                ),
                instead_why=why,
                instead=tuple(
                    Related(code, titles[undotted_text(code), one.on]) for code in suggested["suggestions"]
                ),
                instead_total=suggested["total"],
                next_level=tuple(
                    Branch(dotted_text(code), titles[code, one.on], count)
                    for code, count in below.get(one.code, {}).items()
                ),
                sevenths=sevenths.get(one.code, ()) if listed else (),
                flags=flags.get(one.code, ()) if one.status == "in_force" else (),
                # What stands above a code that does not exist helps nobody; the codes offered have cards.
                notes=_notes(one.code, chain, notes) if listed else (),
                in_tabular_list=_own_node(one.code, chain) is not None,
                notes_release=reference.tabular_release,
            )
        )
    return cards


def _asked(reference: "Reference", days: Mapping[str, date]) -> list[_Asked]:
    facts = reference.facts(pl.Series("code", list(days), pl.String))
    every = []
    for number, (code, on) in enumerate(days.items()):
        period = next((one for one in reference.periods if one.valid_from <= on <= one.valid_to), None)
        row = number * len(reference.periods) + period.number if period else None
        today = facts.by_period.row(row, named=True) if row is not None else None
        every.append(_Asked(code, on, period, facts.codes.row(number, named=True), today))
    return every


def _kind_of_instead(one: _Asked) -> tuple[str, str]:
    """The kind of suggestion for a code, and how the codes offered relate to it; blank: none is needed."""
    if one.today and one.today["placeholder_missing"]:
        return "placeholder_repair_of", "With the placeholder X where it belongs"
    if one.today and str(one.today["seventh_character"]) == "not_permitted":
        return "permitted_seventh_of", "With a 7th character that is permitted"
    return _INSTEAD.get(one.status or "in_force", ("", ""))


def _instead(reference: "Reference", every: Sequence[_Asked]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """How the codes offered relate to each code, and its row of suggestions."""
    kinds = {one.code: _kind_of_instead(one) for one in every}
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}

    def suggest(kind: str, asked: Iterable[_Asked], why: Mapping[str, str]) -> None:
        pairs = pl.DataFrame([(one.code, one.on) for one in asked], schema=_PAIR, orient="row")
        if pairs.height:
            for row in reference.suggestions(kind, pairs).iter_rows(named=True):
                found[row["code"]] = (why[row["code"]], row)

    for kind in dict.fromkeys(kind for kind, _ in kinds.values()):
        asked = [one for one in every if kinds[one.code][0] == kind]
        if kind:
            suggest(kind, asked, {one.code: kinds[one.code][1] for one in asked})
        else:
            found |= {one.code: ("", {"suggestions": [], "total": 0}) for one in asked}
    ended = [one for one in every if one.status == "expired" and not found[one.code][1]["total"]]
    suggest("nearest_codes_to", ended, dict.fromkeys((one.code for one in ended), "Nearest codes that day"))
    return found


def _next_level(reference: "Reference", headers: Sequence[_Asked]) -> dict[str, dict[str, int]]:
    """What stands directly below each header, with the number of billable codes below each of these."""
    asked = [(one.code, one.period.number) for one in headers if one.period]
    rows = reference.tables.read(
        """
        select asked.code as header, c.code, (c.in_force >> asked.period) & 1 as billable
        from asked join code c on c.code > asked.code and c.code < asked.code || '~'
        where ((c.in_force | c.header) >> asked.period) & 1 = 1
        order by header, c.code
        """,
        asked=pl.DataFrame(asked, schema={"code": pl.String, "period": pl.Int64}, orient="row"),
    )
    levels: dict[str, dict[str, int]] = {}
    upper = ""
    for header, code, billable in rows.iter_rows():
        level = levels.setdefault(header, {})
        if upper in level and code.startswith(upper):
            level[upper] += billable
        else:
            upper = code
            level[upper] = 0
    return levels


def _titles(reference: "Reference", pairs: set[tuple[str, date]]) -> dict[tuple[str, date], str | None]:
    rows = reference.titles(pl.DataFrame(sorted(pairs), schema=_PAIR, orient="row"))
    return {(code, on): title for code, on, title in rows.select("code", "on", "title").iter_rows()}


def _spans(reference: "Reference", codes: Sequence[str]) -> dict[str, tuple[Span, ...]]:
    rows = reference.tables.read(
        "select code, kind, valid_from, valid_to, inferred from span join asked using (code) "
        "order by code, valid_from",
        asked=pl.DataFrame({"code": codes}, schema={"code": pl.String}),
    )
    return _grouped((code, Span(*rest)) for code, *rest in rows.iter_rows())


def _nodes_from(reference: "Reference", codes: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Each code's node, or the nearest one whose name the code continues, and all above, nearest first."""
    prefixes = [(code, code[:length]) for code in codes for length in range(len(code), 2, -1)]
    rows = reference.tables.read(
        """
        with recursive nearest as (
            select asked.of, n.* from node n join asked on n.code = asked.code
            qualify row_number() over (partition by asked.of order by length(n.code) desc, n.node) = 1
        ), chain as (
            select *, 0 as steps from nearest
            union all
            select chain.of, n.*, chain.steps + 1 from node n join chain on n.node = chain.parent
        )
        select * from chain order by of, steps
        """,
        asked=pl.DataFrame(prefixes, schema={"of": pl.String, "code": pl.String}, orient="row"),
    )
    chains: dict[str, list[dict[str, Any]]] = {}
    for row in rows.iter_rows(named=True):
        chains.setdefault(row["of"], []).append(row)
    return chains


def _own_node(code: str, nodes: list[dict[str, Any]]) -> int | None:
    """The node that is the code, or the stem that it extends; blank where the tabular list has neither."""
    return next((row["node"] for row in nodes if _stem(row["code"]) == _stem(code)), None)


def _notes_of(reference: "Reference", nodes: set[int]) -> dict[int, tuple[tuple[str, str], ...]]:
    """Kind and text of the notes of nodes, in the order of the book."""
    rows = reference.tables.read(
        "select node, kind, text from note join asked using (node) order by node, position",
        asked=pl.DataFrame({"node": sorted(nodes)}, schema={"node": pl.UInt32}),
    )
    return _grouped((node, (kind, text.lstrip(", "))) for node, kind, text in rows.iter_rows())


def _notes(
    code: str, chain: list[dict[str, Any]], notes: Mapping[int, tuple[tuple[str, str], ...]]
) -> tuple[Note, ...]:
    """Notes of the code's node and of every node above it, nearest first, in the order of the book."""
    own = _own_node(code, chain)
    return tuple(
        Note(kind, text, _place(row))
        for row in chain
        for kind, text in notes.get(row["node"], ())
        # What a node above includes says nothing about the code itself.
        if kind != "inclusion_term" or row["node"] == own
    )


def _stem(code: str | None) -> str:
    """A code without its 7th character, filled up with placeholders: what makes two names the same node."""
    return (code or "")[:6].ljust(6, "X")


def _place(row: dict[str, Any]) -> str:
    return str(row["name"]) if row["kind"] == "code" else f"{row['kind']} {row['name']}"


def _sevenths(reference: "Reference", every: Sequence[_Asked]) -> dict[str, tuple[Seventh, ...]]:
    """The 7th characters of each stem; permitted are those that make a code in force on the day."""
    asked = [(one.code, _stem(one.code), one.period.number if one.period else 0) for one in every]
    rows = reference.tables.read(
        """
        select asked.code, s.character, s.meaning,
               coalesce((c.in_force >> asked.period) & 1 = 1, false) as permitted
        from seventh_of_stem s join asked using (stem) left join code c on c.code = s.stem || s.character
        order by asked.code, s.position
        """,
        asked=pl.DataFrame(
            asked, schema={"code": pl.String, "stem": pl.String, "period": pl.Int64}, orient="row"
        ),
    )
    return _grouped((code, Seventh(*rest)) for code, *rest in rows.iter_rows())


def _flags(reference: "Reference", every: Sequence[_Asked]) -> dict[str, tuple[str, ...]]:
    """Edit flags on the day, in words, with the ages of a group and the last day of what has ended."""
    rows = reference.tables.read(
        """
        select asked.code, flag, f.valid_to, age_from, age_to
        from flag f join asked on asked.code = f.code
        left join age_group a on a.age_group = f.flag
          and a.valid_from <= asked."on" and (a.valid_to is null or a.valid_to >= asked."on")
        where f.valid_from <= asked."on" and (f.valid_to is null or f.valid_to >= asked."on")
        order by asked.code, flag
        """,
        asked=pl.DataFrame([(one.code, one.on) for one in every], schema=_PAIR, orient="row"),
    )
    words = []
    for code, flag, valid_to, age_from, age_to in rows.iter_rows():
        if flag in FLAG_WORDS:
            years = f"{age_from}" if age_from == age_to else f"{age_from} to {age_to}"
            ages = f" code, age {years} (MCE edit 4)" if age_from is not None else ""
            until = f", until {valid_to}" if valid_to else ""
            words.append((code, FLAG_WORDS[flag] + ages + until))
    return _grouped(words)


def _grouped(pairs: Iterable[tuple[Key, Value]]) -> dict[Key, tuple[Value, ...]]:
    groups: dict[Key, list[Value]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in groups.items()}
