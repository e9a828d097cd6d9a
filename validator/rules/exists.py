"""`there_is` and `there_is_no`: another row of one table, what the two share and how they differ."""

import re
from collections.abc import Callable

from validator.rules.model import ALWAYS, Condition, DaysApart, Exists, Field
from validator.rules.names import Name, readable
from validator.rules.nodes import Block, Items, Node, Text
from validator.rules.problems import did_you_mean, listed, shown
from validator.rules.scope import Scope
from validator.rules.shapes import known_keys

TABLES = ("diagnosis", "line", "procedure", "claim")
SAME = ("claim", "patient", "billing_provider")
SEARCH_KEYS = ("same", "equal", "where", "days_apart", "same_year", "reported")
_LATER = ("listed_in", "how_many", "total", "share")


# Reads the condition of `where:`; given by validator/rules/conditions.py, which calls this module.
ReadWhere = Callable[[Node, Scope], Condition | None]


def read_exists(key: Text, value: Node, scope: Scope, read_where: ReadWhere) -> Exists | None:
    """The search for another row; None with the problems noted."""
    problems = scope.problems
    if not scope.row_search:
        inside = "inside another there_is" if scope.other else "in a case of severity or remark codes"
        fix = "it stands in only_for and flag_when"
        problems.add("R019", f"{key.text} cannot stand {inside}", fix=fix, at=key.span)
        return None
    if not isinstance(value, Block) or len(value.entries) != 1:
        problems.add(
            "R019",
            f"{key.text} looks into one table",
            fix=f"write {listed(TABLES)} below it; two tables are two {key.text}, items of all: or any:",
            at=key.span,
        )
        return None
    table, body = value.entries[0]
    if table.text not in TABLES:
        problems.add(
            "R019",
            f"{key.text} cannot look for {shown(table.text)}",
            fix=did_you_mean(table.text, TABLES, f"it looks for {listed(TABLES)}"),
            at=table.span,
        )
        return None
    return _Search(key, table.text, scope, read_where).read(body)


class _Search:
    """One there_is while it is read."""

    def __init__(self, key: Text, table: str, scope: Scope, read_where: ReadWhere) -> None:
        self._key = key
        self._table = table
        self._scope = scope
        self._inner = scope.looking_for(table)
        self._read_where = read_where
        self._problems = scope.problems

    def read(self, body: Node) -> Exists | None:
        before = len(self._problems.found)
        here = f"{self._key.text}: {self._table}"
        keys = known_keys(
            body, here=here, keys=SEARCH_KEYS, required=("same",), later=_LATER, problems=self._problems
        )
        if keys is None:
            return None
        same = self._same(keys["same"]) if "same" in keys else ()
        equal = self._equal(keys["equal"]) if "equal" in keys else ()
        where = self._read_where(keys["where"], self._inner) if "where" in keys else ALWAYS
        days = self._days_apart(keys["days_apart"]) if "days_apart" in keys else None
        year = self._same_year(keys["same_year"]) if "same_year" in keys else None
        earlier = "reported" in keys and self._reported(keys["reported"])
        if len(self._problems.found) > before or where is None:
            return None
        return Exists(
            table=self._table,  # type: ignore[arg-type]
            negated=self._key.text == "there_is_no",
            same=same,  # type: ignore[arg-type]
            equal=equal,
            where=where,
            days_apart=days,
            same_year=year,
            reported_earlier=earlier,
            place=self._key.span.place,
        )

    def _same(self, node: Node) -> tuple[str, ...]:
        """What the two rows share. A batch is cut into whole patients, so one of the two must bind them."""
        words: list[str] = []
        for item in node.items if isinstance(node, Items) else (node,):
            if isinstance(item, Text) and item.text in SAME:
                words.append(item.text)
            else:
                word = item.text if isinstance(item, Text) else ""
                self._problems.add(
                    "R008",
                    f"same is never {shown(word)}" if word else "same is a word or a list of words",
                    fix=did_you_mean(word, SAME, f"it is {listed(SAME)}, or a list of them"),
                    at=item.span,
                )
                return ()
        if "claim" not in words and "patient" not in words:
            self._problems.add(
                "R019",
                "rows of different patients cannot be compared yet",
                fix="add patient or claim to same",
                at=node.span,
            )
        if "claim" in words and self._table == "claim":
            self._problems.add(
                "R019", "no other claim stands on the same claim", fix="write same: patient", at=node.span
            )
        return tuple(word for word in SAME if word in words)

    def _equal(self, node: Node) -> tuple[Field, ...]:
        if not isinstance(node, Items) or not node.items:
            self._problems.add(
                "R007", "equal is a list of columns", fix=f"write [{self._table}.column, ...]", at=node.span
            )
            return ()
        found = [self._of_both(item, "equal") for item in node]
        return tuple(pair[0] for pair in found if pair is not None)

    def _of_both(self, node: Node, key: str) -> tuple[Field, Name] | None:
        """A column that this row and the other row both have."""
        if not isinstance(node, Text):
            self._problems.add("R007", f"{key} takes column names", fix="write table.column", at=node.span)
            return None
        if node.text.startswith("other."):
            self._problems.add(
                "R011",
                f"{key} names a column of both rows",
                fix="write the name without other.",
                at=node.span,
            )
            return None
        found = self._scope.field(node)
        if found is None:
            return None
        name = found[1]
        if not readable(name, self._table) or name.row == "batch" or name.fact:
            self._problems.add(
                "R010",
                f"{shown(node.text)} is not a column of the other {self._table}",
                fix=f"{key} takes columns of {self._table} or of its claim",
                at=node.span,
            )
            return None
        return found

    def _days_apart(self, node: Node) -> DaysApart | None:
        keys = known_keys(
            node,
            here="days_apart",
            keys=("from", "to", "at_most", "direction"),
            required=("from", "to", "at_most"),
            problems=self._problems,
        )
        if keys is None:
            return None
        start = self._date(keys["from"], other=False) if "from" in keys else None
        end = self._date(keys["to"], other=True) if "to" in keys else None
        days = keys.get("at_most")
        if days is not None and not (isinstance(days, Text) and re.fullmatch("[0-9]{1,5}", days.text)):
            self._problems.add(
                "R014", "at_most is a whole number of days", fix="write digits: at_most: 30", at=days.span
            )
            return None
        direction = keys.get("direction")
        if direction is not None and not (
            isinstance(direction, Text) and direction.text in ("before", "after", "either")
        ):
            self._problems.add(
                "R008",
                "direction says on which side of this row's date the other row's date lies",
                fix="it is before, after or either",
                at=direction.span,
            )
            return None
        if start is None or end is None or days is None:
            return None
        word = direction.text if isinstance(direction, Text) else "either"
        return DaysApart(start, end, int(days.text), word)  # type: ignore[arg-type]

    def _date(self, node: Node, *, other: bool) -> Field | None:
        """A date of this row (`from`) or of the other row (`to`)."""
        key = "to" if other else "from"
        if not isinstance(node, Text):
            self._problems.add("R007", f"{key} takes a column name", fix="write table.column", at=node.span)
            return None
        if node.text.startswith("other.") != other:
            example = "to: other.from_date" if other else "from: claim.from_date"
            self._problems.add(
                "R011",
                f"days_apart goes from this row to the other row; {key} is {shown(node.text)}",
                fix=f"write {example}",
                at=node.span,
            )
            return None
        found = self._inner.field(node)
        return self._must_be_date(node, *found) if found else None

    def _must_be_date(self, node: Text, field: Field, name: Name) -> Field | None:
        if name.kind == "date":
            return field
        self._problems.add(
            "R013", f"{shown(node.text)} is not a date", fix="name a date column", at=node.span
        )
        return None

    def _same_year(self, node: Node) -> Field | None:
        found = self._of_both(node, "same_year")
        if found is None:
            return None
        assert isinstance(node, Text)
        return self._must_be_date(node, *found)

    def _reported(self, node: Node) -> bool:
        if not (isinstance(node, Text) and node.text == "earlier"):
            self._problems.add("R008", "reported takes one word", fix="write reported: earlier", at=node.span)
        elif self._table != self._scope.grain:
            self._problems.add(
                "R019",
                f"a {self._table} is not reported earlier or later than a {self._scope.grain}",
                fix=f"reported: earlier compares two rows of one kind: there_is: {self._scope.grain}",
                at=node.span,
            )
        return True
