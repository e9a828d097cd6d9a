"""Open, read and add to `ledger.duckdb` of an output folder: rows are added, never changed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl

from validator.errors import OutputError, Place
from validator.ledger import recall
from validator.ledger.chain import broken_at, end_of, seal
from validator.ledger.schema import NAME, REOPENED, RESOLVED, REVIEWS, RUNS, STEPS, Memory, Past
from validator.ledger.standing import remembered

NIGHTS_SHOWN = 14  # tonight and the nights before it that a report shows
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
class Review:
    """Decisions of people about the findings of one run; `decisions` has columns DECISIONS."""

    run_hash: str
    decided_by: str
    decided_on: date
    decisions: pl.DataFrame


# What a review says of each finding; the finding stands once.
DECISIONS: dict[str, pl.DataType | type[pl.DataType]] = {
    "finding_id": pl.String,
    "disposition": pl.String,
    "snoozed_until": pl.Date,
    "owner": pl.String,
    "note": pl.String,
}


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

    def memory(self, batch_date: date) -> Memory:
        """What the nights before `batch_date` knew; runs of that day and later do not count."""
        if not self.path.exists():
            return Memory()
        with self._opened(read_only=True) as connection:
            return Memory(
                recall.past_before(connection, batch_date),
                recall.nights(connection, batch_date, NIGHTS_SHOWN - 1),
                recall.rule_nights(connection, batch_date, NIGHTS_SHOWN - 1),
            )

    def as_of(self, batch_date: date) -> Past:
        """What the nights up to `batch_date` knew, and what was decided on them."""
        if not self.path.exists():
            return Past()
        with self._opened(read_only=True) as connection:
            return recall.past_before(connection, batch_date + timedelta(days=1))

    def decided_after(self, batch_date: date) -> pl.Series:
        """The findings that were decided on runs of later batch dates."""
        if not self.path.exists():
            return pl.Series("finding_id", [], pl.String)
        with self._opened(read_only=True) as connection:
            decided = recall.decisions(connection, date.max)
        return decided.filter(pl.col("decided_after") > batch_date)["finding_id"]

    def record(self, night: Night) -> bool:
        """Add a run, whole or not at all; False when it stands there already."""
        with self._opened() as connection:
            if connection.execute("select 1 from runs where run_hash = ?", [night.run_hash]).fetchall():
                return False
            connection.begin()
            _add(connection, night)
            connection.commit()
            connection.execute("checkpoint")
        return True

    def decide(self, review: Review) -> int:
        """Add decisions about the findings of a run, all or none; returns how many say something new.

        Raises OutputError when the ledger does not know the run.
        """
        with self._opened() as connection:
            run = connection.execute(
                "select run_no from runs where run_hash = ?", [review.run_hash]
            ).fetchall()
            if not run:
                raise self._error("does not know this run", "Run the night again: it is recorded then.")
            connection.begin()
            added = _decide(connection, run[0][0], review)
            connection.commit()
            connection.execute("checkpoint")
        return added

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
        """A connection to a sound ledger of this version; the file belongs to its owner only."""
        umask = os.umask(0o077)
        try:
            if read_only and not self._sound:
                with self._connected(read_only=True) as connection:
                    read_only = _version(connection) == len(STEPS)  # an older one is brought up to it first
            with self._connected(read_only=read_only) as connection:
                self._check(connection)
                yield connection
        except (duckdb.Error, RuntimeError) as error:
            raise self._error("cannot be read or written") from error
        finally:
            os.umask(umask)

    def _connected(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(self.path), read_only=read_only, config={"threads": 1})

    def _check(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Read the ledger through once, and bring it up to this version; a new file becomes an empty one."""
        if self._sound:
            return
        version = _version(connection)
        if version is None:
            raise self._error("is not a ledger")
        if version > len(STEPS):
            raise self._error("was written by a newer version of this program", "Use that version.")
        if version < len(STEPS):
            connection.begin()
            for step in STEPS[version:]:
                connection.execute(step)
            connection.commit()
        for chain in (RUNS, REVIEWS):
            broken = broken_at(connection, chain)
            if broken is not None:
                what = chain.head.removesuffix("s")
                raise self._error(f"was edited: {what} {broken} does not fit the chain of hashes")
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


def _version(connection: duckdb.DuckDBPyConnection) -> int | None:
    """How many of the STEPS a ledger has taken: 0 for a new file, None where it is no ledger."""
    tables = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
    if not tables:
        return 0
    if "about" not in tables:
        return None
    [(version,)] = connection.execute("select schema_version from about").fetchall()
    return int(version)


def _add(connection: duckdb.DuckDBPyConnection, night: Night) -> None:
    last, previous = end_of(connection, RUNS)
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
    seal(connection, RUNS, number)


def _words(connection: duckdb.DuckDBPyConnection, night: Night) -> pl.DataFrame:
    """What changes the last word up to tonight; a quiet night writes nothing."""
    last = connection.sql(recall.LAST_WORDS, params=[night.batch_date]).pl()
    last = last.select(
        pl.col("finding_id").cast(pl.String), pl.col("word").cast(pl.String).alias("last"), "last_day"
    )
    # Also of a suppressed finding: it is still there. A second run of one day may find what the first missed.
    word = (
        pl.when(pl.col("last").is_null())
        .then(pl.lit("new"))
        .when(pl.col("standing") == "open")
        .then(pl.lit("open"))
        .otherwise(pl.lit(REOPENED))
    )
    comes_back = (pl.col("standing") == REOPENED) & (pl.col("last_day") < night.batch_date)
    there = night.standing.join(last, on="finding_id", how="left").with_columns(word.alias("word"))
    there = there.filter(pl.col("last").is_null() | (pl.col("last") == RESOLVED) | comes_back)
    away = night.gone.select("finding_id", pl.col("word").cast(pl.String))
    away = away.filter(pl.col("word") == RESOLVED).join(last, on="finding_id", how="left")
    away = away.filter(pl.col("last").ne_missing(RESOLVED))
    return pl.concat([frame.select("finding_id", "word") for frame in (there, away)]).sort("finding_id")


def _decide(connection: duckdb.DuckDBPyConnection, run_no: int, review: Review) -> int:
    """Write the decisions that differ from the last ones on the same run; how many they are."""
    day = "select batch_date from runs where run_no = ?"
    [(batch_date,)] = connection.execute(day, [run_no]).fetchall()
    said = review.decisions.select(pl.col(name).cast(kind) for name, kind in DECISIONS.items())
    last = recall.decisions(connection, batch_date).filter(run_no=run_no).select(*DECISIONS)
    fresh = said.join(last, on=list(DECISIONS), how="anti", nulls_equal=True).sort("finding_id")
    if fresh.is_empty():
        return 0
    last_no, previous = end_of(connection, REVIEWS)
    number = last_no + 1
    connection.execute(
        "insert into reviews values (?, ?, ?, ?, ?, '')",
        [number, run_no, review.decided_by, review.decided_on, previous],
    )
    connection.register("decided", fresh)
    connection.execute(f"insert into dispositions select {number}, * from decided")
    connection.unregister("decided")
    seal(connection, REVIEWS, number)
    return fresh.height
