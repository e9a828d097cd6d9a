"""What the tables of a ledger say: the past of each finding, the nights of each rule, what people decided."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from validator.ledger.schema import DECISION, NIGHTS, PAST, RESOLVED, RULE_NIGHTS, Past

if TYPE_CHECKING:
    import duckdb

# The words of each finding up to a day, the last one first.
LAST_WORDS = """
    select w.finding_id, w.word, r.batch_date as last_day
    from words w join runs r using (run_no)
    where r.batch_date <= ?
    qualify row_number() over (partition by w.finding_id order by r.batch_date desc, w.run_no desc) = 1
"""
# The last decision about each finding, of those made on runs up to a day.
_DECISIONS = """
    select d.*, r.run_no, v.decided_by, v.decided_on, r.batch_date as decided_after
    from dispositions d join reviews v using (review_no) join runs r using (run_no)
    where r.batch_date <= ?
    qualify row_number() over (partition by d.finding_id order by r.batch_date desc, d.review_no desc) = 1
"""
_PAST = f"""
    select f.finding_id, f.rule_id, f.billing_npi, f.claim_id, f.provider,
        last.word <> '{RESOLVED}' as is_open, story.first_seen, last.last_day, story.history,
        d.disposition, d.snoozed_until, d.owner, d.note, d.decided_by, d.decided_on, d.decided_after
    from ({LAST_WORDS}) last
    join findings f using (finding_id)
    join (
        select w.finding_id, min(r.batch_date) filter (w.word <> '{RESOLVED}') as first_seen,
            string_agg(r.batch_date || ' ' || w.word, '; ' order by r.batch_date, w.run_no) as history
        from words w join runs r using (run_no)
        where r.batch_date <= ?
        group by w.finding_id
    ) story using (finding_id)
    left join ({_DECISIONS}) d using (finding_id)
    order by f.finding_id
"""
# The last run of each of the last nights before a day.
_NIGHTS = """
    select run_no, batch_date from runs where batch_date < ?
    qualify row_number() over (partition by batch_date order by run_no desc) = 1
    order by batch_date desc limit ?
"""


def past_before(connection: "duckdb.DuckDBPyConnection", batch_date: date) -> Past:
    """What the nights before a day knew."""
    before = "select max(batch_date) from runs where batch_date < ?"
    [(night,)] = connection.execute(before, [batch_date]).fetchall()
    if night is None:
        return Past()
    return Past(night, _typed(connection.sql(_PAST, params=[night, night, night]).pl(), PAST))


def rule_nights(connection: "duckdb.DuckDBPyConnection", batch_date: date, nights: int) -> pl.DataFrame:
    """Columns RULE_NIGHTS: what each rule flagged on each of the last nights before a day, oldest first."""
    found = connection.sql(
        f"select n.batch_date, c.rule_id, c.flagged, c.amount_at_risk from ({_NIGHTS}) n "
        "join rule_nights c using (run_no) order by all",
        params=[batch_date, nights],
    )
    return _typed(found.pl(), RULE_NIGHTS)


def nights(connection: "duckdb.DuckDBPyConnection", batch_date: date, how_many: int) -> pl.DataFrame:
    """Columns NIGHTS: how many findings each of the last nights before a day called so, oldest first."""
    counted = [word for word in NIGHTS if word != "batch_date"]
    words = ", ".join(f"count(*) filter (w.word = '{word}') as {word}" for word in counted)
    found = connection.sql(
        f"select n.batch_date, {words} from ({_NIGHTS}) n left join words w using (run_no) "
        "group by all order by all",
        params=[batch_date, how_many],
    )
    return _typed(found.pl(), NIGHTS)


def decisions(connection: "duckdb.DuckDBPyConnection", batch_date: date) -> pl.DataFrame:
    """run_no, finding_id, DECISION: the last decision about each finding, of those on runs up to a day."""
    schema = {"run_no": pl.Int64, "finding_id": pl.String, **DECISION}
    return _typed(connection.sql(_DECISIONS, params=[batch_date]).pl(), schema)


def _typed(frame: pl.DataFrame, schema: Mapping[str, Any]) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(kind) for name, kind in schema.items())
