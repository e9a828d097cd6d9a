"""The ledger as a file: closed to others, whole or not there, and an edited past is noticed."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.unit.ledger.nights import DAYS, judge
from validator.errors import OutputError
from validator.ledger.book import Ledger
from validator.ledger.schema import NAME

A = ("C1", "DX002")

# Dies where its argument says: just before or just after the commit of the second night.
DIE = """
import os, signal, sys
from pathlib import Path
import duckdb
from tests.unit.ledger.nights import DAYS, judge
out, moment = Path(sys.argv[1]), sys.argv[2]
judge(out, DAYS[0], ["C1"], [("C1", "DX002")])
import validator.ledger.book as book
add = book._add
def adding(connection, night):
    add(connection, night)
    if moment == "before": os.kill(os.getpid(), signal.SIGKILL)
    connection.commit()
    os.kill(os.getpid(), signal.SIGKILL)
book._add = adding
judge(out, DAYS[1], ["C1"], [("C1", "DX201")])
"""


def test_the_file_belongs_to_its_owner(tmp_path: Path) -> None:
    umask = os.umask(0o022)
    try:
        judge(tmp_path, DAYS[0], ["C1"], [A])
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_the_same_run_is_recorded_once(tmp_path: Path) -> None:
    for _ in range(2):
        judge(tmp_path, DAYS[0], ["C1"], [A])
    assert [(run.run_no, run.new) for run in Ledger(tmp_path).runs()] == [(1, 1)]


@pytest.mark.parametrize(
    "edit",
    [
        "update words set word = 'resolved' where run_no = 1",
        "delete from words where run_no = 1",
        "insert into words values (1, 'C7-DX002', 'new')",
        "update runs set batch_date = date '2020-01-01' where run_no = 1",
        "update findings set amount_at_risk = 0 where run_no = 1",
        "delete from runs where run_no = 1",
        "insert into words values (99, 'C1-DX002', 'resolved')",
    ],
)
def test_an_edited_past_is_noticed(tmp_path: Path, edit: str) -> None:
    judge(tmp_path, DAYS[0], ["C1"], [A])
    judge(tmp_path, DAYS[1], ["C1"], [])
    with duckdb.connect(str(tmp_path / NAME)) as connection:
        connection.execute(edit)
    for ask in (lambda: Ledger(tmp_path).memory(DAYS[2]).past, lambda: judge(tmp_path, DAYS[2], [], [])):
        with pytest.raises(OutputError, match="was edited: run"):
            ask()


@pytest.mark.parametrize(
    ("content", "says"), [(b"no database", "cannot be read"), (b"\0" * 40_000, "cannot be read")]
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(OutputError, match=says) as caught:
        Ledger(tmp_path).memory(DAYS[1])
    assert "restore" in caught.value.fix


def test_another_database_and_a_newer_ledger_are_refused(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / NAME)) as connection:
        connection.execute("create table other (a integer)")
    with pytest.raises(OutputError, match="is not a ledger"):
        Ledger(tmp_path).memory(DAYS[1])
    (tmp_path / NAME).unlink()
    judge(tmp_path, DAYS[0], ["C1"], [A])
    with duckdb.connect(str(tmp_path / NAME)) as connection:
        connection.execute("update about set schema_version = 99")
    with pytest.raises(OutputError, match="newer version"):
        Ledger(tmp_path).memory(DAYS[1])


@pytest.mark.parametrize(("moment", "runs"), [("before", 1), ("after", 2)])
def test_killed_while_recording_the_ledger_is_whole(tmp_path: Path, moment: str, runs: int) -> None:
    root = Path(__file__).resolve().parents[3]
    died = subprocess.run(
        [sys.executable, "-c", DIE, tmp_path, moment], env={**os.environ, "PYTHONPATH": str(root)}, cwd=root
    )
    assert died.returncode == -9
    ledger = Ledger(tmp_path)
    assert len(ledger.runs()) == runs
    standing, _ = judge(tmp_path, DAYS[1], ["C1"], [("C1", "DX201")])
    assert standing == {"C1-DX201": "new"}
    assert len(ledger.runs()) == 2


def test_a_back_up_can_be_restored_and_is_checked_first(tmp_path: Path) -> None:
    judge(tmp_path, DAYS[0], ["C1"], [A])
    copy = tmp_path / "copy" / "ledger"
    copy.parent.mkdir()
    ledger = Ledger(tmp_path)
    ledger.back_up(copy)
    judge(tmp_path, DAYS[1], ["C1"], [])
    assert ledger.check() == 2
    assert ledger.restore(copy) == 1
    assert ledger.check() == 1
    assert (tmp_path / ".ledger-before-restore").is_file()
    copy.write_bytes(copy.read_bytes()[:5000])
    with pytest.raises(OutputError):
        ledger.restore(copy)
    assert ledger.check() == 1
    assert not (tmp_path / ".ledger-restored").exists()


def test_nothing_can_be_backed_up_or_restored_where_there_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no ledger yet"):
        Ledger(tmp_path).back_up(tmp_path / "copy")
    with pytest.raises(OutputError, match="was not copied"):
        Ledger(tmp_path).restore(tmp_path / "nothing")
