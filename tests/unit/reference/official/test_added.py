"""Added files end to end: kept, listed, built in, chosen by the date, replaced and taken away."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from tests.unit.reference.official import made_up
from validator.cli import app
from validator.engine.evaluate import Settings, outcomes
from validator.engine.examples import run_examples
from validator.engine.given import build_claims, read_given
from validator.errors import ReferenceError
from validator.reference.build import build_reference
from validator.reference.lookup import Reference, open_reference
from validator.reference.official import add
from validator.reference.official.add import Outcome, add_file
from validator.reference.official.kind import Asked
from validator.reference.official.kinds import poa_exempt
from validator.reference.official.merge import merged_tables
from validator.reference.official.status import official_tables
from validator.reference.official.store import Added, added_files, remove
from validator.reference.schema import Pairs
from validator.reference.sources import ReferenceSources, shipped_sources
from validator.rules.folder import read_rule_set
from validator.shipped import rules_folder

Adding = Callable[..., Outcome]


@pytest.fixture
def adding(tmp_path: Path) -> Adding:
    """Write a file and add it."""

    def write_and_add(name: str, content: str, **asked: str) -> Outcome:
        return add_file(made_up.write(tmp_path, name, content), tmp_path / "added", Asked(**asked))

    return write_and_add


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """A reference with two quarters of edits and units, one setting of each, and a list of each other shape."""
    folder = tmp_path_factory.mktemp("filled")
    files = {
        "ccipra-v320r0-f1.txt": made_up.ncci(
            "00001 00002  20200101 * 1", "00001 00003  20200101 * 0", "00001 00004  20200101 * 1"
        ),
        "ccipra-v321r0-f1.txt": made_up.ncci(
            "00001 00002  20200101 20260331 1",
            "00001 00003  20200101 20200101 9",
            "00001 00005  20260401 * 0",
        ),
        "mue_2026q1.csv": made_up.mue("Practitioner Services", "00001,2,3 x", "00002,1,1 x"),
        "mue_2026q2.csv": made_up.mue("Practitioner Services", "00001,4,2 x"),
        "mue_2026q4.csv": made_up.mue("Practitioner Services", "00001,5,2 x"),
        "rvu.csv": made_up.mpfs(2026, "", "00001,,X,A,,1.0,090,2,1"),
        "rvu_july.csv": made_up.mpfs(2026, " July Release", "00001,,X,A,,1.0,010,2,0"),
        "leie.csv": made_up.leie(("1234567893", "20200120", "00000000")),
        "coverage.csv": "procedure,diagnosis,valid_from,valid_to\n20610,M17.11,,\n",
    }
    for name, content in files.items():
        add_file(made_up.write(folder, name, content), folder / "added")
    sources = ReferenceSources(shipped_sources().folder, folder / "added")
    return open_reference(build_reference(folder / "built", sources=sources))


def pairs_on(pairs: Pairs | None, day: date) -> set[tuple[str, str, str | None]]:
    assert pairs is not None
    listed = pairs.listed.filter(
        pl.col("valid_from").fill_null(date.min) <= day, pl.col("valid_to").fill_null(date.max) >= day
    )
    joined = listed.join(pairs.left, left_on="left", right_on="class").join(
        pairs.right, left_on="right", right_on="class", suffix="_right"
    )
    return set(joined.select("code", "code_right", "setting").rows())


def test_edits_of_two_quarters_are_chosen_by_the_date_and_the_newer_file_wins(filled: Reference) -> None:
    unless, never = filled.pairs("ncci_ptp_unless_modifier"), filled.pairs("ncci_ptp_never")
    march, april = date(2026, 3, 31), date(2026, 4, 1)
    assert pairs_on(unless, march) == {("00001", "00002", "practitioner"), ("00001", "00004", "practitioner")}
    assert pairs_on(unless, april) == {("00001", "00004", "practitioner")}
    assert pairs_on(never, march) == set()  # deleted as of its beginning by the newer file
    assert pairs_on(never, april) == {("00001", "00005", "practitioner")}
    assert never is not None
    assert never.covers_in("practitioner") == ((date(1996, 1, 1), date(2026, 6, 30)),)
    assert never.covers_in("hospital") == ()


def test_units_hold_for_their_quarter_and_a_quarter_that_was_not_added_is_not_covered(
    filled: Reference,
) -> None:
    mue = filled.keyed("mue")
    assert mue is not None
    spans = ((date(2026, 1, 1), date(2026, 6, 30)), (date(2026, 10, 1), date(2026, 12, 31)))
    assert mue.covers_in("practitioner") == spans
    assert mue.covers_in("dme") == ()
    found = mue.rows.filter(pl.col("code") == "00001").sort("valid_from")
    assert found["value"].to_list() == [2, 4, 5]
    assert found.schema["value"] == pl.Int32
    assert found["valid_to"].to_list() == [date(2026, 3, 31), date(2026, 6, 30), date(2026, 12, 31)]


def test_a_release_of_the_fee_schedule_holds_until_the_next_one(filled: Reference) -> None:
    mpfs = filled.keyed("mpfs")
    assert mpfs is not None and mpfs.settings is None
    assert mpfs.covers == ((date(2026, 1, 1), date(2026, 12, 31)),)
    spans = mpfs.rows.sort("valid_from").select("valid_from", "valid_to", "global_days").rows()
    assert spans == [
        (date(2026, 1, 1), date(2026, 6, 30), "090"),
        (date(2026, 7, 1), date(2026, 12, 31), "010"),
    ]


def test_lists_without_a_setting_are_there_for_every_claim(filled: Reference) -> None:
    excluded, coverage = filled.value_set("leie_npis"), filled.pairs("coverage")
    assert excluded is not None and excluded.covers == ((date(1977, 1, 1), date(2020, 2, 29)),)
    assert excluded.source.startswith("leie.csv (sha256 ")
    assert excluded.members.rows() == [("1234567893", date(2020, 1, 20), date(2020, 2, 29))]
    assert coverage is not None and coverage.covers is None
    assert pairs_on(coverage, date(2026, 1, 1)) == {("20610", "M1711", None)}
    assert filled.value_set("coverage_procedures") is not None
    assert filled.value_set("cpt") is None and filled.keyed("visit_time") is None


def test_the_state_of_every_table_says_which_file_makes_it(filled: Reference) -> None:
    state = {one.name: one for one in official_tables(filled)}
    assert state["mue"].loaded and not state["cpt"].loaded and all(one.file for one in state.values())
    assert {name for name, one in state.items() if one.loaded} == {
        "ncci_ptp_never", "ncci_ptp_unless_modifier", "mue", "mpfs", "leie_npis", "coverage", "coverage_procedures",
    }  # fmt: skip


def test_the_same_file_twice_changes_nothing(adding: Adding, tmp_path: Path) -> None:
    content = made_up.leie(("1234567893", "20200120", "00000000"))
    first, second = adding("UPDATED.csv", content), adding("again.csv", content)
    assert (first.new, second.new) == (True, False)
    assert second.added.name == "UPDATED.csv"
    assert len(added_files(tmp_path / "added")) == 1


def test_a_later_file_for_the_same_days_takes_the_place_of_the_earlier(
    adding: Adding, tmp_path: Path
) -> None:
    first = adding("mue_2026q1.csv", made_up.mue("Practitioner Services", "00001,2,3 x"))
    second = adding("mue_2026q1.csv", made_up.mue("Practitioner Services", "00001,3,3 x"))
    adding("mue_2026q1.csv", made_up.mue("DME Supplier Services", "00001,3,3 x"))
    assert [one.label for one in second.replaced] == [first.added.label]
    assert len(added_files(tmp_path / "added")) == 2


def test_files_of_one_quarter_of_edits_stand_beside_each_other(adding: Adding, tmp_path: Path) -> None:
    adding("ccipra-v320r0-f1.txt", made_up.ncci("00001 00002  20200101 * 1"))
    second = adding("ccipra-v320r0-f2.txt", made_up.ncci("50001 00002  20200101 * 1"))
    assert not second.replaced
    assert merged_tables(added_files(tmp_path / "added"))["pair_listed"].height == 2


def test_what_is_kept_decides_the_hash_of_the_reference_and_its_name_does_not(
    adding: Adding, tmp_path: Path
) -> None:
    def sha256() -> str:
        return ReferenceSources(shipped_sources().folder, tmp_path / "added").sha256

    bare = sha256()
    outcome = adding("list.csv", "# kind: cpt\ncode,valid_from,valid_to\n99202,2020-01-01,\n")
    filled = sha256()
    assert bare != filled
    remove(tmp_path / "added", outcome.added.label)
    assert sha256() == bare
    adding("other_name.csv", "# kind: cpt\ncode,valid_from,valid_to\n99202,2020-01-01,\n")
    assert sha256() == filled


def test_a_file_is_taken_away_by_the_beginning_of_its_hash(adding: Adding, tmp_path: Path) -> None:
    folder = tmp_path / "added"
    added = adding("UPDATED.csv", made_up.leie(("1234567893", "20200120", "00000000"))).added
    for label in ("leie", "leie/", f"mue/{added.sha256}", "leie/zzz", "../leie/x"):
        with pytest.raises(ReferenceError, match="no single added file is called"):
            remove(folder, label)
    assert remove(folder, f"leie/{added.sha256[:5]}").label == added.label
    assert not added_files(folder)


def test_damage_to_what_is_kept_is_named(adding: Adding, tmp_path: Path) -> None:
    added: Added = adding("UPDATED.csv", made_up.leie(("1234567893", "20200120", "00000000"))).added
    path = added.folder / "sets.parquet"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ReferenceError, match="missing or damaged"):
        merged_tables(added_files(tmp_path / "added"))
    (added.folder / "manifest.json").write_text("[]")
    with pytest.raises(ReferenceError, match="what is known of an added file cannot be read"):
        added_files(tmp_path / "added")


def test_a_refused_file_leaves_nothing_behind(adding: Adding, tmp_path: Path) -> None:
    with pytest.raises(ReferenceError):
        adding("x.csv", "nothing,known\n1,2\n")
    assert not (tmp_path / "added").exists()


def test_the_commands_add_list_and_take_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "added"
    monkeypatch.setattr("validator.shipped.added_folder", lambda: folder)
    sources = ReferenceSources(shipped_sources().folder, None)
    monkeypatch.setattr("validator.reference.lookup.shipped_sources", lambda: sources)
    good = made_up.write(tmp_path, "UPDATED.csv", made_up.leie(("1234567893", "20200120", "00000000")))
    bad = made_up.write(tmp_path, "notes.csv", "a,b\n1,2\n")
    run = CliRunner()
    result = run.invoke(app, ["reference", "add", str(good), str(bad)])
    assert isinstance(result.exception, ReferenceError)
    assert "UPDATED.csv: added OIG list of excluded" in result.output
    assert "notes.csv: this is none of the official files" in str(result.exception)
    assert "was added before, nothing changed" in run.invoke(app, ["reference", "add", str(good)]).output
    listed = run.invoke(app, ["reference", "added"]).output
    assert "leie/" in listed and "the NPPES monthly file: nppes_individual, nppes_organization" in listed
    content = json.loads(run.invoke(app, ["reference", "added", "--json"]).output)
    label = content["files"][0]["label"]
    assert {one["name"]: one["loaded"] for one in content["tables"]}["mue"] is False
    assert f"took away {label}" in run.invoke(app, ["reference", "remove", label]).output


def test_every_table_that_a_file_makes_has_a_kind_that_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {name for kind in add.KINDS for name in kind.feeds}
    from validator.reference.schema import KEYED_TABLES, OFFICIAL_SETS, PAIR_TABLES

    wanted = {
        *OFFICIAL_SETS,
        *(n for n, t in PAIR_TABLES.items() if t.file),
        *(n for n, t in KEYED_TABLES.items() if t.file),
    }
    assert made == wanted


def test_a_list_of_another_year_does_not_speak_for_this_one(
    adding: Adding, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poa_exempt, "_FEWEST", 2)
    adding("POA25.txt", made_up.poa(5, "Order25\tPOAexemptCode\tDescription"))
    adding("POA26.txt", made_up.poa(3))
    tables = merged_tables(added_files(tmp_path / "added"))
    last = tables["value_set"].filter(pl.col("code") == "A004")["valid_to"].to_list()
    assert last == [date(2025, 9, 30)]
    assert tables["table_covers"].row(0) == ("poa_exempt", None, date(2024, 10, 1), date(2026, 9, 30))


def test_what_a_user_added_does_not_change_what_an_example_means(filled: Reference) -> None:
    rules = read_rule_set(rules_folder(), profile="default", value_sets=filled.value_sets)
    names_added = [rule for rule in rules.rules if rule.rule_id in ("AR529", "PX305", "PX306", "CL409")]
    assert names_added
    assert [result for result in run_examples(names_added, rules, filled) if not result.holds] == []


def outcome(
    reference: Reference, rule_id: str, day: str, claim: dict[str, object], *lines: dict[str, object]
) -> str:
    """The strongest outcome of a shipped rule on one claim, by the tables that files were added for."""
    rules = read_rule_set(rules_folder(), profile="default", value_sets=reference.value_sets)
    alone = replace(rules, rules=tuple(rule for rule in rules.rules if rule.rule_id == rule_id))
    given = {
        "claim": {"type": "professional", "from_date": day, "billing_npi": "2000000002", **claim},
        "lines": [{"from_date": day, **line} for line in lines],
        "diagnosis": {"code": "M19.90"},
    }
    found = outcomes(build_claims([read_given(given)]), alone, reference, Settings(date(2026, 12, 31)))
    return next(one for one in ("flagged", "not_evaluated", "clear") if one in found["outcome"].to_list())


TWO = ({"procedure_code": "00001"}, {"procedure_code": "00005"})


@pytest.mark.parametrize(
    ("day", "claim", "says"),
    [
        ("2026-04-01", {}, "flagged"),
        ("2026-03-31", {}, "clear"),
        ("2026-07-01", {}, "not_evaluated"),  # no file speaks about the third quarter
        (
            "2026-04-01",
            {"type": "institutional", "type_of_bill": "131"},
            "not_evaluated",
        ),  # nor about hospitals
    ],
)
def test_a_rule_about_edits_goes_by_the_file_of_the_day_and_setting(
    filled: Reference, day: str, claim: dict[str, object], says: str
) -> None:
    assert outcome(filled, "PX306", day, claim, *TWO) == says


@pytest.mark.parametrize(
    ("day", "units", "says"),
    [
        ("2026-02-01", "3", "flagged"),
        ("2026-05-01", "3", "clear"),
        ("2026-05-01", "5", "flagged"),
        ("2026-08-01", "9", "not_evaluated"),
    ],
)
def test_a_rule_about_units_goes_by_the_quarter_of_the_day(
    filled: Reference, day: str, units: str, says: str
) -> None:
    assert outcome(filled, "PX305", day, {}, {"procedure_code": "00001", "units": units}) == says


def test_rules_about_bilateral_coverage_and_exclusion_go_by_the_added_files(filled: Reference) -> None:
    both_sides = {"procedure_code": "00001", "modifiers": ["50"], "units": "1"}
    assert outcome(filled, "PX304", "2026-03-01", {}, both_sides) == "clear"
    assert outcome(filled, "PX304", "2026-08-01", {}, both_sides) == "flagged"
    assert outcome(filled, "PX304", "2025-08-01", {}, both_sides) == "not_evaluated"
    assert outcome(filled, "AR529", "2020-02-01", {"billing_npi": "1234567893"}, {}) == "flagged"
    assert outcome(filled, "AR529", "2020-01-19", {"billing_npi": "1234567893"}, {}) == "clear"
    assert outcome(filled, "AR529", "2021-01-01", {"billing_npi": "1234567893"}, {}) == "not_evaluated"
    line = {"procedure_code": "20610", "diagnosis_pointers": ["1"]}
    assert outcome(filled, "PX316", "2026-03-01", {}, line) == "flagged"
