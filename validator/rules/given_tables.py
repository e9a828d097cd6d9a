"""What an example gives beside claims: tables of the reference, and how far back the batch goes."""

from collections.abc import Collection, Mapping

from validator.claims.schema import CLAIM_TYPES
from validator.reference.schema import KEYED_TABLES, OFFICIAL_SETS, PAIR_TABLES
from validator.rules.names import NAMES
from validator.rules.nodes import Block, Items, Node, Text
from validator.rules.problems import Problems, did_you_mean, listed, shown
from validator.rules.values import as_date, as_number

SETTINGS = ("practitioner", "hospital", "dme")
_DAYS = ("valid_from", "valid_to")
_BATCH = ("date", "claims_from", "delivers")


def check_tables(node: Node, problems: Problems, value_sets: Collection[str] | None) -> None:
    """Tables, their columns and what stands in them; each takes the place of the loaded one."""
    if not isinstance(node, Block):
        what = "tables is written as `table: [{column: value}]`"
        fix = "write the name of a pair table, a table of facts or a value set"
        problems.add("R007", what, fix=fix, at=node.span)
        return
    for table, rows in node:
        required, others = _columns(table.text)
        if not _known(table.text, value_sets):
            names = [*PAIR_TABLES, *KEYED_TABLES, *OFFICIAL_SETS, *(value_sets or ())]
            fix = did_you_mean(table.text, names, "docs/rule-language.md names the tables")
            what = f"there is no table or value set {shown(table.text)}"
            problems.add("R018", what, fix=fix, at=table.span)
        elif not isinstance(rows, Items):
            problems.add("R007", f"{table.text} is a list of rows", fix="write [{...}, {...}]", at=rows.span)
        else:
            for row in rows:
                _row(table.text, row, required, others, problems)


def _known(table: str, value_sets: Collection[str] | None) -> bool:
    return value_sets is None or table in {*PAIR_TABLES, *KEYED_TABLES, *OFFICIAL_SETS, *value_sets}


def _columns(table: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns that a row must have, and those it may have."""
    if table in PAIR_TABLES:
        return ("left", "right"), ("setting", *_DAYS)
    if table in KEYED_TABLES:
        return ("code",), ("setting", *_DAYS, *(fact.name for fact in KEYED_TABLES[table].facts))
    return ("code",), _DAYS


def _row(
    table: str, node: Node, required: tuple[str, ...], others: tuple[str, ...], problems: Problems
) -> None:
    if not isinstance(node, Block):
        fix = f"write {{{', '.join(f'{column}: ...' for column in required)}}}"
        problems.add("R007", f"a row of {table} is written as `column: value`", fix=fix, at=node.span)
        return
    given: dict[str, Node] = {}
    for column, value in node:
        given[column.text] = value
        if column.text in (*required, *others):
            _cell(table, column.text, value, problems, needed=column.text in required)
        else:
            known = (*required, *others)
            fix = did_you_mean(column.text, known, f"its columns are {listed(known, 'and')}")
            what = f"{table} has no column {shown(column.text)}"
            problems.add("R009", what, fix=fix, at=column.span)
    for column_name in required:
        if column_name not in given:
            what = f'a row of {table} has no "{column_name}"'
            problems.add("R006", what, fix=f"add the key {column_name}", at=node.span)


def _cell(table: str, column: str, node: Node, problems: Problems, *, needed: bool) -> None:
    if not isinstance(node, Text):
        problems.add(
            "R007", f"{column} takes one value", fix="write one value, or ~ for a blank", at=node.span
        )
        return
    text = node.text.strip()
    if node.blank or not text:
        if needed:
            what = f"{column} is never blank in {table}"
            problems.add("R014", what, fix="write a code", at=node.span)
        return
    fix = _what_fits(table, column, text)
    if fix:
        problems.add("R014", f"{column} of {table} cannot be {shown(text)}", fix=fix, at=node.span)


def _what_fits(table: str, column: str, text: str) -> str:
    """How the column is written, blank where the text is written like that."""
    name = NAMES.get(f"{table}.{column}") if table in KEYED_TABLES else None
    if column in _DAYS:
        return "" if as_date(text) else "write year-month-day, such as 2026-02-10, or ~ for an open end"
    if column == "setting":
        return "" if text in SETTINGS else f"it is {listed(SETTINGS)}"
    if name is None or name.kind == "text":
        return ""
    if name.kind == "word":
        return "" if text in name.words else did_you_mean(text, name.words, f"it is {listed(name.words)}")
    if name.kind == "truth":
        return "" if text in ("true", "false") else "write true or false, or ~ for a blank"
    whole = as_number(text, whole=name.whole)
    return "" if whole is not None else "write digits, or ~ for a blank"


def check_batch(node: Node, problems: Problems) -> None:
    """The date of the batch, the day its claims go back to, and the types of claims it delivers."""
    if not isinstance(node, Block):
        problems.add("R007", "batch is written as `column: value`", fix="write {date: ...}", at=node.span)
        return
    for column, value in node:
        match column.text:
            case "date" | "claims_from":
                _day(column, value, problems)
            case "delivers":
                _delivers(value, problems)
            case _:
                what = f"batch has no column {shown(column.text)}"
                fix = did_you_mean(column.text, _BATCH, f"its columns are {listed(_BATCH, 'and')}")
                problems.add("R009", what, fix=fix, at=column.span)


def _day(column: Text, node: Node, problems: Problems) -> None:
    name = f"batch.{column.text}"
    if not isinstance(node, Text):
        problems.add("R007", f"{name} takes one value", fix="write year-month-day", at=node.span)
    elif node.blank:
        problems.add("R014", "a batch always has a date", fix="write year-month-day", at=node.span)
    elif as_date(node.text) is None:
        fix = "write year-month-day, such as 2026-02-10"
        problems.add("R014", f"{name} cannot be {shown(node.text)}", fix=fix, at=node.span)


def _delivers(node: Node, problems: Problems) -> None:
    types: Mapping[str, None] = dict.fromkeys(CLAIM_TYPES)
    if not isinstance(node, Items) or not node.items:
        problems.add("R007", "delivers is a list of claim types", fix="write [professional]", at=node.span)
        return
    for item in node:
        if not isinstance(item, Text) or item.text not in types:
            word = item.text if isinstance(item, Text) else ""
            fix = did_you_mean(word, types, f"it is {listed(types)}")
            problems.add("R008", f"claim.type is never {shown(word)}", fix=fix, at=item.span)
