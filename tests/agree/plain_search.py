"""`there_is` again, one other row at a time: which rows fit, which may fit, and what nobody can see."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tests.agree.plain_compare import compare_values
from tests.agree.plain_rows import NOTHING, PlainRow
from tests.agree.three_valued import Answer, all_of, any_of, opposite
from validator.reference.schema import KEYED_TABLES
from validator.rules.model import (
    All,
    Any_,
    Compare,
    Condition,
    DaysApart,
    Exists,
    Field,
    HowMany,
    ListedIn,
    None_,
    Total,
    YearsApart,
)

if TYPE_CHECKING:
    from tests.agree.plain import PlainEngine

MANY = 10**12  # more than any count
MORE_KEEPS_TRUE = ("more_than", "at_least")
TYPE_OF_SETTING = {"office": "professional", "inpatient": "institutional", "outpatient": "institutional"}
SETTING_OF_TYPE = {"professional": "practitioner", "institutional": "hospital"}


class PlainSearch:
    """One search for other rows, asked of one row."""

    def __init__(self, engine: "PlainEngine", search: Exists, row: PlainRow) -> None:
        self.engine = engine
        self.search = search
        self.row = row

    def answer(self) -> Answer:
        """Whether such rows exist; the opposite for `there_is_no`."""
        if self._lacks_a_file():
            return None
        judged = [(self._fits(other), other) for other in self._candidates()]
        found = [other for fits, other in judged if fits is True]
        maybe = [other for fits, other in judged if fits is None]
        unseen = self._may_miss_some()
        if self.search.how_many is not None:
            answer = self._count(self.search.how_many, found, maybe, unseen)
        elif self.search.total is not None:
            answer = self._sum(self.search.total, found, maybe, unseen)
        else:
            answer = any_of([*(fits for fits, _ in judged), *([None] if unseen else [])])
        return opposite(answer) if self.search.negated else answer

    def read(self, field: Field, other: PlainRow | None = None) -> object:
        return self.engine.read(field, self.row, other)

    def _candidates(self) -> Iterator[PlainRow]:
        """Rows that are surely on the same claim, patient, provider, as asked, and not this row itself."""
        row, same = self.row, self.search.same
        for other in self.engine.rows[self.search.table]:
            if other.table == row.table and other.number == row.number:
                continue
            if other.table == "claim" and other.claim_no == row.claim_no:
                continue
            if "claim" in same and other.claim_no != row.claim_no:
                continue
            if "patient" in same and not _known_same(row, other, "patient.id"):
                continue
            if "billing_provider" in same and not _known_same(row, other, "claim.billing_npi"):
                continue
            if self.search.reported_earlier and not other.order < row.order:
                continue
            yield other

    def _fits(self, other: PlainRow) -> Answer:
        search = self.search
        answers = [self._equal(field, other) for field in search.equal]
        answers.append(self.engine.answer(search.where, self.row, other))
        if search.days_apart is not None:
            answers.append(self._days_apart(search.days_apart, other))
        if search.same_year is not None:
            here = self.read(search.same_year)
            there = self.read(Field(search.same_year.name, other=True), other)
            answers.append(_of_known(here, there, lambda a, b: a.year == b.year))
        if search.years_apart is not None:
            answers.append(self._years_apart(search.years_apart, other))
        if search.listed_in is not None:
            answers.append(self._listed(search.listed_in, other))
        return all_of(answers)

    def _equal(self, field: Field, other: PlainRow) -> Answer:
        """Two rows that both have no such thing agree in it; what nobody told us agrees with nothing."""
        here, there = self.read(field), self.read(Field(field.name, other=True), other)
        if here is None or there is None:
            return None
        if here is NOTHING or there is NOTHING:
            return here is there
        return here == there

    def _days_apart(self, wanted: DaysApart, other: PlainRow) -> Answer:
        def near(one: date, two: date) -> bool:
            gap = (two - one).days
            if wanted.direction == "before":
                return -wanted.at_most <= gap < 0
            if wanted.direction == "after":
                return 0 < gap <= wanted.at_most
            return abs(gap) <= wanted.at_most

        return _of_known(self.read(wanted.from_field), self.read(wanted.to_field, other), near)

    def _years_apart(self, wanted: YearsApart, other: PlainRow) -> Answer:
        def far_enough(one: date, two: date) -> bool:
            years = two.year - one.year if wanted.direction == "after" else one.year - two.year
            return wanted.at_least <= years <= wanted.at_most

        return _of_known(self.read(wanted.from_field), self.read(wanted.to_field, other), far_enough)

    def _listed(self, listed: ListedIn, other: PlainRow) -> Answer:
        """Whether the two codes stand in the table; unknown where one of them means nothing to the table."""
        codes: list[object] = []
        for field in (listed.left, listed.right):
            code = self.read(field, other)
            if field.name == "diagnosis.code":
                status = self.read(Field("icd10.status", field.other), other)
                in_list = self.read(Field("icd10.in_tabular", field.other), other)
                if status != "in_force" or (listed.table.startswith("icd10_") and in_list is not True):
                    code = None
            codes.append(code)
        left, right = codes
        if left is None or right is None:
            return None
        if left is NOTHING or right is NOTHING:
            return False
        setting = self.engine.edit_setting(self.row)
        return self.engine.tables.lists(listed.table, str(left), str(right), self.row.own_date, setting)

    def _may_miss_some(self) -> bool:
        """Whether rows that would fit may exist that are not among those at hand."""
        return (
            not self._knows_its_keys()
            or not all(self._delivers(claim) for claim in self._claims())
            or self._table_is_silent()
            or self._asks_for_types_not_delivered()
            or self._window_is_open()
        )

    def _knows_its_keys(self) -> bool:
        search = self.search
        keys = list(search.equal)
        keys += [search.days_apart.from_field] if search.days_apart is not None else []
        keys += [search.same_year] if search.same_year is not None else []
        keys += [search.years_apart.from_field] if search.years_apart is not None else []
        keys += [Field("patient.id")] if "patient" in search.same else []
        keys += [Field("claim.billing_npi")] if "billing_provider" in search.same else []
        if search.listed_in is not None and self.row.table == "line":
            keys.append(Field("line.procedure_code"))
        return all(self.read(field) is not None for field in keys)

    def _claims(self) -> list[PlainRow]:
        """The claims on which such a row could stand: this one, or all that are known to be the patient's."""
        if "claim" in self.search.same:
            return [self.row]
        claims = self.engine.rows["claim"]
        return [self.row, *(other for other in claims if _known_same(self.row, other, "patient.id"))]

    def _delivers(self, claim: PlainRow) -> bool:
        """Whether the feed of a claim delivers such rows, in the roles and with the codes that are asked."""
        by_code = self.search.listed_in is not None and self.search.table == "line"
        if by_code and "lines.procedure_code" not in claim.carried:
            return False
        return claim.may_have(self.search.table, self._roles())

    def _demands(self, name: str) -> list[set[str]]:
        """The values of a column of the other row that `where` demands, once for each such test."""
        return [
            {str(value) for value in (c.value if isinstance(c.value, tuple) else (c.value,))}
            for c in _demanded(self.search.where)
            if c.field.other and c.field.name == name and c.operator in ("equals", "one_of")
        ]

    def _roles(self) -> set[str] | None:
        """The roles of diagnoses that would answer; None where any would, or where none could."""
        if self.search.table != "diagnosis":
            return None
        demands = self._demands("diagnosis.role")
        return set.intersection(*demands) or None if demands else None

    def _table_is_silent(self) -> bool:
        listed = self.search.listed_in
        if listed is None:
            return False
        day, setting = self.row.own_date, self.engine.edit_setting(self.row)
        return day is None or not self.engine.tables.speaks(listed.table, day, setting)

    def _lacks_a_file(self) -> bool:
        """Whether a list or table that nobody added keeps the search from finding any row at all."""
        listed = self.search.listed_in
        if listed is not None and not self.engine.tables.is_added(listed.table):
            return True
        return not self._can_be(True, self.search.where)

    def _can_be(self, wanted: bool, condition: Condition) -> bool:
        """Whether some row could make the condition true (or false), as far as the tables added can tell."""
        if isinstance(condition, Compare):
            names = [str(condition.value)] if condition.operator in ("in_set", "not_in_set") else []
            fields = (condition.field, condition.value)
            names += [f.table for f in fields if isinstance(f, Field) and f.table in KEYED_TABLES]
            return all(self.engine.tables.is_added(name) for name in names)
        if isinstance(condition, None_):
            return self._can_be(not wanted, Any_(condition.conditions))
        assert isinstance(condition, All | Any_)
        parts = [self._can_be(wanted, part) for part in condition.conditions]
        return all(parts) if isinstance(condition, All) == wanted else not parts or any(parts)

    def _asks_for_types_not_delivered(self) -> bool:
        delivered = self.engine.settings.delivered
        if delivered is None or "claim" in self.search.same:
            return False
        demands = self._demands("claim.type")
        for settings in self._demands("claim.setting"):
            demands.append({TYPE_OF_SETTING.get(word, word) for word in settings})
        return any(not wanted & delivered for wanted in demands)

    def _window_is_open(self) -> bool:
        """Whether days on which a row would fit lie outside what the batch holds."""
        if "claim" in self.search.same:
            return False
        windows = list(self._windows())
        if not windows:
            return False
        first, last = max(one for one, _ in windows), min(two for _, two in windows)
        settings = self.engine.settings
        if first > last:
            return False
        starts_before = settings.claims_from is not None and first < settings.claims_from
        return starts_before or last > settings.batch_date

    def _windows(self) -> Iterator[tuple[date, date]]:
        """First and last day of each window that is asked for, where this row has the date to count from."""
        search, never = self.search, (date.max, date.min)
        if search.days_apart is not None:
            own, wanted = self.read(search.days_apart.from_field), search.days_apart
            if isinstance(own, date):
                back = -1 if wanted.direction == "after" else wanted.at_most
                ahead = -1 if wanted.direction == "before" else wanted.at_most
                yield own - timedelta(days=back), own + timedelta(days=ahead)
            elif own is NOTHING:
                yield never
        if search.same_year is not None:
            own = self.read(search.same_year)
            if isinstance(own, date):
                yield date(own.year, 1, 1), date(own.year, 12, 31)
            elif own is NOTHING:
                yield never
        if search.years_apart is not None:
            own, years = self.read(search.years_apart.from_field), search.years_apart
            if isinstance(own, date):
                sign = 1 if years.direction == "after" else -1
                near, far = sorted((own.year + sign * years.at_least, own.year + sign * years.at_most))
                yield date(near, 1, 1), date(far, 12, 31)
            elif own is NOTHING:
                yield never

    def _count(
        self, wanted: HowMany, found: Sequence[PlainRow], maybe: Sequence[PlainRow], unseen: bool
    ) -> Answer:
        """How many rows, claims or days there are; one that is not sure may be as many as it takes."""
        units = [self._unit(wanted, row) for row in found]
        count = len({unit for unit in units if unit is not None})
        holds = compare_values(count, wanted.operator, wanted.number)
        if unseen:
            return True if holds and wanted.operator in MORE_KEEPS_TRUE else None
        if not maybe and None not in units:
            return holds
        more = compare_values(MANY, wanted.operator, wanted.number)
        no_less = wanted.operator == "equals" and count <= wanted.number
        return holds if holds == more and not no_less else None

    def _unit(self, wanted: HowMany, row: PlainRow) -> object:
        return {"rows": row.number, "claims": row.claim_no, "days": row.own_date}[wanted.of]

    def _sum(
        self, wanted: Total, found: Sequence[PlainRow], maybe: Sequence[PlainRow], unseen: bool
    ) -> Answer:
        """The sum over this row and those found; what is unseen can only add to it."""
        parts = [self.read(wanted.of)]
        parts += [self.read(Field(wanted.of.name, other=True), other) for other in found]
        limit = self.read(wanted.value) if isinstance(wanted.value, Field) else wanted.value
        if maybe or any(value is None or value is NOTHING for value in (limit, *parts)):
            return None
        holds = compare_values(sum(parts), wanted.operator, limit)  # type: ignore[arg-type]
        return holds if not unseen or (holds and wanted.operator in MORE_KEEPS_TRUE) else None


def _demanded(condition: Condition) -> Iterator[Compare]:
    """The tests that have to hold, whatever else does."""
    if isinstance(condition, All):
        for part in condition.conditions:
            yield from _demanded(part)
    elif isinstance(condition, Compare):
        yield condition


def _of_known(here: object, there: object, question) -> Answer:
    if here is NOTHING or there is NOTHING:
        return False
    if here is None or there is None:
        return None
    return question(here, there)


def _known_same(row: PlainRow, other: PlainRow, name: str) -> bool:
    return row.values[name] is not None and row.values[name] == other.values[name]
