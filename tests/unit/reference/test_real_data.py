"""Every span and every edit flag, against lists made from the official files by other means."""

from pathlib import Path

import polars as pl
import pytest

from validator.reference.sources import ReferenceSources, shipped_sources

pytestmark = pytest.mark.real_data

OPEN = "2027-03-31"


@pytest.fixture(scope="module")
def official(real_data: Path) -> Path:
    folder = real_data / "reference"
    if not folder.is_dir():
        pytest.skip("the official reference files are not here (VALIDATOR_REAL_DATA)")
    return folder


@pytest.fixture(scope="module")
def sources() -> ReferenceSources:
    return shipped_sources()


def test_every_span_equals_the_spans_of_the_official_order_files(
    official: Path, sources: ReferenceSources
) -> None:
    theirs = pl.read_csv(official / "icd10cm_scd2.csv.gz", infer_schema=False).select(
        "code",
        kind=pl.when(pl.col("billable") == "1").then(pl.lit("billable")).otherwise(pl.lit("header")),
        valid_from=pl.col("valid_from").str.to_date(),
        valid_to=pl.col("valid_to").str.to_date(),
    )
    ours = sources.table("icd10cm_spans.csv.gz").select(theirs.columns)
    for kind in ("billable", "header"):
        mine, other = (table.filter(pl.col("kind") == kind) for table in (ours, theirs))
        assert mine.height == other.height
        assert mine.join(other, on=theirs.columns, how="anti", nulls_equal=True).is_empty()
        assert other.join(mine, on=theirs.columns, how="anti", nulls_equal=True).is_empty()


def test_every_release_has_the_official_counts(official: Path, sources: ReferenceSources) -> None:
    theirs = pl.read_csv(official / "icd10cm_release_counts.csv")
    counts = theirs.select("release", "total_rows", "billable", "headers").rows()
    assert counts == [
        (one["name"], one["rows"], one["billable"], one["headers"])
        for one in sources.manifest["releases"]
        if one["system"] == "ICD-10-CM"
    ]


def test_every_edit_flag_stands_on_the_same_days(official: Path, sources: ReferenceSources) -> None:
    theirs = (
        pl.read_csv(official / "mce_v44_icd10cm_dx_edits.csv.gz", infer_schema=False)
        .filter(pl.col("flags").is_not_null())
        .with_columns(pl.col("flags").str.split("|"), pl.col("start_date", "end_date").str.to_date("%Y%m%d"))
        .explode("flags")
        .select("code", day=pl.date_ranges("start_date", "end_date", "1d"), flag="flags")
    )
    ours = (
        sources.table("mce_dx_flags.csv.gz")
        .with_columns(pl.col("valid_to").fill_null(pl.lit(OPEN).str.to_date()))
        .select("code", day=pl.date_ranges("valid_from", "valid_to", "1d"), flag="flag")
    )
    # A flag's days are compared as one number for each code and flag: how many, first and last.
    days = [
        table.group_by("code", "flag")
        .agg(
            days=pl.col("day").list.len().sum(),
            first=pl.col("day").list.min().min(),
            last=pl.col("day").list.max().max(),
        )
        .sort("code", "flag")
        for table in (ours, theirs)
    ]
    assert days[0].equals(days[1])


def test_age_groups_and_discharge_statuses_are_the_official_ones(
    official: Path, sources: ReferenceSources
) -> None:
    ages = pl.read_csv(official / "mce_v44_age_ranges.csv").select(
        pl.col("age_group").str.to_lowercase(), "min_age", "max_age"
    )
    ours = sources.table("mce_age_groups.csv").select(
        "age_group", pl.col("age_from", "age_to").cast(pl.Int64)
    )
    assert sorted(ours.rows()) == sorted(ages.rows())
    statuses = pl.read_csv(official / "mce_v44_discharge_status.csv", infer_schema=False)
    assert sources.table("mce_discharge_status.csv")["status"].to_list() == statuses["code"].to_list()


def test_the_conversions_hold_every_exact_pair_of_the_official_table(
    official: Path, sources: ReferenceSources
) -> None:
    """Pairs between two codes that both exist, the newer of which began on the day the table names."""
    spans = sources.table("icd10cm_spans.csv.gz").filter(pl.col("kind") == "billable")
    theirs = (
        pl.read_csv(official / "icd10cm_conversion_pairs_fy2026.csv", infer_schema=False)
        .filter(pl.col("kind") == "exact")
        .select(code="previous_code", newer="current_code", valid_from=pl.col("effective_date").str.to_date())
        .join(spans.select("code").unique(), on="code", how="semi")
        .join(spans.select("valid_from", newer="code"), on=["newer", "valid_from"], how="semi")
        .unique()
    )
    ours = sources.table("icd10cm_conversions.csv.gz")
    missing = theirs.join(ours, on=["code", "newer", "valid_from"], how="anti")
    # Cells that name two older codes for one newer (both sides at once; K58.1 for K58.9 with K59.00) are left
    # out on purpose: neither of the two was what the newer code means.
    together = missing.group_by("newer").len()
    assert set(together["len"]) <= {2}
    assert all(code.startswith("I63") or code == "K581" for code in together["newer"])
