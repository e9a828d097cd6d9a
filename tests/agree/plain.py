"""Rule evaluation again, slow and obvious: one row, one rule, one answer at a time.

Written from the rule language's own text and not from the engine, so that the two can be compared. Every
answer is True, False or None (nobody knows); see three_valued.py.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from tests.agree.plain_rows import NOTHING, PlainRow, plain_rows
from tests.agree.three_valued import Answer, all_of, any_of, opposite
from validator.claims.schema import ClaimTables
from validator.reference.schema import RULE_FACTS
from validator.rules.model import (
    All,
    Any_,
    Compare,
    Condition,
    DaysApart,
    Exists,
    Field,
    None_,
    Precedence,
    Rule,
)

TRUE_OF_NOTHING = ("is_not", "not_in_set", "differs_from")
# Whether these are there is known without a date that some release covers.
ALWAYS_KNOWN = ("icd10.well_formed", "icd10.ever_listed", "icd9.exists", "icd10.date_reach")


@dataclass(frozen=True)
class PlainOutcome:
    """What one rule says about one row; severity only where it is flagged."""

    rule_id: str
    row: PlainRow
    outcome: str
    severity: str | None


class PlainEngine:
    """The rows of one partition, the code facts and the date of the batch: all that a rule may look at."""

    def __init__(self, tables: ClaimTables, codes, batch_date: date) -> None:
        self.codes = codes
        self.batch_date = batch_date
        self.rows = plain_rows(tables, codes)

    def outcomes(self, rules: Sequence[Rule], precedence: Iterable[Precedence] = ()) -> list[PlainOutcome]:
        """The outcome of every rule on every row of its grain, after one finding has silenced another."""
        found = {
            (rule.rule_id, row.number): self.outcome(rule, row)
            for rule in rules
            for row in self.rows[rule.check_each]
        }
        by_id = {rule.rule_id: rule for rule in rules}
        for order in precedence:
            self._silence(order, by_id, found)
        return [
            PlainOutcome(
                rule.rule_id, row, outcome, self.severity(rule, row) if outcome == "flagged" else None
            )
            for rule in rules
            for row in self.rows[rule.check_each]
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
        for case in rule.severity:
            if case.when is None or self.answer(case.when, row) is True:
                return case.severity
        raise AssertionError("the last case of a severity has no condition")

    def _silence(self, order: Precedence, by_id: dict[str, Rule], found: dict[tuple[str, int], str]) -> None:
        """The first rule that flags a row puts later ones out of scope there; a shadow rule does not."""
        ordered = [by_id[rule_id] for rule_id in order.order if rule_id in by_id]
        spoken: set[int] = set()
        for rule in ordered:
            if rule.check_each != order.per:
                continue
            for row in self.rows[rule.check_each]:
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
        facts = [RULE_FACTS.get(f.name) for f in fields_read((rule.only_for, rule.flag_when)) if not f.other]
        if all(fact is None or fact.always for fact in facts):
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
            found = self._exists(condition, row)
            return opposite(found) if condition.negated else found
        return self._compare(condition, row, other)

    def read(self, field: Field, row: PlainRow, other: PlainRow | None) -> object:
        """The value of a field: something, None for unknown, or NOTHING where there is no such thing."""
        if field.name == "batch.date":
            return self.batch_date
        place = other if field.other else row
        assert place is not None
        if field.name not in RULE_FACTS:
            return place.values[field.name]
        code, on = place.values["diagnosis.code"], place.values["diagnosis.coding_date"]
        value = self.codes.fact(field.name, code, on)
        if value is None and not RULE_FACTS[field.name].always and self.codes.status(code, on) == "in_force":
            return NOTHING
        return value

    def _compare(self, condition: Compare, row: PlainRow, other: PlainRow | None) -> Answer:
        left = self.read(condition.field, row, other)
        if condition.operator == "present":
            there = self._present(condition.field, left, other if condition.field.other else row)
            return there if condition.value else opposite(there)
        right = condition.value
        if isinstance(right, Field):
            right = self.read(right, row, other)
        if left is NOTHING or right is NOTHING:
            return condition.operator in TRUE_OF_NOTHING
        if left is None or right is None:
            return None
        if condition.operator in ("in_set", "not_in_set"):
            day = (other if condition.field.other else row).own_date
            held = self.codes.in_value_set(str(right), str(left), day)
            return held if condition.operator == "in_set" else opposite(held)
        return compare_values(left, condition.operator, right)

    def _present(self, field: Field, value: object, place: PlainRow) -> Answer:
        if field.name in RULE_FACTS and field.name not in ALWAYS_KNOWN:
            on = place.values["diagnosis.coding_date"]
            if self.codes.status(place.values["diagnosis.code"], on) is None:
                return None
        return value is not None and value is not NOTHING

    def _exists(self, condition: Exists, row: PlainRow) -> Answer:
        """True if a row matches wholly; blank if one might, or if this row's own key or date is blank.

        Blank, too, where none was found and some claim in question is from a feed without such rows.
        """
        answers = [self._matches(condition, row, other) for other in self._candidates(condition, row)]
        keys = list(condition.equal)
        if condition.days_apart is not None:
            keys.append(condition.days_apart.from_field)
        if condition.same_year is not None:
            keys.append(condition.same_year)
        keys_known = [self.read(field, row, None) is not None for field in keys]
        if "patient" in condition.same:
            keys_known.append(row.values["patient.id"] is not None)
        if "billing_provider" in condition.same:
            keys_known.append(row.values["claim.billing_npi"] is not None)
        if not all(keys_known) or not all(
            claim.may_have(condition.table) for claim in self._claims(condition, row)
        ):
            answers.append(None)
        return any_of(answers)

    def _claims(self, condition: Exists, row: PlainRow) -> list[PlainRow]:
        """The claims on which such a row could stand: this one, or all that are known to be the patient's."""
        if "claim" in condition.same:
            return [row]
        others = [other for other in self.rows["claim"] if _known_same(row, other, "patient.id")]
        return [row, *others]

    def _candidates(self, condition: Exists, row: PlainRow) -> Iterator[PlainRow]:
        """Rows that are surely on the same claim, patient, provider, as asked, and not this row itself."""
        for other in self.rows[condition.table]:
            if other.table == row.table and other.number == row.number:
                continue
            if other.table == "claim" and other.claim_no == row.claim_no:
                continue
            if "claim" in condition.same and other.claim_no != row.claim_no:
                continue
            if "patient" in condition.same and not _known_same(row, other, "patient.id"):
                continue
            if "billing_provider" in condition.same and not _known_same(row, other, "claim.billing_npi"):
                continue
            if condition.reported_earlier and not other.order < row.order:
                continue
            yield other

    def _matches(self, condition: Exists, row: PlainRow, other: PlainRow) -> Answer:
        answers = [self._equal(field, row, other) for field in condition.equal]
        answers.append(self.answer(condition.where, row, other))
        if condition.days_apart is not None:
            answers.append(self._days_apart(condition.days_apart, row, other))
        if condition.same_year is not None:
            here = self.read(condition.same_year, row, None)
            there = self.read(Field(condition.same_year.name, other=True), row, other)
            answers.append(_of_known(here, there, lambda a, b: a.year == b.year))
        return all_of(answers)

    def _equal(self, field: Field, row: PlainRow, other: PlainRow) -> Answer:
        """Two rows that both have no such thing agree in it; what nobody told us agrees with nothing."""
        here = self.read(field, row, None)
        there = self.read(Field(field.name, other=True), row, other)
        if here is None or there is None:
            return None
        if here is NOTHING or there is NOTHING:
            return here is there
        return here == there

    def _days_apart(self, wanted: DaysApart, row: PlainRow, other: PlainRow) -> Answer:
        here = self.read(wanted.from_field, row, other)
        there = self.read(wanted.to_field, row, other)

        def near(one: date, two: date) -> bool:
            gap = (two - one).days
            if wanted.direction == "before":
                return -wanted.at_most <= gap < 0
            if wanted.direction == "after":
                return 0 < gap <= wanted.at_most
            return abs(gap) <= wanted.at_most

        return _of_known(here, there, near)


def _of_known(here: object, there: object, question) -> Answer:
    if here is NOTHING or there is NOTHING:
        return False
    if here is None or there is None:
        return None
    return question(here, there)


def _known_same(row: PlainRow, other: PlainRow, name: str) -> bool:
    return row.values[name] is not None and row.values[name] == other.values[name]


def compare_values(left: object, operator: str, right: object) -> bool:
    """Hold two values that are both known against one another; on a list, does one element fit?"""
    if isinstance(left, list) and operator in ("equals", "one_of", "starts_with"):
        return any(compare_values(element, operator, right) for element in left)
    if isinstance(left, list) and operator == "is_not":
        return all(compare_values(element, operator, right) for element in left)
    if operator in ("equals", "same_as"):
        return left == right
    if operator == "differs_from":
        return left != right
    if operator == "one_of":
        return left in right
    if operator == "is_not":
        return left not in (right if isinstance(right, tuple) else (right,))
    if operator in ("less_than", "before"):
        return left < right
    if operator in ("more_than", "after"):
        return left > right
    if operator == "at_most":
        return left <= right
    if operator == "at_least":
        return left >= right
    if operator == "starts_with":
        return str(left).startswith(right)
    if operator == "matches":
        return re.fullmatch(right, str(left)) is not None
    raise AssertionError(f"no such operator: {operator}")


def fields_read(conditions: Iterable[Condition]) -> Iterator[Field]:
    """Every field that the conditions name, also inside there_is."""
    for condition in conditions:
        if isinstance(condition, All | Any_ | None_):
            yield from fields_read(condition.conditions)
        elif isinstance(condition, Exists):
            yield from condition.equal
            yield from fields_read([condition.where])
            if condition.days_apart is not None:
                yield from (condition.days_apart.from_field, condition.days_apart.to_field)
            if condition.same_year is not None:
                yield condition.same_year
        else:
            yield condition.field
            if isinstance(condition.value, Field):
                yield condition.value
