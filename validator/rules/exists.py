"""`there_is` and `there_is_no`: another row of one table, what the two share and how they differ."""

import re
from collections.abc import Callable

from validator.rules.model import ALWAYS, Condition, DaysApart, Exists, Field
from validator.rules.nodes import Block, Items, Node, Text
from validator.rules.problems import did_you_mean, listed, shown
from validator.rules.scope import Scope
from validator.rules.search_words import SearchWords
from validator.rules.shapes import known_keys

TABLES = ("diagnosis", "line", "procedure", "claim")
SAME = ("claim", "patient", "billing_provider")
SEARCH_KEYS = (
    "same",
    "equal",
    "where",
    "listed_in",
    "days_apart",
    "same_year",
    "years_apart",
    "how_many",
    "total",
    "reported",
)

# Reads the condition of `where:`; given by validator/rules/conditions.py, which calls this module.
ReadWhere = Callable[[Node, Scope], Condition | None]


def read_exists(key: Text, value: Node, scope: Scope, read_where: ReadWhere) -> Exists | None:
    """The search for another row; None with the problems noted."""
    problems = scope.problems
    if scope.counting:
        what = f"{key.text} cannot stand in a rule that counts rows of providers"
        fix = "a provider is flagged by share or day_total; only_for says which rows are counted"
        problems.add("R036", what, fix=fix, at=key.span)
        return None
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
        self._words = SearchWords(table, scope, self._inner)
        self._read_where = read_where
        self._problems = scope.problems

    def read(self, body: Node) -> Exists | None:
        before = len(self._problems.found)
        here = f"{self._key.text}: {self._table}"
        keys = known_keys(body, here=here, keys=SEARCH_KEYS, required=("same",), problems=self._problems)
        if keys is None:
            return None
        words = self._words
        same = self._same(keys["same"]) if "same" in keys else ()
        equal = self._equal(keys["equal"]) if "equal" in keys else ()
        where = self._read_where(keys["where"], self._inner) if "where" in keys else ALWAYS
        days = self._days_apart(keys["days_apart"]) if "days_apart" in keys else None
        year = self._same_year(keys["same_year"]) if "same_year" in keys else None
        years = words.years_apart(keys["years_apart"]) if "years_apart" in keys else None
        pair = words.listed_in(keys["listed_in"]) if "listed_in" in keys else None
        count = words.how_many(keys["how_many"]) if "how_many" in keys else None
        total = words.total(keys["total"]) if "total" in keys else None
        if "how_many" in keys and "total" in keys:
            fix = "write two there_is, items of all: or any:"
            what = f"{here} is held against a count and a sum"
            self._problems.add("R038", what, fix=fix, at=keys["total"].span)
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
            years_apart=years,
            listed_in=pair,
            how_many=count,
            total=total,
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
        found = [self._words.of_both(item, "equal") for item in node]
        return tuple(pair[0] for pair in found if pair is not None)

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
        start = self._words.date(keys["from"], other=False, word="days_apart") if "from" in keys else None
        end = self._words.date(keys["to"], other=True, word="days_apart") if "to" in keys else None
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

    def _same_year(self, node: Node) -> Field | None:
        found = self._words.of_both(node, "same_year")
        if found is None:
            return None
        assert isinstance(node, Text)
        return self._words.must_be_date(node, *found)

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
