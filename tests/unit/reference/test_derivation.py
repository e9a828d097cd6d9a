"""The pieces of the derivation script, on small records made here; and the hashes of the committed facts."""

import hashlib
import importlib
import struct
import sys
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

from validator.reference.sources import shipped_sources

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


@pytest.fixture
def derive(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    yield importlib.import_module("derive")
    for name in [name for name in sys.modules if name == "derive" or name.startswith("derive.")]:
        del sys.modules[name]


def test_a_code_master_is_read_row_by_row_with_its_flags(derive: ModuleType) -> None:
    pytest.importorskip("lmdb", reason="needs the extra `derive`")
    mce = importlib.import_module("derive.mce")
    names = b"adult\0male\0adult\0"
    rows = [
        (b"A1814", 20151001, 20240930, 0, 2),
        (b"A1814", 20241001, 20270331, 11, 1),
        (b"B20", 20151001, 20270331, 0, 0),
    ]
    packed = b"".join(code.ljust(8, b"\0") + struct.pack("<4I", *rest) for code, *rest in rows)
    record = (
        (b"DECM" + struct.pack("<4I", len(rows), 32, 32 + len(packed), 20270331)).ljust(32, b"\0")
        + packed
        + names
    )
    assert [(row.code, row.valid_from, row.flags) for row in mce.code_master(record)] == [
        ("A1814", date(2015, 10, 1), ("adult", "male")),
        ("A1814", date(2024, 10, 1), ("adult",)),
        ("B20", date(2015, 10, 1), ()),
    ]


def test_conversions_of_both_directions_become_older_and_newer(derive: ModuleType) -> None:
    pytest.importorskip("lmdb", reason="needs the extra `derive`")
    mce = importlib.import_module("derive.mce")

    def row(one: bytes, other: bytes, forward: int) -> bytes:
        return one.ljust(8, b"\0") + other.ljust(8, b"\0") + struct.pack("<I3B", 20251001, 2, 0, forward)

    record = b"IDCC".ljust(28, b"\0") + row(b"G35", b"G35A", 1) + row(b"G35B0", b"G35", 0) + b"\0" * 9
    assert list(mce.conversions(record)) == [
        ("G35", "G35A", date(2025, 10, 1)),
        ("G35", "G35B0", date(2025, 10, 1)),
    ]


def test_headers_without_a_list_follow_the_nearest_list_and_then_the_rule(derive: ModuleType) -> None:
    headers = importlib.import_module("derive.headers")
    lists = importlib.import_module("derive.lists")
    releases = (
        headers.Release("old", date(2015, 10, 1), date(2016, 9, 30)),
        headers.Release("new", date(2016, 10, 1), date(2017, 9, 30), "list"),
    )
    billable = {
        # H54.51 is known to the list and not a header there; T36.0X, W19.X and Q99 the list does not know.
        "old": frozenset({"H54512A", "T360X1A", "T360X2A", "W19XXXA", "Q991"}),
        "new": frozenset({"H54512A"}),
    }
    known = {"list": lists.CodeList(frozenset({"H54", "H545"}), billable["new"])}
    found, inferred = headers.headers_by_release(releases, billable, known)
    assert found["new"] == {"H54", "H545"}
    assert found["old"] == {"H54", "H545", "T36", "T360", "T360X", "T360X1", "T360X2", "W19", "Q99"}
    assert inferred["old"] == found["old"] - {"H54", "H545"}
    assert inferred["new"] == frozenset()


def test_the_script_names_exactly_the_committed_fact_tables(derive: ModuleType) -> None:
    provenance = importlib.import_module("derive.provenance")
    sources = shipped_sources()
    listed = {Path(fact["file"]).name for fact in sources.manifest["facts"]}
    assert listed == set(provenance.HOW) == {path.name for path in (sources.folder / "facts").iterdir()}


def test_the_provenance_page_carries_the_hashes_of_the_committed_files() -> None:
    sources = shipped_sources()
    page = (sources.folder / "PROVENANCE.md").read_text(encoding="utf-8")
    for fact in sources.manifest["facts"]:
        content = (sources.folder / fact["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == fact["sha256"]
        assert fact["sha256"] in page
    assert sources.manifest["tabular"]["sha256"] in page


def test_the_groupers_levels_and_conditions_are_read_from_its_record(derive: ModuleType) -> None:
    grouper = importlib.import_module("derive.grouper")
    names = b"HAC05HAC06hac06_sdx"
    pattern = (
        (b"TPXD" + struct.pack("<4I", 2, 20, 44, 68))
        + struct.pack("<6I", 55, 1, 44, 241, 2, 52)
        + struct.pack("<6I", 68, 5, 73, 5, 78, 9)
        + names
    )
    attributes = b"".join(
        struct.pack("<I", 4) + level.ljust(4, b"\0") + struct.pack("<3I", 0, number, 0)
        for level, number in ((b"CC", 55), (b"NCC", 0), (b"MCC", 241))
    )
    rows = ((b"S72001A", 400, 440, 0), (b"I10", 400, 440, 1), (b"T83511A", 430, 440, 2))
    packed = b"".join(code.ljust(8, b"\0") + struct.pack("<3I", *rest) for code, *rest in rows)
    record = b"GAID" + struct.pack("<4I", 3, len(rows), 20, 80) + attributes + packed
    found = list(grouper.levels(record, pattern))
    assert grouper.levels_in(found, 420) == {"S72001A": "CC"}
    assert grouper.levels_in(found, 440) == {"S72001A": "CC", "T83511A": "MCC"}
    assert grouper.acquired_by_diagnosis_alone(found) == {"S72001A", "T83511A"}


def test_ranges_name_the_chosen_codes_and_no_others(derive: ModuleType) -> None:
    grouper = importlib.import_module("derive.grouper")
    every = {"S020XXA", "S020XXB", "S020XXD", "S0210XA", "S0210XD"}
    assert grouper.ranges(frozenset({"S020XXA", "S020XXB", "S0210XA"}), every) == [
        "S020XXA..S020XXB",
        "S0210XA",
    ]


def test_of_two_payment_conditions_the_lower_is_kept(derive: ModuleType) -> None:
    payment = importlib.import_module("derive.payment")
    text = b"diagnosis_code,cc,model_name\nE11621,383,CMS-HCC Model V28\nE11621,37,CMS-HCC Model V28\n"
    v28 = payment.conditions(text + b"I739,108,CMS-HCC Model V24\n", payment.V28)
    assert payment.payment_rows({"I739": 108}, v28, frozenset({37})) == [
        ("E11621", None, 37, 1),
        ("I739", 108, None, None),
    ]
