"""Which fields a rule reads, found by walking its conditions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from validator.reference.schema import RULE_FACTS
from validator.rules.model import All, Any_, Compare, Condition, Exists, Field, None_, Rule

# What one finding can be about, in the order in which they are judged.
GRAINS = ("diagnosis", "line", "claim")


def comparisons(condition: Condition) -> Iterator[Compare]:
    """Every comparison outside `there_is`: those that are about the row itself."""
    match condition:
        case Compare():
            yield condition
        case All(inner) | Any_(inner) | None_(inner):
            for each in inner:
                yield from comparisons(each)
        case Exists():
            return


def existences(condition: Condition) -> Iterator[Exists]:
    """Every `there_is` and `there_is_no`, at any depth outside other ones."""
    match condition:
        case Exists():
            yield condition
        case All(inner) | Any_(inner) | None_(inner):
            for each in inner:
                yield from existences(each)
        case Compare():
            return


def fields_of(compare: Compare) -> tuple[Field, ...]:
    """The field compared, and the field it is compared with if there is one."""
    return (compare.field, compare.value) if isinstance(compare.value, Field) else (compare.field,)


def fields_of_exists(exists: Exists) -> tuple[Field, ...]:
    """All fields that a `there_is` reads, of this row and of the other."""
    found = [f for compare in comparisons(exists.where) for f in fields_of(compare)]
    for column in exists.equal:
        found += [Field(column.name), Field(column.name, other=True)]
    if exists.days_apart:
        found += [exists.days_apart.from_field, exists.days_apart.to_field]
    if exists.same_year:
        found += [exists.same_year, Field(exists.same_year.name, other=True)]
    if any(c.operator in ("in_set", "not_in_set") for c in comparisons(exists.where)):
        found += [Field(name, other=True) for name in own_date(exists.table)]
    return tuple(found)


def conditions_of(rule: Rule) -> tuple[Condition, ...]:
    """Scope, condition and the conditions of the severities and remark codes."""
    cases = (*rule.severity, *rule.rarc)
    return (rule.only_for, rule.flag_when, *(case.when for case in cases if case.when is not None))


def needs_meaning(rule: Rule) -> bool:
    """Whether scope or condition reads a fact that only a code in force has (a flag, an age group)."""
    return _reads_meaning((rule.only_for, rule.flag_when))


def _reads_meaning(conditions: Iterable[Condition]) -> bool:
    return any(
        (fact := RULE_FACTS.get(f.name)) is not None and not fact.always and not f.other
        for condition in conditions
        for compare in _all_comparisons(condition)
        for f in fields_of(compare)
    )


def _all_comparisons(condition: Condition) -> Iterator[Compare]:
    yield from comparisons(condition)
    for exists in existences(condition):
        yield from comparisons(exists.where)


def fields_by_table(rules: Iterable[Rule]) -> Mapping[str, set[str]]:
    """Rule table -> names of the fields that must stand on its rows, for these rules."""
    needed: dict[str, set[str]] = defaultdict(set)
    for rule in rules:
        needed[rule.check_each] |= {"diagnosis.coding_date"} if rule.check_each == "diagnosis" else set()
        if _reads_meaning(conditions_of(rule)):
            needed[rule.check_each] |= {"icd10.status", "diagnosis.code_system"}
        if rule.in_force_from or rule.in_force_until:
            needed[rule.check_each] |= set(own_date(rule.check_each))
        for condition in conditions_of(rule):
            for compare in comparisons(condition):
                needed[rule.check_each] |= {f.name for f in fields_of(compare)}
                if compare.operator in ("in_set", "not_in_set"):
                    needed[rule.check_each] |= set(own_date(rule.check_each))
            for exists in existences(condition):
                for f in fields_of_exists(exists):
                    needed[exists.table if f.other else rule.check_each].add(f.name)
                for side in (rule.check_each, exists.table):
                    needed[side] |= set(_key_fields(exists))
                if exists.table == "diagnosis" and any(
                    f.name.startswith("icd10.") for f in fields_of_exists(exists)
                ):
                    needed["diagnosis"].add("icd10.status")
    return needed


def _key_fields(exists: Exists) -> tuple[str, ...]:
    names = {"patient": "patient.id", "billing_provider": "claim.billing_npi"}
    return tuple(names[same] for same in exists.same if same in names)


def own_date(grain: str) -> tuple[str, ...]:
    """The date a row is judged on, first choice first (held against a rule's `in_force`)."""
    return {
        "diagnosis": ("diagnosis.coding_date",),
        "line": ("line.from_date", "claim.from_date"),
        "procedure": ("procedure.date", "claim.from_date"),
        "claim": ("claim.from_date",),
    }[grain]
