"""The code card: everything the reference knows about one code on one day."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from validator.reference.dotted import dotted_text, undotted_text
from validator.reference.schema import Period

if TYPE_CHECKING:
    from validator.reference.lookup import Reference

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


# status -> (kind of suggestion, how the codes relate to this one)
_INSTEAD = {
    "header": ("billable_children_of", "Billable codes below it"),
    "incomplete": ("completed_codes_of", "With its 7th character"),
    "expired": ("successors_of", "What replaced it"),
    "not_yet": ("nearest_codes_to", "Nearest codes that day"),
    "unknown": ("nearest_codes_to", "Nearest codes"),
}


def make_card(reference: "Reference", asked: str, on: date) -> CodeCard:
    """The card of a code as a person types it: dotted or not, upper or lower case, known or not."""
    code = undotted_text(asked)
    facts = reference.facts(pl.Series("code", [code]))
    of_code = facts.codes.row(0, named=True)
    period = next((one for one in reference.periods if one.valid_from <= on <= one.valid_to), None)
    today = facts.by_period.row(period.number, named=True) if period else None
    status = str(today["status"]) if today else None
    why, suggested = _instead(reference, code, on, today)
    codes = list(suggested["suggestions"])
    below = _next_level(reference, code, period) if status == "header" else {}
    titles = _titles(reference, [code, *codes, *below], on)
    nodes = _nodes_from(reference, code)
    return CodeCard(
        code=dotted_text(code),
        on=on,
        reach="covered" if period else ("before" if on < reference.covers_from else "after"),
        release=period.release if period else None,
        status=status,
        seventh_character=str(today["seventh_character"]) if today else None,
        placeholder_missing=bool(today and today["placeholder_missing"]),
        title=titles[code],
        well_formed=bool(of_code["well_formed"]),
        icd9=bool(of_code["icd9"]),
        spans=_spans(reference, code),
        parents=tuple(
            Node(row["kind"], row["name"], row["title"]) for row in nodes[::-1] if row["code"] != code
        ),
        instead_why=why,
        instead=tuple(Related(one, titles[undotted_text(one)]) for one in codes),
        instead_total=suggested["total"],
        next_level=tuple(Branch(dotted_text(one), titles[one], count) for one, count in below.items()),
        sevenths=_sevenths(reference, code, period) if of_code["ever_listed"] else (),
        flags=_flags(reference, code, on) if status == "in_force" else (),
        # What stands above a code that does not exist helps nobody; the codes offered have their own cards.
        notes=_notes(reference, code, nodes) if of_code["ever_listed"] else (),
        in_tabular_list=_own_node(code, nodes) is not None,
        notes_release=reference.tabular_release,
    )


def _instead(
    reference: "Reference", code: str, on: date, today: dict[str, Any] | None
) -> tuple[str, dict[str, Any]]:
    """How the codes offered relate to this one, and the row of suggestions."""
    status = str(today["status"]) if today else "in_force"
    if today and today["placeholder_missing"]:
        kind, why = "placeholder_repair_of", "With the placeholder X where it belongs"
    elif today and str(today["seventh_character"]) == "not_permitted":
        kind, why = "permitted_seventh_of", "With a 7th character that is permitted"
    elif status in _INSTEAD:
        kind, why = _INSTEAD[status]
    else:
        return "", {"suggestions": [], "total": 0}
    pairs = pl.DataFrame({"code": [code], "on": [on]})
    suggested = reference.suggestions(kind, pairs)
    if suggested["total"].item() == 0 and status == "expired":
        why, suggested = "Nearest codes that day", reference.suggestions("nearest_codes_to", pairs)
    return why, suggested.row(0, named=True)


def _next_level(reference: "Reference", code: str, period: Period | None) -> dict[str, int]:
    """What stands directly below a header, with the number of billable codes below each."""
    if period is None:
        return {}
    rows = reference.tables.read(
        f"""
        with standing as (
            select c.code, (c.in_force >> {period.number}) & 1 as billable from code c, asked
            where starts_with(c.code, asked.code) and c.code <> asked.code
              and ((c.in_force | c.header) >> {period.number}) & 1 = 1
        )
        select code, (
            select count(*) from standing lower
            where lower.billable = 1
              and starts_with(lower.code, standing.code) and lower.code <> standing.code
        ) as billable_below
        from standing
        where not exists (
            from standing as upper
            where starts_with(standing.code, upper.code) and standing.code <> upper.code
        )
        order by code
        """,
        asked=pl.DataFrame({"code": [code]}),
    )
    return dict(rows.rows())


def _titles(reference: "Reference", codes: list[str], on: date) -> dict[str, str | None]:
    plain = list(dict.fromkeys(undotted_text(code) for code in codes))
    rows = reference.titles(pl.DataFrame({"code": plain, "on": [on] * len(plain)}))
    return dict(rows.select("code", "title").rows())


def _spans(reference: "Reference", code: str) -> tuple[Span, ...]:
    rows = reference.tables.read(
        "select kind, valid_from, valid_to, inferred from span join asked using (code) order by valid_from",
        asked=pl.DataFrame({"code": [code]}),
    )
    return tuple(Span(*row) for row in rows.rows())


def _nodes_from(reference: "Reference", code: str) -> list[dict[str, Any]]:
    """The code's node, or the nearest one whose name the code continues, and all above it, nearest first."""
    prefixes = [code[:length] for length in range(len(code), 2, -1)]
    rows = reference.tables.read(
        """
        with recursive nearest as (
            select n.* from node n join asked using (code) order by length(n.code) desc limit 1
        ), chain as (
            select *, 0 as steps from nearest
            union all
            select n.*, chain.steps + 1 from node n join chain on n.node = chain.parent
        )
        select * from chain order by steps
        """,
        asked=pl.DataFrame({"code": prefixes}, schema={"code": pl.String}),
    )
    return rows.rows(named=True)


def _own_node(code: str, nodes: list[dict[str, Any]]) -> int | None:
    """The node that is the code, or the stem that it extends; blank where the tabular list has neither."""
    return next((row["node"] for row in nodes if _stem(row["code"]) == _stem(code)), None)


def _notes(reference: "Reference", code: str, nodes: list[dict[str, Any]]) -> tuple[Note, ...]:
    """Notes of the code's node and of every node above it, nearest first, in the order of the book."""
    names = {row["node"]: (row["steps"], _place(row)) for row in nodes}
    rows = reference.tables.read(
        "select node, position, kind, text from note join asked using (node) order by position",
        asked=pl.DataFrame({"node": list(names)}, schema={"node": pl.UInt32}),
    )
    own = _own_node(code, nodes)
    ordered = sorted(rows.rows(), key=lambda row: (names[row[0]][0], row[1]))
    return tuple(
        Note(kind, text.lstrip(", "), names[node][1])
        for node, _, kind, text in ordered
        # What a node above includes says nothing about the code itself.
        if kind != "inclusion_term" or node == own
    )


def _stem(code: str | None) -> str:
    """A code without its 7th character, filled up with placeholders: what makes two names the same node."""
    return (code or "")[:6].ljust(6, "X")


def _place(row: dict[str, Any]) -> str:
    return str(row["name"]) if row["kind"] == "code" else f"{row['kind']} {row['name']}"


def _sevenths(reference: "Reference", code: str, period: Period | None) -> tuple[Seventh, ...]:
    """The 7th characters of the code's stem; permitted are those that make a code in force on the day."""
    rows = reference.tables.read(
        f"""
        select s.character, s.meaning,
               coalesce((c.in_force >> {period.number if period else 0}) & 1 = 1, false) as permitted
        from seventh_of_stem s join asked using (stem) left join code c on c.code = s.stem || s.character
        order by s.position
        """,
        asked=pl.DataFrame({"stem": [_stem(code)]}),
    )
    return tuple(Seventh(*row) for row in rows.rows())


def _flags(reference: "Reference", code: str, on: date) -> tuple[str, ...]:
    """Edit flags on the day, in words, with the ages of a group and the last day of what has ended."""
    rows = reference.tables.read(
        """
        select flag, f.valid_to, age_from, age_to
        from flag f join asked on asked.code = f.code
        left join age_group a on a.age_group = f.flag
          and a.valid_from <= asked."on" and (a.valid_to is null or a.valid_to >= asked."on")
        where f.valid_from <= asked."on" and (f.valid_to is null or f.valid_to >= asked."on")
        order by flag
        """,
        asked=pl.DataFrame({"code": [code], "on": [on]}),
    )
    words = []
    for flag, valid_to, age_from, age_to in rows.rows():
        if flag in FLAG_WORDS:
            years = f"{age_from}" if age_from == age_to else f"{age_from} to {age_to}"
            ages = f" code, age {years} (MCE edit 4)" if age_from is not None else ""
            until = f", until {valid_to}" if valid_to else ""
            words.append(FLAG_WORDS[flag] + ages + until)
    return tuple(words)
