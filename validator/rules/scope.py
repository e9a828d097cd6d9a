"""Where a condition stands: the row that is judged and the row that is looked for; texts become fields.

The grain is a type. A diagnosis is on one claim and may read it; it has many lines or none, so reading one
is an error before any claim is read.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from validator.rules.model import Field
from validator.rules.names import LATER_TABLES, NAMES, TABLES, Name, names_of, readable
from validator.rules.nodes import Text
from validator.rules.problems import Problems, nearest_name, shown

OTHER = "other."
_ARTICLE = {"diagnosis": "a diagnosis", "line": "a line", "claim": "a claim", "procedure": "a procedure"}


@dataclass(frozen=True)
class Scope:
    """`grain` is the row that conditions are about; `other` the table that the enclosing `there_is` names.

    `value_sets` are the known ones, None when nobody can say. `counting` is true where rows are counted for
    providers, who are what the rule checks each of.
    """

    grain: str
    problems: Problems
    value_sets: Collection[str] | None = None
    other: str | None = None
    row_search: bool = True
    counting: bool = False

    def looking_for(self, table: str) -> "Scope":
        """The scope inside `where:` of a `there_is:` for this table."""
        return replace(self, other=table, row_search=False)

    def without_row_search(self) -> "Scope":
        """The same scope where `there_is` may not stand."""
        return replace(self, row_search=False)

    def field(self, node: Text) -> tuple[Field, Name] | None:
        """The field that a text names, with its type; None with the problem noted."""
        text = node.text
        if text == "other" or text.startswith(OTHER):
            return self._other(node)
        known = self._known(node, text, names_of(self.grain, counted=self.counting))
        if known is None:
            return None
        if known.counted_only and not (self.counting and self.grain == "claim"):
            what = f"{shown(text)} is known once all other rules have run"
            fix = "only a rule reads it that checks each provider and has count_each: claim"
            self.problems.add("R036", what, fix=fix, at=node.span)
            return None
        if not readable(known, self.grain):
            self._note_grain(node, known)
            return None
        return Field(known.name), known

    def _known(self, node: Text, name: str, candidates: Collection[str], prefix: str = "") -> Name | None:
        if name in NAMES:
            known = NAMES[name]
            if not known.messages_only:
                return known
            self.problems.add(
                "R009",
                f"{shown(node.text)} is for messages only",
                fix="compare the code or its facts",
                at=node.span,
            )
            return None
        table = name.split(".", 1)[0]
        if "." in name and table in LATER_TABLES:
            self.problems.add(
                "R020",
                f"the table {table} is not available yet",
                fix="it comes with a later version",
                at=node.span,
            )
            return None
        if "." not in name and not prefix:
            otherwise = "a name is always table.column, such as claim.type"
        elif table in TABLES:
            otherwise = f"docs/rule-names.md lists the columns of {table}"
        else:
            otherwise = f"the tables are {', '.join(TABLES)}"
        self.problems.add(
            "R009",
            f"there is no column {shown(node.text)}",
            fix=nearest_name(node.text, candidates, otherwise),
            at=node.span,
        )
        return None

    def _note_grain(self, node: Text, known: Name) -> None:
        row = known.row
        if known.fact:
            what = f"{known.table}.* is about one {row} code"
            fix = f"ask with there_is: {row} and other."
        else:
            what = f"{_ARTICLE.get(self.grain, self.grain)} has many or no {row} rows"
            fix = f"ask with there_is: {row}"
        doing = "counting" if self.counting else "checking"
        self.problems.add(
            "R010",
            f"{shown(node.text)} cannot be used when {doing} each {self.grain}",
            fix=f"{what}; {f'count_each: {row} reads it' if self.counting else fix}",
            at=node.span,
        )

    def _other(self, node: Text) -> tuple[Field, Name] | None:
        """`other.code`, `other.claim.type`, `other.icd10.status`: names of the row that is looked for."""
        if self.other is None:
            self.problems.add(
                "R011",
                f"{shown(node.text)} stands outside there_is",
                fix="other. names the row that there_is looks for; use it in where or days_apart",
                at=node.span,
            )
            return None
        rest = node.text.removeprefix(OTHER)
        table = rest.split(".", 1)[0]
        if "." not in rest:
            name = f"{self.other}.{rest}"
        elif table == self.other:
            column = rest.split(".", 1)[1]
            self.problems.add(
                "R011",
                f"{shown(node.text)} names the table again",
                fix=f'write "other.{column}"',
                at=node.span,
            )
            return None
        else:
            name = rest
        known = self._known(node, name, self._other_names(), OTHER)
        if known is None:
            return None
        if not readable(known, self.other) or known.row == "batch" or known.counted_only:
            fix = (
                f"write {known.name} without other."
                if known.row == "batch"
                else "it is known once all other rules have run"
                if known.counted_only
                else f"the other row is {_ARTICLE[self.other]}, which has many or no {known.row} rows"
            )
            self.problems.add(
                "R010", f"{shown(node.text)} cannot be used in there_is: {self.other}", fix=fix, at=node.span
            )
            return None
        return Field(known.name, other=True), known

    def _other_names(self) -> list[str]:
        assert self.other is not None
        own = f"{self.other}."
        return [
            OTHER + name.removeprefix(own)
            for name in names_of(self.other)
            if NAMES[name].row != "batch" and not NAMES[name].messages_only
        ]
