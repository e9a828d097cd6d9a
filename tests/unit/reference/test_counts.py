"""The built reference has the rows that were published with each release."""

import polars as pl
import pytest

from validator.reference.lookup import Reference

# Rows, billable codes and headers of the official order files; blank where only the billable were published.
PUBLISHED = {
    "FY2016": (91737, 69823, 21914),
    "FY2017": (93830, 71486, 22344),
    "FY2018": (94127, 71704, 22423),
    "FY2019": (94444, 71932, 22512),
    "FY2020": (94765, 72184, 22581),
    "FY2020-Apr": (None, 72186, None),
    "FY2021": (None, 72616, None),
    "FY2021-Jan": (95358, 72621, 22737),
    "FY2022": (95524, 72748, 22776),
    "FY2022-Apr": (None, 72750, None),
    "FY2023": (96745, 73639, 23106),
    "FY2023-Apr": (None, 73674, None),
    "FY2024": (97296, 74044, 23252),
    "FY2025": (97584, 74260, 23324),
    "FY2026": (98186, 74719, 23467),
    "FY2027": (98403, 74879, 23524),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_release_has_the_published_counts(reference: Reference, name: str) -> None:
    release = next(one for one in reference.releases if one["name"] == name and one["system"] == "ICD-10-CM")
    found = (release["rows"], release["billable"], release["headers"])
    assert [mine for mine, theirs in zip(found, PUBLISHED[name], strict=True) if theirs is not None] == [
        theirs for theirs in PUBLISHED[name] if theirs is not None
    ]


def test_as_many_codes_are_in_force_in_a_period_as_its_release_has_billable_codes(
    reference: Reference,
) -> None:
    facts = reference.facts(reference.known["code"])
    in_force = (
        facts.by_period.with_columns(period=pl.int_range(pl.len()) % len(reference.periods))
        .group_by("period")
        .agg((pl.col("status") == "in_force").sum().alias("codes"))
        .sort("period")
    )
    billable = {one["name"]: one["billable"] for one in reference.releases if one["system"] == "ICD-10-CM"}
    assert in_force["codes"].to_list() == [billable[period.release] for period in reference.periods]


def test_every_release_is_a_period_and_they_follow_each_other_without_a_gap(reference: Reference) -> None:
    releases = [one for one in reference.releases if one["system"] == "ICD-10-CM"]
    assert [(one["name"], one["valid_from"], one["valid_to"]) for one in releases] == [
        (period.release, period.valid_from, period.valid_to) for period in reference.periods
    ]
    assert reference.periods[0].valid_from == reference.covers_from
    assert reference.periods[-1].valid_to == reference.covers_to
    for earlier, later in zip(reference.periods, reference.periods[1:], strict=False):
        assert (later.valid_from - earlier.valid_to).days == 1


def test_icd9_comes_last_among_the_releases_and_has_its_codes(reference: Reference) -> None:
    last = reference.releases[-1]
    assert (last["system"], last["rows"], last["billable"]) == ("ICD-9-CM", 15075, 14567)
