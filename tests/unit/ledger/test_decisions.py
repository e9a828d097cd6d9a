"""What people decide about findings: it counts on the nights after the run it was made on, and is kept."""

import gzip
import json
import tempfile
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.unit.ledger.nights import DAYS, judge
from validator.cli import app
from validator.errors import OutputError, UsageError
from validator.ledger.book import DECISIONS, Ledger, Review
from validator.ledger.schema import DISPOSITIONS, NAME, STEPS

A, B = ("C1", "DX002"), ("C2", "DX201")
A_ID, B_ID = "C1-DX002", "C2-DX201"


def decide(out: Path, day: date, said: Mapping[str, str], until: date | None = None, name: str = "a") -> int:
    """Decisions about findings of the run of that day: {finding id: disposition}."""
    rows = [
        (finding, word, until if "snooze" in word else None, "me", None) for finding, word in said.items()
    ]
    decisions = pl.DataFrame(rows, schema=DECISIONS, orient="row")
    return Ledger(out).decide(Review(f"{day}{name}", "me", date(2026, 5, 5), decisions))


def standing(out: Path, day: date, found: list, claims: tuple[str, ...] = ("C1", "C2")) -> dict[str, str]:
    return judge(out, day, list(claims), found)[0]


@pytest.mark.parametrize("word", ["accepted", "false alarm"])
def test_what_was_accepted_does_not_come_back_as_work(tmp_path: Path, word: str) -> None:
    standing(tmp_path, DAYS[0], [A, B])
    assert decide(tmp_path, DAYS[0], {A_ID: word}) == 1
    assert standing(tmp_path, DAYS[1], [A, B]) == {A_ID: "accepted", B_ID: "open"}
    assert judge(tmp_path, DAYS[2], ["C1"], [])[1] == {A_ID: "resolved", B_ID: "not seen"}
    assert standing(tmp_path, DAYS[3], [A]) == {A_ID: "accepted"}


def test_what_was_fixed_and_comes_again_is_reopened_once_and_then_open(tmp_path: Path) -> None:
    standing(tmp_path, DAYS[0], [A, B])
    decide(tmp_path, DAYS[0], {A_ID: "fixed"})
    assert standing(tmp_path, DAYS[1], [A, B]) == {A_ID: "reopened", B_ID: "open"}
    assert standing(tmp_path, DAYS[1], [A, B]) == {A_ID: "reopened", B_ID: "open"}, "the same night once more"
    assert standing(tmp_path, DAYS[2], [A, B]) == {A_ID: "open", B_ID: "open"}
    decide(tmp_path, DAYS[2], {A_ID: "fixed"})
    assert judge(tmp_path, DAYS[3], ["C1", "C2"], [B])[1] == {A_ID: "resolved"}
    assert standing(tmp_path, DAYS[4], [A, B]) == {A_ID: "reopened", B_ID: "open"}


def test_what_was_snoozed_wakes_on_its_day(tmp_path: Path) -> None:
    standing(tmp_path, DAYS[0], [A])
    decide(tmp_path, DAYS[0], {A_ID: "snoozed until"}, until=DAYS[3])
    told = [standing(tmp_path, day, [A])[A_ID] for day in DAYS[1:6]]
    assert told == ["snoozed", "snoozed", "reopened", "open", "open"]


def test_a_question_leaves_it_open_and_a_decision_can_be_taken_back(tmp_path: Path) -> None:
    standing(tmp_path, DAYS[0], [A])
    decide(tmp_path, DAYS[0], {A_ID: "query sent"})
    assert standing(tmp_path, DAYS[1], [A]) == {A_ID: "open"}
    decide(tmp_path, DAYS[1], {A_ID: "accepted"})
    assert standing(tmp_path, DAYS[2], [A]) == {A_ID: "accepted"}
    decide(tmp_path, DAYS[2], {A_ID: "to do"})
    assert standing(tmp_path, DAYS[3], [A]) == {A_ID: "open"}


def test_a_decision_counts_after_the_run_it_was_made_on_only(tmp_path: Path) -> None:
    standing(tmp_path, DAYS[0], [A])
    standing(tmp_path, DAYS[1], [A])
    decide(tmp_path, DAYS[1], {A_ID: "accepted"})
    assert standing(tmp_path, DAYS[1], [A]) == {A_ID: "open"}, "that night run again says what it said"
    assert standing(tmp_path, DAYS[0], [A]) == {A_ID: "new"}
    assert standing(tmp_path, DAYS[2], [A]) == {A_ID: "accepted"}


def test_the_same_decisions_twice_are_kept_once(tmp_path: Path) -> None:
    standing(tmp_path, DAYS[0], [A, B])
    assert decide(tmp_path, DAYS[0], {A_ID: "fixed", B_ID: "accepted"}) == 2
    assert decide(tmp_path, DAYS[0], {A_ID: "fixed", B_ID: "false alarm"}) == 1
    past = Ledger(tmp_path).memory(DAYS[1]).past.findings
    told = past.group_by("rule_id", "disposition").len().sort("rule_id")
    assert told.rows() == [("DX002", "fixed", 1), ("DX201", "false alarm", 1)]
    with pytest.raises(OutputError, match="does not know this run"):
        decide(tmp_path, DAYS[5], {A_ID: "fixed"})


@pytest.mark.parametrize(
    "edit",
    [
        "update dispositions set disposition = 'fixed'",
        "delete from dispositions",
        "update reviews set decided_by = 'somebody else'",
        "delete from reviews",
        "insert into dispositions values (7, 'C1-DX002', 'fixed', null, null, null)",
    ],
)
def test_an_edited_decision_is_noticed(tmp_path: Path, edit: str) -> None:
    standing(tmp_path, DAYS[0], [A])
    decide(tmp_path, DAYS[0], {A_ID: "accepted"})
    with duckdb.connect(str(tmp_path / NAME)) as connection:
        connection.execute(edit)
    with pytest.raises(OutputError, match="was edited: review"):
        Ledger(tmp_path).memory(DAYS[1])


def test_a_ledger_of_the_first_version_is_read_and_brought_up(tmp_path: Path) -> None:
    """version_1.duckdb.gz was written before decisions were kept: nights of 1 and 2 February 2026."""
    (tmp_path / NAME).write_bytes(
        gzip.decompress((Path(__file__).parent / "version_1.duckdb.gz").read_bytes())
    )
    assert [run.resolved for run in Ledger(tmp_path).runs()] == [0, 1]
    with duckdb.connect(str(tmp_path / NAME)) as connection:
        assert connection.execute("select schema_version from about").fetchall() == [(len(STEPS),)]
    assert standing(tmp_path, date(2026, 2, 3), [A, B]) == {A_ID: "reopened", B_ID: "open"}
    assert decide(tmp_path, date(2026, 2, 3), {B_ID: "accepted"}) == 1
    assert standing(tmp_path, date(2026, 2, 4), [A, B]) == {A_ID: "open", B_ID: "accepted"}


def test_the_story_of_a_finding_is_told(tmp_path: Path) -> None:
    standing(tmp_path, DAYS[0], [A])
    judge(tmp_path, DAYS[1], ["C1"], [])
    standing(tmp_path, DAYS[2], [A])
    decide(tmp_path, DAYS[2], {A_ID: "query sent"})
    memory = Ledger(tmp_path).memory(DAYS[3])
    [row] = memory.past.findings.to_dicts()
    assert row["history"] == f"{DAYS[0]} new; {DAYS[1]} resolved; {DAYS[2]} reopened"
    assert (row["disposition"], row["owner"], row["decided_by"]) == ("query sent", "me", "me")
    assert memory.nights.rows() == [(DAYS[0], 1, 0, 0), (DAYS[1], 0, 0, 1), (DAYS[2], 0, 1, 0)]


class Plain:
    """The same for one finding, plainly: night after night with the decisions made after each."""

    def __init__(self) -> None:
        self.seen, self.open, self.word, self.until, self.fresh = False, False, "", None, False

    def night(self, day: date, there: bool) -> str | None:
        if not there:
            self.open, self.fresh = False, self.fresh and not self.open
            return None
        if not self.seen:
            told = "new"
        elif self.word in ("accepted", "false alarm"):
            told = "accepted"
        elif self.word == "snoozed until" and self.until > day:
            told = "snoozed"
        elif not self.open or (self.fresh and self.word in ("fixed", "snoozed until")):
            told = "reopened"
        else:
            told = "open"
        if told == "reopened" or not self.open:
            self.fresh = False  # something was written of it after the decision
        self.seen = self.open = True
        return told

    def decide(self, word: str, until: date) -> None:
        self.word, self.until, self.fresh = word, until, True


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.none() | st.sampled_from(sorted(DISPOSITIONS)), st.integers(0, 4)),
        max_size=8,
    )
)
def test_random_weeks_of_decisions_agree_with_a_plain_model(weeks: list) -> None:
    plain = Plain()
    with tempfile.TemporaryDirectory() as folder:
        for day, (there, word, days) in zip(DAYS, weeks, strict=False):
            got = standing(Path(folder), day, [A] if there else [])
            assert got.get(A_ID) == plain.night(day, there), day
            if word and plain.seen:
                until = day + timedelta(days=days)
                decide(Path(folder), day, {A_ID: word}, until)
                plain.decide(word, until)


def test_where_rules_are_listed_stands_how_often_they_were_wrong(tmp_path: Path) -> None:
    standing(tmp_path, DAYS[0], [A, B, ("C2", "DX002")])
    decide(tmp_path, DAYS[0], {A_ID: "fixed", "C2-DX002": "false alarm"})
    listed = CliRunner().invoke(app, ["rules", "list", "--decided-in", str(tmp_path)]).output
    [line] = [line for line in listed.splitlines() if line.startswith("DX002")]
    assert "50 % false of 2" in line
    [line] = [line for line in listed.splitlines() if line.startswith("DX201")]
    assert "nothing decided" in line
    told = json.loads(
        CliRunner().invoke(app, ["rules", "list", "--decided-in", str(tmp_path), "--json"]).output
    )
    [rule] = [rule for rule in told if rule["rule"] == "DX002"]
    assert (rule["decided"], rule["false_alarms"]) == (2, 1)
    nowhere = CliRunner().invoke(app, ["rules", "list", "--decided-in", str(tmp_path / "other")])
    assert isinstance(nowhere.exception, UsageError)
