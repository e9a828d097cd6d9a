"""Conditions as English clauses: one line where it reads well, an outline where groups stand in groups."""

from dataclasses import dataclass

from validator.rules.counted_clauses import counted, day_total, pair, share, years_apart
from validator.rules.model import (
    All,
    Any_,
    Compare,
    Condition,
    DaysApart,
    DayTotal,
    Exists,
    Field,
    None_,
    Share,
)
from validator.rules.names import NAMES
from validator.rules.problems import listed
from validator.rules.words import noun, saying, short_noun, things, values_in_words

# Longer sentences, and groups within groups, are written as an outline.
_LONGEST_SENTENCE = 170

_COMPARISONS = {
    "less_than": "less than",
    "at_most": "at most",
    "more_than": "more than",
    "at_least": "at least",
    "before": "before",
    "after": "after",
    "same_as": "the same as",
    "element_of": "one of",
}
_ARTICLE = {"diagnosis": "a diagnosis", "line": "a line", "procedure": "a procedure", "claim": "a claim"}
_SHARED = {
    "claim": "on the same claim",
    "patient": "of the same patient",
    "billing_provider": "from the same billing provider",
}
_HEADINGS: dict[type, str] = {
    All: "all of these hold:",
    Any_: "one of these holds:",
    None_: "none of these holds:",
}


def clause(condition: Condition, grain: str) -> str:
    """The condition after "when" or "for which": one line, or a heading with an indented list."""
    return _Speaker(grain).whole(condition)


@dataclass(frozen=True)
class _Speaker:
    """Speaks about rows of `grain`; inside `there_is` also about the other row of `table`."""

    grain: str
    table: str = ""

    def whole(self, condition: Condition, level: int = 0) -> str:
        plain = self.line(condition)
        if len(plain) <= _LONGEST_SENTENCE and _depth(condition) < 2:
            return plain
        return self._outline(condition, level)

    def _outline(self, condition: Condition, level: int) -> str:
        if isinstance(condition, Compare):
            return self._compare(condition)
        if isinstance(condition, Exists):
            return self._exists(condition, level)
        if isinstance(condition, Share):
            return share(condition, self.grain, self.whole(condition.that, level))
        if isinstance(condition, DayTotal):
            return day_total(condition, self.grain)
        indent = "  " * (level + 1)
        items = [f"{indent}- {self.whole(part, level + 1)}" for part in condition.conditions]
        return "\n".join([_HEADINGS[type(condition)], *items])

    def line(self, condition: Condition) -> str:
        """One line, groups in brackets where they would be misread."""
        match condition:
            case Compare():
                return self._compare(condition)
            case Exists():
                return self._exists(condition)
            case Share():
                return share(condition, self.grain, self.line(condition.that))
            case DayTotal():
                return day_total(condition, self.grain)
            case All(parts):
                return (
                    listed((self._bracketed(part, Any_) for part in parts), "and") or "nothing else is asked"
                )
            case Any_(parts):
                return listed((self._bracketed(part, All) for part in parts), "or")
            case None_((Compare() as single,)):
                return self._compare(single, negated=True)
            case None_(parts):
                return "none of these holds: " + "; ".join(self.line(part) for part in parts)
        raise TypeError(type(condition).__name__)

    def _bracketed(self, part: Condition, kind: type[Any_] | type[All]) -> str:
        said = self.line(part)
        grouped = isinstance(part, kind | None_) and len(part.conditions) > 1
        return f"({said})" if grouped else said

    def _compare(self, compare: Compare, *, negated: bool = False) -> str:
        field = compare.field
        name = NAMES[field.name]
        if name.is_list:
            return self._list_compare(compare, self._owner(field), negated=negated)
        if name.kind != "truth" or isinstance(compare.value, Field):
            return f"{self._noun(field)} {self._predicate(compare, negated=negated)}"
        if compare.operator == "left_blank":
            left = "left blank" if bool(compare.value) != negated else "filled in"
            return f"it is {left} whether {self._about(field, saying(field, True))}"
        if compare.operator == "present":
            recorded = "recorded" if bool(compare.value) != negated else "not recorded"
            return f"it is {recorded} whether {self._about(field, saying(field, True))}"
        turned = negated != (compare.operator == "is_not")
        return self._about(field, saying(field, compare.value != turned))

    def _owner(self, field: Field) -> str:
        """Whose column it is: "the line", "the other line"."""
        row = NAMES[field.name].row
        if not field.other:
            return f"the {row}"
        return f"the other {row}" if row == self.table else f"its {row}"

    def _about(self, field: Field, sentence: str) -> str:
        """A sentence about this row's claim, line or code, said of the other row."""
        if not field.other:
            return sentence
        return (
            sentence.replace("the claim", "its claim")
            .replace("the line", "it")
            .replace("the code", "its code")
            .replace("the procedure is", "it is")
        )

    def _noun(self, field: Field) -> str:
        """The column with its owner; "its role" for the other row, "the claim type of its claim"."""
        if not field.other:
            return noun(field)
        if NAMES[field.name].row == "claim" and self.table != "claim":
            said = noun(field)
            if " of the " in said:
                return said.replace(" of the ", " of its ")
            return (
                said.replace("the claim ", "its claim ")
                if said.startswith("the claim ")
                else f"its {said[4:]}"
            )
        return f"its {short_noun(field, self.table)}"

    def _list_compare(self, compare: Compare, owner: str, *, negated: bool) -> str:
        """A list column holds something, or holds anything at all."""
        if compare.operator in ("present", "left_blank"):
            if compare.operator == "left_blank":
                left = "left blank" if bool(compare.value) != negated else "filled in"
                return f"the {things(compare.field)} of {owner} are {left}"
            has = "has" if bool(compare.value) != negated else "has no"
            return f"{owner} {has} {things(compare.field)}"
        values = values_in_words(compare.field, compare.value)  # type: ignore[arg-type]
        which = "none" if negated != (compare.operator == "is_not") else "one"
        verb = "begins with" if compare.operator == "starts_with" else "is"
        return f"{which} of the {things(compare.field)} of {owner} {verb} {values}"

    def _predicate(self, compare: Compare, *, negated: bool = False) -> str:
        """What is said of the column: "is before the date of the batch"."""
        field, operator, value = compare.field, compare.operator, compare.value
        not_ = " not" if negated else ""
        if isinstance(value, Field):
            said = self._other_side(field, value)
            if operator == "differs_from":
                return f"does not differ from {said}" if negated else f"differs from {said}"
            if operator == "element_of":
                said = f"the {things(value)} of {self._owner(value)}"
            return f"is{not_} {_COMPARISONS[operator]} {said}"
        match operator:
            case "equals" | "one_of":
                return f"is{not_} {values_in_words(field, value)}"
            case "is_not" if negated:
                return f"is {values_in_words(field, value)}"
            case "is_not":
                several = isinstance(value, tuple) and len(value) > 1
                neither, nor = ("neither", "nor") if several else ("not", "or")
                return f"is {neither} {values_in_words(field, value, nor)}"
            case "present":
                return "is given" if bool(value) != negated else "is blank"
            case "left_blank":
                return "is left blank" if bool(value) != negated else "is filled in"
            case "starts_with":
                return f"{'does not begin' if negated else 'begins'} with {values_in_words(field, value)}"
            case "matches":
                return f"{'does not have' if negated else 'has'} the form {value}"
            case "in_set" | "not_in_set":
                inside = (operator == "in_set") != negated
                return f"is {'' if inside else 'not '}in the value set {value}"
            case _:
                return f"is{not_} {_COMPARISONS[operator]} {values_in_words(field, value)}"

    def _other_side(self, field: Field, value: Field) -> str:
        """The column on the right: "that of this line" where both rows have the same column."""
        if value.name == field.name and value.other != field.other:
            row = NAMES[value.name].row
            return f"that of the other {row}" if value.other else f"that of this {row}"
        return self._noun(value)

    def _exists(self, search: Exists, level: int | None = None) -> str:
        """`there_is`: which other row, what the two share, how they differ; with a level, as an outline."""
        table = search.table
        inner = _Speaker(self.grain, table)
        also = table == self.grain
        shared = " ".join(_SHARED[word] for word in search.same)
        if search.how_many or search.total:
            said = f"{counted(search, also=also)} {shared}"
        elif search.negated:
            said = f"there is no {'other ' if also else ''}{table} {shared}"
        else:
            said = f"there is {'another ' + table if also else _ARTICLE[table]} {shared}"
        if search.reported_earlier:
            said += ", reported earlier"
        if search.equal:
            said += f", with the same {listed((short_noun(f, table) for f in search.equal), 'and')}"
        if search.same_year:
            said += (
                f", with {inner._noun(Field(search.same_year.name, other=True))} in the same calendar year"
            )
        if search.days_apart:
            said += f", {inner._days_apart(search.days_apart)}"
        if search.years_apart:
            apart = search.years_apart
            said += f", {years_apart(apart, inner._noun(apart.to_field))}"
        if search.listed_in:
            listing = search.listed_in
            said += f", {pair(listing, inner._noun(listing.left), inner._noun(listing.right))}"
        if search.where == All(()):
            return said
        return f"{said}, {inner._where(search.where, level)}"

    def _days_apart(self, days: DaysApart) -> str:
        side = {"either": "before or after", "before": "before", "after": "after"}[days.direction]
        return f"with {self._noun(days.to_field)} at most {days.at_most} days {side} {noun(days.from_field)}"

    def _where(self, condition: Condition, level: int | None) -> str:
        """What is asked of the other row: "whose role is principal", or "for which" and an outline."""
        if isinstance(condition, Compare):
            said = self.line(condition)
            return f"whose {said.removeprefix('its ')}" if said.startswith("its ") else f"for which {said}"
        if level is None:
            return f"for which {self.line(condition)}"
        return f"for which {self.whole(condition, level)}"


def _depth(condition: Condition) -> int:
    if isinstance(condition, Compare):
        return 0
    if isinstance(condition, Exists):
        return _depth(condition.where)
    if isinstance(condition, Share | DayTotal):
        return _depth(condition.that) if isinstance(condition, Share) else 0
    return 1 + max((_depth(part) for part in condition.conditions), default=0)
