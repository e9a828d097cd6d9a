"""Hypothesis strategies for small random rules: the language itself is compared, not only our rules."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import polars as pl
from hypothesis import strategies as st

from tests.agree import pools
from validator.claims.schema import rule_columns
from validator.reference.schema import KEYED_TABLES, PAIR_TABLES, RULE_FACTS
from validator.rules.model import (
    ALWAYS,
    SEVERITIES,
    All,
    Any_,
    Compare,
    Condition,
    DaysApart,
    DayTotal,
    Exists,
    Field,
    HowMany,
    ListedIn,
    MessageCase,
    None_,
    Precedence,
    RiskWeights,
    Rule,
    RuleSet,
    SeverityCase,
    Share,
    Source,
    Total,
    YearsApart,
)

TABLE_OF_GRAIN = {"diagnosis": "diagnoses", "line": "lines", "claim": "claims", "procedure": "procedures"}

UNREAD_FACTS = ("icd10.title",)  # for messages only
# Value sets of every kind: shipped ones of diagnoses, procedures and texts, given ones with days and with
# days that they are silent about, and official ones that nobody added.
SETS = (
    *(
        "symptoms_often_first",
        "neoplasms",
        "sepsis",
        "office_visits",
        "whole_unit_procedures",
        "types_of_bill",
    ),
    *("hcpcs_level_2", "cpt", "poa_exempt", "leie_npis"),
)
# One of the pair tables that nobody added, the others as shipped or given.
PAIRS = tuple(name for name in PAIR_TABLES if name not in ("digit_neighbours", "icd10_code_first_permissive"))
CODE_OF_PAIR = {"diagnosis": "diagnosis.code", "procedure": "line.procedure_code"}
SHARES = (Decimal("0.05"), Decimal("0.2"), Decimal("0.5"))
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
    is_delivered: bool = False


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
        found.append(Readable(name, kind, tuple(values), words, is_delivered=not column.derived))
    if table == "diagnosis":
        for name, fact in RULE_FACTS.items():
            if name not in UNREAD_FACTS:
                kind, words = _kind(fact.type)
                values = TEXT_FACTS.get(name) or _fact_values(fact.type)
                found.append(Readable(name, kind, values, words, is_fact=True, is_always=fact.always))
    for name, keyed in KEYED_TABLES.items():
        if keyed.row != table:
            continue
        for fact in keyed.facts:
            kind, words = _kind(fact.type)
            values = TEXT_FACTS.get(f"{name}.{fact.name}") or _fact_values(fact.type)
            found.append(Readable(f"{name}.{fact.name}", kind, values, words, is_fact=True))
    return found


TEXT_FACTS: dict[str, tuple[object, ...]] = {
    "icd10.stem": ("S72001", "M8008X", "M1711"),
    "icd10.hcc_v24": ("18", "85", "12"),
    "icd10.hcc_v28": ("37", "226", "238"),
    "mpfs.status": ("A", "R"),
    "mpfs.bilateral": ("0", "2", "3"),
    "mpfs.global_days": ("XXX", "090"),
    "mue.value": (0, 1, 2),
    "mue.adjudication": ("1", "2", "3"),
    "visit_time.minutes": (20, 45, 60),
}


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
LIST_OF = {"text": "texts", "word": "texts", "number": "numbers"}
WAYS = {
    "text": (*OF_VALUES, "starts_with", "matches", "in_set", "not_in_set"),
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
    chance = draw(st.integers(0, 6))
    if chance == 0 or one.name.endswith(PRESENCE_ONLY):
        return Compare(field, "present", draw(st.booleans()))
    if chance == 1 and one.is_delivered:
        return Compare(field, "left_blank", draw(st.booleans()))
    value = st.sampled_from(one.values)
    ways = WAYS[one.kind]
    alike = [
        Field(other.name, other=o)
        for other, o in (*fields, *right)
        if (other.kind, other.words) == (one.kind, one.words) and (other.name, o) != (one.name, is_other)
    ]
    if alike:
        ways = (*ways, *FIELD_WAYS.get(one.kind, ("same_as", "differs_from")))
    lists = [Field(r.name, other=o) for r, o in (*fields, *right) if r.kind == LIST_OF.get(one.kind)]
    lists = [each for each in lists if not each.name.endswith(PRESENCE_ONLY)]
    if lists:
        ways = (*ways, "element_of")
    way = draw(st.sampled_from(ways))
    if way == "element_of":
        return Compare(field, "element_of", draw(st.sampled_from(lists)))
    if way in ("in_set", "not_in_set"):
        return Compare(field, way, draw(st.sampled_from(SETS)))  # type: ignore[arg-type]
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
    shared = [r for r in others if r.name in {mine.name for mine in own}]
    equal = ()
    if draw(st.booleans()) and shared:
        facts = [r for r in shared if r.is_fact]
        chosen = draw(
            st.lists(st.sampled_from([*shared, *facts]), min_size=1, max_size=2, unique_by=lambda r: r.name)
        )
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
    years_apart = None
    if draw(st.integers(0, 5)) == 0:
        least = draw(st.integers(0, 2))
        years_apart = YearsApart(
            from_field=Field(draw(st.sampled_from(_dates(own)))),
            to_field=Field(draw(st.sampled_from(_dates(others))), other=True),
            at_least=least,
            at_most=least + draw(st.integers(0, 2)),
            direction=draw(st.sampled_from(("before", "after"))),
        )
    how_many = total = None
    together = draw(st.integers(0, 5))
    if together == 0:
        how_many = HowMany(
            operator=draw(st.sampled_from((*ORDER, "equals"))),
            number=draw(st.integers(0, 3)),
            of=draw(st.sampled_from(("rows", "claims", "days"))),
        )
    elif together == 1:
        numbers = [r for r in shared if r.kind == "number" and (not r.is_fact or r.is_always)]
        limits = [Field(r.name) for r in own if r.kind == "number"]
        value = draw(st.sampled_from([0, 1, 2, Decimal("1.5"), 40, *limits]))
        total = Total(Field(draw(st.sampled_from(numbers)).name), draw(st.sampled_from(ORDER)), value)
    return Exists(
        table=table,
        negated=draw(st.booleans()),
        same=draw(st.sampled_from([same for same in SAMES if table != "claim" or "claim" not in same])),
        equal=equal,
        where=where,
        days_apart=days_apart,
        same_year=same_year,
        years_apart=years_apart,
        listed_in=draw(listings(grain, table)),
        how_many=how_many,
        total=total,
        reported_earlier=table == grain and draw(st.booleans()),
    )


@st.composite
def listings(draw: st.DrawFn, grain: str, table: str) -> ListedIn | None:
    """Pairs of the codes of both rows, where both have one, in one search of two."""
    codes = {"diagnosis": "diagnosis", "line": "procedure"}
    kinds = (codes.get(grain), codes.get(table))
    fitting = [
        (name, mine_first)
        for name in PAIRS
        for mine_first, wanted in ((True, kinds), (False, kinds[::-1]))
        if (PAIR_TABLES[name].left, PAIR_TABLES[name].right) == wanted
    ]
    if not fitting or draw(st.booleans()):
        return None
    name, mine_first = draw(st.sampled_from(fitting))
    pairs = PAIR_TABLES[name]
    left, right = CODE_OF_PAIR[pairs.left], CODE_OF_PAIR[pairs.right]
    return ListedIn(name, Field(left, other=not mine_first), Field(right, other=mine_first))


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
        message=(MessageCase(None, "A random finding"),),
        in_force_from=bounds[0],
        in_force_until=bounds[1],
    )


def severities() -> st.SearchStrategy:
    return st.sampled_from(SEVERITIES)


PROVIDERS = ("claim.billing_npi", "claim.attending_npi", "claim.biller_id")


@st.composite
def provider_rules(draw: st.DrawFn, rule_id: str, codes: Sequence[str]) -> Rule:
    """A rule that counts rows of providers: shares of what is found, of anything else, or totals of a day."""
    grain = draw(st.sampled_from(("diagnosis", "line", "claim")))
    fields = [(r, False) for r in readable(grain, codes)]
    worst = draw(st.booleans()) and grain == "claim"
    flag_when: Condition
    if grain == "line" and draw(st.booleans()):
        flag_when = DayTotal(
            of=Field(draw(st.sampled_from(("visit_time.minutes", "line.units", "mue.value")))),
            times=draw(st.sampled_from((None, Field("line.units")))),
            day=Field(draw(st.sampled_from(("line.from_date", "claim.from_date")))),
            more_than=Decimal(draw(st.sampled_from((0, 20, 45)))),
        )
    else:
        found = Compare(
            Field("claim.worst_finding"),
            *draw(st.sampled_from((("one_of", SEVERITIES[:2]), ("is_not", "advise"), ("present", True)))),
        )
        flag_when = Share(
            that=found if worst else draw(conditions(fields, depth=1)),
            at_least=draw(st.sampled_from(SHARES)),
            minimum=draw(st.integers(1, 4)),
            times_peers=draw(st.sampled_from((None, None, Decimal("1.1"), Decimal("2")))),
        )
    names = (*PROVIDERS, "line.rendering_npi") if grain == "line" else PROVIDERS
    return replace(
        draw(rules(rule_id, codes, "claim")),
        check_each="provider",
        count_each=grain,  # type: ignore[arg-type]
        provider=Field(draw(st.sampled_from(names))),
        peers=draw(st.sampled_from((None, Field("claim.billing_taxonomy"), Field("claim.type")))),
        only_for=draw(conditions(fields, depth=1)) if draw(st.integers(0, 2)) == 0 else ALWAYS,
        flag_when=flag_when,
    )


@st.composite
def rule_sets(draw: st.DrawFn, codes: Sequence[str]) -> RuleSet:
    """Up to five rules; those of one grain may silence one another in a random order."""
    made = tuple(draw(rules(f"ZZ{number:03}", codes)) for number in range(1, draw(st.integers(2, 6))))
    precedence = []
    for grain in ("diagnosis", "line", "claim"):
        ids = [rule.rule_id for rule in made if rule.check_each == grain]
        if len(ids) > 1 and draw(st.booleans()):
            precedence.append(Precedence(per=grain, order=tuple(draw(st.permutations(ids)))))  # type: ignore[arg-type]
    if draw(st.integers(0, 2)) == 0:
        made = (*made, draw(provider_rules("ZZ900", codes)))
    return rule_set(made, tuple(precedence))


def rule_set(made: tuple[Rule, ...], precedence: tuple[Precedence, ...] = ()) -> RuleSet:
    """The rules with weights that do not matter here."""
    risk = RiskWeights(
        severity={"reject": 0.9, "deny": 0.6, "audit": 0.3, "advise": 0.1},
        confidence={"certain": 1.0, "likely": 0.7, "possible": 0.4},
    )
    return RuleSet(made, precedence, (), risk, "default", "")
