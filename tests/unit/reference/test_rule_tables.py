"""Tables that rules name: shipped pair files, tables that an example brings, and names nobody knows."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from validator.errors import ReferenceError
from validator.reference.lookup import Reference
from validator.reference.pair_files import read_pair_files
from validator.reference.schema import KEYED_TABLES, OFFICIAL_SETS, PAIR_TABLES, Pairs

CODES = pl.Series("code", ["C50", "C509", "Z85", "Z853", "Z859", "R05", "J18"])


def listed(pairs: Pairs) -> set[tuple[str, str]]:
    """The pairs of codes that a table lists, whatever the days."""
    found = pairs.listed.join(pairs.left, left_on="left", right_on="class").join(
        pairs.right, left_on="right", right_on="class", suffix="_right"
    )
    return set(found.select("code", "code_right").rows())


def test_a_pair_file_lists_stems_against_stems(tmp_path: Path) -> None:
    path = tmp_path / "symptom_of_disease.csv"
    path.write_text(
        "# source: made up\n# note: a choice\nleft,right,valid_from,valid_to\nC50.-,Z85..Z85.3,2016-10-01,\n"
    )
    made = read_pair_files([path], CODES)
    pairs = Pairs(
        *(made[name].drop("name") for name in ("pair_left", "pair_right", "pair_listed", "pair_note"))
    )
    assert listed(pairs) == {(left, right) for left in ("C50", "C509") for right in ("Z85", "Z853")}
    assert made["pair_about"].rows() == [("symptom_of_disease", "made up", "a choice")]
    assert made["pair_listed"]["valid_from"].to_list() == [date(2016, 10, 1)]


def test_both_ways_mirrors_each_pair(tmp_path: Path) -> None:
    path = tmp_path / "history_of_active.csv"
    path.write_text("# source: made up\n# both ways\nleft,right,valid_from,valid_to\nC50.9,Z85.3,,\n")
    made = read_pair_files([path], CODES)
    pairs = Pairs(
        *(made[name].drop("name") for name in ("pair_left", "pair_right", "pair_listed", "pair_note"))
    )
    assert listed(pairs) == {("C509", "Z853"), ("Z853", "C509")}


def test_a_pair_file_with_an_unknown_name_is_refused(tmp_path: Path) -> None:
    for name in ("no_such_table", "ncci_ptp_never"):
        path = tmp_path / f"{name}.csv"
        path.write_text("# source: made up\nleft,right,valid_from,valid_to\n")
        with pytest.raises(ReferenceError, match="no pair table that the project ships has this name"):
            read_pair_files([path], CODES)


def test_tables_of_an_example_take_the_place_of_built_ones(reference: Reference) -> None:
    changed = reference.with_tables(
        {
            "ncci_ptp_never": [{"left": "80048", "right": "82310", "valid_from": "2020-01-01"}],
            "mpfs": [{"code": "22612", "bilateral": "0"}],
            "icd10pcs": [{"code": "10E0XZZ", "vaginal_delivery": "true", "status": "in_force"}],
            "poa_exempt": [{"code": "Z370", "valid_to": "2026-09-30"}],
        }
    )
    never = changed.pairs("ncci_ptp_never")
    assert never is not None and listed(never) == {("80048", "82310")} and never.covers is None
    mpfs, delivery, exempt = changed.keyed("mpfs"), changed.keyed("icd10pcs"), changed.value_set("poa_exempt")
    assert mpfs is not None and mpfs.rows.row(0) == ("22612", None, None, None, None, "0", None)
    assert delivery is not None and delivery.rows["vaginal_delivery"].to_list() == [True]
    assert exempt is not None and exempt.members.row(0) == ("Z370", None, date(2026, 9, 30))
    assert changed.facts(pl.Series(["M532X6"])).codes.height == 1


def test_an_example_knows_no_other_table_of_the_user(reference: Reference) -> None:
    changed = reference.with_tables({})
    assert all(changed.value_set(name) is None for name in OFFICIAL_SETS)
    assert all(changed.pairs(name) is None for name, table in PAIR_TABLES.items() if table.file)
    assert all(changed.keyed(name) is None for name, table in KEYED_TABLES.items() if table.file)


def test_a_table_of_an_example_that_nobody_knows_is_refused(reference: Reference) -> None:
    with pytest.raises(ReferenceError, match="no value set or table 'mpf'"):
        reference.with_tables({"mpf": []})
    with pytest.raises(ReferenceError, match="has no column minute"):
        reference.with_tables({"visit_time": [{"code": "99213", "minute": "20"}]})
    with pytest.raises(ReferenceError, match="of another kind than its column"):
        reference.with_tables({"visit_time": [{"code": "99213", "minutes": "many"}]})


def test_unknown_tables_are_refused(reference: Reference) -> None:
    with pytest.raises(ReferenceError, match="there is no pair table 'ncci'"):
        reference.pairs("ncci")
    with pytest.raises(ReferenceError, match="Did you mean 'mpfs'"):
        reference.keyed("mpf")
