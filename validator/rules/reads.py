"""What a rule reads: fields of the judged row and of other rows, tables and value sets."""

from collections.abc import Iterator
from dataclasses import dataclass

from validator.rules.model import All, Any_, Compare, Condition, Exists, Field, None_, Rule
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

    `unknown_possible` are the names whose blank can leave the rule without an answer.
    """

    own: tuple[str, ...]
    others: tuple[str, ...]
    tables: tuple[str, ...]
    value_sets: tuple[str, ...]
    unknown_possible: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(name for name in dict.fromkeys((*self.own, *self.others)) if not NAMES[name].fact)

    @property
    def facts(self) -> tuple[str, ...]:
        return tuple(name for name in dict.fromkeys((*self.own, *self.others)) if NAMES[name].fact)


def parts(condition: Condition) -> Iterator[Compare | Exists]:
    """The comparisons and searches of a condition, in the order of the file; not those inside a search."""
    match condition:
        case All(inner) | Any_(inner) | None_(inner):
            for each in inner:
                yield from parts(each)
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


def meaning_facts(rule: Rule) -> tuple[str, ...]:
    """Facts of the judged row that only a code in force has; reading one leaves other codes out of scope."""
    fields = (f for c in (rule.only_for, rule.flag_when) for p in comparisons(c) for f in fields_of(p))
    names = dict.fromkeys(f.name for f in fields if not f.other)
    return tuple(name for name in names if NAMES[name].fact and not NAMES[name].always)


def reads(rule: Rule) -> Reads:
    """Everything that decides the outcome of a rule (severity and wording read more)."""
    own: dict[str, None] = {}
    others: dict[str, None] = {}
    asked: dict[str, None] = {}
    sets: dict[str, None] = {}
    tables: dict[str, None] = {rule.check_each: None}
    for condition in (rule.only_for, rule.flag_when):
        for compare in comparisons(condition):
            for found in fields_of(compare):
                (others if found.other else own)[found.name] = None
                if compare.operator != "present" or NAMES[found.name].fact:
                    asked[found.name] = None
            if compare.operator in ("in_set", "not_in_set"):
                sets[str(compare.value)] = None
        for search in searches(condition):
            tables[search.table] = None
            for found in joining_fields(search):
                (others if found.other else own)[found.name] = None
                asked[found.name] = None
    if meaning_facts(rule):
        own["icd10.status"] = asked["icd10.status"] = None
    if rule.in_force_from or rule.in_force_until or sets:
        for name in OWN_DATE[rule.check_each]:
            own[name] = asked[name] = None
    blank = tuple(name for name in asked if NAMES[name].blank == "not recorded")
    return Reads(tuple(own), tuple(others), tuple(tables), tuple(sets), blank)


def fields_of(compare: Compare) -> tuple[Field, ...]:
    """The field compared, and the field it is compared with if there is one."""
    return (compare.field, compare.value) if isinstance(compare.value, Field) else (compare.field,)


def joining_fields(search: Exists) -> tuple[Field, ...]:
    """The fields by which a search holds rows together, of this row and of the other: keys, dates, year."""
    both = [KEY_OF_SAME[word] for word in search.same if word in KEY_OF_SAME]
    both += [field.name for field in search.equal]
    both += [search.same_year.name] if search.same_year else []
    apart = search.days_apart
    days = (apart.from_field, apart.to_field) if apart else ()
    return (*(Field(name, other) for name in both for other in (False, True)), *days)


def conditions_of(rule: Rule) -> tuple[Condition, ...]:
    """Scope, condition, and the conditions of the severities and remark codes."""
    of_severity = (case.when for case in rule.severity if case.when is not None)
    of_remarks = (case.when for case in rule.rarc if case.when is not None)
    return (rule.only_for, rule.flag_when, *of_severity, *of_remarks)
