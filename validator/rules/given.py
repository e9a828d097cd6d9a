"""What an example gives: changes to one clean claim, with every table and column name checked.

A misspelt column would leave the clean claim as it is, and the example would prove nothing.
"""

import re
from collections.abc import Collection, Mapping

from validator.rules.given_tables import check_batch, check_tables
from validator.rules.names import NAMES, Name
from validator.rules.nodes import Block, Items, Node, Text
from validator.rules.problems import Problems, did_you_mean, listed, nearest_name, shown
from validator.rules.values import as_date, as_number

# One row, or several that take the place of the clean claim's own.
_ROWS = {
    "claim": "claim",
    "patient": "patient",
    "diagnosis": "diagnosis",
    "diagnoses": "diagnosis",
    "line": "line",
    "lines": "line",
    "procedure": "procedure",
    "procedures": "procedure",
}
_COLUMNS = {
    table: {name.column: name for name in NAMES.values() if name.table == table} for table in _ROWS.values()
}
_LISTS = ("diagnoses", "lines", "procedures")
_OF_A_CLAIM = tuple(_ROWS)
_OF_AN_EXAMPLE = (*_OF_A_CLAIM, "claims", "batch", "tables", "not_recorded")


def read_given(
    node: Node, problems: Problems, value_sets: Collection[str] | None = None
) -> Mapping[str, object] | None:
    """Nested mappings and lists of text; a blank is an empty text. None with the problems noted."""
    if not isinstance(node, Block):
        problems.add(
            "R007",
            "given is written as `table: {column: value}`",
            fix="write {} for the clean claim itself",
            at=node.span,
        )
        return None
    before = len(problems.found)
    for key, value in node:
        match key.text:
            case "claims":
                _claims(value, problems)
            case "batch":
                check_batch(value, problems)
            case "tables":
                check_tables(value, problems, value_sets)
            case "not_recorded":
                _not_recorded(value, problems)
            case _:
                _table(key, value, _OF_AN_EXAMPLE, problems)
    return _plain(node) if len(problems.found) == before else None  # type: ignore[return-value]


def _claims(node: Node, problems: Problems) -> None:
    if not isinstance(node, Items) or not node.items:
        problems.add(
            "R007", "claims is a list of claims", fix="write - {claim: {...}, diagnoses: [...]}", at=node.span
        )
        return
    for item in node:
        if not isinstance(item, Block):
            problems.add(
                "R007",
                "a claim is written as `table: {column: value}`",
                fix="write {} for the clean claim",
                at=item.span,
            )
            continue
        for key, value in item:
            if key.text == "times":
                _times(value, problems)
            else:
                _table(key, value, (*_OF_A_CLAIM, "times"), problems)


def _times(node: Node, problems: Problems) -> None:
    """So many copies of one claim, with ids of their own."""
    if not isinstance(node, Text) or not re.fullmatch("[1-9][0-9]{0,3}", node.text):
        what = "times is a whole number from 1 to 9999"
        problems.add("R014", what, fix="write digits: times: 60", at=node.span)


def _table(key: Text, value: Node, known: tuple[str, ...], problems: Problems) -> None:
    if key.text not in known or key.text not in _ROWS:
        problems.add(
            "R005",
            f"{shown(key.text)} is not a key of given",
            fix=did_you_mean(key.text, known, f"the keys are {listed(known, 'and')}"),
            at=key.span,
        )
        return
    table = _ROWS[key.text]
    columns = _COLUMNS[table]
    if key.text not in _LISTS:
        _row(key, value, columns, problems)
    elif isinstance(value, Items):
        for item in value:
            _row(key, item, columns, problems)
    else:
        problems.add(
            "R007",
            f"{key.text} is a list of rows",
            fix=f"write [{{...}}, {{...}}], or {table}: for one row",
            at=value.span,
        )


def _row(key: Text, node: Node, columns: Mapping[str, Name], problems: Problems) -> None:
    if not isinstance(node, Block):
        problems.add(
            "R007",
            f"{key.text} is written as `column: value`",
            fix=f"write {{{next(iter(columns))}: ...}}",
            at=node.span,
        )
        return
    for column, value in node:
        if column.text not in columns:
            problems.add(
                "R009",
                f"{key.text} has no column {shown(column.text)}",
                fix=did_you_mean(column.text, columns, "docs/rule-names.md lists the columns"),
                at=column.span,
            )
        else:
            _cell(column, columns[column.text], value, problems)


def _cell(column: Text, name: Name, node: Node, problems: Problems) -> None:
    """A value that the column can hold; texts are taken as a feed would deliver them, right or wrong."""
    if name.derived:
        problems.add(
            "R035",
            f"{name.name} is computed and cannot be given",
            fix="give what it is computed from; docs/rule-names.md says what it means",
            at=column.span,
        )
    elif isinstance(node, Items) and name.is_list:
        for item in node:
            if not isinstance(item, Text) or item.blank or not _fits(item, name):
                problems.add("R014", f"{name.name} cannot hold this", fix=_WRITE[name.kind], at=item.span)
    elif not isinstance(node, Text):
        fix = "write one value, or ~ for a blank"
        problems.add("R007", f"{name.name} takes one value", fix=fix, at=node.span)
    elif name.kind == "word":
        if not node.blank and node.text not in name.words:
            fix = did_you_mean(node.text, name.words, f"it is {listed(name.words)}")
            problems.add("R008", f"{name.name} is never {shown(node.text)}", fix=fix, at=node.span)
    elif name.is_list and not node.blank:
        problems.add("R007", f"{name.name} takes a list", fix="write [first, second]", at=node.span)
    elif not node.blank and not _fits(node, name):
        problems.add("R014", f"{name.name} cannot be {shown(node.text)}", fix=_WRITE[name.kind], at=node.span)


_WRITE: Mapping[str, str] = {
    "date": "write year-month-day, such as 2026-02-10, or ~ for a blank",
    "number": "write digits, or ~ for a blank",
    "numbers": "write whole numbers",
    "truth": "write true or false, or ~ for a blank",
    "texts": "write texts",
}


def _fits(node: Text, name: Name) -> bool:
    match name.kind:
        case "date":
            return as_date(node.text) is not None
        case "number" | "numbers":
            return as_number(node.text, whole=name.whole) is not None
        case "truth":
            return node.text in ("true", "false")
        case _:
            return True


def _not_recorded(node: Node, problems: Problems) -> None:
    """Columns that the feed of this example does not carry."""
    if not isinstance(node, Items):
        problems.add(
            "R007", "not_recorded is a list of columns", fix="write [claim.type_of_bill]", at=node.span
        )
        return
    for item in node:
        known = [name for name, it in NAMES.items() if not it.fact and not it.derived and it.row != "batch"]
        if not isinstance(item, Text) or item.text not in known:
            word = item.text if isinstance(item, Text) else ""
            problems.add(
                "R009",
                f"{shown(word)} is no column that a feed delivers",
                fix=nearest_name(word, known, "write table.column"),
                at=item.span,
            )


def _plain(node: Node) -> object:
    if isinstance(node, Text):
        return "" if node.blank else node.text
    if isinstance(node, Items):
        return [_plain(item) for item in node]
    return {key.text: _plain(value) for key, value in node}
