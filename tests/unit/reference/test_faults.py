"""What a damaged, missing or changed reference gets: a sentence, exit code 12, and never a wrong answer."""

import gzip
import hashlib
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from validator.errors import ExitCode, ReferenceError
from validator.reference import lookup
from validator.reference.build import build_reference, built_path
from validator.reference.lookup import Reference, open_reference
from validator.reference.sources import ReferenceSources, shipped_sources


@pytest.fixture
def copied(tmp_path: Path) -> ReferenceSources:
    """A copy of the shipped sources that a test may spoil."""
    folder = tmp_path / "reference"
    shipped = shipped_sources().folder
    shutil.copytree(shipped / "facts", folder / "facts")
    (folder / "valuesets").mkdir()
    shutil.copy(shipped / "releases.yaml", folder / "releases.yaml")
    return ReferenceSources(folder)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_reference(tmp_path_factory.mktemp("built"))


def refused(sources: ReferenceSources, tmp_path: Path) -> str:
    """The sentence of the refusal; nothing is left behind in the folder built into."""
    target = tmp_path / "target"
    with pytest.raises(ReferenceError) as caught:
        build_reference(target, sources=sources)
    assert caught.value.exit_code == ExitCode.REFERENCE
    assert not target.exists() or not list(target.iterdir())
    return str(caught.value)


def test_a_missing_list_of_releases_is_named(copied: ReferenceSources, tmp_path: Path) -> None:
    (copied.folder / "releases.yaml").unlink()
    assert "releases.yaml: the list of releases is missing" in refused(copied, tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "releases: [", "facts: 3\n", "\x00", "covers_from: 2015-10-01\nfacts: [{file: x}]\n"],
)
def test_a_broken_list_of_releases_is_named(copied: ReferenceSources, tmp_path: Path, text: str) -> None:
    (copied.folder / "releases.yaml").write_text(text, encoding="utf-8")
    assert "releases.yaml: the list of releases" in refused(copied, tmp_path)


def test_a_missing_fact_table_is_named(copied: ReferenceSources, tmp_path: Path) -> None:
    (copied.folder / "facts" / "mce_age_groups.csv").unlink()
    assert "mce_age_groups.csv: the file cannot be read" in refused(copied, tmp_path)


def test_a_changed_byte_in_a_fact_table_is_named(copied: ReferenceSources, tmp_path: Path) -> None:
    path = copied.folder / "facts" / "icd10cm_spans.csv.gz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert "facts/icd10cm_spans.csv.gz: sha256 is" in refused(copied, tmp_path)


def test_a_code_taken_from_a_release_is_counted(copied: ReferenceSources, tmp_path: Path) -> None:
    """Even where somebody adjusts the hash and the number of rows of the table."""
    path = copied.folder / "facts" / "icd10cm_spans.csv.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines(keepends=True)
    path.write_bytes(
        gzip.compress("".join(line for line in lines if not line.startswith("M532X6,")).encode())
    )
    manifest = (copied.folder / "releases.yaml").read_text(encoding="utf-8")
    before = next(fact for fact in copied.manifest["facts"] if "spans" in fact["file"])
    changed = manifest.replace(before["sha256"], hashlib.sha256(path.read_bytes()).hexdigest())
    changed = changed.replace("rows: 99498", "rows: 99497")
    (copied.folder / "releases.yaml").write_text(changed, encoding="utf-8")
    text = refused(ReferenceSources(copied.folder), tmp_path)
    assert "ICD-10-CM FY2016: billable is 69822, releases.yaml says 69823" in text
    assert "ICD-10-CM FY2027: sha256 is" in text


def test_a_tabular_list_of_another_version_is_named(copied: ReferenceSources, tmp_path: Path) -> None:
    path = copied.folder / "releases.yaml"
    wanted = copied.manifest["tabular"]["sha256"]
    path.write_text(path.read_text(encoding="utf-8").replace(wanted, "a" * 64), encoding="utf-8")
    assert "simple-icd-10-cm" in refused(ReferenceSources(copied.folder), tmp_path)


def test_a_package_that_is_not_installed_is_named(copied: ReferenceSources, tmp_path: Path) -> None:
    path = copied.folder / "releases.yaml"
    text = path.read_text(encoding="utf-8").replace("file: simple_icd_10_cm/", "file: no_such_package_here/")
    path.write_text(text, encoding="utf-8")
    assert "pip install simple-icd-10-cm==1.5.0" in refused(ReferenceSources(copied.folder), tmp_path)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ReferenceError, match="validator reference build"):
        open_reference(tmp_path / "codes-none.duckdb")


@pytest.mark.parametrize("kept", [0, 10, 4096, 100_000, -1])
def test_a_truncated_reference_is_refused(built: Path, tmp_path: Path, kept: int) -> None:
    path = tmp_path / built.name
    path.write_bytes(built.read_bytes()[:kept])
    with pytest.raises(ReferenceError, match="damaged"):
        answers(open_reference(path))


def test_something_else_than_a_reference_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "codes.duckdb"
    path.write_text("code,title\n")
    with pytest.raises(ReferenceError, match="damaged or was made by another version"):
        open_reference(path)


def test_a_changed_byte_never_changes_an_answer(built: Path, tmp_path: Path) -> None:
    """Every block that is read is checked; a byte that no answer rests on may change unnoticed."""
    content = built.read_bytes()
    intact = answers(open_reference(built))
    path = tmp_path / built.name
    refusals = 0
    for position in range(4000, len(content), len(content) // 12):
        spoiled = bytearray(content)
        spoiled[position] ^= 0x10
        path.write_bytes(spoiled)
        try:
            assert answers(open_reference(path)) == intact
        except ReferenceError:
            refusals += 1
    assert refusals > 3


def answers(reference: Reference) -> list[object]:
    codes = reference.known["code"].sort()
    facts = reference.facts(codes)
    titles = reference.titles(pl.DataFrame({"code": codes}).with_columns(on=pl.lit(date(2020, 1, 1))))
    procedures, visits = reference.keyed("icd10pcs"), reference.value_set("surgical_procedures")
    assert procedures is not None and visits is not None
    return [
        facts.by_period.hash_rows().sum(),
        facts.codes.hash_rows().sum(),
        reference.value_sets,
        titles["title"].hash().sum(),
        procedures.rows.hash_rows().sum(),
        visits.members.hash_rows().sum(),
        reference.tables.read("select * from hcc").hash_rows().sum(),
        reference.card("M53.2", date(2026, 2, 10)),
    ]


@pytest.fixture
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """`open_reference` without a path builds and looks here."""
    monkeypatch.setattr("validator.reference.build.reference_build_folder", lambda: tmp_path)
    yield tmp_path


def test_the_shipped_reference_is_built_when_it_is_missing(own_folder: Path) -> None:
    steps: list[str] = []
    opened = open_reference(on_step=steps.append)
    assert steps == ["checking the sources", "making the tables", "writing the database"]
    assert [path.name for path in own_folder.iterdir()] == [f"codes-{opened.sha256[:12]}.duckdb"]


def test_a_damaged_shipped_reference_is_built_again(own_folder: Path, built: Path) -> None:
    path = built_path(shipped_sources())
    path.write_bytes(built.read_bytes()[:200_000])
    steps: list[str] = []
    opened = open_reference(on_step=steps.append)
    assert "the built reference is damaged; building it again" in steps
    assert opened.card("M53.2", date(2026, 2, 10)).status == "header"


def test_an_intact_reference_is_not_built_again(own_folder: Path, built: Path) -> None:
    shutil.copy(built, built_path(shipped_sources()))
    steps: list[str] = []
    open_reference(on_step=steps.append)
    assert steps == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ReferenceError, match="cannot be written"):
        build_reference(blocked / "below")


def test_the_same_sources_have_the_same_name_wherever_they_lie(copied: ReferenceSources) -> None:
    assert lookup.shipped_sources().sha256 == copied.sha256 or shipped_sources().value_set_files
