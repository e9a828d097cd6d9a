"""Rule evaluation again, slow and obvious: one row, one rule, one answer at a time.

Written from the rule language's own text and not from the engine, so that the two can be compared. Every
answer is True, False or None (nobody knows); see three_valued.py.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tests.agree.plain_codes import PlainCodes
from tests.agree.plain_compare import compare_values
from tests.agree.plain_rows import NOTHING, PlainRow, plain_rows
from tests.agree.plain_search import SETTING_OF_TYPE, PlainSearch
from tests.agree.plain_tables import PlainTables
from tests.agree.three_valued import Answer, all_of, any_of, opposite
from validator.claims.schema import ClaimTables, rule_columns
from validator.engine.settings import Settings
from validator.reference.schema import KEYED_TABLES, LIST_FACTS, PAIR_TABLES, RULE_FACTS
from validator.rules.model import (
    All,
    Any_,
    Compare,
    Condition,
    Exists,
    Field,
    MessageCase,
    None_,
    Precedence,
    Rule,
    SeverityCase,
)

Case = TypeVar("Case", SeverityCase, MessageCase)
TRUE_OF_NOTHING = ("is_not", "not_in_set", "differs_from")
# Whether these are there is known without a date that some release covers.
ALWAYS_KNOWN = (
    "icd10.well_formed",
    "icd10.ever_listed",
    "icd10.ever_billable",
    "icd9.exists",
    "icd10.date_reach",
    "icd10.in_tabular",
)
OF_THE_LIST = frozenset(f"icd10.{fact.name}" for fact in LIST_FACTS)


@dataclass(frozen=True)
class PlainOutcome:
    """What one rule says about one row; severity and the template of its message only where it is flagged."""

    rule_id: str
    row: PlainRow
    outcome: str
    severity: str | None
    message: str | None = None


class PlainEngine:
    """The rows of one partition, the code facts and the date of the batch: all that a rule may look at."""

    def __init__(
        self, claims: ClaimTables, codes: PlainCodes, tables: PlainTables, settings: Settings
    ) -> None:
        self.codes = codes
        self.tables = tables
        self.settings = settings
        self.rows = plain_rows(claims, codes)
        tables.look_up(str(row.values["diagnosis.code"]) for row in self.rows["diagnosis"])

    def judged(self, rule: Rule) -> list[PlainRow]:
        """The rows that a rule is about: claims of earlier nights are looked at, and not judged again."""
        return [row for row in self.rows.get(rule.check_each, ()) if not row.is_earlier]

    def outcomes(self, rules: Sequence[Rule], precedence: Iterable[Precedence] = ()) -> list[PlainOutcome]:
        """The outcome of every rule on every row of its grain, after one finding has silenced another."""
        found = {
            (rule.rule_id, row.number): self.outcome(rule, row) for rule in rules for row in self.judged(rule)
        }
        by_id = {rule.rule_id: rule for rule in rules}
        for order in precedence:
            self._silence(order, by_id, found)
        return [
            PlainOutcome(
                rule.rule_id,
                row,
                outcome,
                self.severity(rule, row) if outcome == "flagged" else None,
                self.message(rule, row) if outcome == "flagged" else None,
            )
            for rule in rules
            for row in self.judged(rule)
            for outcome in [found[rule.rule_id, row.number]]
        ]

    def outcome(self, rule: Rule, row: PlainRow) -> str:
        """flagged, clear, not_evaluated or out_of_scope, before precedence."""
        scope = all_of(
            [self.answer(rule.only_for, row), self._in_force(rule, row), self._code_is_valid(rule, row)]
        )
        if scope is False:
            return "out_of_scope"
        if scope is None:
            return "not_evaluated"
        answer = self.answer(rule.flag_when, row)
        return {True: "flagged", False: "clear", None: "not_evaluated"}[answer]

    def severity(self, rule: Rule, row: PlainRow) -> str:
        """The first case whose condition is true; a blank condition does not hold."""
        return self._first_of(rule.severity, row).severity

    def message(self, rule: Rule, row: PlainRow) -> str:
        """The template that speaks, its placeholders not yet filled; chosen as the severity is."""
        return self._first_of(rule.message, row).text

    def _first_of(self, cases: Sequence[Case], row: PlainRow) -> Case:
        for case in cases:
            if case.when is None or self.answer(case.when, row) is True:
                return case
        raise AssertionError("the last case has no condition")

    def _silence(self, order: Precedence, by_id: dict[str, Rule], found: dict[tuple[str, int], str]) -> None:
        """The first rule that flags a row puts later ones out of scope there; a shadow rule does not."""
        ordered = [by_id[rule_id] for rule_id in order.order if rule_id in by_id]
        spoken: set[int] = set()
        for rule in ordered:
            if rule.check_each != order.per:
                continue
            for row in self.judged(rule):
                if row.number in spoken:
                    found[rule.rule_id, row.number] = "out_of_scope"
                elif found[rule.rule_id, row.number] == "flagged" and rule.status != "shadow":
                    spoken.add(row.number)

    def _in_force(self, rule: Rule, row: PlainRow) -> Answer:
        if rule.in_force_from is None and rule.in_force_until is None:
            return True
        day = row.own_date
        if day is None:
            return None
        after_start = rule.in_force_from is None or day >= rule.in_force_from
        before_end = rule.in_force_until is None or day <= rule.in_force_until
        return after_start and before_end

    def _code_is_valid(self, rule: Rule, row: PlainRow) -> Answer:
        """A rule about what a code means judges only ICD-10-CM codes that mean something on their date."""
        read = list(fields_read((rule.only_for, rule.flag_when)))
        facts = [RULE_FACTS.get(f.name) for f in read if not f.other]
        if all(fact is None or fact.always for fact in facts) and not (
            row.table == "diagnosis" and any(_is_of_pairs(rule))
        ):
            return True
        status = Compare(Field("icd10.status"), "equals", "in_force")
        system = Compare(Field("diagnosis.code_system"), "is_not", "icd9cm")
        return all_of([self.answer(status, row), self.answer(system, row)])

    def answer(self, condition: Condition, row: PlainRow, other: PlainRow | None = None) -> Answer:
        """What one condition says about one row (and, inside there_is, about the row that was found)."""
        if isinstance(condition, All):
            return all_of(self.answer(part, row, other) for part in condition.conditions)
        if isinstance(condition, Any_):
            return any_of(self.answer(part, row, other) for part in condition.conditions)
        if isinstance(condition, None_):
            return opposite(any_of(self.answer(part, row, other) for part in condition.conditions))
        if isinstance(condition, Exists):
            return PlainSearch(self, condition, row).answer()
        return self._compare(condition, row, other)

    def read(self, field: Field, row: PlainRow, other: PlainRow | None) -> object:
        """The value of a field: something, None for unknown, or NOTHING where there is no such thing."""
        if field.name == "batch.date":
            return self.settings.batch_date
        place = other if field.other else row
        assert place is not None
        if field.table in KEYED_TABLES:
            return self._keyed(field, place)
        if field.name not in RULE_FACTS:
            return place.values[field.name]
        code, on = str(place.values["diagnosis.code"]), place.values["diagnosis.coding_date"]
        if field.name == "icd10.in_tabular":
            return self.tables.list_fact("in_tabular", code)
        in_force = self.codes.status(code, on) == "in_force"
        if field.name in OF_THE_LIST:
            value = self.tables.list_fact(field.column, code) if in_force else None
            has_none = in_force and self.tables.list_fact("in_tabular", code)
        else:
            value = self.codes.fact(field.name, code, on)
            has_none = in_force and not RULE_FACTS[field.name].always
        return NOTHING if value is None and has_none else value

    def _keyed(self, field: Field, place: PlainRow) -> object:
        """A fact under the code of a line or procedure; there is none where the table speaks and has no code."""
        code = place.values[KEYED_TABLES[field.table].key]
        if code is None or code is NOTHING:
            return None
        day, setting = place.code_date, self.edit_setting(place)
        value = self.tables.keyed(field.name, str(code), day, setting)
        if value is None and day and self.tables.speaks(field.table, day, setting):
            return NOTHING
        return value

    def _compare(self, condition: Compare, row: PlainRow, other: PlainRow | None) -> Answer:
        left = self.read(condition.field, row, other)
        if condition.operator == "present":
            there = self._present(condition.field, left, other if condition.field.other else row)
            return there if condition.value else opposite(there)
        if condition.operator == "left_blank":
            blank = self._left_blank(condition.field, left, other if condition.field.other else row)
            return blank if condition.value else opposite(blank)
        right = condition.value
        if isinstance(right, Field):
            right = self.read(right, row, other)
        if left is NOTHING or right is NOTHING:
            return condition.operator in TRUE_OF_NOTHING
        if left is None or right is None:
            return None
        if condition.operator in ("in_set", "not_in_set"):
            day = (other if condition.field.other else row).own_date
            held = self.tables.holds(str(right), str(left), day)
            return held if condition.operator == "in_set" else opposite(held)
        if condition.operator == "element_of":
            return left in right
        return compare_values(left, condition.operator, right)

    def _present(self, field: Field, value: object, place: PlainRow) -> Answer:
        there = value is not None and value is not NOTHING
        if field.table in KEYED_TABLES:
            setting = self.edit_setting(place)
            code = place.values[KEYED_TABLES[field.table].key]
            speaks = place.code_date is not None and code is not None and code is not NOTHING
            speaks = speaks and self.tables.speaks(field.table, place.code_date, setting)
            return there if speaks else None
        if field.name in RULE_FACTS and field.name not in ALWAYS_KNOWN:
            code = str(place.values["diagnosis.code"])
            status = self.codes.status(code, place.values["diagnosis.coding_date"])
            if status is None:
                return None
            if field.name in OF_THE_LIST and status == "in_force" and not there:
                return False if self.tables.list_fact("in_tabular", code) else None
        return there

    def _left_blank(self, field: Field, value: object, place: PlainRow) -> Answer:
        """Nothing stands where the feed has a place for it; None where it has no such place."""
        table, column = rule_columns()[field.name]
        if column.blank != "never" and f"{table}.{column.name}" not in place.carried:
            return None
        return value is None or value is NOTHING

    def edit_setting(self, row: PlainRow) -> str | None:
        """Whose edits speak about the claim of a row."""
        return SETTING_OF_TYPE.get(str(row.values["claim.type"]))


def _is_of_pairs(rule: Rule) -> Iterator[bool]:
    """Of each search, whether it goes by pairs with diagnoses in them."""
    for search in searches((rule.only_for, rule.flag_when)):
        if search.listed_in is not None:
            pairs = PAIR_TABLES[search.listed_in.table]
            yield "diagnosis" in (pairs.left, pairs.right)


def searches(conditions: Iterable[Condition]) -> Iterator[Exists]:
    """Every search of the conditions."""
    for condition in conditions:
        if isinstance(condition, All | Any_ | None_):
            yield from searches(condition.conditions)
        elif isinstance(condition, Exists):
            yield condition


def fields_read(conditions: Iterable[Condition]) -> Iterator[Field]:
    """Every field that the conditions name, also inside there_is."""
    for condition in conditions:
        if isinstance(condition, All | Any_ | None_):
            yield from fields_read(condition.conditions)
        elif isinstance(condition, Exists):
            yield from condition.equal
            yield from fields_read([condition.where])
            for apart in (condition.days_apart, condition.years_apart):
                if apart is not None:
                    yield from (apart.from_field, apart.to_field)
            if condition.same_year is not None:
                yield condition.same_year
            if condition.total is not None:
                yield condition.total.of
                if isinstance(condition.total.value, Field):
                    yield condition.total.value
        else:
            yield condition.field
            if isinstance(condition.value, Field):
                yield condition.value
