"""What is no claim file is refused with a sentence, and takes nothing else of the batch with it."""

import fcntl
import io
import os
import shutil
import zipfile
from pathlib import Path

import polars as pl
import pytest

from tests.unit.claims.claim_files import as_bytes, compressed, one_line, read, read_rows, read_text
from validator.claims import parquet, streams
from validator.claims.scratch import PREFIX, Scratch
from validator.errors import ClaimFileError, ExitCode

SECRET = "SECRET-4711"


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("claims.csv", "claim_id\n")
    return buffer.getvalue()


def _parquet() -> bytes:
    return as_bytes([one_line(claim_id=SECRET)], "parquet")


REFUSED = {
    "empty": (b"", "is empty"),
    "blanks": (b" \r\n\n ", "nothing but blanks"),
    "binary": (bytes(range(256)) * 40, "binary data"),
    "program": (b"\x7fELF\x02\x01\x01" + b"\0" * 400 + b"code" * 99, "binary data"),
    "pdf": (b"%PDF-1.7\n", "PDF"),
    "bzip2": (b"BZh91AY&SY", "bzip2"),
    "arrow": (b"ARROW1\0\0", "Arrow"),
    "utf-16 without mark": ("claim_id,diagnosis_1\nC1,I10\n".encode("utf-16-le"), "UTF-16 text without"),
    "xml": (b"<?xml version='1.0'?><claims/>", "XML"),
    "fhir without claims": (b'{"resourceType": "Patient", "id": "1"}', "FHIR without"),
    "json list": (b'[{"claim_id": "1"}]', "JSON list"),
    "json document": (b'{\n "claim_id": "1"\n}\n', "JSON document over several lines"),
    "x12 without separators": (
        b"ISA*00*          *00*~GS*HC*A*B~ST*837*0001~",
        "without a sound ISA segment",
    ),
    "x12 remittance": (b"ISA*00*          *00*~GS*HP*A*B~ST*835*0001~", "a remittance, not a claim"),
    "bare remittance": (b"ST*835*1234~BPR*I*1~", "a remittance, not a claim"),
    "no headings": (
        f"{SECRET},I10,2026-02-10\nC2,I10,2026-02-11\n".encode(),
        "no name that any layout knows",
    ),
    "prose": (b"Dear colleague,\n\nthe claims follow tomorrow.\n", "no name that any layout knows"),
    "one endless heading": (b"x" * 100_000, "too long to hold column names"),
    "too many columns": (b",".join([b"c"] * 3000) + b"\n", "3,000 columns"),
    "snomed": (b"claim_id,diagnosis_1\n1,410620009\n2,185347001\n", "SNOMED CT"),
    "cut gzip": (compressed(b"claim_id,diagnosis_1\n" * 9, "gzip")[:-6], "cut off or damaged"),
    "cut zstd": (compressed(b"claim_id,diagnosis_1\n" * 9, "zstd")[:-6], "cut off or damaged"),
    "not really gzip": (b"\x1f\x8b" + b"claims" * 9, "cut off or damaged"),
    "damaged parquet": (_parquet()[:-200] + b"PAR1", "damaged or unsupported Parquet"),
    "parquet magic only": (b"PAR1PAR1", "damaged or unsupported Parquet"),
    "nested parquet": (None, "nested values"),
    "no objects": (b"{bad}\n{worse}\n", "no line that is a JSON object"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_claim_file_is_refused_with_a_sentence(tmp_path: Path, case: str) -> None:
    content, says = REFUSED[case]
    path = tmp_path / "delivered.csv"
    if content is None:
        pl.DataFrame({"claim_id": [{"a": SECRET}], "diagnosis_1": ["I10"]}).write_parquet(path)
    else:
        path.write_bytes(content)
    with pytest.raises(ClaimFileError) as caught:
        read(path)
    error = caught.value
    assert says in str(error)
    assert str(error).startswith("delivered.csv")
    assert error.fix
    assert error.exit_code == ExitCode.CLAIM_FILE
    assert SECRET not in str(error)
    assert error.__suppress_context__ or error.__context__ is None or "polars" not in repr(error.__context__)


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "GROWTH_ALLOWED_TO", 1 << 20)
    for compression in ("gzip", "zstd"):
        content = compressed(b"claim_id,diagnosis_1\n" + b"C1,I10\n" * 600_000, compression)
        with pytest.raises(ClaimFileError, match="grows more than 400-fold"):
            read_text(tmp_path, content)


def test_a_parquet_file_that_claims_rows_without_bytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "ROWS_ALWAYS_READ", 1000)
    pl.DataFrame({"claim_id": ["C1"], "diagnosis_1": ["I10"]}).sample(
        400_000, with_replacement=True
    ).write_parquet(tmp_path / "claims.parquet")
    with pytest.raises(ClaimFileError, match="says that it holds 400,000 rows"):
        read(tmp_path / "claims.parquet")


def test_a_bad_file_leaves_the_others_of_the_batch_alone(tmp_path: Path) -> None:
    for name, content in {
        "a.csv": as_bytes([one_line(claim_id="A")], "csv"),
        "b.csv": b"",
        "c.csv": compressed(as_bytes([one_line(claim_id=f"C{n}") for n in range(9000)], "csv"), "gzip")[:-9],
        "d.csv": as_bytes([one_line(claim_id="D")], "csv"),
    }.items():
        (tmp_path / name).write_bytes(content)
    for shards in (None, 3):
        found = read(tmp_path, shards=shards)
        claims = [key for part in found.partitions for key in part.claims["claim_id"]]
        assert sorted(claims) == ["A", "D"]
        assert [bool(account.error) for account in found.accounts] == [False, True, True, False]
        assert [account.rows_read for account in found.accounts] == [1, 0, 0, 1]


def test_a_folder_that_another_run_took_for_left_behind_is_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock, taken = fcntl.flock, []

    def flock(file: int, how: int) -> None:
        if not taken:
            # The other run gets the lock first, and removes the folder.
            folder = Path(os.readlink(f"/proc/self/fd/{file}")).parent
            taken.append(folder)
            shutil.rmtree(folder)
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with Scratch() as scratch:
        assert scratch.path is not None and scratch.path.is_dir() and scratch.path != taken[0]


def test_a_batch_of_bad_files_only_is_an_error(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(ClaimFileError, match=r"a\.csv: is empty"):
        read(tmp_path)


def test_a_missing_file_and_an_empty_folder_are_errors(tmp_path: Path) -> None:
    for argument in ("nowhere.csv", ".", "*.csv"):
        with pytest.raises(ClaimFileError, match="names no file"):
            read(str(tmp_path / argument))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "closed.csv"
    path.write_text("claim_id\n")
    path.chmod(0)
    with pytest.raises(ClaimFileError, match="cannot be opened"):
        read(path)


def test_links_inside_a_folder_are_refused_and_given_links_are_read(tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_bytes(as_bytes([one_line()], "csv"))
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "real.csv").write_bytes(as_bytes([one_line(claim_id="C9")], "csv"))
    (folder / "link.csv").symlink_to(outside)
    (folder / "links").symlink_to(tmp_path)
    for argument in (folder, folder / "*"):
        found = read(argument)
        assert {account.path: account.error for account in found.accounts} == {
            "link.csv": "is a symbolic link inside a given folder, and those are not followed",
            "links": "is a symbolic link inside a given folder, and those are not followed",
            "real.csv": "",
        }
    assert read(folder / "link.csv").account.rows_read == 1


def test_globs_may_not_climb(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(ClaimFileError, match="climbs out of its folder"):
        read(str(tmp_path / "in" / ".." / "*.csv"))


def test_hidden_files_of_a_folder_are_passed_over(tmp_path: Path) -> None:
    for name in (".hidden.csv", "_SUCCESS", "claims.csv"):
        (tmp_path / name).write_bytes(as_bytes([one_line()], "csv") if name == "claims.csv" else b"")
    assert [account.path for account in read(tmp_path).accounts] == ["claims.csv"]


def test_errors_never_hold_a_value_of_a_claim(tmp_path: Path) -> None:
    text = f'claim_id,diagnosis_1,from_date,units\n{SECRET},I10,{SECRET},{SECRET}\n"{SECRET}\n{SECRET}\n'
    found = read_text(tmp_path, text)
    assert SECRET not in repr(found.account)
    assert not [value for column in found.rejected.iter_columns() for value in column if SECRET in str(value)]


def test_nothing_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / "claims"
    folder.mkdir()
    (folder / "a.csv").write_bytes(as_bytes([one_line()], "csv"))
    crashed = tmp_path / f"{PREFIX}crashed"
    crashed.mkdir()
    (crashed / "lock").write_text("")
    young = tmp_path / f"{PREFIX}young"
    young.mkdir()
    (young / "lock").write_text("")
    os.utime(crashed, (0, 0))
    with Scratch() as other:
        read(folder / "a.csv", shards=4)
        assert not crashed.exists()
        assert young.exists()  # it may be about to be locked
        shutil.rmtree(young)
        assert other.path is not None and other.path.exists()
        assert other.path.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.glob(f"{PREFIX}*")) == []
    with pytest.raises(ClaimFileError):
        read_rows(tmp_path, {"claim_id": "C1"})
    assert list(tmp_path.glob(f"{PREFIX}*")) == []
