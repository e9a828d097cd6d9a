"""Hypothesis strategies for small random rules: the language itself is compared, not only our rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
from hypothesis import strategies as st

from tests.agree import pools
from validator.claims.schema import rule_columns
from validator.reference.schema import RULE_FACTS
from validator.rules.model import (
    ALWAYS,
    SEVERITIES,
    All,
    Any_,
    Compare,
    Condition,
    DaysApart,
    Exists,
    Field,
    None_,
    Precedence,
    RiskWeights,
    Rule,
    RuleSet,
    SeverityCase,
    Source,
)

TABLE_OF_GRAIN = {"diagnosis": "diagnoses", "line": "lines", "claim": "claims", "procedure": "procedures"}

UNREAD_FACTS = ("icd10.title",)  # for messages only
PRESENCE_ONLY = ("npis_malformed",)


@dataclass(frozen=True)
class Readable:
    """A rule name that a row of some table can read, with its kind of value and values worth asking for."""

    name: str
    kind: str
    values: tuple[object, ...]
    words: tuple[str, ...] = ()
    is_fact: bool = False
    is_always: bool = True


def readable(table: str, codes: Sequence[str]) -> list[Readable]:
    """Everything that a row of the table (in a rule's words: diagnosis, line ...) can read."""
    found = []
    for name, (owner, column) in rule_columns().items():
        if owner not in ("claims", TABLE_OF_GRAIN[table]):
            continue
        values: Sequence[object] = pools.pool(owner, column)
        if name in ("diagnosis.code", "diagnosis.code_as_sent"):
            values = codes
        if isinstance(column.type, pl.List):
            values = sorted({element for value in values for element in value})  # type: ignore[attr-defined]
        kind, words = _kind(column.type)
        found.append(Readable(name, kind, tuple(values), words))
    if table == "diagnosis":
        for name, fact in RULE_FACTS.items():
            if name not in UNREAD_FACTS:
                kind, words = _kind(fact.type)
                values = _fact_values(fact.type)
                found.append(Readable(name, kind, values, words, is_fact=True, is_always=fact.always))
    return found


def _kind(type_: object) -> tuple[str, tuple[str, ...]]:
    """The kind of a column and, for a word, which words there are; two fields compare only if both agree."""
    if isinstance(type_, pl.Enum):
        return "word", tuple(type_.categories)
    if isinstance(type_, pl.List):
        return ("texts" if type_.inner == pl.String else "numbers"), ()
    if isinstance(type_, pl.Decimal):
        return "number", ()
    kinds = {pl.Date: "date", pl.Boolean: "truth", pl.String: "text"}
    return kinds.get(type_, "number"), ()  # type: ignore[call-overload]


def _fact_values(type_: object) -> tuple[object, ...]:
    if isinstance(type_, pl.Enum):
        return tuple(type_.categories)
    return (True, False) if type_ == pl.Boolean else (0, 9, 12, 15, 17, 55, 64, 124)


ORDER = ("less_than", "at_most", "more_than", "at_least")
OF_VALUES = ("equals", "one_of", "is_not", "is_not one")
WAYS = {
    "text": (*OF_VALUES, "starts_with", "matches"),
    "texts": (*OF_VALUES, "starts_with"),
    "numbers": OF_VALUES,
    "word": OF_VALUES,
    "date": (*OF_VALUES, "before", "after", "batch"),
    "number": (*OF_VALUES, *ORDER),
    "truth": ("equals",),
}
FIELD_WAYS = {
    "date": ("before field", "after field", "same_as", "differs_from"),
    "number": (*(f"{way} field" for way in ORDER), "same_as", "differs_from"),
    "texts": (),
    "numbers": (),
}


@st.composite
def compares(
    draw: st.DrawFn, fields: Sequence[tuple[Readable, bool]], right: Sequence[tuple[Readable, bool]] = ()
) -> Compare:
    """One comparison that the rule reader would accept.

    Each field comes with whether it is of the other row. `right`: more fields that may stand on the right.
    """
    one, is_other = draw(st.sampled_from(fields))
    field = Field(one.name, other=is_other)
    if draw(st.integers(0, 5)) == 0 or one.name.endswith(PRESENCE_ONLY):
        return Compare(field, "present", draw(st.booleans()))
    value = st.sampled_from(one.values)
    ways = WAYS[one.kind]
    alike = [
        Field(other.name, other=o)
        for other, o in (*fields, *right)
        if (other.kind, other.words) == (one.kind, one.words) and (other.name, o) != (one.name, is_other)
    ]
    if alike:
        ways = (*ways, *FIELD_WAYS.get(one.kind, ("same_as", "differs_from")))
    way = draw(st.sampled_from(ways))
    if way in ("one_of", "is_not"):
        return Compare(field, way, tuple(draw(st.lists(value, min_size=1, max_size=3, unique=True))))  # type: ignore[arg-type]
    if way == "is_not one":
        return Compare(field, "is_not", draw(value))  # type: ignore[arg-type]
    if way == "starts_with":
        return Compare(field, "starts_with", (str(draw(value))[: draw(st.integers(1, 3))],))
    if way == "matches":
        return Compare(field, "matches", draw(st.sampled_from(("[A-Z0-9]+", "P1|P2", ".*0", "[0-9]{2,3}"))))
    if way == "batch":
        return Compare(field, draw(st.sampled_from(("before", "after"))), Field("batch.date"))
    if way.endswith(" field") or way in ("same_as", "differs_from"):
        return Compare(field, way.removesuffix(" field"), draw(st.sampled_from(alike)))  # type: ignore[arg-type]
    return Compare(field, way, draw(value))  # type: ignore[arg-type]


@st.composite
def conditions(
    draw: st.DrawFn,
    fields: Sequence[tuple[Readable, bool]],
    right: Sequence[tuple[Readable, bool]] = (),
    exists: st.SearchStrategy | None = None,
    depth: int = 2,
) -> Condition:
    """A small tree: comparisons, at most two levels of all, any and none, and now and then there_is."""
    way = draw(st.integers(0, 9))
    if exists is not None and way == 0:
        return draw(exists)
    if depth == 0 or way < 5:
        return draw(compares(fields, right))
    parts = tuple(draw(st.lists(conditions(fields, right, exists, depth - 1), min_size=1, max_size=3)))
    return draw(st.sampled_from((All, Any_, None_)))(parts)


SAMES = (
    ("claim",),
    ("patient",),
    ("patient",),
    ("patient", "billing_provider"),
    ("claim", "billing_provider"),
)


@st.composite
def exists_conditions(draw: st.DrawFn, grain: str, codes: Sequence[str]) -> Exists:
    """there_is or there_is_no over any table, with keys, equal columns, a condition, dates and order."""
    table = draw(st.sampled_from((grain, grain, "diagnosis", "line", "claim", "procedure")))
    own, others = readable(grain, codes), readable(table, codes)
    shared = [r for r in others if r.name in {mine.name for mine in own} and not r.is_fact]
    equal = ()
    if draw(st.booleans()) and shared:
        chosen = draw(st.lists(st.sampled_from(shared), min_size=1, max_size=2, unique_by=lambda r: r.name))
        equal = tuple(Field(r.name) for r in chosen)
    where: Condition = ALWAYS
    if draw(st.booleans()):
        where = draw(conditions([(r, True) for r in others], [(r, False) for r in own], depth=1))
    days_apart = None
    if draw(st.integers(0, 3)) == 0:
        days_apart = DaysApart(
            from_field=Field(draw(st.sampled_from(_dates(own)))),
            to_field=Field(draw(st.sampled_from(_dates(others))), other=True),
            at_most=draw(st.sampled_from((0, 1, 30, 366))),
            direction=draw(st.sampled_from(("either", "before", "after"))),
        )
    same_year = None
    if draw(st.integers(0, 3)) == 0:
        same_year = Field(draw(st.sampled_from(_dates(shared))))
    return Exists(
        table=table,
        negated=draw(st.booleans()),
        same=draw(st.sampled_from([same for same in SAMES if table != "claim" or "claim" not in same])),
        equal=equal,
        where=where,
        days_apart=days_apart,
        same_year=same_year,
        reported_earlier=table == grain and draw(st.booleans()),
    )


def _dates(fields: Sequence[Readable]) -> list[str]:
    return [r.name for r in fields if r.kind == "date"]


@st.composite
def rules(draw: st.DrawFn, rule_id: str, codes: Sequence[str], grain: str | None = None) -> Rule:
    """One rule of any grain with a scope, a condition, severities and now and then bounds in time."""
    grain = grain or draw(st.sampled_from(("diagnosis", "diagnosis", "line", "claim")))
    fields = [(r, False) for r in readable(grain, codes)]
    facts = [pair for pair in fields if pair[0].is_fact]
    weighted = [*fields, *facts, *facts]
    exists = exists_conditions(grain, codes)
    cases = [
        SeverityCase(draw(compares([pair for pair in fields if pair[0].is_always])), draw(severities()))
        for _ in range(draw(st.integers(0, 2)))
    ]
    bounds: tuple[date | None, date | None] = (None, None)
    if draw(st.integers(0, 4)) == 0:
        bounds = draw(st.sampled_from(((date(2021, 10, 1), None), (None, date(2024, 9, 30)))))
    return Rule(
        rule_id=rule_id,
        title="A random rule",
        version=1,
        status="active",
        severity=(*cases, SeverityCase(None, draw(severities()))),
        confidence="certain",
        why="",
        sources=(Source("none"),),
        check_each=grain,  # type: ignore[arg-type]
        only_for=draw(conditions(weighted, exists=exists, depth=1)) if draw(st.booleans()) else ALWAYS,
        flag_when=draw(conditions(weighted, exists=exists)),
        message="A random finding",
        in_force_from=bounds[0],
        in_force_until=bounds[1],
    )


def severities() -> st.SearchStrategy:
    return st.sampled_from(SEVERITIES)


@st.composite
def rule_sets(draw: st.DrawFn, codes: Sequence[str]) -> RuleSet:
    """Up to five rules; those of one grain may silence one another in a random order."""
    made = tuple(draw(rules(f"ZZ{number:03}", codes)) for number in range(1, draw(st.integers(2, 6))))
    precedence = []
    for grain in ("diagnosis", "line", "claim"):
        ids = [rule.rule_id for rule in made if rule.check_each == grain]
        if len(ids) > 1 and draw(st.booleans()):
            precedence.append(Precedence(per=grain, order=tuple(draw(st.permutations(ids)))))  # type: ignore[arg-type]
    return rule_set(made, tuple(precedence))


def rule_set(made: tuple[Rule, ...], precedence: tuple[Precedence, ...] = ()) -> RuleSet:
    """The rules with weights that do not matter here."""
    risk = RiskWeights(
        severity={"reject": 0.9, "deny": 0.6, "audit": 0.3, "advise": 0.1},
        confidence={"certain": 1.0, "likely": 0.7, "possible": 0.4},
    )
    return RuleSet(made, precedence, (), risk, "default", "")
