"""What `validator layouts check` prints: a file's account, its first claims, what rules miss in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from validator.claims.derive import INPUTS
from validator.claims.schema import rule_columns
from validator.claims.trial import Trial
from validator.reports.text import joined_lists, records, shown
from validator.rules.folder import read_rule_set
from validator.rules.reads import reads
from validator.shipped import rules_folder

_WIDEST = 28


def report(trial: Trial) -> dict[str, Any]:
    """All of it as plain values, as `--json` prints it."""
    account = asdict(trial.account)
    missing = _missing(trial.carried)
    return {
        **account,
        "columns_read": {name: list(found) for name, found in trial.read.items()},
        "looks": dict(trial.looks),
        "first_rows": [
            {"column": column, "reason": reason, "rows": rows}
            for (column, reason), rows in trial.first_rows.items()
        ],
        "missing": {name: list(rules) for name, rules in missing.items()},
        "tables": {table: records(_as_words(frame)) for table, frame in trial.tables.items()},
    }


def _missing(carried: frozenset[str]) -> dict[str, list[str]]:
    """Columns that the file does not deliver -> the rules that are therefore not evaluated."""
    rules = read_rule_set(rules_folder(), value_sets=None).rules
    columns = {name: f"{table}.{column.name}" for name, (table, column) in rule_columns().items()}
    silent: dict[str, list[str]] = {}
    for rule in rules:
        for name in reads(rule).unknown_possible:
            for column in _lacking(columns[name], carried) if name in columns else ():
                if rule.rule_id not in silent.setdefault(column, []):
                    silent[column].append(rule.rule_id)
    return dict(sorted(silent.items(), key=lambda found: (-len(found[1]), found[0])))


def _lacking(column: str, carried: frozenset[str]) -> list[str]:
    """What a feed would have to deliver to tell this column: itself, or what it is derived from."""
    if column in carried:
        return []
    groups = INPUTS.get(column)
    return [column] if groups is None else [group[0] for group in groups if not carried.intersection(group)]


def _as_words(frame: pl.DataFrame) -> pl.DataFrame:
    """The cells as text that is harmless to show, lists with `; ` between their parts."""
    lists = [name for name, type_ in frame.schema.items() if isinstance(type_, pl.List)]
    texts = joined_lists(frame.with_columns(pl.col(lists).cast(pl.List(pl.String))))
    return shown(texts.select(pl.all().cast(pl.String).fill_null("")))


def as_text(found: Mapping[str, Any]) -> str:
    """The report for people."""
    return "\n".join(_lines(found))


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"{found['path']} as {found['layout']} ({found['feed']}), {found['format']}"
    rows, accepted, rejected = (f"{found[f'rows_{what}']:,}" for what in ("read", "accepted", "rejected"))
    claims, diagnoses, lines = (f"{found[table]:,}" for table in ("claims", "diagnoses", "lines"))
    yield f"  rows       {rows} read, {accepted} accepted, {rejected} rejected"
    yield f"  makes      {claims} claims, {diagnoses} diagnoses, {lines} lines"
    rows_of = {(first["column"], first["reason"]): first["rows"] for first in found["first_rows"]}
    for reason, count in found["rejected_by_reason"].items():
        yield f"  rejected   {count:,} rows: {reason}{_where(rows_of.get(('', reason)))}"
    for cell in found["unusable_cells"]:
        where = _where(rows_of.get((cell["column"], cell["reason"])))
        yield f"  unusable   {cell['count']:,} cells of {cell['column']}: {cell['reason']}{where}"
    for note in found["notes"]:
        yield f"  note       {note}"
    for name in found["columns_not_used"]:
        look = found["looks"].get(name)
        yield f"  not used   {name}" + (f": its cells look like {look}" if look else "")
    for name, rules in found["missing"].items():
        yield f"  missing    {name}: {_few(rules)} cannot be evaluated without it"
    for table, rows in found["tables"].items():
        if rows:
            yield ""
            yield f"{table}:"
            yield from _upright(rows) if table == "claims" else _table(rows)


def _where(rows: Sequence[int] | None) -> str:
    return f" (row {', '.join(map(str, rows))}{' ...' if len(rows) > 4 else ''})" if rows else ""


def _few(rules: Sequence[str]) -> str:
    named = ", ".join(rules[:6])
    return f"{named} and {len(rules) - 6} more rules" if len(rules) > 6 else named


def _table(rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    names = list(rows[0])
    widths = [min(_WIDEST, max(len(name), *(len(row[name]) for row in rows))) for name in names]
    for cells in (names, *([row[name] for name in names] for row in rows)):
        padded = (f"{cell[:width]:<{width}}" for cell, width in zip(cells, widths, strict=True))
        yield f"  {'  '.join(padded)}".rstrip()


def _upright(rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Claims have many columns: each stands upright."""
    return _table([{"": name, **{f"{n}.": row[name] for n, row in enumerate(rows, 1)}} for name in rows[0]])
