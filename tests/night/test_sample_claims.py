"""The sample claims, judged by the whole night, hold the findings that are listed and nothing else."""

import csv
import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from validator.errors import ExitCode
from validator.rules.files_needed import files_needed
from validator.rules.model import RuleSet
from validator.run import Night, Request, run_night

SAMPLES = Path(__file__).resolve().parent.parent.parent / "sample_claims"
EXPECTED = Path(__file__).parent / "expected_findings.csv"
BATCH_DATE = date(2026, 11, 23)

PLACE = ["rule_id", "severity", "claim_id", "diagnosis_role", "diagnosis_position", "line_number", "code"]

# Rules without a story, each with its reason. A rule that waits for an official file needs none.
UNTOLD = {
    "AR520": "a rate: one doctor with fifty visits, most of them of high level",
    "AR523": "a rate: one doctor with fifty visits and operations, half of them with modifier 25 or 59",
    "AR528": "a rate: one hospital with four hundred secondary diagnoses",
    "CL419": "a claim that another file delivers again; within one file equal numbers are one claim",
}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    out = tmp_path_factory.mktemp("reports")
    return run_night(Request([str(SAMPLES)], BATCH_DATE, out=out, fail_on="never"))


@pytest.fixture(scope="module")
def findings(night: Night) -> pl.DataFrame:
    return pl.read_parquet(night.published.path / "findings.parquet")


def test_the_samples_hold_exactly_the_listed_findings(findings: pl.DataFrame) -> None:
    with EXPECTED.open(encoding="utf-8", newline="") as file:
        expected = sorted(tuple(row[name] for name in PLACE) for row in csv.DictReader(file))
    found = findings.select(pl.col(PLACE).cast(pl.String).fill_null("")).rows()
    assert sorted(found) == expected


def test_every_rule_finds_something_in_the_samples(findings: pl.DataFrame, rule_set: RuleSet) -> None:
    """Left out are the control, and what waits for an official file unless it can speak without one."""
    waiting = {rule.rule_id for rule in rule_set.rules if files_needed(rule)}
    silent = {rule.rule_id for rule in rule_set.rules if not rule.control} - set(findings["rule_id"])
    assert silent - waiting == set(UNTOLD)


def test_no_story_that_is_called_clean_has_a_finding(findings: pl.DataFrame) -> None:
    """The page beside the samples says "Clean." of a claim exactly when nothing is found on it."""
    lines = (SAMPLES / "README.md").read_text(encoding="utf-8").splitlines()
    stories = {line[2:9]: line for line in lines if line.startswith(("| SP-", "| SI-"))}
    clean = {claim for claim, line in stories.items() if "Clean" in line}
    silent = set(stories) - set(findings["claim_id"])
    assert silent == clean


def test_the_spoiled_rows_are_rejected_with_a_reason(night: Night) -> None:
    rejected = pl.read_parquet(night.published.path / "rejected_rows.parquet")
    assert rejected["source_file"].unique().to_list() == ["professional.csv"]
    # Three rows at the end of the file; a row may be rejected for more than one reason.
    assert sorted(rejected["row"].unique()) == [157, 158, 159]
    assert rejected["reason"].is_not_null().all()


def test_every_row_is_accounted_for(night: Night) -> None:
    run = json.loads((night.published.path / "run.json").read_text())
    assert [(i["rows_read"], i["rows_accepted"], i["rows_rejected"]) for i in run["inputs"]] == [
        (71, 71, 0),
        (158, 155, 3),
    ]
    assert run["totals"]["claims"] == 182
    assert run["totals"]["judged"] == 181  # SP-0038 was replaced by SP-0039
    assert night.exit_code == ExitCode.NOTHING_FOUND


def test_the_header_of_the_first_sample_is_offered_its_nine_codes(findings: pl.DataFrame) -> None:
    row = findings.row(by_predicate=(pl.col("claim_id") == "SP-0001"), named=True)
    assert row["suggestions"] == [f"M53.2X{site}" for site in range(1, 10)]
    assert row["message"].startswith("M53.2 (Spinal instabilities) is a header on 2026-02-10")


@pytest.mark.parametrize(
    ("claim", "suggestions"),
    [
        ("SP-0007", ["M53.2X6"]),
        ("SP-0003", ["M54.50", "M54.51", "M54.59"]),
        ("SP-0016", ["G35.A", "G35.B0", "G35.B1", "G35.B2", "G35.C0", "G35.C1", "G35.C2", "G35.D"]),
    ],
)
def test_suggestions_are_billable_on_the_day(
    findings: pl.DataFrame, claim: str, suggestions: list[str]
) -> None:
    row = findings.row(by_predicate=(pl.col("claim_id") == claim), named=True)
    assert row["suggestions"] == suggestions
