"""The files that CMS publishes, and true excerpts of them."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from validator.errors import ReferenceError
from validator.reference.official.add import parse
from validator.reference.official.kind import Asked, Parsed

pytestmark = pytest.mark.real_data
NO = Asked()


@pytest.fixture(scope="module")
def official(real_data: Path) -> Path:
    folder = real_data / "reference" / "official"
    if not folder.is_dir():
        pytest.skip("the official reference files are not here (VALIDATOR_REAL_DATA)")
    return folder


def counts(parsed: Parsed) -> dict[str, int]:
    return dict(parsed.tables["sets"].group_by("name").len().sort("name").rows())


def test_hcpcs_is_read_the_same_from_fixed_width_text_and_workbook(official: Path) -> None:
    january = parse(official / "2020-Alpha-Numeric-HCPCS-File.zip", NO)
    october = parse(official / "HCPC2020_10_ANWEB.xlsx", NO)
    assert january.covers[1] == date(2020, 3, 31) and october.covers[1] == date(2020, 12, 31)
    assert counts(january) == {"hcpcs_level_2": 6710, "hcpcs_modifiers": 369}
    old, new = (parsed.tables["sets"].select("name", "code", "valid_from") for parsed in (january, october))
    # What stood in January stands in October; no code was added twice or on another day.
    assert old.join(new, on=old.columns, how="anti").height == 0
    assert new["code"].is_unique().all()


def test_hcpcs_dates_are_those_of_the_rebuilt_later_file(official: Path) -> None:
    october = parse(official / "HCPC2020_10_ANWEB.xlsx", NO).tables["sets"]
    later = pl.read_csv(official.parent / "hcpcs_2025_oct_rebuilt.csv.gz", infer_schema=False)
    joined = october.join(later, left_on="code", right_on="hcpcs", how="left")
    assert joined["add_date"].null_count() == 0  # an ended code stays in the file for years
    ended = joined.filter(pl.col("valid_to") < date(2020, 10, 1))
    assert ended.height > 500
    assert (ended["valid_to"].dt.to_string("%Y%m%d") == ended["termination_date"]).all()


def test_the_exempt_list_is_that_of_its_year(official: Path) -> None:
    found = parse(official / "POAexemptCodesFY26.zip", NO)
    assert found.covers == (date(2025, 10, 1), date(2026, 9, 30))
    theirs = pl.read_csv(official.parent / "poa_exempt_by_release.csv.gz", infer_schema=False)
    codes = theirs.filter(pl.col("release") == "FY2026")["code"].sort()
    assert found.tables["sets"]["code"].equals(codes)


def test_the_excerpts_are_told_and_read(official: Path) -> None:
    edits = parse(official / "ncci_ptp_practitioner_excerpt.txt", NO)
    assert (edits.kind, edits.setting, edits.rows) == ("ncci_ptp", "practitioner", 9)
    assert edits.tables["pairs"].filter(pl.col("name") == "").height == 2
    units = parse(official / "mue_practitioner_excerpt.csv", Asked(quarter="2026Q1"))
    assert units.tables["keyed"]["adjudication"].to_list() == ["2", "3", "3", "3"]
    fees = parse(official / "mpfs_relative_values_excerpt.csv", NO)
    assert fees.covers[0] == date(2026, 7, 1)
    assert fees.tables["keyed"].select("code", "status", "bilateral", "global_days").row(1) == (
        "00100",
        "J",
        "9",
        "XXX",
    )
    codes = parse(official / "hcpcs_2026_october_excerpt.csv", NO)
    assert counts(codes) == {"hcpcs_modifiers": 4}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("FY2016_cms_2016_dx.zip", "ICD-10-CM"),
        ("FY2026-Oct_Code_Descriptions-2026.zip", "ICD-10-CM order file"),
        ("ICD-10-CM-CONVERSION-TABLE-FY2026.xlsx", "conversion table"),
    ],
)
def test_releases_that_come_with_the_program_are_refused(official: Path, name: str, says: str) -> None:
    with pytest.raises(ReferenceError, match=says):
        parse(official / name, NO)
