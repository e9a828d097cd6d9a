"""Damaged files, archives with tricks and random bytes: a sentence, never a traceback, nothing kept."""

import io
import random
import zipfile
from pathlib import Path

import pytest

from tests.unit.reference.official import made_up
from validator.errors import ReferenceError
from validator.reference.official import document
from validator.reference.official.add import add_file, parse
from validator.reference.official.kind import Asked

ASKED = Asked(setting="practitioner", quarter="2026Q1")
WHOLE = {
    "ccipra.txt": made_up.ncci("00001 00002  20200101 * 1", "00001 00003  20200101 20201231 0"),
    "mue.csv": made_up.mue("Practitioner Services", "00001,2,3 x", "00002,1,1 x"),
    "rvu.csv": made_up.mpfs(2026, "", "00001,,X,A,,1.0,090,2,1"),
    "hcpcs.csv": made_up.hcpcs("A0001,0010,3,Text,19820101,20200101,,N"),
    "hcpcs.txt": made_up.hcpcs_fixed(*[("A0001", "3", "19820101", "")] * 4),
    "aoc.txt": made_up.add_on("1 00001 - 00010 - 2013091 -"),
    "poa.txt": made_up.poa(50),
    "UPDATED.csv": made_up.leie(("1234567893", "20200120", "00000000")),
    "npidata.csv": made_up.nppes(("1234567893", "1", "05/23/2005", "", "")),
    "coverage.csv": "procedure,diagnosis,valid_from,valid_to\n20610,M17.11,,\n",
    "times.csv": "code,minutes\n99213,20\n",
}


def outcome(path: Path) -> str:
    """Parsed or refused; any other exception fails the test."""
    try:
        return parse(path, ASKED).kind
    except ReferenceError as error:
        return str(error)


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_cut_off_or_changed_anywhere_is_read_or_refused(tmp_path: Path, name: str) -> None:
    dice = random.Random(name)
    content = WHOLE[name].encode("cp1252")
    for turn in range(60):
        changed = bytearray(content[: dice.randrange(len(content))] if turn % 2 else content)
        for _ in range(dice.randrange(1, 6)):
            if changed:
                changed[dice.randrange(len(changed))] = dice.randrange(256)
        path = tmp_path / name
        path.write_bytes(bytes(changed))
        outcome(path)


@pytest.mark.parametrize("name", ["a.xlsx", "a.zip"])
def test_an_archive_or_a_workbook_cut_off_or_changed_is_read_or_refused(tmp_path: Path, name: str) -> None:
    dice = random.Random(name)
    if name == "a.xlsx":
        cells = [line.split("\t") for line in WHOLE["ccipra.txt"].splitlines()]
        content = made_up.workbook(tmp_path, "whole.xlsx", cells).read_bytes()  # type: ignore[arg-type]
    else:
        content = made_up.zip_bytes(dict(WHOLE))
    for turn in range(80):
        changed = bytearray(content[: dice.randrange(len(content))] if turn % 2 else content)
        for _ in range(dice.randrange(1, 6)):
            if changed:
                changed[dice.randrange(len(changed))] = dice.randrange(256)
        path = tmp_path / name
        path.write_bytes(bytes(changed))
        outcome(path)


def test_random_bytes_are_refused_under_any_name(tmp_path: Path) -> None:
    dice = random.Random(3)
    for name in ("x.csv", "x.txt", "x.xlsx", "x.zip", "x"):
        for start in (b"", b"PK\x03\x04", b"\xff\xfe", b"\xef\xbb\xbf"):
            path = tmp_path / name
            path.write_bytes(start + dice.randbytes(500))
            with pytest.raises(ReferenceError):
                parse(path, ASKED)


def test_an_empty_file_a_folder_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    (tmp_path / "folder").mkdir()
    for name in ("empty.csv", "folder", "missing.csv"):
        with pytest.raises(ReferenceError, match=name):
            add_file(tmp_path / name, tmp_path / "added")


def test_a_header_without_rows_is_refused(tmp_path: Path) -> None:
    for name, content in {
        "a.csv": made_up.LEIE_HEAD,
        "b.csv": "code,minutes\n",
        "c.txt": made_up.NCCI_HEAD,
    }.items():
        with pytest.raises(ReferenceError, match="no rows"):
            parse(made_up.write(tmp_path, name, content), ASKED)


def test_names_that_lead_out_of_an_archive_lead_nowhere(tmp_path: Path) -> None:
    path = made_up.zipped(tmp_path, "a.zip", {"../../../evil.csv": WHOLE["times.csv"], "/etc/x.csv": "a,b\n"})
    assert parse(path, ASKED).kind == "visit_time"
    assert [part.name for part in document.Document(path).parts] == ["evil.csv", "x.csv"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.zip"]


def test_symbolic_links_in_an_archive_are_left_aside(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        link = zipfile.ZipInfo("times.csv")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, WHOLE["times.csv"])
    (tmp_path / "a.zip").write_bytes(stream.getvalue())
    assert document.Document(tmp_path / "a.zip").parts == []
    with pytest.raises(ReferenceError):
        parse(tmp_path / "a.zip", ASKED)


def test_archives_that_are_too_large_or_too_many_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made_up.zipped(tmp_path, "a.zip", {f"{number}.csv": "0" * 1000 for number in range(20)})
    monkeypatch.setattr(document, "ARCHIVE_LIMIT", 10_000)
    assert "holds more than" in outcome(path)
    monkeypatch.setattr(document, "ARCHIVE_LIMIT", 1 << 30)
    monkeypatch.setattr(document, "_MOST_MEMBERS", 10)
    assert "holds more than" in outcome(path)
    monkeypatch.setattr(document, "WHOLE_LIMIT", 100)
    assert "none of the official files" in outcome(made_up.write(tmp_path, "b.csv", WHOLE["hcpcs.csv"] * 2))


def test_an_archive_in_an_archive_in_an_archive_is_not_opened(tmp_path: Path) -> None:
    inner = made_up.zip_bytes({"c.zip": made_up.zip_bytes({"times.csv": WHOLE["times.csv"]})})
    assert "none of the official files" in outcome(made_up.zipped(tmp_path, "a.zip", {"b.zip": inner}))


def test_no_cell_of_a_refused_file_is_shown(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, "UPDATED.csv", made_up.leie(("SECRET1234", "20200120", "")))
    assert "SECRET" not in outcome(path)
