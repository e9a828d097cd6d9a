"""Open, read and add to `ledger.duckdb` of an output folder: rows are added, never changed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from validator.errors import OutputError, Place
from validator.ledger.chain import START, broken_at, hashes
from validator.ledger.schema import NAME, RESOLVED, SCHEMA, TABLES
from validator.ledger.standing import PAST, Past, remembered

# The words of each finding up to a day, the last one first.
_LAST_WORDS = """
    select w.finding_id, w.word
    from words w join runs r using (run_no)
    where r.batch_date <= ?
    qualify row_number() over (partition by w.finding_id order by r.batch_date desc, w.run_no desc) = 1
"""
_PAST = f"""
    select f.finding_id, f.rule_id, f.billing_npi, f.claim_id, f.provider,
        last.word <> '{RESOLVED}' as is_open, first.first_seen
    from ({_LAST_WORDS}) last
    join findings f using (finding_id)
    join (
        select w.finding_id, min(r.batch_date) as first_seen
        from words w join runs r using (run_no)
        where w.word <> '{RESOLVED}'
        group by w.finding_id
    ) first using (finding_id)
    order by f.finding_id
"""

_RESTORE = (
    "Restore a back-up with `validator runs restore FILE`; or move the ledger away, and every finding is new."
)


@dataclass(frozen=True)
class Night:
    """What one run adds: the frames have the columns FINDINGS, STANDING, those of `gone`, RULE_COUNTS."""

    batch_date: date
    run_name: str
    run_hash: str
    tool_version: str
    whole: bool
    claims: int
    findings: pl.DataFrame
    standing: pl.DataFrame
    gone: pl.DataFrame
    rule_counts: pl.DataFrame


@dataclass(frozen=True)
class RunLine:
    """One run as the ledger tells it."""

    run_no: int
    batch_date: date
    run_name: str
    whole: bool
    claims: int
    new: int
    reopened: int
    resolved: int


class Ledger:
    """The ledger of an output folder, which need not have one yet. Only for the holder of the folder's lock.

    Raises OutputError when the file is damaged, newer than this program, edited, or cannot be written.
    """

    def __init__(self, out: Path, name: str = NAME) -> None:
        self.path = out / name
        self._sound = False  # read through once; nobody else writes while the folder is held

    def past(self, batch_date: date) -> Past:
        """What the nights before `batch_date` knew; runs of that day and later do not count."""
        if not self.path.exists():
            return Past()
        with self._opened(read_only=True) as connection:
            before = "select max(batch_date) from runs where batch_date < ?"
            [(night,)] = connection.execute(before, [batch_date]).fetchall()
            if night is None:
                return Past()
            findings = connection.sql(_PAST, params=[night]).pl()
        return Past(night, findings.select(pl.col(name).cast(kind) for name, kind in PAST.items()))

    def record(self, night: Night) -> bool:
        """Add a run, whole or not at all; False when it stands there already."""
        with self._opened() as connection:
            _prepare(connection)
            if connection.execute("select 1 from runs where run_hash = ?", [night.run_hash]).fetchall():
                return False
            connection.begin()
            _add(connection, night)
            connection.commit()
            connection.execute("checkpoint")
        return True

    def runs(self) -> list[RunLine]:
        """Every run in the order in which they were made."""
        if not self.path.exists():
            return []
        with self._opened(read_only=True) as connection:
            rows = connection.execute(
                "select run_no, batch_date, run_name, whole, claims, "
                + ", ".join(f"count(*) filter (word = '{word}')" for word in ("new", "reopened", RESOLVED))
                + " from runs left join words using (run_no) group by all order by run_no"
            ).fetchall()
        return [RunLine(*row) for row in rows]

    def check(self) -> int:
        """How many runs the ledger holds, once it has been read through; see the class for what is raised."""
        return len(self.runs())

    def back_up(self, file: Path) -> None:
        """Copy the ledger to `file`, whole or not at all."""
        if not self.path.exists():
            raise OutputError("there is no ledger yet", fix="Run a night first.", place=Place(str(self.path)))
        with self._opened() as connection:  # takes in what a killed run left beside the file
            connection.execute("checkpoint")
        _copy(self.path, file)

    def restore(self, file: Path) -> int:
        """Put a back-up in the place of the ledger, which stays beside it as `.ledger-before-restore`.

        Returns how many runs it holds. The back-up is read through first.
        """
        copy = self.path.with_name(".ledger-restored")
        _copy(file, copy)
        try:
            runs = Ledger(self.path.parent, copy.name).check()
            if self.path.exists():
                self.path.replace(self.path.with_name(".ledger-before-restore"))
            copy.replace(self.path)
        finally:
            copy.unlink(missing_ok=True)
        return runs

    @contextmanager
    def _opened(self, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to a sound ledger; the file belongs to its owner only."""
        umask = os.umask(0o077)
        try:
            with duckdb.connect(str(self.path), read_only=read_only, config={"threads": 1}) as connection:
                self._check(connection)
                yield connection
        except (duckdb.Error, RuntimeError) as error:
            raise self._error("cannot be read or written") from error
        finally:
            os.umask(umask)

    def _check(self, connection: duckdb.DuckDBPyConnection) -> None:
        tables = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
        if not tables:
            return  # a new file
        if "about" not in tables:
            raise self._error("is not a ledger")
        [(version,)] = connection.execute("select schema_version from about").fetchall()
        if version > SCHEMA:
            raise self._error("was written by a newer version of this program", "Use that version.")
        broken = None if self._sound else broken_at(connection)
        if broken is not None:
            raise self._error(f"was edited: run {broken} does not fit the chain of hashes")
        self._sound = True

    def _error(self, what: str, fix: str = "") -> OutputError:
        return OutputError(f"the ledger {what}", fix=fix or _RESTORE, place=Place(str(self.path)))


def _copy(source: Path, target: Path) -> None:
    """A copy for the owner only, on the disk before it has its name."""
    aside = target.with_name(f".{target.name}.part")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as written, source.open("rb") as read:
            shutil.copyfileobj(read, written)
            written.flush()
            os.fsync(descriptor)
        aside.replace(target)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise OutputError(
            f"the ledger was not copied: {error.strerror}",
            fix="Check both paths, their permissions and the disk.",
            place=Place(str(target)),
        ) from None


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    if connection.execute("select 1 from duckdb_tables()").fetchall():
        return
    connection.begin()
    connection.execute(TABLES)
    connection.execute("insert into about values (?)", [SCHEMA])
    connection.commit()


def _add(connection: duckdb.DuckDBPyConnection, night: Night) -> None:
    newest = connection.execute("select run_no, hash from runs order by run_no desc limit 1").fetchall()
    last, previous = newest[0] if newest else (0, START)
    number = last + 1
    connection.execute(
        "insert into runs values (?, ?, ?, ?, ?, ?, ?, ?, '')",
        [
            number,
            night.batch_date,
            night.run_name,
            night.run_hash,
            night.tool_version,
            night.whole,
            night.claims,
            previous,
        ],
    )
    findings = remembered(night.findings)
    connection.register("tonight", findings)
    connection.execute(
        f"insert into findings select {number}, * from tonight "
        "where finding_id not in (select finding_id from findings)"
    )
    connection.register("said", _words(connection, night))
    connection.execute(f"insert into words select {number}, finding_id, word from said")
    counts = night.rule_counts.select(
        *("rule_id", "flagged", "clear", "not_evaluated", "out_of_scope", "suppressed", "amount_at_risk")
    )
    connection.register("counts", counts)
    connection.execute(f"insert into rule_nights select {number}, * from counts")
    for view in ("tonight", "said", "counts"):
        connection.unregister(view)
    [(_, made)] = hashes(connection, number)
    connection.execute("update runs set hash = ? where run_no = ?", [made, number])


def _words(connection: duckdb.DuckDBPyConnection, night: Night) -> pl.DataFrame:
    """What changes the last word up to tonight; a quiet night writes nothing."""
    last = connection.sql(_LAST_WORDS, params=[night.batch_date]).pl()
    last = last.select(pl.col("finding_id").cast(pl.String), pl.col("word").cast(pl.String).alias("last"))
    # Also of a suppressed finding: it is still there. A second run of one day may find what the first missed.
    word = (
        pl.when(pl.col("last").is_null())
        .then(pl.lit("new"))
        .when(pl.col("standing") == "open")
        .then(pl.lit("open"))
        .otherwise(pl.lit("reopened"))
    )
    there = night.standing.join(last, on="finding_id", how="left").with_columns(word.alias("word"))
    there = there.filter(pl.col("last").is_null() | (pl.col("last") == RESOLVED))
    away = night.gone.select("finding_id", pl.col("word").cast(pl.String))
    away = away.filter(pl.col("word") == RESOLVED).join(last, on="finding_id", how="left")
    away = away.filter(pl.col("last").ne_missing(RESOLVED))
    return pl.concat([frame.select("finding_id", "word") for frame in (there, away)]).sort("finding_id")
