"""Which fields must stand on the rows of each table for these rules to be judged."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from validator.engine.compile import PERIOD_FACTS
from validator.rules.model import Compare, Exists, Field, Rule
from validator.rules.reads import (
    OWN_DATE,
    comparisons,
    conditions_of,
    fields_of,
    joining_fields,
    meaning_facts,
    parts,
)

# What one finding can be about, in the order in which they are judged.
GRAINS = ("diagnosis", "line", "claim")
_SETS = ("in_set", "not_in_set")


def fields_by_table(rules: Iterable[Rule]) -> Mapping[str, set[str]]:
    """Rule table -> names of the fields that scope, condition, severity and remark codes read on its rows."""
    needed: dict[str, set[str]] = defaultdict(set)
    for rule in rules:
        grain = rule.check_each
        for condition in conditions_of(rule):
            for part in parts(condition):
                fields = fields_of(part) if isinstance(part, Compare) else _fields_of_search(part)
                for field in fields:
                    table = part.table if field.other and isinstance(part, Exists) else grain
                    needed[table] |= _with_company(field.name)
                if isinstance(part, Compare) and part.operator in _SETS:
                    needed[grain] |= set(OWN_DATE[grain])
        if grain == "diagnosis":
            needed[grain].add("diagnosis.coding_date")
        if meaning_facts(rule):
            needed[grain] |= {"icd10.status", "diagnosis.code_system"}
        if rule.in_force_from or rule.in_force_until:
            needed[grain] |= set(OWN_DATE[grain])
    return needed


def _fields_of_search(search: Exists) -> Iterator[Field]:
    yield from joining_fields(search)
    for compare in comparisons(search.where):
        yield from fields_of(compare)
        if compare.operator in _SETS:
            yield from (Field(name, other=True) for name in OWN_DATE[search.table])


def _with_company(name: str) -> set[str]:
    """A fact that needs a covered date is read together with the status, which says whether there was one."""
    return {name, "icd10.status"} if name in PERIOD_FACTS else {name}
