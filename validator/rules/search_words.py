"""The words of a search that ask more than one row about another: pairs, counts, sums and years apart."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from validator.reference.schema import PAIR_TABLES
from validator.rules.model import Field, HowMany, ListedIn, Total, YearsApart
from validator.rules.names import KIND_IN_WORDS, Name
from validator.rules.nodes import Items, Node, Text
from validator.rules.problems import Problems, did_you_mean, listed, shown
from validator.rules.scope import Scope
from validator.rules.shapes import known_keys
from validator.rules.values import as_number, read_value

# What a column of a pair table holds -> the column of a claim that holds the same.
CODE_OF_PAIR = {"diagnosis": "diagnosis.code", "procedure": "line.procedure_code"}
COUNTS = ("less_than", "at_most", "more_than", "at_least", "equals")
SUMS = ("less_than", "at_most", "more_than", "at_least")
COUNTED = ("rows", "claims", "days")
SIDES = ("before", "after")


@dataclass(frozen=True)
class SearchWords:
    """Reads these words below one there_is. `inner` knows both rows, `outer` the judged row alone."""

    table: str
    outer: Scope
    inner: Scope

    @property
    def _problems(self) -> Problems:
        return self.outer.problems

    def of_both(self, node: Node, key: str) -> tuple[Field, Name] | None:
        """A column or fact that this row and the other row both have."""
        if not isinstance(node, Text):
            self._problems.add("R007", f"{key} takes column names", fix="write table.column", at=node.span)
            return None
        if node.text.startswith("other."):
            what = f"{key} names a column of both rows"
            self._problems.add("R011", what, fix="write the name without other.", at=node.span)
            return None
        found = self.outer.field(node)
        if found is None:
            return None
        row = found[1].row
        if row not in ("claim", self.table):
            self._problems.add(
                "R010",
                f"{shown(node.text)} is not a column of the other {self.table}",
                fix=f"{key} takes columns of {self.table} or of its claim",
                at=node.span,
            )
            return None
        return found

    def date(self, node: Node, *, other: bool, word: str) -> Field | None:
        """A date of this row (`from`) or of the other row (`to`)."""
        key = "to" if other else "from"
        if not isinstance(node, Text):
            self._problems.add("R007", f"{key} takes a column name", fix="write table.column", at=node.span)
            return None
        if node.text.startswith("other.") != other:
            example = "to: other.from_date" if other else "from: claim.from_date"
            self._problems.add(
                "R011",
                f"{word} goes from this row to the other row; {key} is {shown(node.text)}",
                fix=f"write {example}",
                at=node.span,
            )
            return None
        found = self.inner.field(node)
        return self.must_be_date(node, *found) if found else None

    def must_be_date(self, node: Text, field: Field, name: Name) -> Field | None:
        if name.kind == "date":
            return field
        self._problems.add(
            "R013", f"{shown(node.text)} is not a date", fix="name a date column", at=node.span
        )
        return None

    def years_apart(self, node: Node) -> YearsApart | None:
        """From a date of this row to one of the other: how many calendar years, and on which side."""
        parts = ("from", "to", "at_least", "at_most", "direction")
        keys = known_keys(node, here="years_apart", keys=parts, required=parts, problems=self._problems)
        if keys is None or len(keys) < len(parts):
            return None
        start = self.date(keys["from"], other=False, word="years_apart")
        end = self.date(keys["to"], other=True, word="years_apart")
        least = self._years(keys["at_least"], "at_least")
        most = self._years(keys["at_most"], "at_most")
        direction = keys["direction"]
        side = next((s for s in SIDES if isinstance(direction, Text) and direction.text == s), None)
        if side is None:
            what = "direction says in which years the other row's date lies: before or after this row's"
            self._problems.add("R008", what, fix="it is before or after", at=direction.span)
        if start is None or end is None or least is None or most is None or side is None:
            return None
        if most < least:
            what = f"no date is at least {least} and at most {most} years away"
            fix = "at_least is the smaller of the two"
            self._problems.add("R038", what, fix=fix, at=keys["at_most"].span)
            return None
        return YearsApart(start, end, least, most, side)  # type: ignore[arg-type]

    def _years(self, node: Node, key: str) -> int | None:
        if isinstance(node, Text) and re.fullmatch("[0-9]{1,2}", node.text):
            return int(node.text)
        what = f"{key} is a whole number of years"
        self._problems.add("R014", what, fix=f"write digits: {key}: 1", at=node.span)
        return None

    def listed_in(self, node: Node) -> ListedIn | None:
        """A pair table and the two codes, in the order of its columns."""
        parts = ("table", "pair")
        keys = known_keys(node, here="listed_in", keys=parts, required=parts, problems=self._problems)
        if keys is None or len(keys) < len(parts):
            return None
        table, pair = keys["table"], keys["pair"]
        if not isinstance(table, Text) or table.text not in PAIR_TABLES:
            name = table.text if isinstance(table, Text) else ""
            fix = did_you_mean(name, PAIR_TABLES, f"the pair tables are {listed(PAIR_TABLES, 'and')}")
            what = f"there is no pair table {shown(name)}" if name else "table takes the name of a pair table"
            self._problems.add("R037", what, fix=fix, at=table.span)
            return None
        kinds = _sides(table.text)
        order = f"[{', '.join(CODE_OF_PAIR[kind] for kind in kinds)}]"
        codes = [item for item in pair if isinstance(item, Text)] if isinstance(pair, Items) else []
        if not isinstance(pair, Items) or len(pair.items) != 2 or len(codes) != 2:
            fix = f"{table.text} lists {order}, one of them with other."
            self._problems.add("R037", "pair is a list of two columns", fix=fix, at=pair.span)
            return None
        left, right = (self._code(*side, table.text) for side in zip(codes, kinds, strict=True))
        if left is None or right is None:
            return None
        if left.other == right.other:
            fix = "write other. before the one that is the code of the row that is looked for"
            self._problems.add("R037", "the pair names the same row twice", fix=fix, at=pair.span)
            return None
        return ListedIn(table.text, left, right)

    def _code(self, node: Text, kind: str, table: str) -> Field | None:
        found = self.inner.field(node)
        if found is None:
            return None
        wanted = CODE_OF_PAIR[kind]
        if found[1].name == wanted:
            return found[0]
        order = listed((CODE_OF_PAIR[side] for side in _sides(table)), "and")
        fix = f"the table lists {order}, in this order"
        what = f"{table} lists no {shown(node.text)} here"
        self._problems.add("R037", what, fix=fix, at=node.span)
        return None

    def how_many(self, node: Node) -> HowMany | None:
        """One number to hold the count against, and what is counted."""
        keys = known_keys(node, here="how_many", keys=(*COUNTS, "of"), problems=self._problems)
        if keys is None:
            return None
        operator = self._one_operator(node, keys, "how_many", COUNTS, "more_than: 3")
        of = keys.get("of")
        counted = next((c for c in COUNTED if isinstance(of, Text) and of.text == c), None)
        if of is not None and counted is None:
            word = of.text if isinstance(of, Text) else ""
            what = f"how_many is never of {shown(word)}" if word else "of takes one word"
            fix = did_you_mean(word, COUNTED, f"it is of {listed(COUNTED)}")
            self._problems.add("R008", what, fix=fix, at=of.span)
            return None
        if operator is None:
            return None
        number = keys[operator]
        if not (isinstance(number, Text) and re.fullmatch("(0|[1-9][0-9]{0,6})", number.text)):
            what = "how_many is held against a whole number"
            self._problems.add("R014", what, fix=f"write digits: {operator}: 3", at=number.span)
            return None
        return HowMany(operator, int(number.text), counted or "rows")  # type: ignore[arg-type]

    def total(self, node: Node) -> Total | None:
        """The column that is summed, and a number or a column of this row to hold the sum against."""
        keys = known_keys(node, here="total", keys=("of", *SUMS), required=("of",), problems=self._problems)
        if keys is None or "of" not in keys:
            return None
        found = self.of_both(keys["of"], "total")
        operator = self._one_operator(node, keys, "total", SUMS, "more_than: 4")
        if found is None or operator is None:
            return None
        field, name = found
        if name.kind != "number":
            what = f"total adds numbers, and {name.name} is {KIND_IN_WORDS[name.kind]}"
            self._problems.add("R013", what, fix="name a number such as line.units", at=keys["of"].span)
            return None
        value = self._limit(keys[operator], name)
        return None if value is None else Total(field, operator, value)  # type: ignore[arg-type]

    def _limit(self, node: Node, name: Name) -> Decimal | int | Field | None:
        """A number, or a number column of this row."""
        if isinstance(node, Text) and as_number(node.text, whole=False) is None and "." in node.text:
            if node.text.startswith("other."):
                what = f"the sum is held against {shown(node.text)}, and the rows found are many"
                fix = "name a column of the row that is judged, or write a number"
                self._problems.add("R011", what, fix=fix, at=node.span)
                return None
            found = self.outer.field(node)
            if found is None:
                return None
            if found[1].kind != "number":
                kinds = f"{name.name} is a number and {found[1].name} is {KIND_IN_WORDS[found[1].kind]}"
                fix = "compare two columns that hold the same kind of value"
                self._problems.add("R015", kinds, fix=fix, at=node.span)
                return None
            return found[0]
        value = read_value(node, name, self._problems)
        return value if isinstance(value, int | Decimal) and not isinstance(value, bool) else None

    def _one_operator(
        self, node: Node, keys: Collection[str], word: str, operators: tuple[str, ...], example: str
    ) -> str | None:
        used = [operator for operator in operators if operator in keys]
        if len(used) == 1:
            return used[0]
        what = f"{word} is held against {'more than one number' if used else 'nothing'}"
        fix = f"write one of {listed(operators)}, such as {example}"
        self._problems.add("R038", what, fix=fix, at=node.span)
        return None


def _sides(table: str) -> tuple[str, str]:
    """What the two columns of a pair table hold, in its order."""
    return PAIR_TABLES[table].left, PAIR_TABLES[table].right
