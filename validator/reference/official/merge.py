"""The added files become the tables that rules read: for each day the file that speaks about it."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import polars as pl

from validator.reference import pair_files
from validator.reference.official.catalogue import BY_NAME
from validator.reference.official.kinds.ncci_ptp import NAMES
from validator.reference.official.store import Added
from validator.reference.schema import KEYED_TABLES, PAIR_TABLES
from validator.reference.valuesets import ABOUT, SCHEMA

COVERS = {"name": pl.String, "setting": pl.String, "covers_from": pl.Date, "covers_to": pl.Date}
Span = tuple[date, date]
_FIRST, _LAST = date.min, date.max
_DAY = timedelta(days=1)


def merged_tables(files: Sequence[Added]) -> dict[str, pl.DataFrame]:
    """value_set, value_set_about, table_covers, the tables of pair_files.TABLES, and keyed_... of each keyed
    table that was added. Without files all but the last are there and empty.
    """
    windows = windows_of(files)
    sets = [_rows(one, "sets", windows) for one in files if "sets" in one.tables]
    keyed = {
        f"keyed_{name}": pl.concat(
            [_rows(one, "keyed", windows) for one in files if name in BY_NAME[one.kind].feeds]
        )
        .unique()
        .sort("code", "setting", "valid_from")
        for name in KEYED_TABLES
        if any(name in BY_NAME[one.kind].feeds for one in files)
    }
    members = pl.concat([pl.DataFrame(schema=SCHEMA), *(part.select(*SCHEMA) for part in sets)])
    return {
        "value_set": members.unique().sort("name", "code", "valid_from"),
        "value_set_about": _about(files),
        "table_covers": _covers(files, windows),
        **_pair_tables(files, windows),
        **keyed,
    }


def windows_of(files: Sequence[Added]) -> dict[str, list[Span]]:
    """By label, the days that each file decides: those it covers and no newer one of its kind and setting.

    A file is newer when it covers later days. Files that make a table in parts all keep their days.
    """
    found: dict[str, list[Span]] = {}
    taken: dict[tuple[str, str], list[Span]] = {}
    for one in sorted(files, key=lambda one: (*_span(one)[::-1], one.sha256), reverse=True):
        spans = taken.setdefault((one.kind, one.setting), [])
        whole = [_span(one)]
        found[one.label] = whole if BY_NAME[one.kind].in_parts else _without(whole, spans)
        spans.extend(whole)
    return found


def _span(one: Added) -> Span:
    return one.covers_from or _FIRST, one.covers_to or _LAST


def _without(spans: list[Span], taken: Iterable[Span]) -> list[Span]:
    for first, last in taken:
        left: list[Span] = []
        for begin, end in spans:
            if last < begin or end < first:
                left.append((begin, end))
                continue
            if begin < first:
                left.append((begin, first - _DAY))
            if last < end:
                left.append((last + _DAY, end))
        spans = left
    return spans


def _rows(one: Added, table: str, windows: dict[str, list[Span]]) -> pl.DataFrame:
    """The rows of a file on the days that it decides, with its setting (blank: any)."""
    rows = one.table(table)
    assert rows is not None
    begin = pl.col("valid_from").fill_null(_FIRST)
    end = pl.col("valid_to").fill_null(_LAST)
    parts = [
        rows.with_columns(
            valid_from=pl.max_horizontal(begin, pl.lit(first)), valid_to=pl.min_horizontal(end, pl.lit(last))
        ).filter(pl.col("valid_from") <= pl.col("valid_to"))
        for first, last in windows[one.label]
    ]
    blank = pl.lit(None, pl.Date)
    return pl.concat([rows.clear(), *parts]).with_columns(
        valid_from=pl.when(pl.col("valid_from") == _FIRST).then(blank).otherwise("valid_from"),
        valid_to=pl.when(pl.col("valid_to") == _LAST).then(blank).otherwise("valid_to"),
        setting=pl.lit(one.setting or None, pl.String),
    )


def _about(files: Sequence[Added]) -> pl.DataFrame:
    """Where each added value set comes from."""
    system = {"nppes": "npi", "leie": "npi", "poa_exempt": "diagnosis"}
    sources: dict[str, list[str]] = {}
    for one in files:
        sets = [name for name in BY_NAME[one.kind].feeds if name not in (*PAIR_TABLES, *KEYED_TABLES)]
        for name in sets:
            kind = (
                "text"
                if name == "hcpcs_modifiers" or name.endswith("_ndcs")
                else system.get(one.kind, "procedure")
            )
            sources.setdefault(f"{name} {kind}", []).append(f"{one.name} (sha256 {one.sha256[:12]})")
    rows = [(*key.split(" "), "; ".join(names), "") for key, names in sorted(sources.items())]
    return pl.DataFrame(rows, schema=ABOUT, orient="row")


def _covers(files: Sequence[Added], windows: dict[str, list[Span]]) -> pl.DataFrame:
    """The days that each table speaks about, by setting, neighbouring spans joined."""
    spans: dict[tuple[str, str], list[Span]] = {}
    for one in files:
        for name in BY_NAME[one.kind].feeds:
            spans.setdefault((name, one.setting), []).extend(windows[one.label])
    rows = [
        (name, setting or None, None if first == _FIRST else first, None if last == _LAST else last)
        for (name, setting), found in sorted(spans.items())
        for first, last in _joined(found)
    ]
    return pl.DataFrame(rows, schema=COVERS, orient="row")


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for first, last in sorted(spans):
        if joined and (joined[-1][1] == _LAST or first <= joined[-1][1] + _DAY):
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def _pair_tables(files: Sequence[Added], windows: dict[str, list[Span]]) -> dict[str, pl.DataFrame]:
    parts = []
    for one in files:
        if "pairs" not in one.tables:
            continue
        # The dates in an edit file decide and not the quarter it was published for; what a newer file says of
        # an edit takes the place of what an older one says.
        rows = one.table("pairs") if one.kind == "ncci_ptp" else _rows(one, "pairs", windows)
        assert rows is not None
        parts.append(
            rows.with_columns(
                setting=pl.lit(one.setting or None, pl.String), newest=pl.lit(one.covers_to or _LAST, pl.Date)
            )
        )
    if not parts:
        return {name: pl.DataFrame(schema=schema) for name, schema in pair_files.TABLES.items()}
    pairs = pl.concat(part.select(sorted(part.columns)) for part in parts)
    edits = pl.col("name").is_in(list(NAMES.values()))
    ncci = pairs.filter(edits)
    edit = ["setting", "left", "right", "valid_from"]
    ncci = ncci.filter(pl.col("newest") == pl.col("newest").max().over(edit))
    # An edit without a deletion date stands as far as the newest file of its setting speaks.
    end = pl.col("newest").max().over("setting")
    ncci = ncci.with_columns(valid_to=pl.min_horizontal("valid_to", end))
    pairs = pl.concat([pairs.filter(~edits), ncci.filter(pl.col("name") != "")])
    members = {
        side: pairs.select("name", code=side)
        .unique()
        .sort("name", "code")
        .with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).over("name").alias("class"))
        for side in ("left", "right")
    }
    listed = pairs
    for side, classes in members.items():
        listed = listed.join(
            classes.rename({"code": side, "class": f"{side}_class"}), on=["name", side], how="left"
        )
    listed = listed.select(
        "name",
        left="left_class",
        right="right_class",
        valid_from="valid_from",
        valid_to="valid_to",
        setting="setting",
        note=pl.lit(None, pl.UInt32),
    )
    about = [
        (
            name,
            "; ".join(
                f"{one.name} (sha256 {one.sha256[:12]})" for one in files if name in BY_NAME[one.kind].feeds
            ),
            "",
        )
        for name in listed["name"].unique().sort()
    ]
    made = {
        "pair_left": members["left"],
        "pair_right": members["right"],
        "pair_listed": listed.unique().sort(pl.all()),
        "pair_note": pl.DataFrame(schema=pair_files.NOTE),
        "pair_about": pl.DataFrame(about, schema=pair_files.ABOUT, orient="row"),
    }
    return {
        name: made[name].select(pl.col(column).cast(kind) for column, kind in schema.items())
        for name, schema in pair_files.TABLES.items()
    }
