"""Conditions as checked trees: blocks of `table.column: test` lines, `all`, `any`, `none`, `there_is`."""

from collections.abc import Mapping

import polars as pl

from validator.reference.schema import OFFICIAL_SETS
from validator.rules.exists import read_exists
from validator.rules.model import ALWAYS, All, Any_, Compare, Condition, Field, None_, Operator, Scalar
from validator.rules.names import KIND_IN_WORDS, NAMES, Kind, Name, names_of
from validator.rules.nodes import Block, Items, Node, Text
from validator.rules.problems import did_you_mean, listed, nearest_name, shown
from validator.rules.scope import OTHER, Scope
from validator.rules.values import read_beginning, read_date, read_truth, read_value

_NUMBERS: tuple[Operator, ...] = ("less_than", "at_most", "more_than", "at_least")
_DATES: tuple[Operator, ...] = ("before", "after")
_SETS: tuple[Operator, ...] = ("in_set", "not_in_set")
_COLUMNS: tuple[Operator, ...] = ("same_as", "differs_from")
OPERATORS: tuple[Operator, ...] = (
    "is_not",
    *_NUMBERS,
    *_DATES,
    "starts_with",
    "matches",
    "present",
    *_SETS,
    *_COLUMNS,
    "element_of",
    "left_blank",
)
# Words that have a place of their own, and where it is.
_ELSEWHERE = {
    **dict.fromkeys(
        ("listed_in", "how_many", "total", "years_apart"), ("R019", "it stands below the table of a there_is")
    ),
    **dict.fromkeys(
        ("share", "day_total"), ("R036", "it is the whole flag_when of a rule that checks each provider")
    ),
}

# What each operator can be asked of.
_FITS: Mapping[str, tuple[Kind, ...]] = {
    **dict.fromkeys(_NUMBERS, ("number",)),
    **dict.fromkeys(_DATES, ("date",)),
    **dict.fromkeys(_SETS, ("text",)),
    **dict.fromkeys(_COLUMNS, ("text", "word", "date", "number", "truth")),
    "starts_with": ("text", "texts"),
    "matches": ("text",),
    "element_of": ("text", "word", "number"),
}


def fits(operator: Operator, name: Name) -> bool:
    """Whether the operator can be asked of the column."""
    return operator not in _FITS or name.kind in _FITS[operator]


def delivered(name: Name) -> bool:
    """Whether feeds deliver the column: it is neither computed nor a fact."""
    return not (name.fact or name.derived or name.row == "batch")


def read_condition(node: Node, scope: Scope, *, key: str, may_be_empty: bool = False) -> Condition | None:
    """The condition written at `key`; None with the problems noted.

    Several lines of a block all have to hold; a block of one line is that line's condition.
    """
    if not isinstance(node, Block):
        if may_be_empty and isinstance(node, Text) and node.blank:
            return ALWAYS
        scope.problems.add(
            "R007",
            f"{key} is written as `table.column: test` lines",
            fix="write one test a line, such as claim.type: professional",
            at=node.span,
        )
        return None
    if not node.entries:
        if may_be_empty:
            return ALWAYS
        scope.problems.add("R016", f"{key} is empty", fix="write at least one test", at=node.span)
        return None
    read = [_line(name, value, scope) for name, value in node]
    parts = [condition for condition in read if condition is not None]
    if len(parts) < len(read):
        return None
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _line(key: Text, value: Node, scope: Scope) -> Condition | None:
    match key.text:
        case "all" | "any" | "none":
            return _group(key, value, scope)
        case "there_is" | "there_is_no":
            return read_exists(key, value, scope, _read_where)
        case word if word in _ELSEWHERE:
            code, place = _ELSEWHERE[word]
            scope.problems.add(code, f"{word} cannot stand here", fix=place, at=key.span)
            return None
        case word if "." not in word:
            words = ("all", "any", "none", "there_is", "there_is_no")
            otherwise = f"a column is table.column; the words are {listed(words, 'and')}"
            scope.problems.add(
                "R005",
                f"{shown(word)} is neither a column nor a word of a condition",
                fix=did_you_mean(word, words, nearest_name(word, names_of(scope.grain), otherwise)),
                at=key.span,
            )
            return None
    found = scope.field(key)
    if found is None:
        return None
    field, name = found
    if scope.other is not None and not field.other:
        scope.problems.add(
            "R011",
            f"{shown(key.text)} is not about the other row",
            fix=f"where tests the other row: begin with {OTHER}, or move this line out of there_is",
            at=key.span,
        )
        return None
    return _tests(key, field, name, value, scope)


def _read_where(node: Node, scope: Scope) -> Condition | None:
    return read_condition(node, scope, key="where")


def _group(key: Text, value: Node, scope: Scope) -> Condition | None:
    """`all:`, `any:` and `none:` take a list, so that it is plain what belongs together."""
    if not isinstance(value, Items):
        scope.problems.add(
            "R007", f"{key.text} takes a list", fix="write each condition after `- `", at=key.span
        )
        return None
    if not value.items:
        scope.problems.add(
            "R016", f"{key.text} is empty", fix="write at least one condition after `- `", at=key.span
        )
        return None
    read = [read_condition(item, scope, key=f"an item of {key.text}") for item in value]
    parts = tuple(condition for condition in read if condition is not None)
    if len(parts) < len(read):
        return None
    if key.text == "all":
        return All(parts)
    return Any_(parts) if key.text == "any" else None_(parts)


def _tests(key: Text, field: Field, name: Name, value: Node, scope: Scope) -> Condition | None:
    """What is asked of one field: a value, a list of values, or a block of operators."""
    place = key.span.place
    if isinstance(value, Text):
        single = read_value(value, name, scope.problems)
        return None if single is None else Compare(field, "equals", single, place)
    if isinstance(value, Items):
        several = _values(value, name, scope)
        return None if several is None else Compare(field, "one_of", several, place)
    if not value.entries:
        scope.problems.add(
            "R016", f"{shown(key.text)} asks nothing", fix="write a value or a test", at=key.span
        )
        return None
    read = [_operator(field, name, operator, operand, scope) for operator, operand in value]
    tests = [test for test in read if test is not None]
    if len(tests) < len(read):
        return None
    return tests[0] if len(tests) == 1 else All(tuple(tests))


def _operator(field: Field, name: Name, word: Text, operand: Node, scope: Scope) -> Compare | None:
    problems = scope.problems
    operator = next((known for known in OPERATORS if known == word.text), None)
    if operator is None:
        if word.text in _ELSEWHERE:
            code, place = _ELSEWHERE[word.text]
            problems.add(code, f"{word.text} cannot stand here", fix=place, at=word.span)
        else:
            problems.add(
                "R012",
                f"{shown(word.text)} is not a test",
                fix=did_you_mean(word.text, OPERATORS, f"the tests are {listed(OPERATORS, 'and')}"),
                at=word.span,
            )
        return None
    if not fits(operator, name):
        kinds = listed(KIND_IN_WORDS[kind] for kind in _FITS[operator])
        problems.add(
            "R013",
            f"{operator} cannot be asked of {name.name}, which is {KIND_IN_WORDS[name.kind]}",
            fix=f"{operator} is asked of {kinds}",
            at=word.span,
        )
        return None
    if operator == "left_blank" and not delivered(name):
        problems.add(
            "R013",
            f"left_blank cannot be asked of {name.name}, which no feed delivers",
            fix="to ask whether it is blank write {present: false}",
            at=word.span,
        )
        return None
    value = _operand(operator, name, operand, scope)
    return None if value is None else Compare(field, operator, value, word.span.place)


def _operand(
    operator: Operator, name: Name, node: Node, scope: Scope
) -> Scalar | tuple[Scalar, ...] | Field | None:
    problems = scope.problems
    if operator == "is_not":
        return _values(node, name, scope) if isinstance(node, Items) else read_value(node, name, problems)
    if operator == "starts_with":
        return _prefixes(node, name, scope)
    if not isinstance(node, Text):
        problems.add("R007", f"{operator} takes one value", fix="write one value", at=node.span)
        return None
    if operator in ("present", "left_blank"):
        return read_truth(node, problems)
    if operator == "matches":
        return _pattern(node, scope)
    if operator in _SETS:
        return _value_set(node, scope)
    if operator == "element_of":
        return _list_column(node, name, scope)
    if operator in _COLUMNS or _names_a_column(node):
        return _same_kind(node, name, scope)
    return read_date(node, problems) if operator in _DATES else read_value(node, name, problems)


def _values(node: Items, name: Name, scope: Scope) -> tuple[Scalar, ...] | None:
    if not node.items:
        scope.problems.add(
            "R016", "the list of values is empty", fix="write at least one value", at=node.span
        )
        return None
    read = [read_value(item, name, scope.problems) for item in node]
    values = tuple(value for value in read if value is not None)
    return values if len(values) == len(read) else None


def _prefixes(node: Node, name: Name, scope: Scope) -> tuple[str, ...] | None:
    nodes = node.items if isinstance(node, Items) else (node,)
    if not nodes:
        scope.problems.add(
            "R016", "the list of values is empty", fix="write at least one value", at=node.span
        )
    prefixes = []
    for item in nodes:
        if isinstance(item, Text) and item.text.strip() and not item.blank:
            prefix = read_beginning(item, name, scope.problems)
            prefixes += [prefix] if prefix else []
        else:
            scope.problems.add(
                "R007",
                "starts_with takes the first characters",
                fix="write one text or a list of texts",
                at=item.span,
            )
    return tuple(prefixes) if prefixes and len(prefixes) == len(nodes) else None


def _pattern(node: Text, scope: Scope) -> str | None:
    """A regular expression of the engine's own library (Rust: no look-around, no back-reference)."""
    try:
        if not node.text:
            raise ValueError
        pl.Series([""]).str.contains(f"^(?:{node.text})$", strict=True)
    except (pl.exceptions.ComputeError, ValueError):
        scope.problems.add(
            "R017",
            f"{shown(node.text)} is not a pattern that can be searched for",
            fix="close every bracket; look-ahead and back-references do not exist here",
            at=node.span,
        )
        return None
    return node.text


def _value_set(node: Text, scope: Scope) -> str | None:
    known = scope.value_sets
    if known is None or node.text in known or node.text in OFFICIAL_SETS:
        return node.text
    names = sorted({*known, *OFFICIAL_SETS})
    scope.problems.add(
        "R018",
        f"there is no value set {shown(node.text)}",
        fix=did_you_mean(node.text, names, "the value sets are the files of reference/valuesets"),
        at=node.span,
    )
    return None


def _names_a_column(node: Text) -> bool:
    return node.plain and (node.text in NAMES or (node.text[:1].isalpha() and "." in node.text))


def _list_column(node: Text, name: Name, scope: Scope) -> Field | None:
    """The list column on the right side, with elements of the left side's kind."""
    found = scope.field(node)
    if found is None:
        return None
    field, right = found
    if right.kind != ("numbers" if name.kind == "number" else "texts"):
        what = f"{name.name} is {KIND_IN_WORDS[name.kind]} and {right.name} is {KIND_IN_WORDS[right.kind]}"
        fix = "element_of takes a list of the same kind of value, such as line.diagnosis_pointers"
        scope.problems.add("R015", what, fix=fix, at=node.span)
        return None
    return field


def _same_kind(node: Text, name: Name, scope: Scope) -> Field | None:
    """The column on the right side; it must hold what the column on the left holds."""
    found = scope.field(node)
    if found is None:
        return None
    field, right = found
    if right.kind != name.kind or (right.kind == "word" and right.words != name.words):
        scope.problems.add(
            "R015",
            f"{name.name} is {KIND_IN_WORDS[name.kind]} and {right.name} is {KIND_IN_WORDS[right.kind]}"
            if right.kind != name.kind
            else f"{name.name} and {right.name} take different words",
            fix="compare two columns that hold the same kind of value",
            at=node.span,
        )
        return None
    return field
