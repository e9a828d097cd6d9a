"""What a rule reads: fields of the judged row and of other rows, tables and value sets."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from validator.reference.schema import KEYED_TABLES, OFFICIAL_SETS, PAIR_TABLES
from validator.rules.model import (
    All,
    Any_,
    Compare,
    Condition,
    DayTotal,
    Exists,
    Field,
    None_,
    Rule,
    Share,
)
from validator.rules.names import NAMES

# The field by which a word of `same` holds rows together; rows of one claim share its number instead.
KEY_OF_SAME = {"patient": "patient.id", "billing_provider": "claim.billing_npi"}
# The date that a row is judged on, first choice first: a rule's in_force and dated value sets go by it.
OWN_DATE = {
    "diagnosis": ("diagnosis.coding_date",),
    "line": ("line.from_date", "claim.from_date"),
    "procedure": ("procedure.date", "claim.from_date"),
    "claim": ("claim.from_date",),
}


@dataclass(frozen=True)
class Reads:
    """`own` are the names read on the judged row, `others` those read on rows that `there_is` looks for.

    `pair_tables` and `keyed_tables` are tables of the reference (`PAIR_TABLES`, `KEYED_TABLES`).
    `unknown_possible` are the names whose blank can leave the rule without an answer, and the tables and
    value sets that come with a file which may not have been added.
    """

    own: tuple[str, ...]
    others: tuple[str, ...]
    tables: tuple[str, ...]
    value_sets: tuple[str, ...]
    unknown_possible: tuple[str, ...]
    pair_tables: tuple[str, ...] = ()
    keyed_tables: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(name for name in dict.fromkeys((*self.own, *self.others)) if not NAMES[name].fact)

    @property
    def facts(self) -> tuple[str, ...]:
        return tuple(name for name in dict.fromkeys((*self.own, *self.others)) if NAMES[name].fact)

    @property
    def official(self) -> dict[str, str]:
        """Each table and value set that comes with a file which a user adds -> that file."""
        files = {
            **{name: PAIR_TABLES[name].file for name in self.pair_tables},
            **{name: KEYED_TABLES[name].file for name in self.keyed_tables},
            **{name: OFFICIAL_SETS.get(name, "") for name in self.value_sets},
        }
        return {name: file for name, file in files.items() if file}


def parts(condition: Condition) -> Iterator[Compare | Exists]:
    """The comparisons and searches of a condition, in the order of the file; not those inside a search.

    Of a share these are the ones that say which rows have it; a day total has none.
    """
    match condition:
        case All(inner) | Any_(inner) | None_(inner):
            for each in inner:
                yield from parts(each)
        case Share():
            yield from parts(condition.that)
        case DayTotal():
            return
        case _:
            yield condition


def comparisons(condition: Condition) -> Iterator[Compare]:
    """Every comparison, also inside `there_is`."""
    for part in parts(condition):
        if isinstance(part, Compare):
            yield part
        else:
            yield from comparisons(part.where)


def searches(condition: Condition) -> Iterator[Exists]:
    return (part for part in parts(condition) if isinstance(part, Exists))


def found_search(condition: Condition) -> Exists | None:
    """The first `there_is` that has to hold or may hold: the row it finds is the one a message shows."""
    return next(found_searches(condition), None)


def found_searches(condition: Condition) -> Iterator[Exists]:
    """All that have to hold or may hold, in the order of the file."""
    match condition:
        case All(inner) | Any_(inner):
            for each in inner:
                yield from found_searches(each)
        case Exists(negated=False):
            yield condition


def row_of(rule: Rule) -> str:
    """The row that the conditions of a rule are about: what is judged, or counted for each provider."""
    return rule.count_each or rule.check_each


def meaning_facts(rule: Rule) -> tuple[str, ...]:
    """Facts of the row's code that only a code in force has; reading one leaves other codes out of scope.

    Facts that other tables hold under a code (`mpfs.bilateral`) say nothing of the kind.
    """
    names: dict[str, None] = {}
    for condition in (rule.only_for, rule.flag_when):
        of_tests = (field for compare in comparisons(condition) for field in fields_of(compare))
        of_searches = (field for search in searches(condition) for field in joining_fields(search))
        names |= dict.fromkeys(f.name for f in (*of_tests, *of_searches) if not f.other)
    return tuple(name for name in names if name.startswith("icd10.") and not NAMES[name].always)


def reads(rule: Rule) -> Reads:
    """Everything that decides the outcome of a rule (severity and wording read more)."""
    own: dict[str, None] = {}
    others: dict[str, None] = {}
    asked: dict[str, None] = {}
    not_carried: dict[str, None] = {}
    sets: dict[str, None] = {}
    pairs: dict[str, None] = {}
    tables: dict[str, None] = {row_of(rule): None}
    for condition in (rule.only_for, rule.flag_when):
        for compare in comparisons(condition):
            for found in fields_of(compare):
                (others if found.other else own)[found.name] = None
                if compare.operator != "present" or NAMES[found.name].fact:
                    asked[found.name] = None
            if compare.operator == "left_blank":
                not_carried[compare.field.name] = None
            if compare.operator in ("in_set", "not_in_set"):
                sets[str(compare.value)] = None
        for search in searches(condition):
            tables[search.table] = None
            for found in joining_fields(search):
                (others if found.other else own)[found.name] = None
                asked[found.name] = None
            if search.listed_in:
                pairs[search.listed_in.table] = None
    for field in counting_fields(rule):
        own[field.name] = asked[field.name] = None
    if meaning_facts(rule):
        own["icd10.status"] = asked["icd10.status"] = None
    keyed = dict.fromkeys(n.split(".")[0] for n in (*own, *others) if n.split(".")[0] in KEYED_TABLES)
    if rule.in_force_from or rule.in_force_until or sets or pairs or keyed:
        for name in OWN_DATE[row_of(rule)]:
            own[name] = asked[name] = None
    found_all = Reads(tuple(own), tuple(others), tuple(tables), tuple(sets), (), tuple(pairs), tuple(keyed))
    blank = (name for name in asked if NAMES[name].blank == "not recorded" or name in not_carried)
    # A row that cannot be judged is not counted, so no blank of a row leaves a provider without answer.
    unknown = (*(blank if rule.count_each is None else ()), *found_all.official)
    return replace(found_all, unknown_possible=unknown)


def counting_fields(rule: Rule) -> tuple[Field, ...]:
    """The fields by which a provider rule counts: whose row it is, who its peers are, what is added up."""
    total = rule.flag_when
    added = (total.of, total.times, total.day) if isinstance(total, DayTotal) else ()
    return tuple(field for field in (rule.provider, rule.peers, *added) if field is not None)


def fields_of(compare: Compare) -> tuple[Field, ...]:
    """The field compared, and the field it is compared with if there is one."""
    return (compare.field, compare.value) if isinstance(compare.value, Field) else (compare.field,)


def joining_fields(search: Exists) -> tuple[Field, ...]:
    """The fields by which a search holds rows together, of this row and of the other.

    Keys, dates, years, the codes of a pair, and what is summed and held against the sum.
    """
    both = [KEY_OF_SAME[word] for word in search.same if word in KEY_OF_SAME]
    both += [field.name for field in search.equal]
    both += [search.same_year.name] if search.same_year else []
    both += [search.total.of.name] if search.total else []
    single: list[Field] = []
    for apart in (search.days_apart, search.years_apart):
        single += [apart.from_field, apart.to_field] if apart else []
    if search.listed_in:
        single += [search.listed_in.left, search.listed_in.right]
    if search.total and isinstance(search.total.value, Field):
        single.append(search.total.value)
    return (*(Field(name, other) for name in both for other in (False, True)), *single)


def conditions_of(rule: Rule) -> tuple[Condition, ...]:
    """Scope, condition, and the conditions of the severities, messages and remark codes."""
    return (rule.only_for, rule.flag_when, *conditions_of_cases(rule))


def conditions_of_cases(rule: Rule) -> tuple[Condition, ...]:
    """The conditions by which severity, message and remark code are chosen."""
    of_severity = (case.when for case in rule.severity)
    of_message = (case.when for case in rule.message)
    of_remarks = (case.when for case in rule.rarc)
    return tuple(when for when in (*of_severity, *of_message, *of_remarks) if when is not None)
